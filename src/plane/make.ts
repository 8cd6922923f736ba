/**
 * The service of a plane, made from its table: checks before each call, spans, names on errors, streams, decorators.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { isIdentityError, type TransportError, type UnknownServiceError } from "../IdentityError.js"
import { withSpan } from "../internal/span.js"
import type * as Operation from "../Operation.js"
import * as Validation from "./validation.js"

/** The service that is made from a table. */
export type Service<T> = Operation.Plane<T> & Operation.Streams<T>

type Call = (request: unknown) => Effect.Effect<unknown, unknown>

/** The methods of a plane, without their types. */
export interface Calls {
  readonly [method: string]: Call
}

const mapMethods = (table: Operation.Table, f: (row: Operation.Any, method: string) => Call): Calls =>
  Object.fromEntries(Object.entries(table).map(([method, row]) => [method, f(row, method)]))

/** Makes a plane whose methods differ by their rows only. */
export const fromTable = <const T extends Operation.Table>(
  table: T,
  f: <Request, Response, E>(
    row: Operation.Operation<string, Request, Response, E>,
    method: string
  ) => (request: Request) => Effect.Effect<Response, E | UnknownServiceError | TransportError>
): Operation.Plane<T> =>
  // Every row is an operation of some request, answer and errors, and `f` makes a method of any.
  mapMethods(table, f as unknown as (row: Operation.Any, method: string) => Call) as unknown as Operation.Plane<T>

// -----------------------------------------------------------------------------
// Checked requests
// -----------------------------------------------------------------------------

/**
 * The methods of a plane without their checks. The property is not enumerable. A program that spreads a plane into its own plane does not copy
 * it, so the local server never bypasses the program's methods.
 */
const Unchecked: unique symbol = Symbol.for("effect-agentcore-identity/internal/plane/Unchecked")

/**
 * Returns the plane for requests that are checked already, as in the local server. A plane that `make` did not make is returned as it is.
 */
export const unchecked = <P extends object>(plane: P): P =>
  // Not `in`: a mock of `Layer.mock` claims to have every property. The property is a plane with the same methods.
  Object.hasOwn(plane, Unchecked) ? Reflect.get(plane, Unchecked) as P : plane

/**
 * Returns the streams of a plane's lists. A plane without lists has none, and its programs do not load `effect/Stream`.
 */
export type MakeStreams = (table: Operation.Table, calls: Calls) => object

const noStreams: MakeStreams = () => ({})

const service = <T extends Operation.Table>(
  table: T,
  checked: Calls,
  unchecked: Calls,
  makeStreams: MakeStreams
): Service<T> =>
  Object.defineProperty({ ...checked, ...makeStreams(table, checked) }, Unchecked, {
    value: { ...unchecked, ...makeStreams(table, unchecked) }
    // The methods of T, and the streams of its lists. `Calls` has no type for each.
  }) as unknown as Service<T>

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/** The class of an error. */
interface ErrorClass<E> {
  readonly fields: object
  new(members: object, options: { readonly disableChecks: true }): E
}

/** Adds the operation's name to an error without one. The result is a copy with the stack of the original. */
const withOperation = (operation: string) => <E>(error: E): E => {
  if (!isIdentityError(error) || !("operation" in error) || error.operation !== "") return error
  // Every error of this package is of a schema class.
  const Class = error.constructor as ErrorClass<E & Error>
  const members = Object.keys(Class.fields).flatMap((name) =>
    Object.hasOwn(error, name) ? [[name, Reflect.get(error, name)]] : []
  )
  const fields = { ...Object.fromEntries(members), operation }
  // The constructor copies a `Redacted`. The members of the copy are those of the original.
  const named = Object.assign(new Class(fields, { disableChecks: true }), fields)
  return Object.defineProperty(named, "stack", {
    value: error.stack?.replace(error.message, () => named.message),
    configurable: true,
    writable: true
  })
}

// -----------------------------------------------------------------------------
// Constructors
// -----------------------------------------------------------------------------

/** Checks each request, then calls the implementation, in a span `<plane>.<method>`. */
export const make = <const T extends Operation.Table>(
  plane: string,
  table: T,
  implementation: Operation.Plane<T>,
  makeStreams: MakeStreams = noStreams
): Service<T> => {
  // TypeScript does not see that a plane of any table is a record of calls.
  const calls = implementation as unknown as Calls
  const run = (method: string, { name }: Operation.Any) => {
    const span = { attributes: { "rpc.system": "aws-api", "rpc.method": name } }
    const named = withOperation(name)
    return (start: () => Effect.Effect<unknown, unknown>) =>
      withSpan(Effect.mapError(Effect.suspend(start), named), `${plane}.${method}`, span)
  }
  const checked = mapMethods(table, (row, method) => {
    const inMethod = run(method, row)
    const validate = Validation.validate(row.request)
    const call = calls[method] as Call
    return (request) =>
      inMethod(() => Result.match(validate(request), { onFailure: (error) => Effect.fail(error), onSuccess: call }))
  })
  const unchecked = mapMethods(table, (row, method) => {
    const inMethod = run(method, row)
    const call = calls[method] as Call
    return (request) => inMethod(() => call(request))
  })
  return service(table, checked, unchecked, makeStreams)
}

/** A plane whose calls go to the current plane at the time of the call. It has no streams: `decorate` adds them. */
export const delegate = <const T extends Operation.Table>(
  table: T,
  current: Effect.Effect<Operation.Plane<T>>
): Operation.Plane<T> => {
  const calls = (select: (plane: Operation.Plane<T>) => Operation.Plane<T>): Calls =>
    mapMethods(
      table,
      (_, method) => (request) =>
        Effect.flatMap(current, (plane) => ((select(plane) as unknown as Calls)[method] as Call)(request))
    )
  return service(table, calls((plane) => plane), calls(unchecked), noStreams)
}

/** Wraps every call of a plane, with and without checks. */
export const decorate = <const T extends Operation.Table, E>(
  table: T,
  plane: Operation.Plane<T>,
  decorator: Operation.Decorator<T, E>,
  makeStreams: MakeStreams = noStreams
): Service<T> => {
  // The decorator of an operation gets the call and the request of that operation.
  const wrap = decorator as (method: string, call: ReturnType<Call>, request: unknown) => ReturnType<Call>
  const decorated = (plane: Operation.Plane<T>): Calls =>
    mapMethods(table, ({ name }, method) => {
      const call = (plane as unknown as Calls)[method] as Call
      const named = withOperation(name)
      return (request) => Effect.mapError(wrap(method, call(request), request), named)
    })
  return service(table, decorated(plane), decorated(unchecked(plane)), makeStreams)
}
