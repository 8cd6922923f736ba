import { assert, describe, it } from "@effect/vitest"
import { TransportError } from "effect-agentcore-identity/IdentityError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { CredentialsProvider } from "../../../src/aws/internal/options.js"
import * as SdkCredentials from "../../../src/aws/internal/sdkCredentials.js"

const settle = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const flip = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => assert.fail("expected a rejection"), (error: unknown) => error)

/** A client whose chain hangs at first, and all that it was made with. */
const client = () => {
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
      const { made, properties, recover } = client()
      const provider = yield* SdkCredentials.keep(undefined)
      const first = flip(provider(properties))
      const second = flip(provider(properties))
      yield* settle
      yield* TestClock.adjust("10 seconds")
      for (const error of [yield* Effect.promise(() => first), yield* Effect.promise(() => second)]) {
        assert(error instanceof TransportError)
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
      const { properties } = client()
      const provider = yield* Scope.provide(SdkCredentials.keep(undefined), scope)
      const call = flip(provider(properties))
      yield* settle
      yield* Scope.close(scope, Exit.void)
      yield* Effect.promise(() => call)
    }))
})
