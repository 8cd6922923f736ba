import { assert, describe, it } from "@effect/vitest"
import * as VaultStore from "effect-agentcore-identity/local/VaultStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { Event } from "../../../src/local/backend/session.js"
import * as SessionStore from "../../../src/local/backend/sessionStore.js"
import { same } from "../../utils.js"

const opening: SessionStore.Opening = {
  key: "key",
  artifact: "alice",
  provider: {
    name: "calendar",
    callbackId: "id",
    callbackUrl: "http://127.0.0.1/callback/id"
  },
  wanted: { scopes: [] },
  returnUrl: "https://agent.example.com/consent",
  customState: Option.none(),
  customParameters: {}
}

describe("the store of sessions", () => {
  it.effect("drops a session one lifetime after its expiry, in any state", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(1000)
      const refused = yield* store.open(opening)
      yield* store.apply(refused, Event.BrowserSent())
      yield* store.apply(refused, Event.CallbackRefused({ reason: "Refused" }))
      yield* store.open(opening)
      yield* TestClock.adjust(500)
      const later = yield* store.open(opening)
      yield* TestClock.adjust(1499)
      assert.strictEqual(yield* store.size, 3)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* store.size, 1)
      assert.isTrue(Option.isNone(yield* store.byUri(refused.uri)))
      assert.isTrue(Option.isNone(yield* store.byAuthorizationState(Redacted.value(refused.authorizationState))))
      assert.isTrue(Option.isSome(yield* store.byUri(later.uri)))
      yield* TestClock.adjust(500)
      assert.strictEqual(yield* store.size, 0)
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("does not grow with reads", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(1000)
      const session = yield* store.open(opening)
      for (let n = 0; n < 100; n++) {
        assert.isTrue(Option.isNone(yield* store.byUri(Redacted.make(`urn:guess:${n}`))))
        assert.isTrue(Option.isNone(yield* store.byAuthorizationState(`guess-${n}`)))
        yield* Effect.ignore(store.apply(session, Event.BrowserSent()))
      }
      assert.strictEqual(yield* store.size, 1)
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("reports a dropped session as expired", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(1000)
      const session = yield* store.open(opening)
      yield* TestClock.adjust(2000)
      assert.strictEqual((yield* store.state(session))._tag, "Failed")
      assert.strictEqual(yield* Effect.flip(store.apply(session, Event.BrowserSent())), "Expired")
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("continues after a restart, and fails interrupted exchanges", () =>
    Effect.gen(function*() {
      const opened = yield* Effect.gen(function*() {
        const store = yield* SessionStore.make(1000)
        const pending = yield* store.open({ ...opening, customState: Option.some(Redacted.make("custom")) })
        const authorized = yield* store.open(opening)
        const completing = yield* store.open(opening)
        const completed = yield* store.open(opening)
        const callbackUrl = Redacted.make("http://127.0.0.1/callback/id?code=code")
        for (const session of [authorized, completing, completed]) {
          yield* store.apply(session, Event.BrowserSent())
          yield* store.apply(session, Event.CallbackAccepted({ callbackUrl }))
        }
        for (const session of [completing, completed]) {
          yield* store.apply(session, Event.CompletionClaimed({ artifact: "alice" }))
        }
        yield* store.apply(completed, Event.TokensStored({ grantId: "grant" }))
        return { pending, authorized, completing, completed }
      })
      yield* TestClock.adjust(500)
      const store = yield* SessionStore.make(1000)
      const states = yield* Effect.forEach(Object.values(opened), (session) =>
        Effect.gen(function*() {
          const found = Option.getOrThrow(yield* store.byUri(session.uri))
          same(found, session)
          same(yield* store.byAuthorizationState(Redacted.value(session.authorizationState)), Option.some(found))
          return yield* store.state(found)
        }))
      same(states, [
        { _tag: "Pending" },
        { _tag: "Authorized", callbackUrl: Redacted.make("http://127.0.0.1/callback/id?code=code") },
        { _tag: "Failed", reason: "ExchangeFailed" },
        { _tag: "Completed", grantId: "grant" }
      ])
      assert.deepStrictEqual(
        (yield* store.all).map(([session]) => session.uri),
        Object.values(opened).map(({ uri }) => uri)
      )
      yield* TestClock.adjust(1500)
      assert.strictEqual(yield* store.size, 0)
      assert.strictEqual(yield* (yield* SessionStore.make(1000)).size, 0)
    }).pipe(Effect.provide(VaultStore.layerMemory)))
})
