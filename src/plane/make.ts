/** The service of a plane, made from its table: checks before each call, spans, decorators. */
import * as Effect from "effect/Effect"
import type { TransportError, UnknownServiceError } from "../IdentityError.js"
import type * as Operation from "../Operation.js"
import * as Validation from "./validation.js"

type Call = (request: unknown) => Effect.Effect<unknown, unknown>

const mapMethods = <T extends Operation.Table>(
  table: T,
  f: (row: Operation.Any, method: string) => Call
): Operation.Plane<T> =>
  // A method for each row, which TypeScript does not see.
  Object.fromEntries(
    Object.entries(table).map(([method, row]) => [method, f(row, method)])
  ) as unknown as Operation.Plane<T>

/** TypeScript does not see that a plane of any table is a record of calls. */
export const callOf = (plane: object, method: string): Call => Reflect.get(plane, method) as Call

/** Makes a plane whose methods differ only by their rows. */
export const fromTable = <const T extends Operation.Table>(
  table: T,
  f: <Request, Response, E>(
    row: Operation.Operation<string, Request, Response, E>,
    method: string
  ) => (request: Request) => Effect.Effect<Response, E | UnknownServiceError | TransportError>
): Operation.Plane<T> =>
  // `f` makes a method of any request, response and errors.
  mapMethods(table, f as unknown as (row: Operation.Any, method: string) => Call)

/** Checks each request, then calls the implementation, in a span `<plane>.<method>`. */
export const make = <const T extends Operation.Table>(
  plane: string,
  table: T,
  implementation: Operation.Plane<T>
): Operation.Plane<T> =>
  mapMethods(table, ({ name, request: schema }, method) => {
    const validate = Validation.validate(schema, name)
    const call = callOf(implementation, method)
    // The stack of a span would always show this line. The data-last form of `withSpan` ignores the option.
    const span = { attributes: { "rpc.system": "aws-api", "rpc.method": name }, captureStackTrace: false }
    return (request) =>
      Effect.withSpan(
        Effect.suspend(() => Effect.flatMap(Effect.fromResult(validate(request)), call)),
        `${plane}.${method}`,
        span
      )
  })

/** Wraps every call of a plane. */
export const decorate = <const T extends Operation.Table, E>(
  table: T,
  plane: Operation.Plane<T>,
  decorator: Operation.Decorator<T, E>
): Operation.Plane<T> => {
  // The decorator of an operation gets the call and the request of that operation.
  const wrap = decorator as (method: string, call: ReturnType<Call>, request: unknown) => ReturnType<Call>
  return mapMethods(table, (_, method) => {
    const call = callOf(plane, method)
    return (request) => wrap(method, call(request), request)
  })
}
