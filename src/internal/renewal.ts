/**
 * What comes after a resource has rejected a credential.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Rejected } from "./rejectedCredential.js"

/** @internal */
export interface Options {
  /** Ask by `forceAuthentication` if asking alone gives the same credential. It may take the user's consent. */
  readonly reauthenticate: boolean
}

/**
 * Obtains a credential in the place of one that was rejected. None: there is no other.
 *
 * Force comes second: where the vault has refreshed the token by itself, or another fiber has re-authenticated meanwhile, the user
 * need not be asked.
 *
 * @internal
 */
export const renew = <E, R>(
  obtain: (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E, R>,
  rejected: Redacted.Redacted,
  options: Options
): Effect.Effect<Option.Option<Redacted.Redacted>, E, R> => {
  const ask = (forceAuthentication: boolean) =>
    obtain(forceAuthentication).pipe(
      Effect.provideService(Rejected, Option.some(rejected)),
      Effect.map(Option.liftPredicate((fresh) => Redacted.value(fresh) !== Redacted.value(rejected)))
    )
  return Effect.flatMap(
    ask(false),
    (fresh) => Option.isNone(fresh) && options.reauthenticate ? ask(true) : Effect.succeed(fresh)
  )
}
