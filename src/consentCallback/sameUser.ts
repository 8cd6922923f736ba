/** Whether two identifiers are one person. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { subjectOf } from "../identity/jwtSubject.js"
import * as UserIdentifier from "../UserIdentifier.js"

/**
 * True for the same id, the same JWT, or two JWTs with the same issuer and subject: a user who signed in again has a
 * new JWT.
 */
export const isSameUser = (
  self: UserIdentifier.UserIdentifier,
  that: UserIdentifier.UserIdentifier
): Effect.Effect<boolean> =>
  UserIdentifier.equals(self, that) || self.userToken === undefined || that.userToken === undefined
    ? Effect.succeed(UserIdentifier.equals(self, that))
    : Effect.map(
      Effect.all([subjectOf(self.userToken), subjectOf(that.userToken)]),
      ([one, other]) =>
        Option.isSome(one) && Option.isSome(other) && one.value.every((name, index) => name === other.value[index])
    )
