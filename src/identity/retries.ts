/**
 * What is worth repeating: a call after a transient failure, a use after a resource has rejected the credential, a
 * request whose token the program keeps back.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { DataPlaneError, TokenResponse } from "../DataPlane.js"
import type { AuthorizationFailed, MissingWorkloadAccessToken } from "../IdentityError.js"

// -----------------------------------------------------------------------------
// Transient failures
// -----------------------------------------------------------------------------

const isTransientStatus = (status: number | undefined): boolean =>
  status !== undefined && (status >= 500 || status === 429)

/** Whether the service throttled the call. */
export const isThrottled = (error: { readonly _tag: string; readonly status?: number | undefined }): boolean =>
  error._tag === "ThrottlingException"
  || ((error._tag === "TransportError" || error._tag === "UnknownServiceError") && error.status === 429)

/** Whether the error is throttling, a 5xx response, or a lost or timed out connection. */
export const isTransient = (error: DataPlaneError | MissingWorkloadAccessToken): boolean => {
  switch (error._tag) {
    case "ThrottlingException":
    case "InternalServerException":
      return true
    case "TransportError":
      return error.kind === "connection" || error.kind === "timeout" || isTransientStatus(error.status)
    case "UnknownServiceError":
      return isTransientStatus(error.status)
    default:
      return false
  }
}

// -----------------------------------------------------------------------------
// Rejected credentials
// -----------------------------------------------------------------------------

/** The credential that a resource has rejected. A cache does not return it to the next request. */
export const Rejected = Context.Reference("effect-agentcore-identity/internal/Rejected", {
  defaultValue: (): Option.Option<Redacted.Redacted> => Option.none()
})

/**
 * Obtains a credential to replace a rejected one. If the first request returns the rejected one, `reauthenticate`
 * repeats it with `forceAuthentication`. Returns `None` if every request returned the rejected one.
 *
 * The first request has no `forceAuthentication`: the vault may have refreshed the token, or another fiber may have
 * re-authenticated, so that the user need not consent again.
 */
export const renewCredential = <E, R>(
  obtain: (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E, R>,
  rejected: Redacted.Redacted,
  { reauthenticate }: { readonly reauthenticate: boolean }
): Effect.Effect<Option.Option<Redacted.Redacted>, E, R> => {
  const request = (forceAuthentication: boolean) =>
    obtain(forceAuthentication).pipe(
      Effect.provideService(Rejected, Option.some(rejected)),
      Effect.map(Option.liftPredicate((fresh) => Redacted.value(fresh) !== Redacted.value(rejected)))
    )
  return Effect.flatMap(
    request(false),
    (fresh) => Option.isNone(fresh) && reauthenticate ? request(true) : Effect.succeed(fresh)
  )
}

/**
 * Runs `f` with a credential. If the resource rejects it, runs `f` once more with a new one. Without a new one it
 * fails with the first error.
 */
export const useCredential = <A, E, R, E1, R1>(
  obtain: Effect.Effect<Redacted.Redacted, E1, R1>,
  renew: (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E1, R1>,
  f: (credential: Redacted.Redacted) => Effect.Effect<A, E, R>,
  { reauthenticate = false, rejected }: {
    readonly rejected: (error: E) => boolean
    readonly reauthenticate?: boolean | undefined
  }
): Effect.Effect<A, E | E1, R | R1> =>
  Effect.flatMap(obtain, (first) =>
    Effect.catchIf(f(first), rejected, (error) =>
      Effect.flatMap(
        renewCredential(renew, first, { reauthenticate }),
        Option.match({ onNone: () => Effect.fail(error), onSome: f })
      )))

// -----------------------------------------------------------------------------
// Reviewed tokens
// -----------------------------------------------------------------------------

export type ReviewError = DataPlaneError | MissingWorkloadAccessToken | AuthorizationFailed

/** A token that `Identity` is about to return, and what it was requested with. */
export interface Issued<R> {
  readonly credential: {
    readonly provider: string
    readonly scopes: ReadonlyArray<string>
    readonly resources?: ReadonlyArray<string> | undefined
    readonly audiences?: ReadonlyArray<string> | undefined
    readonly customParameters?: { readonly [name: string]: string } | undefined
    readonly returnUrl?: string | undefined
  }
  readonly token: Redacted.Redacted
  /** Requests the token again, without a session. */
  readonly request: (forceAuthentication: boolean) => Effect.Effect<TokenResponse, ReviewError, R>
}

/** Returns the response that `Identity` uses instead, or `undefined` if the token may be returned. */
export type Review = <R>(issued: Issued<R>) => Effect.Effect<TokenResponse, ReviewError, R> | undefined

/** Read from the context of the calling program. Default: every token is returned. */
export class TokenReview extends Context.Reference("effect-agentcore-identity/internal/TokenReview", {
  defaultValue: (): Review => () => undefined
}) {}
