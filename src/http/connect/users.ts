/** The signed-in user, as pages and events show them. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { subjectOf } from "../../identity/jwtSubject.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import { type EventUser, OtherUserKind, type UserKind } from "./model.js"

export const kindOf = (user: UserIdentifier): UserKind => user.userToken === undefined ? "userId" : "jwt"

export const checkKind = (
  part: OtherUserKind["part"],
  expected: UserKind,
  user: UserIdentifier
): Effect.Effect<void, OtherUserKind> =>
  Effect.suspend(() => {
    const found = kindOf(user)
    return found === expected ? Effect.void : new OtherUserKind({ part, expected, found })
  })

export const eventUser = (user: UserIdentifier): Effect.Effect<EventUser> =>
  user.userToken === undefined
    ? Effect.succeed({ userId: user.userId })
    : Effect.map(
      subjectOf(user.userToken),
      Option.match({
        onNone: () => undefined,
        onSome: ([issuer, subject]) => ({ issuer, subject })
      })
    )

/** The id, or the first claim of the JWT that people know an account by. The application vouches for the JWT. */
export const describe = ({ userId, userToken }: UserIdentifier): Effect.Effect<string> =>
  userToken === undefined
    ? Effect.succeed(userId)
    : Effect.tryPromise(async () => {
      const { decodeJwt } = await import("jose")
      const claims = decodeJwt(Redacted.value(userToken))
      return [claims["email"], claims["preferred_username"], claims["name"], claims.sub].find(isString)
    }).pipe(
      Effect.orElseSucceed(() => undefined),
      Effect.map((name) => name ?? "a user without a name")
    )
