/**
 * Renewal of a credential that a resource has rejected.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Rejected } from "./rejectedCredential.js"

/** @internal */
export interface Options {
  /** Whether to use `forceAuthentication` if the request without it returns the same credential. The user may have to consent. */
  readonly reauthenticate: boolean
}

/**
 * Obtains a credential in the place of a rejected one. None: every request returned the rejected one.
 *
 * The first request has no `forceAuthentication`: the vault may have refreshed the token, or another fiber may have re-authenticated. The
 * user is not asked in these cases.
 *
 * @internal
 */
export const renewCredential = <E, R>(
  obtain: (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E, R>,
  rejected: Redacted.Redacted,
  options: Options
): Effect.Effect<Option.Option<Redacted.Redacted>, E, R> => {
  const request = (forceAuthentication: boolean) =>
    obtain(forceAuthentication).pipe(
      Effect.provideService(Rejected, Option.some(rejected)),
      Effect.map(Option.liftPredicate((fresh) => Redacted.value(fresh) !== Redacted.value(rejected)))
    )
  return Effect.flatMap(
    request(false),
    (fresh) => Option.isNone(fresh) && options.reauthenticate ? request(true) : Effect.succeed(fresh)
  )
}
