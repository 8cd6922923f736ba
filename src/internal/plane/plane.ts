/** The service of a plane, made from its table of operations. It checks each request before the call. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { TransportError, UnknownServiceError } from "../../IdentityError.js"
import type * as Operation from "../../Operation.js"
import type * as Rows from "./operation.js"
import * as Validation from "./validation.js"

type Call = (request: unknown) => Effect.Effect<unknown, unknown>

const mapMethods = <T extends Rows.Table>(
  table: T,
  f: (row: Rows.Any, method: string) => Call
): Operation.Plane<T> =>
  // A method for each row, which TypeScript does not see.
  Object.fromEntries(
    Object.entries(table).map(([method, row]) => [method, f(row, method)])
  ) as unknown as Operation.Plane<T>

/** TypeScript does not see that a plane of any table is a record of calls. */
export const callOf = (plane: object, method: string): Call => Reflect.get(plane, method) as Call

/** Makes a plane whose methods differ only by their rows. */
export const fromTable = <const T extends Rows.Table>(
  table: T,
  f: <Request, Response, E>(
    row: Operation.Operation<string, Request, Response, E>,
    method: string
  ) => (request: Request) => Effect.Effect<Response, E | UnknownServiceError | TransportError>
): Operation.Plane<T> =>
  // `f` makes a method of any request, response and errors.
  mapMethods(table, f as unknown as (row: Rows.Any, method: string) => Call)

/** The methods of planes without the checks of their requests. */
const uncheckedCalls = new WeakMap<object, Call>()

/**
 * Calls a method without checking a valid request again. Undefined for a method that is not from {@link make}: a
 * decorator can change a request.
 */
export const callUnchecked = <Request, A>(method: (request: Request) => A, request: Request): A | undefined =>
  // The call without the check has the type of the method.
  uncheckedCalls.get(method)?.(request) as A | undefined

/** Checks each request, then calls the implementation, in a span `<plane>.<method>`. */
export const make = <const T extends Rows.Table>(
  plane: string,
  table: T,
  implementation: Operation.Plane<T>
): Operation.Plane<T> =>
  mapMethods(table, ({ name, request: schema }, method) => {
    const check = Validation.check(schema, name)
    const call = callOf(implementation, method)
    // The stack of a span would always show this line. The data-last form of `withSpan` ignores the option.
    const span = { attributes: { "rpc.system": "aws-api", "rpc.method": name }, captureStackTrace: false }
    const trace = (call: Call): Call => (request) =>
      Effect.withSpan(Effect.suspend(() => call(request)), `${plane}.${method}`, span)
    const checked = trace((request) => Effect.flatMapEager(Effect.fromResult(check(request)), call))
    uncheckedCalls.set(checked, trace(call))
    return checked
  })

export const decorate = <const T extends Rows.Table, E>(
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

/** Wraps every call of the plane in context. Each use of the layer wraps the plane below it. */
export const layerDecorate = <I, const T extends Rows.Table, E>(
  tag: Context.Key<I, Operation.Plane<T>>,
  table: T,
  decorator: Operation.Decorator<T, E>
): Layer.Layer<I, never, I> =>
  Layer.fresh(Layer.effect(tag, Effect.map(tag, (plane) => decorate(table, plane, decorator))))
