import { assert, describe, it } from "@effect/vitest"
import * as Identity from "effect-agentcore-identity/Identity"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as TestClock from "effect/testing/TestClock"
import * as Recorder from "./support/recorder.js"
import { failures, responses, scripted, secret, sessionUri } from "./support/utils.js"

// The process has one registry of metrics, so each test has its own providers.

/** As the docs say. */
const maxProviders = 1000

const getAccessToken = (provider: string, options?: Partial<Identity.AccessTokenRequest>) =>
  Effect.flatMap(
    Identity.Identity,
    (identity) => identity.getAccessToken({ provider, flow: "USER_FEDERATION", ...options })
  )

const consent = { consent: () => Effect.void }

interface Labels {
  readonly operation: string
  readonly provider?: string
  readonly flow?: string
  readonly outcome: string
}

/** The metrics with exactly these labels, by their names in the docs. */
const of = (labels: Labels) =>
  Effect.gen(function*() {
    const expected = {
      ...yield* Metric.CurrentMetricAttributes,
      ...Object.fromEntries(Object.entries(labels).map(([name, value]) => [`agentcore.${name}`, value]))
    }
    const all = yield* Metric.snapshot
    const find = (name: string) =>
      all.find(({ attributes, id }) => {
        const { unit: _, ...own } = { unit: "", ...attributes }
        return id === `agentcore.identity.${name}` && Equal.equals(own, expected)
      })
    const histogram = (name: string) => {
      const found = find(name)
      return found?.type === "Histogram" ? found.state : undefined
    }
    const counter = find("operations")
    return {
      operations: counter?.type === "Counter" ? counter.state.count : 0,
      duration: histogram("operation.duration"),
      attempts: histogram("operation.attempts")
    }
  })

const ofTokens = (provider: string, outcome: string) =>
  of({ operation: "getAccessToken", provider, flow: "USER_FEDERATION", outcome })

const keysOf = (provider: string, outcome = "ok") =>
  Effect.map(of({ operation: "getApiKey", provider, outcome }), ({ operations }) => operations)

