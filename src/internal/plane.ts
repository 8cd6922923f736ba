/**
 * What the operations of all planes have in common.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import { isIdentityError, type ValidationException } from "../IdentityError.js"
import type { Operation, Rows } from "./operation.js"
import { inSpan } from "./span.js"
import * as Validation from "./validation.js"

/** The class of an error, which makes an error from its members. */
interface ErrorClass<E> {
  readonly fields: object
  new(members: object, options: { readonly disableValidation: true }): E
}

/** Adds the operation's name to an error that was raised without it. The copy keeps the stack of the original. */
const withOperation = (operation: string) => <E>(error: E): E => {
  if (!isIdentityError(error) || !("operation" in error) || error.operation !== "") return error
  // Every error of this package is of a schema class.
  const Class = error.constructor as ErrorClass<E & Error>
  const members = Object.keys(Class.fields).flatMap((name) =>
    Object.hasOwn(error, name) ? [[name, Reflect.get(error, name)]] : []
  )
  const named = new Class({ ...Object.fromEntries(members), operation }, { disableValidation: true })
  return Object.defineProperty(named, "stack", {
    value: error.stack?.replace(error.message, () => named.message),
    configurable: true,
    writable: true
  })
}

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
  const named = withOperation(name)
  const checked = (request: A): Effect.Effect<B, E | ValidationException> =>
    Effect.mapError(
      Either.match(validate(request), { onLeft: refused, onRight: call }),
      (error: E | ValidationException) => named(error)
    )
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
