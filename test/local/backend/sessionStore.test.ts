import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Event } from "../../../src/local/backend/session.js"
import * as SessionStore from "../../../src/local/backend/sessionStore.js"
import * as Vault from "../../../src/local/backend/vault.js"
import { VaultStore } from "../../support/localBackend.js"
import { same } from "../../support/utils.js"

const opening: SessionStore.Opening = {
  key: Vault.makeKey("agent", { _tag: "UserId", id: "alice", artifact: "alice" }, "id"),
  artifact: "alice",
  provider: {
    name: "calendar",
    callbackId: "id",
    callbackUrl: "http://127.0.0.1/callback/id"
  },
  wanted: { scopes: [] },
  returnUrl: "https://agent.example.com/consent",
  customState: Option.none(),
  customParameters: {},
  otherGrant: []
}

const day = 24 * 60 * 60_000

const sizeOf = ({ all }: SessionStore.SessionStore) => Effect.map(all, ({ length }) => length)

describe("the store of sessions", () => {
  it.effect("drops a session a day after it expires, in any state", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(1000)
      const rejected = yield* store.open(opening)
      yield* store.apply(rejected, Event.BrowserSent())
      yield* store.apply(rejected, Event.CallbackRejected({ reason: "Denied" }))
      yield* store.open(opening)
      yield* TestClock.adjust(500)
      const later = yield* store.open(opening)
      yield* TestClock.adjust(day + 499)
      assert.strictEqual(yield* sizeOf(store), 3)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* sizeOf(store), 1)
      assert.isUndefined(yield* store.byUri(rejected.uri))
      assert.isUndefined(yield* store.byAuthorizationState(Redacted.value(rejected.authorizationState)))
      assert.isDefined(yield* store.byUri(later.uri))
      yield* TestClock.adjust(500)
      assert.strictEqual(yield* sizeOf(store), 0)
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("drops the oldest of 20,001 sessions, but none whose code is being exchanged", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(600_000)
      const exchanging = yield* store.open(opening)
      yield* store.apply(exchanging, Event.BrowserSent())
      yield* store.apply(exchanging, Event.CallbackAccepted({ callbackUrl: Redacted.make("https://a.example") }))
      yield* store.apply(exchanging, Event.CompletionClaimed({ artifact: "alice" }))
      const oldest = yield* store.open(opening)
      const next = yield* store.open(opening)
      yield* Effect.repeat(store.open(opening), { times: 19_997 })
      // A session is dropped with the next use of the store.
      assert.strictEqual(yield* sizeOf(store), 20_000)
      assert.isUndefined(yield* store.byUri(oldest.uri))
      assert.isDefined(yield* store.byUri(next.uri))
      yield* store.apply(exchanging, Event.TokensStored({ grantId: "grant" }))
      assert.strictEqual((yield* store.state(exchanging))._tag, "Completed")
      // It has its tokens, so it is the oldest one.
      yield* store.open(opening)
      yield* sizeOf(store)
      assert.isUndefined(yield* store.byUri(exchanging.uri))
      assert.isDefined(yield* store.byUri(next.uri))
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("drops sessions after the clock was moved back, in memory and in the store", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(1000)
      const collection = (yield* VaultStore.VaultStore).collection("consent-sessions", Schema.Any)
      yield* TestClock.setTime(1_000_000)
      const ahead = yield* store.open(opening)
      yield* TestClock.setTime(0)
      yield* store.open(opening)
      yield* TestClock.adjust(day + 1000)
      assert.strictEqual(yield* sizeOf(store), 1)
      assert.strictEqual((yield* collection.entries).length, 1)
      yield* TestClock.setTime(1_000_500)
      assert.strictEqual((yield* store.state(ahead))._tag, "Pending")
      yield* TestClock.setTime(1_002_000 + day)
      assert.strictEqual(yield* sizeOf(store), 0)
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("does not grow with reads", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(1000)
      const session = yield* store.open(opening)
      for (let n = 0; n < 100; n++) {
        assert.isUndefined(yield* store.byUri(Redacted.make(`urn:guess:${n}`)))
        assert.isUndefined(yield* store.byAuthorizationState(`guess-${n}`))
        yield* Effect.ignore(store.apply(session, Event.BrowserSent()))
      }
      assert.strictEqual(yield* sizeOf(store), 1)
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("reports a dropped session as expired", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(1000)
      const session = yield* store.open(opening)
      yield* TestClock.adjust(day + 1000)
      assert.isUndefined(yield* store.byUri(session.uri))
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
          same(yield* store.byUri(session.uri), session)
          same(yield* store.byAuthorizationState(Redacted.value(session.authorizationState)), session)
          return yield* store.state(session)
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
      yield* TestClock.adjust(day + 500)
      assert.strictEqual(yield* sizeOf(store), 0)
      assert.strictEqual(yield* sizeOf(yield* SessionStore.make(1000)), 0)
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("drops the oldest session when there are too many", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(1000)
      const collection = (yield* VaultStore.VaultStore).collection("consent-sessions", Schema.Any)
      const oldest = yield* store.open(opening)
      const second = yield* store.open(opening)
      yield* Effect.forEach(Array.from({ length: 19_999 }), () => store.open(opening), { discard: true })
      assert.isUndefined(yield* store.byUri(oldest.uri))
      assert.isUndefined(yield* store.byAuthorizationState(Redacted.value(oldest.authorizationState)))
      assert.isDefined(yield* store.byUri(second.uri))
      assert.strictEqual(yield* sizeOf(store), 20_000)
      assert.strictEqual((yield* collection.entries).length, 20_000)
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("undoes a change when the store fails", () =>
    Effect.gen(function*() {
      let isFull = false
      const memory = yield* VaultStore.VaultStore
      const fail = new VaultStore.VaultStoreError({ message: "full" })
      const unreliable: VaultStore.VaultStore["Service"] = {
        collection: (name, schema) => {
          const collection = memory.collection(name, schema)
          return { ...collection, put: (key, value) => isFull ? fail : collection.put(key, value) }
        }
      }
      const store = yield* Effect.provideService(SessionStore.make(1000), VaultStore.VaultStore, unreliable)
      const session = yield* store.open(opening)
      yield* store.apply(session, Event.BrowserSent())
      isFull = true
      assert.strictEqual(yield* Effect.flip(store.open(opening)), fail)
      assert.strictEqual(yield* sizeOf(store), 1)
      const accept = Event.CallbackAccepted({ callbackUrl: Redacted.make("http://127.0.0.1/callback/id?code=code") })
      assert.strictEqual(yield* Effect.flip(store.apply(session, accept)), fail)
      assert.strictEqual((yield* store.state(session))._tag, "Authorizing")
      isFull = false
      yield* store.apply(session, accept)
      assert.strictEqual((yield* store.state(session))._tag, "Authorized")
    }).pipe(Effect.provide(VaultStore.layerMemory)))
})
