import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as Identity from "effect-agentcore-identity/Identity"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { responses, scripted, secret } from "./support/utils.js"

class Calendar
  extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "calendar", flow: "USER_FEDERATION" })
{}

/** AgentCore. The tokens name their user. */
const agentCore = {
  getWorkloadAccessTokenForUserId: ({ userId }: { readonly userId: string }) =>
    Effect.succeed({ workloadAccessToken: secret(`token of ${userId}`) }),
  getWorkloadAccessTokenForJwt: ({ userToken }: { readonly userToken: Redacted.Redacted }) =>
    Effect.succeed({ workloadAccessToken: secret(`token of the JWT ${Redacted.value(userToken)}`) }),
  getResourceOauth2Token: ({ workloadIdentityToken }: { readonly workloadIdentityToken: Redacted.Redacted }) =>
    responses.issued(`calendar, by the ${Redacted.value(workloadIdentityToken)}`)
}

const callers = (users?: "jwt" | "both") =>
  WorkloadAccessToken.layerCallers({ name: "agent", users }).pipe(Layer.provideMerge(scripted(agentCore)))

const callerOf = (user: UserIdentifier) => WorkloadAccessToken.Callers.use(({ get }) => get(user))

const tokenOf = (user: UserIdentifier) =>
  Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, ({ get }) => Effect.map(get, Redacted.value)).pipe(
    WorkloadAccessToken.provideCaller(user)
  )

describe("the callers of a server", () => {
  it.effect("are one for each user, and last ten minutes", () =>
    Effect.gen(function*() {
      const alice = yield* callerOf({ userId: "alice" })
      assert.deepStrictEqual(alice.user, { userId: "alice" })
      assert.strictEqual(yield* tokenOf({ userId: "alice" }), "token of alice")
      const current = WorkloadAccessToken.WorkloadAccessToken
      assert.strictEqual(yield* WorkloadAccessToken.provideCaller(current, { userId: "alice" }), alice)
      // A JWT and an id of the same characters are two users.
      const jwt = "a.b.c"
      assert.strictEqual(yield* tokenOf({ userToken: secret(jwt) }), "token of the JWT a.b.c")
      assert.strictEqual(yield* tokenOf({ userId: jwt }), "token of a.b.c")
      assert.strictEqual(yield* tokenOf({ userId: "token a.b.c" }), "token of token a.b.c")
      yield* TestClock.adjust("599 seconds")
      assert.strictEqual(yield* callerOf({ userId: "alice" }), alice)
      yield* TestClock.adjust("1 second")
      assert.notStrictEqual(yield* callerOf({ userId: "alice" }), alice)
    }).pipe(Effect.provide(callers("both"))))

  it.effect("are at most ten thousand, without those who came first", () =>
    Effect.gen(function*() {
      const [first, second] = [yield* callerOf({ userId: "0" }), yield* callerOf({ userId: "1" })]
      const others = Array.from({ length: 9_999 }, (_, index) => ({ userId: String(index + 2) }))
      yield* Effect.forEach(others, callerOf, { discard: true })
      assert.strictEqual(yield* callerOf({ userId: "1" }), second)
      assert.notStrictEqual(yield* callerOf({ userId: "0" }), first)
      assert.notStrictEqual(yield* callerOf({ userId: "1" }), second)
    }).pipe(Effect.provide(callers())))

  it.effect("stay those of their users when a program changes the object of a user", () =>
    Effect.gen(function*() {
      const user = { userId: "alice" }
      const alice = yield* callerOf(user)
      user.userId = "bob"
      assert.strictEqual(Redacted.value(yield* alice.get), "token of alice")
      assert.deepStrictEqual(alice.user, { userId: "alice" })
      assert.strictEqual(yield* tokenOf({ userId: "alice" }), "token of alice")
      assert.strictEqual(yield* tokenOf(user), "token of bob")
    }).pipe(Effect.provide(callers())))

  it.effect("reject a user of the other kind, and what is no user", () =>
    Effect.gen(function*() {
      const messageOf = (user: unknown) => Effect.map(Effect.flip(tokenOf(user as UserIdentifier)), String)
      assert.include(
        yield* messageOf({ userToken: secret("a.b.c") }),
        "'user' failed to satisfy constraint: Member must have a userId, because the option users is 'userId': AgentCore stores the grants of user ids and JWTs "
          + "separately"
      )
      assert.include(
        yield* Effect.provide(messageOf({ userId: "alice" }), callers("jwt")),
        "Member must have a userToken, because the option users is 'jwt'"
      )
      for (const user of [undefined, {}, { userId: 7 }, { userId: "" }]) {
        assert.include(yield* messageOf(user), "ValidationException")
      }
      // `7` is not a user, and has left nothing for "7".
      assert.strictEqual(yield* tokenOf({ userId: "7" }), "token of 7")
      const invalid = WorkloadAccessToken.layerCallers({ name: "" })
      assert.include(String(yield* Effect.flip(Effect.provide(tokenOf({ userId: "alice" }), invalid))), "name")
    }).pipe(Effect.provide(callers())))

  it.effect("make ten requests two calls, and with a cache the eleventh makes none", () =>
    Effect.gen(function*() {
      const planes = yield* ScriptedPlanes.ScriptedPlanes
      const operations = Effect.map(planes.calls, (calls) => calls.map(({ operation }) => operation))
      const request = (userId: string) =>
        AccessToken.get(Calendar).pipe(Effect.map(Redacted.value), WorkloadAccessToken.provideCaller({ userId }))
      const ten = Array<string>(10).fill("alice")
      const tokens = yield* Effect.forEach(ten, request, { concurrency: "unbounded" })
      assert.deepStrictEqual([...new Set(tokens)], ["calendar, by the token of alice"])
      assert.deepStrictEqual(yield* operations, ["getWorkloadAccessTokenForUserId", "getResourceOauth2Token"])
      yield* request("alice")
      assert.lengthOf(yield* operations, 2)
      assert.strictEqual(yield* request("bob"), "calendar, by the token of bob")
      assert.lengthOf(yield* operations, 4)
    }).pipe(Effect.provide(
      Layer.merge(WorkloadAccessToken.layerCallers({ name: "agent" }), Identity.layer).pipe(
        Layer.provideMerge(CredentialCache.layer({ opaqueTimeToLive: "5 minutes" })),
        Layer.provideMerge(ScriptedPlanes.layer(agentCore))
      )
    )))
})
