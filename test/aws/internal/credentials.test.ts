import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Credentials from "../../../src/aws/internal/credentials.js"
import { Failure } from "../../support/uncheckedPlanes.js"
import { interrupted } from "../utils.js"

const noCredentials = new Failure.NoResponse({ kind: "credentials", code: "CredentialsProviderError" })

/** Numbered credentials, which expire after an hour. */
const hourly = Effect.gen(function*() {
  const state = { searches: 0, next: "succeeds" as "succeeds" | "fails" | "hangs" }
  let interrupted = 0
  const source = yield* Credentials.keep(
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      state.searches++
      return state.next === "hangs"
        ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
        : state.next === "fails"
        ? Effect.fail(noCredentials)
        : Effect.succeed({
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
  return { state, source, interrupted: () => interrupted, get: Effect.map(get, ({ accessKeyId }) => accessKeyId) }
})

const settle = Effect.repeat(Effect.yieldNow, { times: 50 })

describe("keep", () => {
  it.effect("replaces credentials 5 minutes before they expire, without a wait of a caller", () =>
    Effect.gen(function*() {
      const { get } = yield* hourly
      assert.strictEqual(yield* get, "AKID1")
      yield* TestClock.adjust("54 minutes")
      assert.strictEqual(yield* get, "AKID1")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* get, "AKID1")
      yield* settle
      assert.strictEqual(yield* get, "AKID2")
    }))

  it.effect("does not keep a failure", () =>
    Effect.gen(function*() {
      const { get, state } = yield* hourly
      state.next = "fails"
      assert.strictEqual(yield* Effect.flip(get), noCredentials)
      state.next = "succeeds"
      assert.strictEqual(yield* get, "AKID2")
    }))

  it.effect("returns the old credentials while they are valid if a search fails", () =>
    Effect.gen(function*() {
      const { get, state } = yield* hourly
      yield* get
      state.next = "fails"
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* get, "AKID1")
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* get, "AKID1")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Effect.flip(get), noCredentials)
    }))

  it.effect("ends a search after 10 seconds, and starts another one for the next caller", () =>
    Effect.gen(function*() {
      const { get, state } = yield* hourly
      state.next = "hangs"
      const first = yield* Effect.forkChild(Effect.flip(get))
      yield* settle
      yield* TestClock.adjust("10 seconds")
      assert.deepInclude({ ...yield* Fiber.join(first) }, { kind: "credentials", code: "TimeoutError" })
      state.next = "succeeds"
      assert.strictEqual(yield* get, "AKID2")
    }))

  it.effect("does not delay callers behind a search that hangs while there are valid credentials", () =>
    Effect.gen(function*() {
      const { get, state } = yield* hourly
      yield* get
      state.next = "hangs"
      yield* TestClock.adjust("55 minutes")
      for (let call = 0; call < 20; call++) {
        for (let caller = 0; caller < 100; caller++) assert.strictEqual(yield* get, "AKID1")
        yield* settle
        yield* TestClock.adjust("1 second")
      }
      // One search at a time, for 10 seconds each.
      assert.strictEqual(state.searches, 3)
      state.next = "succeeds"
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* get, "AKID1")
      yield* settle
      assert.strictEqual(yield* get, "AKID4")
    }))

  it.effect("ends a background search with its scope", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { get, interrupted, state } = yield* Scope.provide(hourly, scope)
      yield* get
      state.next = "hangs"
      yield* TestClock.adjust("55 minutes")
      assert.strictEqual(yield* get, "AKID1")
      yield* settle
      assert.strictEqual(interrupted(), 0)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(interrupted(), 1)
    }))

  it.effect("searches once for all callers, and an interrupted caller does not stop the others", () =>
    Effect.gen(function*() {
      const found = yield* Deferred.make<Credentials.Identity, Failure.NoResponse>()
      let searches = 0
      const source = yield* Credentials.keep(Effect.suspend(() => {
        searches++
        return Deferred.await(found)
      }))
      const first = yield* Effect.forkChild(source.search)
      const others = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 20 }, () => source.search), { concurrency: "unbounded" })
      )
      yield* settle
      assert.isTrue(Exit.hasInterrupts(yield* interrupted(first)))
      const identity = { accessKeyId: "AKID", secretAccessKey: "secret" }
      yield* Deferred.succeed(found, identity)
      assert.lengthOf(yield* Fiber.join(others), 20)
      assert.strictEqual(searches, 1)
      assert.strictEqual(source.kept(Number.MAX_SAFE_INTEGER), identity)
    }))

  it.effect("rejects invalid credentials, and does not keep them", () =>
    Effect.gen(function*() {
      const keys = { accessKeyId: "AKID", secretAccessKey: "secret" }
      const found: ReadonlyArray<unknown> = [
        null,
        undefined,
        "AKID",
        {},
        { accessKeyId: "AKID" },
        { ...keys, secretAccessKey: "" },
        { ...keys, sessionToken: 1 },
        { ...keys, expiration: "2030-01-01T00:00:00Z" },
        { ...keys, expiration: null },
        { ...keys, expiration: 1_900_000_000_000 },
        { ...keys, expiration: new Date(Number.NaN) }
      ]
      for (const one of found) {
        // A program in plain JavaScript can pass it.
        const source = yield* Credentials.keep(
          Credentials.fromProvider(() => Promise.resolve(one as Credentials.Identity))
        )
        for (const _ of [1, 2]) {
          assert.isUndefined(source.kept(0))
          const error = yield* Effect.flip(source.search)
          assert.deepInclude({ ...error }, { kind: "credentials", code: "CredentialsProviderError" })
        }
      }
    }))
})

describe("a provider of the AWS SDK", () => {
  it.effect("that fails is an error without the properties of the provider's error", () =>
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
