/**
 * What an authorization server did not give, for whoever runs the local backend: the service's own answers do not say.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { OAuthError } from "../OAuthClient.js"

/** @internal */
export const logged = <A, R>(
  provider: string,
  effect: Effect.Effect<A, OAuthError, R>
): Effect.Effect<A, OAuthError, R> =>
  Effect.tapError(
    effect,
    (error) => Effect.annotateLogs(Effect.logDebug(error.message), { provider, reason: error.reason })
  )
