/** The review of a token before `Identity` returns it. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { DataPlaneError, TokenResponse } from "../../DataPlane.js"
import type { AuthorizationFailed, MissingWorkloadAccessToken } from "../../IdentityError.js"

export type ReviewError = DataPlaneError | MissingWorkloadAccessToken | AuthorizationFailed

/** A token that `Identity` is about to return, and what it was requested with. */
export interface IssuedToken<R> {
  readonly credential: {
    readonly provider: string
    readonly scopes: ReadonlyArray<string>
    readonly resources?: ReadonlyArray<string> | undefined
    readonly audiences?: ReadonlyArray<string> | undefined
    readonly customParameters?: { readonly [name: string]: string } | undefined
    readonly returnUrl?: string | undefined
  }
  readonly token: Redacted.Redacted
  /** Whether the user was asked, and a wait has found the token. */
  readonly isPolled: boolean
  /** Requests the token again, without a session. */
  readonly request: (forceAuthentication: boolean) => Effect.Effect<TokenResponse, ReviewError, R>
}

/** Returns the response that `Identity` uses instead, or `undefined` if the token may be returned. */
export type Review = <R>(issued: IssuedToken<R>) => Effect.Effect<TokenResponse, ReviewError, R> | undefined

/** An argument of `Identity.make`, which uses it in each of its requests. Default: every token is returned. */
export class TokenReview
  extends Context.Service<TokenReview, Review>()("effect-agentcore-identity/identity/TokenReview")
{}
