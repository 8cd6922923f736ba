/** The user that a JWT identifies. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/**
 * Returns the issuer and the subject of a JWT that the application has verified. A new sign-in has a new JWT with the
 * same two.
 */
export const subjectOf = (
  userToken: Redacted.Redacted
): Effect.Effect<Option.Option<readonly [issuer: string, subject: string]>> =>
  Effect.option(Effect.tryPromise(async () => {
    const { decodeJwt } = await import("jose")
    const { iss, sub } = decodeJwt(Redacted.value(userToken))
    return iss === undefined || sub === undefined ? Option.none() : Option.some([iss, sub] as const)
  })).pipe(Effect.map(Option.flatten))
