/** Decodes a request from the wire, and rejects it as the local server does. */
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Validation from "../../src/internal/plane/validation.js"

export { Validation }

export const decode = <A, I>(
  schema: Schema.Codec<A, I>
): (request: unknown) => Result.Result<A, ValidationException> => {
  const run = Validation.decode(schema)
  return (request) => Result.mapError(run(request), (violations) => Validation.validationException(violations, "Any"))
}
