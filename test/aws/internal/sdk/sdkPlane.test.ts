import { assert, describe, it } from "@effect/vitest"
import type * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Failure, SdkAdapter } from "../../../support/uncheckedPlanes.js"
import { interrupted } from "../../utils.js"

const { keepCredentials, makeLazily } = SdkAdapter

type CredentialsProvider = Extract<AwsPlanes.Options["credentials"], (...args: never) => unknown>

/** An SDK that loads when the test resolves it. */
const sdk = () => {
  let arrive: (sdk: string) => void = () => {}
  let fail: (error: Error) => void = () => {}
  const state = { loads: 0, made: 0, destroyed: 0 }
  let pending = Promise.resolve("sdk")
  return {
    state,
    hold: () => {
      pending = new Promise((resolve, reject) => {
        arrive = resolve
        fail = reject
      })
    },
    arrive: Effect.sync(() => arrive("sdk")),
    fail: (error: Error) =>
      Effect.sync(() => {
        fail(error)
        pending = Promise.resolve("sdk")
      }),
    client: makeLazily(
      Effect.promise(() => {
        state.loads++
        return pending
      }),
      (loaded: string) => ({
        value: `${loaded}-${++state.made}`,
        destroy: () => void state.destroyed++
      })
    )
  }
}

const until = (condition: () => boolean) => Effect.repeat(Effect.yieldNow, { until: condition })

describe("a client", () => {
  it.effect("loads nothing before the client is needed, and destroys what was made with the scope", () =>
    Effect.gen(function*() {
      const { client, state } = sdk()
      const scope = yield* Scope.make()
      const operations = yield* Scope.provide(client, scope)
      assert.deepStrictEqual(state, { loads: 0, made: 0, destroyed: 0 })
      assert.strictEqual(yield* operations, "sdk-1")
      assert.strictEqual(yield* operations, "sdk-1")
      assert.deepStrictEqual(state, { loads: 1, made: 1, destroyed: 0 })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(state, { loads: 1, made: 1, destroyed: 1 })
    }))

  it.effect("destroys nothing when no client was made", () =>
    Effect.gen(function*() {
      const { client, state } = sdk()
      yield* Effect.scoped(Effect.asVoid(client))
      assert.deepStrictEqual(state, { loads: 0, made: 0, destroyed: 0 })
    }))

  it.effect("makes one client for concurrent callers", () =>
    Effect.gen(function*() {
      const { arrive, client, hold, state } = sdk()
      hold()
      const operations = yield* client
      const fiber = yield* Effect.forkChild(Effect.all(Array.from({ length: 50 }, () => operations), {
        concurrency: "unbounded"
      }))
      yield* until(() => state.loads === 50)
      yield* arrive
      assert.deepStrictEqual(new Set(yield* Fiber.join(fiber)), new Set(["sdk-1"]))
      assert.strictEqual(state.made, 1)
    }))

  it.effect("an interrupted caller does not interrupt the others while the SDK loads", () =>
    Effect.gen(function*() {
      const { arrive, client, hold, state } = sdk()
      hold()
      const operations = yield* client
      const first = yield* Effect.forkChild(operations)
      const second = yield* Effect.forkChild(operations)
      yield* until(() => state.loads === 2)
      assert.isTrue(Exit.hasInterrupts(yield* interrupted(first)))
      yield* arrive
      assert.strictEqual(yield* Fiber.join(second), "sdk-1")
    }))

  it.effect("loads again after a failed load", () =>
    Effect.gen(function*() {
      const { client, fail, hold, state } = sdk()
      hold()
      const operations = yield* client
      const fiber = yield* Effect.forkChild(operations)
      yield* until(() => state.loads === 1)
      yield* fail(new Error("too many open files"))
      const exit = yield* Fiber.await(fiber)
      assert(Exit.isFailure(exit))
      assert.include(Cause.pretty(exit.cause), "too many open files")
      assert.strictEqual(yield* operations, "sdk-1")
    }))

  it.effect("makes a client after the scope is closed, and destroys it", () =>
    Effect.gen(function*() {
      const { client, state } = sdk()
      const operations = yield* Effect.scoped(client)
      assert.strictEqual(yield* operations, "sdk-1")
      assert.deepStrictEqual(state, { loads: 1, made: 1, destroyed: 1 })
    }))
})

const settle = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const flip = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => assert.fail("expected a rejection"), (error: unknown) => error)

/** A client whose chain hangs at first, and all that it was made with. */
const chained = () => {
  const made: Array<{ readonly profile: string; readonly credentials?: unknown }> = []
  let hangs = true
  const config = {
    profile: "agent",
    region: () => Promise.resolve("us-west-2"),
    credentials: () => assert.fail("would ask itself"),
    credentialDefaultProvider: (init: typeof made[number]): CredentialsProvider => {
      made.push(init)
      const hanging = hangs ? new Promise<never>(() => {}) : undefined
      return () => hanging ?? Promise.resolve({ accessKeyId: `AKID${made.length}`, secretAccessKey: "secret" })
    }
  }
  return {
    made,
    properties: { callerClientConfig: config },
    recover: () => {
      hangs = false
    }
  }
}

describe("the chain of the SDK", () => {
  it.effect("ends after 10 seconds, and the next call has a chain that does not wait for the old one", () =>
    Effect.gen(function*() {
      const { made, properties, recover } = chained()
      const provider = yield* keepCredentials(undefined)
      const first = flip(provider(properties))
      const second = flip(provider(properties))
      yield* settle
      yield* TestClock.adjust("10 seconds")
      for (const error of [yield* Effect.promise(() => first), yield* Effect.promise(() => second)]) {
        assert(error instanceof Failure.NoResponse)
        assert.deepInclude({ ...error }, { kind: "credentials", code: "TimeoutError" })
      }
      recover()
      const found = yield* Effect.promise(() => provider(properties))
      assert.strictEqual(found.accessKeyId, "AKID2")
      assert.strictEqual(yield* Effect.promise(() => provider(properties)), found)
      assert.deepStrictEqual(made.map(({ credentials, profile }) => [profile, credentials]), [
        ["agent", undefined],
        ["agent", undefined]
      ])
    }))

  it.effect("ends with its scope", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { properties } = chained()
      const provider = yield* Scope.provide(keepCredentials(undefined), scope)
      const call = flip(provider(properties))
      yield* settle
      yield* Scope.close(scope, Exit.void)
      yield* Effect.promise(() => call)
    }))
})
