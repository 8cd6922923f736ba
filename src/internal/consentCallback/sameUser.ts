/**
 * Whether two identifiers are one person.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as UserIdentifier from "../../UserIdentifier.js"

/**
 * True for the same id, the same JWT, or two JWTs with the same issuer and subject: a user who signed in again has a
 * new JWT.
 *
 * The application vouches for both JWTs, so they are decoded and not verified.
 *
 * @internal
 */
export const isSameUser = (
  self: UserIdentifier.UserIdentifier,
  that: UserIdentifier.UserIdentifier
): Effect.Effect<boolean> => {
  const a = self.userToken
  const b = that.userToken
  return UserIdentifier.equals(self, that) || a === undefined || b === undefined
    ? Effect.succeed(UserIdentifier.equals(self, that))
    : Effect.tryPromise(async () => {
      const { decodeJwt } = await import("jose")
      const one = decodeJwt(Redacted.value(a))
      const other = decodeJwt(Redacted.value(b))
      return one.sub !== undefined && one.iss !== undefined && one.sub === other.sub && one.iss === other.iss
    }).pipe(Effect.orElseSucceed(() => false))
}
