import { assert, describe, it } from "@effect/vitest"
import type * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Callers from "../../src/http/internal/callers.js"
import { scripted, secret } from "../support/utils.js"

/** The token names its user. */
const withCallers = <A, E>(
  use: (callerOf: Effect.Success<ReturnType<typeof Callers.make>>) => Effect.Effect<A, E>
) =>
  Effect.flatMap(Callers.make("agent"), use).pipe(
    Effect.provide(scripted({
      getWorkloadAccessTokenForUserId: ({ userId }) =>
        Effect.succeed({ workloadAccessToken: secret(`token of ${userId}`) }),
      getWorkloadAccessTokenForJwt: ({ userToken }) =>
        Effect.succeed({ workloadAccessToken: secret(`token of the JWT ${Redacted.value(userToken)}`) })
    }))
  )

const tokenOf = (caller: WorkloadAccessToken.Service) => Effect.map(caller.get, Redacted.value)

describe("the callers of a server", () => {
  it.effect("are one for each user, and last ten minutes", () =>
    withCallers((callerOf) =>
      Effect.gen(function*() {
        const alice = yield* callerOf({ userId: "alice" })
        assert.strictEqual(yield* callerOf({ userId: "alice" }), alice)
        assert.strictEqual(yield* tokenOf(alice), "token of alice")
        // A JWT and an id of the same characters are two users.
        const jwt = "a.b.c"
        assert.strictEqual(yield* tokenOf(yield* callerOf({ userToken: secret(jwt) })), "token of the JWT a.b.c")
        assert.strictEqual(yield* tokenOf(yield* callerOf({ userId: jwt })), "token of a.b.c")
        assert.strictEqual(yield* tokenOf(yield* callerOf({ userId: "token a.b.c" })), "token of token a.b.c")
        yield* TestClock.adjust("599 seconds")
        assert.strictEqual(yield* callerOf({ userId: "alice" }), alice)
        yield* TestClock.adjust("1 second")
        assert.notStrictEqual(yield* callerOf({ userId: "alice" }), alice)
      })
    ))

  it.effect("stay those of their users when a program changes the object of a user", () =>
    withCallers((callerOf) =>
      Effect.gen(function*() {
        const user = { userId: "alice" }
        const alice = yield* callerOf(user)
        user.userId = "bob"
        assert.strictEqual(yield* tokenOf(alice), "token of alice")
        assert.deepStrictEqual(alice.user, { userId: "alice" })
        yield* alice.invalidate(secret("token of alice"))
        assert.strictEqual(yield* tokenOf(yield* callerOf({ userId: "alice" })), "token of alice")
      })
    ))
})
