/**
 * An AWS operation as data: one row of the table of its plane.
 *
 * A row defines everything else: the type and the checks of the plane's method, the call of the AWS SDK, the route of
 * the local server, the scripted planes of tests, and the rate limits.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { CommonError, TransportError, UnknownServiceError, ValidationExceptionField } from "./IdentityError.js"
import type { Encoded } from "./models/internal/constraint.js"
import { mapDeep } from "./models/internal/plainData.js"

export type {
  /** @since 0.2.0 */
  Encoded
} from "./models/internal/constraint.js"

/**
 * Decodes the output of the AWS SDK to the response of an operation, and encodes it. A timestamp is a `Date`.
 *
 * @since 0.2.0
 * @category models
 */
export interface Codec<in out A> {
  /** None for an invalid output. */
  readonly decode: (output: unknown) => Option.Option<A>
  /** The output of a response. */
  readonly encode: (response: A) => unknown
}

/**
 * The members of an exception. Only `ValidationException` has `reason` and `fieldList`.
 *
 * @since 0.2.0
 * @category models
 */
export interface ExceptionMembers {
  /** The AWS name of the operation. */
  readonly operation: string
  readonly message: string
  readonly requestId?: string | undefined
  readonly reason?: string | undefined
  readonly fieldList?: ReadonlyArray<ValidationExceptionField> | undefined
}

/**
 * The class of an exception. Its `_tag` is the name that AWS gives the exception.
 *
 * @since 0.2.0
 * @category models
 */
export interface ExceptionClass<out E> {
  readonly _tag: string
  new(members: ExceptionMembers): E
}

/**
 * Any operation.
 *
 * @since 0.2.0
 * @category models
 */
export interface Any {
  /** The AWS name, as in `GetWorkloadAccessTokenForJWT`. */
  readonly name: string
  /** How the operation travels over HTTP, by the AWS service model. */
  readonly method: "POST" | "GET" | "DELETE"
  /** A member in braces becomes a part of the path, percent-encoded. */
  readonly path: `/${string}`
  /** The status of a success. A 204 has no body. */
  readonly status: number
  /** Has the limits of the service model. */
  readonly request: Schema.Codec<unknown, unknown>
  /** Unwraps the secrets of a valid request. */
  readonly encode: (request: never) => unknown
  readonly response: {
    readonly decode: (output: unknown) => Option.Option<unknown>
    readonly encode: (response: never) => unknown
  }
  /** The exceptions of the operation in the service model. */
  readonly errors: ReadonlyArray<ExceptionClass<unknown>>
  /** The quota in calls per second (AWS documentation). Infinity if there is none. */
  readonly quota: number
}

/**
 * An operation, with the types of its name, request, response and errors.
 *
 * @since 0.2.0
 * @category models
 */
export interface Operation<out Name extends string, in out Request, in out Response, out E> extends Any {
  readonly name: Name
  readonly request: Schema.Codec<Request, Encoded<Request>>
  readonly encode: (request: Request) => unknown
  readonly response: Codec<Response>
  readonly errors: ReadonlyArray<ExceptionClass<E>>
}

/**
 * The operations of a plane, by the names of the plane's methods.
 *
 * @since 0.2.0
 * @category models
 */
export interface Table {
  readonly [method: string]: Any
}

/**
 * The request of an operation.
 *
 * @since 0.2.0
 * @category type-level
 */
export type Request<Self> = Self extends Operation<infer _N, infer A, infer _B, infer _E> ? A : never

/**
 * The response of an operation.
 *
 * @since 0.2.0
 * @category type-level
 */
export type Response<Self> = Self extends Operation<infer _N, infer _A, infer B, infer _E> ? B : never

/**
 * The errors of an operation: its exceptions, exceptions that are not in the model, and calls without a response.
 *
 * @since 0.2.0
 * @category type-level
 */
export type Error<Self> = Self extends Operation<infer _N, infer _A, infer _B, infer E>
  ? E | UnknownServiceError | TransportError
  : never

/**
 * The methods of a plane, by its table. The documentation of a row is the documentation of the method.
 *
 * @since 0.2.0
 * @category type-level
 */
export type Plane<T> = {
  readonly [K in keyof T]: (request: Request<T[K]>) => Effect.Effect<Response<T[K]>, Error<T[K]>>
}

/**
 * The start of a stream, and the size of its pages.
 *
 * @since 0.2.0
 * @category models
 */
