/**
 * Whether two identifiers are one person: the same id, the same JWT, or two JWTs of one issuer and subject.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as UserIdentifier from "../../UserIdentifier.js"

/**
 * A user who signed in again has a fresh JWT. Both come from the application, which vouches for them: they are read, not verified.
 *
 * @internal
 */
export const sameUser = (
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
