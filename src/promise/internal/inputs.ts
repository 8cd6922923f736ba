/** The options of modules with Effect, for programs without it. */
import type * as Effect from "effect/Effect"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { UserIdentifier } from "../../UserIdentifier.js"
import type { User } from "./workload.js"

/**
 * The value of an option. A secret may be a string, an `Option` is its value or `undefined`, and a function that
 * returns an effect returns a value or a promise.
 */
export type Input<A> = A extends Redacted.Redacted ? A | string
  : A extends Option.Option<infer B> ? Input<B> | undefined
  : A extends UserIdentifier ? User
  : A extends HttpServerResponse.HttpServerResponse ? Response
  : A extends ReadonlyArray<infer B> ? number extends A["length"] ? ReadonlyArray<Input<B>> : A
  : A extends (...args: infer Args) => Effect.Effect<infer B, unknown, unknown>
    ? (...args: Args) => Input<B> | Promise<Input<B>>
  : A

/** Options whose values are {@link Input}. */
export type Inputs<A> = { readonly [K in keyof A]: Input<A[K]> }
