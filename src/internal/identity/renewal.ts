/** Replaces a credential that a resource has rejected. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

/** The credential that a resource has rejected. A cache does not return it to the next request. */
export const Rejected = Context.Reference("effect-agentcore-identity/internal/Rejected", {
  defaultValue: (): Option.Option<Redacted.Redacted> => Option.none()
})

/**
 * Obtains a credential to replace a rejected one, and returns `None` if every request returned the rejected one. With
 * `reauthenticate`, only a second request has `forceAuthentication`: the vault may have refreshed the token, or another
 * fiber may have re-authenticated, so that the user need not consent again.
 */
export const renewCredential = <E, R>(
  obtain: (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E, R>,
  rejected: Redacted.Redacted,
  { reauthenticate }: { readonly reauthenticate: boolean }
): Effect.Effect<Option.Option<Redacted.Redacted>, E, R> => {
  const request = (forceAuthentication: boolean) =>
    obtain(forceAuthentication).pipe(
      Effect.provideService(Rejected, Option.some(rejected)),
      Effect.map(Option.liftPredicate((fresh) => !Equal.equals(fresh, rejected)))
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
