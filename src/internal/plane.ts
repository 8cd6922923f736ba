/**
 * What the operations of all planes have in common.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { ValidationException } from "../IdentityError.js"
import * as Validation from "./validation.js"

/**
 * Checks the request, then calls the implementation, in a span `<plane>.<method>`. `name` is the AWS name of the operation.
 *
 * @internal
 */
export const operation = (plane: string) =>
<A, I, B, E>(
  method: string,
  name: string,
  schema: Schema.Schema<A, I>,
  call: (request: A) => Effect.Effect<B, E>
): (request: A) => Effect.Effect<B, E | ValidationException> => {
  const validate = Validation.validate(name, schema)
  const span = { captureStackTrace: false, attributes: { "rpc.system": "aws-api", "rpc.method": name } }
  return (request) => Effect.withSpan(Effect.flatMap(validate(request), call), `${plane}.${method}`, span)
}
