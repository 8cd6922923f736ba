/**
 * What the operations of all planes have in common.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { hasProperty } from "effect/Predicate"
import type * as Schema from "effect/Schema"
import type { ValidationException } from "../IdentityError.js"
import type { Operation, Rows } from "./operation.js"
import { inSpan } from "./span.js"
import * as Validation from "./validation.js"

/** An implementation raises exceptions without the name of the operation. */
const withOperation = (name: string) => <E>(error: E): E =>
  hasProperty(error, "operation") && error.operation === "" ? Object.assign(error, { operation: name }) : error

const refused = (error: ValidationException): Effect.Effect<never, ValidationException> => Effect.fail(error)

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
  const checked = (request: A): Effect.Effect<B, E | ValidationException> =>
    Either.match(validate(request), {
      onLeft: refused,
      onRight: (valid) => Effect.mapError(call(valid), withOperation(name))
    })
  return (request) => inSpan(`${plane}.${method}`, span, () => ({ effect: Effect.suspend(() => checked(request)) }))
}

type Call = (request: unknown) => Effect.Effect<unknown, unknown>

const mapCalls = <Operations>(
  rows: Rows<Operations>,
  operations: Operations,
  f: (method: keyof Operations & string, call: Call) => Call
): Operations => {
  const calls: Record<string, unknown> = {}
  for (const method in rows) {
    // Each member of `Operations` is a call; TypeScript cannot say so of an unknown `Operations`.
    calls[method] = f(method, operations[method] as Call)
  }
  return calls as Operations
}

/**
 * Checks requests by the rows of a plane, in a span for each call.
 *
 * @internal
 */
export const make = <Operations>(plane: string, rows: Rows<Operations>, implementation: Operations): Operations => {
  const wrap = operation(plane)
  return mapCalls(rows, implementation, (method, call) => {
    const row = rows[method] as Operation<unknown, unknown>
    return wrap(method, row.name, row.request.schema, call)
  })
}

/**
 * Wraps every call of a plane.
 *
 * @internal
 */
export const decorate = <Operations>(
  rows: Rows<Operations>,
  operations: Operations,
  decorator: (
    method: keyof Operations & string,
    effect: Effect.Effect<unknown, unknown>,
    request: unknown
  ) => Effect.Effect<unknown, unknown>
): Operations => mapCalls(rows, operations, (method, call) => (request) => decorator(method, call(request), request))
