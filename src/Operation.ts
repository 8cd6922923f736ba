/**
 * An AWS operation as data: one row of the table of its plane. The methods and checks of planes, the calls of the AWS
 * SDK, the routes of the local server, the scripted planes of tests and the rate limits all derive from it.
 *
 * @since 0.2.0
 * @example
 * import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
 * import type * as Operation from "effect-agentcore-identity/Operation"
 *
 * type Row = typeof ControlPlane.operations.getWorkloadIdentity
 *
 * const request: Operation.Request<Row> = { name: "my-agent" }
 *
 * console.log(ControlPlane.operations.getWorkloadIdentity.path, request) // /identities/GetWorkloadIdentity
 */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type {
  AccessDeniedException,
  InternalServerException,
  ThrottlingException,
  TransportError,
  UnknownServiceError,
  ValidationException
} from "./IdentityError.js"
import type { Encoded } from "./internal/models/constraint.js"

/**
 * An operation, with the types of its name, request, response and errors.
 *
 * @since 0.2.0
 * @category models
 */
export interface Operation<out Name extends string, in out Request, in out Response, out E> {
  /** The AWS name, as in `GetWorkloadAccessTokenForJWT`. */
  readonly name: Name
  /** How the operation travels over HTTP, by the AWS service model. */
  readonly method: "POST" | "GET" | "DELETE"
  /** A member in braces becomes a part of the path, percent-encoded. */
  readonly path: `/${string}`
  /** The status of a success. A 204 has no body. */
  readonly status: number
  /** Has the limits of the service model. */
  readonly request: Schema.Codec<Request, Encoded<Request>>
  /** Unwraps the secrets of a valid request. */
  readonly encode: (request: Request) => unknown
  /** Decodes the output of the AWS SDK, and encodes a response to it. A timestamp is a `Date`. */
  readonly response: {
    /** None for an invalid output. */
    readonly decode: (output: unknown) => Option.Option<Response>
    readonly encode: (response: Response) => unknown
  }
  /** The exceptions of the operation in the service model. A `_tag` is the name that AWS gives the exception. */
  readonly errors: ReadonlyArray<{
    readonly _tag: string
    new(members: {
      /** The AWS name of the operation. */
      readonly operation: string
      readonly message: string
      readonly requestId?: string | undefined
      /** Only `ValidationException` has it. */
      readonly reason?: string | undefined
      /** Only `ValidationException` has it. */
      readonly fieldList?: ReadonlyArray<{ readonly name: string; readonly message: string }> | undefined
    }): E
  }>
  /** The quota in calls per second (AWS documentation). Infinity if there is none. */
  readonly quota: number
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

/** The items of a page: the member of a list's response other than `nextToken`. */
type PageItem<Page> = Page[Exclude<keyof Page, "nextToken">] extends ReadonlyArray<infer A> ? A : never

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
  ]: (options?: {
    /** Items per page. Default: chosen by the service. */
    readonly pageSize?: number | undefined
    /** The `nextToken` of the page to start after. Default: the start of the list. */
    readonly nextToken?: string | undefined
  }) => Stream.Stream<PageItem<Response<T[K]>>, Error<T[K]>>
}

/**
 * Wraps one call of a plane. It gets the operation's name, the call and the request, and returns the call that replaces
 * it. `E` is the errors that every operation of the plane has, which TypeScript cannot infer.
 *
 * @since 0.2.0
 * @category type-level
 */
export type Decorator<
  T,
  E =
    | ValidationException
    | AccessDeniedException
    | ThrottlingException
    | InternalServerException
    | UnknownServiceError
    | TransportError
> = <K extends keyof T>(
  operation: K,
  effect: Effect.Effect<Response<T[K]>, Error<T[K]> | E>,
  request: Request<T[K]>
) => Effect.Effect<Response<T[K]>, Error<T[K]> | E>
