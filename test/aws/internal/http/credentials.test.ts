import { assert, describe, it } from "@effect/vitest"
import { TransportError } from "effect-agentcore-identity/IdentityError"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Credentials from "../../../../src/aws/internal/http/credentials.js"

const refused = new TransportError({ kind: "credentials", code: "CredentialsProviderError" })

/** Credentials with a life of an hour, numbered. */
const hourly = () => {
  const state = { searches: 0, fails: false }
  const source = Credentials.keep(
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      state.searches++
      return state.fails ? Effect.fail(refused) : Effect.succeed({
        accessKeyId: `AKID${state.searches}`,
        secretAccessKey: "secret",
        expiration: new Date(now + 3_600_000)
      })
    })
  )
  const get = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const kept = source.kept(now)
    return kept === undefined ? source.search : Effect.succeed(kept)
  })
  return { state, source, get: Effect.map(get, ({ accessKeyId }) => accessKeyId) }
}

describe("keep", () => {
  it.effect("replaces credentials 5 minutes before their end", () =>
    Effect.gen(function*() {
      const { get } = hourly()
      assert.strictEqual(yield* get, "AKID1")
      yield* TestClock.adjust("54 minutes")
      assert.strictEqual(yield* get, "AKID1")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* get, "AKID2")
    }))

  it.effect("keeps no failure", () =>
    Effect.gen(function*() {
      const { get, state } = hourly()
      state.fails = true
      assert.strictEqual(yield* Effect.flip(get), refused)
      state.fails = false
      assert.strictEqual(yield* get, "AKID2")
    }))

  it.effect("returns the old ones while they are valid, if there are no new ones", () =>
    Effect.gen(function*() {
      const { get, state } = hourly()
      yield* get
      state.fails = true
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* get, "AKID1")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Effect.flip(get), refused)
    }))

  it.effect("searches once for all callers, and one that leaves stops no other", () =>
    Effect.gen(function*() {
      const found = yield* Deferred.make<Credentials.Identity, TransportError>()
      let searches = 0
      const source = Credentials.keep(Effect.suspend(() => {
        searches++
        return Deferred.await(found)
      }))
      const first = yield* Effect.forkChild(source.search)
      const others = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 20 }, () => source.search), { concurrency: "unbounded" })
      )
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.interrupt(first)))
      const identity = { accessKeyId: "AKID", secretAccessKey: "secret" }
      yield* Deferred.succeed(found, identity)
      assert.lengthOf(yield* Fiber.join(others), 20)
      assert.strictEqual(searches, 1)
      assert.strictEqual(source.kept(Number.MAX_SAFE_INTEGER), identity)
    }))
})

describe("a provider of the AWS SDK", () => {
  it.effect("that fails is an error without the provider's own members", () =>
    Effect.gen(function*() {
      const providers = [
        () => Promise.reject(new Error("the vault is sealed")),
        () => {
          throw new Error("the vault is sealed")
        }
      ]
      for (const provider of providers) {
        const error = yield* Effect.flip(Credentials.fromProvider(provider))
        assert.deepInclude({ ...error }, { kind: "credentials", code: "CredentialsProviderError" })
      }
      const denied = Object.assign(new Error("no"), { name: "ExpiredTokenException", $fault: "client" })
      const error = yield* Effect.flip(Credentials.fromProvider(() => Promise.reject(denied)))
      assert.deepInclude({ ...error }, { kind: "credentials", code: "ExpiredTokenException" })
    }))
})
