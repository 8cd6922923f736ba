import { assert, it } from "@effect/vitest"
import { AggregationTemporality, InMemoryMetricExporter } from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, type ReadableSpan } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"
import { caller } from "./agent.js"
import { laptop, setUp } from "./laptop.js"
import { telemetry, traced } from "./open-telemetry.js"

/** Keeps exported data after the program has ended. */
class KeptSpans extends InMemorySpanExporter {
  override shutdown(): Promise<void> {
    return Promise.resolve()
  }
}

it.live("open telemetry: the trace and the metrics of a token", () =>
  Effect.gen(function*() {
    const spans = new KeptSpans()
    const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)

    yield* setUp
    yield* traced.pipe(
      Effect.provide(caller),
      Effect.provide(telemetry({ spans, metrics }))
    )

    const finished = spans.getFinishedSpans()
    const byId = new Map(finished.map((span) => [span.spanContext().spanId, span]))
    const path = (span: ReadableSpan): string => {
      const parent = byId.get(span.parentSpanContext?.spanId ?? "")
      return parent === undefined ? span.name : `${path(parent)} > ${span.name}`
    }
    const paths = finished.map(path)
    assert.include(paths, "agent > Identity.getAccessToken > DataPlane.getResourceOauth2Token")
    assert.include(paths, "agent > Identity.getAccessToken > DataPlane.getWorkloadAccessToken")
    assert.lengthOf(new Set(finished.map((span) => span.spanContext().traceId)), 1)

    const identity = finished.find((span) => span.name === "Identity.getAccessToken")
    const labels = {
      "agentcore.provider": "reports",
      "agentcore.flow": "M2M",
      "agentcore.outcome": "ok"
    }
    assert.deepStrictEqual(identity?.attributes, { ...labels, "agentcore.attempts": 1 })
    assert.strictEqual(identity?.resource.attributes["service.name"], "my-agent")

    const exported = metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap((scope) => scope.metrics)
      .filter(({ descriptor }) => descriptor.name.startsWith("agentcore.identity."))
    assert.deepStrictEqual(
      exported.map(({ dataPoints, descriptor }) => [descriptor.name, descriptor.unit, dataPoints.length]).sort(),
      [
        ["agentcore.identity.operation.attempts", "1", 1],
        ["agentcore.identity.operation.duration", "s", 1],
        ["agentcore.identity.operations", "1", 1]
      ]
    )
    assert.deepStrictEqual(
      exported.find(({ descriptor }) => descriptor.name === "agentcore.identity.operations")?.dataPoints
        .map(({ attributes, value }) => ({ attributes, value })),
      [{ attributes: { "agentcore.operation": "getAccessToken", ...labels }, value: 1 }]
    )
  }).pipe(Effect.provide(laptop)))
