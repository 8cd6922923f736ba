import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { Event } from "../../src/internal/local/sessions.js"
import * as SessionStore from "../../src/internal/local/sessionStore.js"

const opening: SessionStore.Opening = {
  key: "key",
  artifact: "alice",
  provider: {
    name: "calendar",
    callbackId: "id",
    callbackUrl: "http://127.0.0.1/callback/id",
    server: {
      discovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
      clientId: "client",
      clientSecret: Redacted.make("secret"),
      clientAuthenticationMethod: "CLIENT_SECRET_BASIC"
    }
  },
  wanted: { scopes: [] },
  returnUrl: "https://agent.example.com/consent",
  customState: Option.none(),
  customParameters: {}
}

describe("the store of sessions", () => {
  it.effect("forgets a session one lifetime after its expiry, whatever became of it", () =>
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
    }))

  it.effect("does not grow by questions", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(1000)
      const session = yield* store.open(opening)
      for (let n = 0; n < 100; n++) {
        assert.isTrue(Option.isNone(yield* store.byUri(Redacted.make(`urn:guess:${n}`))))
        assert.isTrue(Option.isNone(yield* store.byAuthorizationState(`guess-${n}`)))
        yield* Effect.ignore(store.apply(session, Event.BrowserSent()))
      }
      assert.strictEqual(yield* store.size, 1)
    }))

  it.effect("says of a forgotten session that it is over", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.make(1000)
      const session = yield* store.open(opening)
      yield* TestClock.adjust(2000)
      assert.strictEqual((yield* store.state(session))._tag, "Failed")
      assert.strictEqual(yield* Effect.flip(store.apply(session, Event.BrowserSent())), "Expired")
    }))
})
