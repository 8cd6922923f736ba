/**
 * An operation of a plane as data: AWS name, request, and answer in the form of the AWS SDK (a timestamp is a `Date`). The planes
 * check requests by these rows; the AWS adapter and the local server are driven by them.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { lazily } from "./memoize.js"

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

/** A request as it is sent: all that is not plain data in it is a secret. */
type Sent<A> = A extends Redacted.Redacted<infer Value> ? Value
  : A extends ReadonlyArray<infer Item> ? ReadonlyArray<Sent<Item>>
  : A extends object ? { readonly [K in keyof A]: Sent<A[K]> }
  : A

const sent = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) {
    return value
  }
  if (Redacted.isRedacted(value)) {
    return Redacted.value(value)
  }
  if (Array.isArray(value)) {
    return value.map(sent)
  }
  // As members of their own, `__proto__` among them.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, sent(member)]))
}

/**
 * The request of an operation. It was checked before: `encode` only takes the secrets out, which costs a tenth of what
 * `Schema.encode` does. That this is all there is to do is the type of the schema.
 *
 * @internal
 */
export const request = <A>(schema: Schema.Schema<A, Sent<A>>): Operation<A, never>["request"] => ({
  // What is encoded is read as JSON by whoever gets it; its type has no use beyond this line.
  schema: schema as Schema.Schema<A, unknown>,
  encode: sent
})

/** @internal */
export const codec = <A, I>(schema: Schema.Schema<A, I>): Operation<never, A>["response"] => ({
  decode: lazily(() => Schema.decodeUnknownOption(schema)),
  encode: lazily(() => Schema.encodeSync(schema))
})

/** @internal */
export const nothing: Operation<never, void>["response"] = { decode: () => Option.some(undefined), encode: () => ({}) }