export interface StreamOptions {
  /** Items per page. Default: chosen by the service. */
  readonly pageSize?: number | undefined
  /** The `nextToken` of the page to start after. Default: the start of the list. */
  readonly nextToken?: string | undefined
}

/**
 * The items of a page: the other member of a list's response beside `nextToken`.
 *
 * @since 0.2.0
 * @category type-level
 */
export type PageItem<Page> = Page[Exclude<keyof Page, "nextToken">] extends ReadonlyArray<infer A> ? A : never

/**
 * All pages of every list of a plane: `listX` as `streamX`. A page is fetched when its first item is pulled.
 *
 * @since 0.2.0
 * @category type-level
 */
export type Streams<T> = {
  readonly [
    K in keyof T as K extends `list${infer Name}` ? "nextToken" extends keyof Request<T[K]> ? `stream${Name}` : never
      : never
  ]: (options?: StreamOptions) => Stream.Stream<PageItem<Response<T[K]>>, Error<T[K]>>
}

/**
 * Wraps one call of a plane. It gets the operation's name, the call and the request, and returns the call that replaces
 * it. `E` is the errors that every operation of the plane has, which TypeScript cannot infer.
 *
 * @since 0.2.0
 * @category type-level
 */
export type Decorator<T, E = CommonError> = <K extends keyof T>(
  operation: K,
  effect: Effect.Effect<Response<T[K]>, Error<T[K]> | E>,
  request: Request<T[K]>
) => Effect.Effect<Response<T[K]>, Error<T[K]> | E>

const unwrapSecrets = (request: unknown): unknown =>
  mapDeep(request, (value) => Redacted.isRedacted(value) ? Redacted.value(value) : value)

const codec = <A, I>(schema: Schema.Codec<A, I>): Codec<A> => ({
  decode: Schema.decodeUnknownOption(schema),
  // The encoder is made at its first use: only servers and scripted planes encode responses.
  encode: (response) => Schema.encodeSync(schema)(response)
})

/**
 * The response of an operation that returns nothing.
 *
 * @since 0.2.0
 * @category constructors
 */
export const noResponse: Codec<void> = { decode: () => Option.some(undefined), encode: () => ({}) }

/**
 * A row of a plane's table.
 *
 * The type of `request` allows only secrets and plain data. Its encoding unwraps the secrets, which costs a tenth of
 * `Schema.encode`.
 *
 * @since 0.2.0
 * @category constructors
 * @example
 * import * as IdentityError from "effect-agentcore-identity/IdentityError"
 * import * as Operation from "effect-agentcore-identity/Operation"
 * import * as Schema from "effect/Schema"
 *
 * const operations = {
 *   // Reads a workload identity.
 *   getWorkloadIdentity: Operation.make("GetWorkloadIdentity", {
 *     request: Schema.Struct({ name: Schema.String }),
 *     response: Schema.Struct({ name: Schema.String, workloadIdentityArn: Schema.String }),
 *     errors: [IdentityError.ValidationException, IdentityError.ResourceNotFoundException]
 *   })
 * }
 *
 * console.log(operations.getWorkloadIdentity.path) // /identities/GetWorkloadIdentity
 */
export const make = <
  const Name extends string,
  Request,
  const Errors extends ReadonlyArray<ExceptionClass<unknown>>,
  Response,
  I = never
>(name: Name, options: {
  /** The schema of the request. */
  readonly request: Schema.Codec<Request, Encoded<Request>>
  /** The schema of the response, or its codec. */
  readonly response: Schema.Codec<Response, I> | Codec<Response>
  /** The exceptions of the operation in the service model. */
  readonly errors: Errors
  /** Default: `POST`. */
  readonly method?: Any["method"]
  /** Default: `/identities/<AWS name>`. */
  readonly path?: Any["path"]
  /** Default: 200. */
  readonly status?: number
  /** Default: Infinity. */
  readonly quota?: number
}): Operation<Name, Request, Response, InstanceType<Errors[number]>> => ({
  method: "POST",
  path: `/identities/${name}`,
  status: 200,
  quota: Infinity,
  ...options,
  name,
  encode: unwrapSecrets,
  response: Schema.isSchema(options.response) ? codec(options.response) : options.response,
  // `InstanceType` of the union of classes is the union of their instances.
  errors: options.errors as ReadonlyArray<ExceptionClass<InstanceType<Errors[number]>>>
})
