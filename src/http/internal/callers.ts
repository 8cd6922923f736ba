/** The callers of a server: one for each of its users, so that their requests share a workload access token. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { DataPlane } from "../../DataPlane.js"
import * as ExpiringMap from "../../internal/expiringMap.js"
import * as Validation from "../../plane/validation.js"
import { UserIdentifier } from "../../UserIdentifier.js"
import * as WorkloadAccessToken from "../../WorkloadAccessToken.js"

/** Milliseconds. A workload access token is renewed at this age, so a caller need not live longer. */
const lifetime = 10 * 60_000

// A program in plain JavaScript can pass any value, and `1` and `"1"` would have one key.
const checkUser = Validation.makeCheck("", () => ({ user: UserIdentifier }))

/** Returns a function that returns the caller of a user. */
export const make = (workload: string) =>
  Effect.map(DataPlane, (dataPlane) => {
    const callers = ExpiringMap.make<WorkloadAccessToken.Service>()
    return Effect.fnUntraced(function*(user: UserIdentifier) {
      const invalid = checkUser({ user })
      if (invalid !== undefined) return yield* invalid
      const now = yield* Clock.currentTimeMillis
      callers.removeExpired(now)
      const key = user.userToken === undefined ? `id ${user.userId}` : `token ${Redacted.value(user.userToken)}`
      const known = callers.get(key)
      if (known !== undefined) return known
      // A caller outlives its request, and a program could change the object of a user.
      const own = user.userToken === undefined ? { userId: user.userId } : { userToken: user.userToken }
      const caller = yield* Effect.provideService(
        WorkloadAccessToken.makeWorkload({ name: workload, user: own }),
        DataPlane,
        dataPlane
      )
      callers.set(key, caller, now + lifetime)
      return caller
    })
  })
