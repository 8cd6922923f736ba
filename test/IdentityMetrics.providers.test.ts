import { assert, it } from "@effect/vitest"
import * as Identity from "effect-agentcore-identity/Identity"
import * as IdentityMetrics from "effect-agentcore-identity/IdentityMetrics"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { scripted, secret } from "./utils.js"

// A file of its own: the names are counted for the process.

const keysOf = (provider: string, outcome = "ok") =>
  Effect.map(
    Metric.value(
      Metric.taggedWithLabels(
        IdentityMetrics.operations,
        IdentityMetrics.labels({ operation: "getApiKey", provider, outcome })
      )
    ),
    (state) => state.count
  )

it.effect("tell a bounded number of providers apart", () =>
  Effect.gen(function*() {
    const identity = yield* Identity.Identity
    const getApiKey = (provider: string) => identity.getApiKey({ provider })
    yield* Effect.flip(getApiKey("no provider has this name"))
    assert.strictEqual(yield* keysOf("other", "ValidationException"), 1)
    yield* Effect.forEach(
      Array.from({ length: IdentityMetrics.maxProviders + 20 }, (_, i) => `provider-${i}`),
      getApiKey,
      { discard: true }
    )
    assert.strictEqual(yield* keysOf(`provider-${IdentityMetrics.maxProviders - 1}`), 1)
    assert.strictEqual(yield* keysOf("other"), 20)
    yield* getApiKey("provider-7")
    assert.strictEqual(yield* keysOf("provider-7"), 2)
  }).pipe(Effect.provide(scripted({ getResourceApiKey: () => Effect.succeed({ apiKey: secret("the-key") }) }))))
