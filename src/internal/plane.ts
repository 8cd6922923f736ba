/**
 * The service of a plane, made from its table: checks before each call, spans, names on errors, streams, decorators.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Stream from "effect/Stream"
import { isIdentityError, type TransportError, type UnknownServiceError } from "../IdentityError.js"
import type * as Operation from "../Operation.js"
import * as Pagination from "./pagination.js"
import { inSpan } from "./span.js"
import * as Validation from "./validation.js"

/**
 * What a table makes a service of.
 *
 * @internal
 */
export type Service<T> = Operation.Plane<T> & Operation.Streams<T>

type Call = (request: unknown) => Effect.Effect<unknown, unknown>

/** A plane whose methods are called by a name that TypeScript does not know. */
interface Calls {
  readonly [method: string]: Call
}

const mapMethods = (table: Operation.Table, f: (row: Operation.Any, method: string) => Call): Calls =>
  Object.fromEntries(Object.entries(table).map(([method, row]) => [method, f(row, method)]))

/**
 * A plane whose methods are all made by one function, which knows nothing of an operation but its row.
 *
 * @internal
 */
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
// Requests that were checked before
// -----------------------------------------------------------------------------

/**
 * Where a plane keeps its methods without checks. The property is not enumerable: a plane that a program spreads into one of its own
 * does not pass it on, so that no method of the program is bypassed.
 */
const Unchecked: unique symbol = Symbol.for("effect-agentcore-identity/internal/plane/Unchecked")

/**
 * The plane for requests that were checked before, by the local server for instance. A plane that was not made here is returned as it is.
 *
 * @internal
 */
export const unchecked = <P extends object>(plane: P): P =>
  // Not `in`, to which a mock of `Layer.mock` answers yes. `service` puts a plane of the same methods there.
  Object.hasOwn(plane, Unchecked) ? Reflect.get(plane, Unchecked) as P : plane

const withStreams = (table: Operation.Table, calls: Calls): object => {
  const streams: Record<string, (options?: Operation.StreamOptions) => Stream.Stream<unknown, unknown>> = {}
  for (const [method, call] of Object.entries(calls)) {
    if (Pagination.isPaged(table[method])) streams[Pagination.streamName(method)] = Pagination.stream(call)
  }
  return { ...calls, ...streams }
}

const service = <T>(table: Operation.Table, checked: Calls, unchecked: Calls): Service<T> =>
  Object.defineProperty(withStreams(table, checked), Unchecked, {
    value: withStreams(table, unchecked)
    // The methods of T, and the streams of its lists. `Calls` has no type for each.
  }) as Service<T>

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

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

// -----------------------------------------------------------------------------
// Constructors
// -----------------------------------------------------------------------------

/**
 * Checks each request, then calls the implementation, in a span `<plane>.<method>`.
 *
 * @internal
 */
export const make = <const T extends Operation.Table>(
  plane: string,
  table: T,
  implementation: Operation.Plane<T>
): Service<T> => {
  // TypeScript does not see that a plane of any table is a record of calls.
  const calls = implementation as unknown as Calls
  const run = (method: string, { name }: Operation.Any) => {
    const span = { captureStackTrace: false, attributes: { "rpc.system": "aws-api", "rpc.method": name } }
    const named = withOperation(name)
    return (start: () => Effect.Effect<unknown, unknown>) =>
      inSpan(`${plane}.${method}`, span, () => ({ effect: Effect.mapError(Effect.suspend(start), named) }))
  }
  const checked = mapMethods(table, (row, method) => {
    const inMethod = run(method, row)
    const validate = Validation.validate(row.request)
    const call = calls[method] as Call
    return (request) => inMethod(() => Either.match(validate(request), { onLeft: Effect.fail, onRight: call }))
  })
  const unchecked = mapMethods(table, (row, method) => {
    const inMethod = run(method, row)
    const call = calls[method] as Call
    return (request) => inMethod(() => call(request))
  })
  return service(table, checked, unchecked)
}

/**
 * Wraps every call of a plane, also those of requests that were checked before.
 *
 * @internal
 */
export const decorate = <const T extends Operation.Table, E>(
  table: T,
  plane: Operation.Plane<T>,
  decorator: Operation.Decorator<T, E>
): Service<T> => {
  // The decorator of an operation gets the call and the request of that operation.
  const wrap = decorator as (method: string, call: ReturnType<Call>, request: unknown) => ReturnType<Call>
  const decorated = (plane: Operation.Plane<T>): Calls =>
    mapMethods(table, ({ name }, method) => {
      const call = (plane as unknown as Calls)[method] as Call
      const named = withOperation(name)
      return (request) => Effect.mapError(wrap(method, call(request), request), named)
    })
  return service(table, decorated(plane), decorated(unchecked(plane)))
}