describe("the metrics of Identity", () => {
  it.effect("count operations by outcome", () =>
    Effect.gen(function*() {
      yield* getAccessToken("counted")
      yield* getAccessToken("counted")
      yield* Effect.flip(getAccessToken("counted"))
      assert.strictEqual((yield* ofTokens("counted", "ok")).operations, 2)
      assert.strictEqual((yield* ofTokens("counted", "AccessDeniedException")).operations, 1)
      assert.strictEqual((yield* ofTokens("counted", "interrupted")).operations, 0)
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: [responses.issued(), responses.issued(), failures.denied]
    }))))

  it.effect("measure the wait for a user, and count its calls", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(getAccessToken("timed", consent))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      yield* getAccessToken("timed")
      const { attempts, duration } = yield* ofTokens("timed", "ok")
      assert.strictEqual(duration?.sum, 10)
      assert.strictEqual(duration?.count, 2)
      assert.deepStrictEqual(duration?.buckets.find(([boundary]) => boundary === 5), [5, 1])
      assert.deepStrictEqual(duration?.buckets.find(([boundary]) => boundary === 10), [10, 2])
      assert.strictEqual(attempts?.max, 3)
      assert.strictEqual(attempts?.sum, 4)
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: [responses.consent, responses.inProgress, responses.issued(), responses.issued()]
    }))))

  it.effect("count an interrupted wait", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(getAccessToken("given-up", consent))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interrupt(fiber)
      const { attempts, duration, operations } = yield* ofTokens("given-up", "interrupted")
      assert.strictEqual(operations, 1)
      assert.strictEqual(duration?.sum, 5)
      assert.strictEqual(attempts?.sum, 2)
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.consent, responses.inProgress] }))))

  it.effect("have the labels that the program puts on its own metrics", () =>
    Effect.gen(function*() {
      const tenant = Effect.provideService(Metric.CurrentMetricAttributes, { tenant: "acme" })
      yield* getAccessToken("tenants").pipe(tenant)
      yield* getAccessToken("tenants").pipe(tenant)
      yield* getAccessToken("tenants")
      assert.strictEqual((yield* ofTokens("tenants", "ok").pipe(tenant)).operations, 2)
      assert.strictEqual((yield* ofTokens("tenants", "ok")).operations, 1)
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: () => responses.issued() }))))

  it.effect("cover operations without a flow, and without a provider", () =>
    Effect.gen(function*() {
      const identity = yield* Identity.Identity
      yield* identity.getApiKey({ provider: "keys" })
      yield* identity.completeAuthorization({ sessionUri: secret(sessionUri), user: { userId: "alice" } })
      assert.strictEqual((yield* of({ operation: "getApiKey", provider: "keys", outcome: "ok" })).operations, 1)
      const completions = yield* of({ operation: "completeAuthorization", outcome: "ok" })
      assert.strictEqual(completions.operations, 1)
      assert.strictEqual(completions.attempts?.sum, 1)
    }).pipe(Effect.provide(scripted({
      getResourceApiKey: [Effect.succeed({ apiKey: secret("the-key") })],
      completeResourceTokenAuth: [Effect.void]
    }))))

  it.effect("have the documented names and labels, and nothing else of the request", () =>
    Effect.gen(function*() {
      yield* getAccessToken("discreet", {
        scopes: ["scope-of-the-user"],
        resources: ["https://resource.example.com"],
        audiences: ["an-audience"],
        returnUrl: "https://return.example.com/consent",
        customState: secret("state-84e5b3917a"),
        customParameters: { login_hint: "alice@example.com" }
      })
      yield* Effect.flip(getAccessToken("a secret by mistake"))
      const own = (yield* Metric.snapshot).filter(({ id }) => id.startsWith("agentcore.identity."))
      assert.sameMembers([...new Set(own.map(({ id }) => id))], [
        "agentcore.identity.operations",
        "agentcore.identity.operation.duration",
        "agentcore.identity.operation.attempts"
      ])
      const tags = own.flatMap(({ attributes = {} }) => Object.entries(attributes))
      const keys = new Set(tags.map(([key]) => key))
      assert.includeMembers([
        "agentcore.operation",
        "agentcore.provider",
        "agentcore.flow",
        "agentcore.outcome",
        "unit",
        "tenant"
      ], [...keys])
      const values = tags.map(([, value]) => value)
      assert.include(values, "discreet")
      Recorder.assertSecretFree(values, [
        "scope-of-the-user",
        "https://resource.example.com",
        "an-audience",
        "https://return.example.com/consent",
        "state-84e5b3917a",
        "alice@example.com",
        "a secret by mistake",
        "workload-token",
        "access-token"
      ])
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.issued()] }))))

  it.effect("distinguish a limited number of providers per Identity", () =>
    Effect.gen(function*() {
      const identity = yield* Identity.Identity
      const getApiKey = (provider: string) => identity.getApiKey({ provider })
      yield* Effect.flip(getApiKey("no provider has this name"))
      assert.strictEqual(yield* keysOf("other", "ValidationException"), 1)
      yield* Effect.forEach(
        Array.from({ length: maxProviders + 20 }, (_, i) => `provider-${i}`),
        getApiKey,
        { discard: true }
      )
      assert.strictEqual(yield* keysOf(`provider-${maxProviders - 1}`), 1)
      assert.strictEqual(yield* keysOf("other"), 20)
      yield* getApiKey("provider-7")
      assert.strictEqual(yield* keysOf("provider-7"), 2)

      const another = yield* Identity.make
      yield* another.getApiKey({ provider: "provider-of-another" })
      assert.strictEqual(yield* keysOf("provider-of-another"), 1)
    }).pipe(Effect.provide(scripted({ getResourceApiKey: () => Effect.succeed({ apiKey: secret("the-key") }) }))))
})
