/**
 * An operation of a plane as data: AWS name, request, and answer in the form of the AWS SDK (a timestamp is a `Date`). The planes
 * check requests by these rows; the AWS adapter and the local server are driven by them.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** @internal */
export interface Operation<Request, Response> {
  /** The AWS name, as in `GetWorkloadAccessTokenForJWT`. */
  readonly name: string
  readonly request: {
    readonly schema: Schema.Schema<Request, unknown>
    readonly encode: (request: Request) => unknown
  }
  readonly response: {
    /** None for an answer that is not of the model; what it was is not kept. */
    readonly decode: (output: unknown) => Option.Option<Response>
    readonly encode: (response: Response) => unknown
  }
}

/** @internal */
export type Rows<Operations> = {
  readonly [K in keyof Operations]: Operations[K] extends
    (request: infer Request) => Effect.Effect<infer Response, infer _E> ? Operation<Request, Response> : never
}

/** @internal */
export const request = <A, I>(schema: Schema.Schema<A, I>): Operation<A, never>["request"] => ({
  // What is encoded is read as JSON by whoever gets it; its type has no use beyond this line.
  schema: schema as Schema.Schema<A, unknown>,
  encode: Schema.encodeSync(schema)
})

/** @internal */
export const codec = <A, I>(schema: Schema.Schema<A, I>): Operation<never, A>["response"] => ({
  decode: Schema.decodeUnknownOption(schema),
  encode: Schema.encodeSync(schema)
})

/** @internal */
export const nothing: Operation<never, void>["response"] = { decode: () => Option.some(undefined), encode: () => ({}) }
