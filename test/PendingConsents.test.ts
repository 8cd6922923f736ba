import { assert, describe, it } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { authorizationUrl, secret, sessionUri } from "./utils.js"

const session = new ConsentSession({
  provider: "google",
  flow: "USER_FEDERATION",
  scopes: [],
  sessionUri: secret(sessionUri),
  authorizationUrl: secret(authorizationUrl),
  expiresAt: DateTime.unsafeMake(10 * 60_000)
})

const alice = { userId: "alice" }

const claim = Effect.flatMap(PendingConsents.PendingConsents, (pending) => pending.claim(secret(sessionUri)))

const open = (user: { readonly userId: string }) =>
  Effect.flatMap(PendingConsents.PendingConsents, (pending) => pending.open({ session, user }))

const reason = Effect.map(Effect.flip(claim), (error) => error.reason)

describe("PendingConsents", () => {
  it.effect("gives a session out once, with its user", () =>
    Effect.gen(function*() {
      yield* open(alice)
      const claims = yield* Effect.all(Array.from({ length: 50 }, () => Effect.either(claim)), { concurrency: 50 })
      const won = claims.filter(Either.isRight)
      assert.lengthOf(won, 1)
      assert.deepStrictEqual(won[0]?.right.user, alice)
      assert.strictEqual(won[0]?.right.session.provider, "google")
      assert.isTrue(claims.filter(Either.isLeft).every(({ left }) => left.reason === "AlreadyClaimed"))
    }).pipe(Effect.provide(PendingConsents.layerMemory)))

  it.effect("knows unknown and expired sessions, and forgets them in the end", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* reason, "Unknown")
      yield* open(alice)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(yield* reason, "Expired")
      yield* TestClock.adjust("10 minutes")
      yield* Effect.flatMap(PendingConsents.PendingConsents, (pending) =>
        pending.open({
          user: alice,
          session: new ConsentSession({ ...session, sessionUri: secret(`${sessionUri}-other`) })
        }))
      assert.strictEqual(yield* reason, "Unknown")
    }).pipe(Effect.provide(PendingConsents.layerMemory)))

  it.effect("takes the user of the last opening, but never reopens a claimed session", () =>
    Effect.gen(function*() {
      yield* open({ userId: "bob" })
      yield* open(alice)
      assert.deepStrictEqual((yield* claim).user, alice)
      yield* open(alice)
      assert.strictEqual(yield* reason, "AlreadyClaimed")
    }).pipe(Effect.provide(PendingConsents.layerMemory)))

  it.effect("has a handler that opens, then shows", () =>
    Effect.gen(function*() {
      const shown = yield* Ref.make<ReadonlyArray<string>>([])
      yield* PendingConsents.handler({
        user: alice,
        show: (session) => Ref.update(shown, (urls) => [...urls, Redacted.value(session.authorizationUrl)])
      })(session)
      assert.deepStrictEqual(yield* Ref.get(shown), [authorizationUrl])
      assert.deepStrictEqual((yield* claim).user, alice)
    }).pipe(Effect.provide(PendingConsents.layerMemory)))
})
