import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { PeriodicExportingMetricReader, type PushMetricExporter } from "@opentelemetry/sdk-metrics"
import { BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"
import { agent } from "./agent.ts"

// Exports spans and metrics together with the agent's other telemetry.
export const telemetry = (exporters: { readonly spans: SpanExporter; readonly metrics: PushMetricExporter }) =>
  NodeSdk.layer(() => ({
    resource: { serviceName: "my-agent" },
    spanProcessor: new BatchSpanProcessor(exporters.spans),
    metricReader: new PeriodicExportingMetricReader({ exporter: exporters.metrics })
  }))

// The trace: agent > Identity.getAccessToken > DataPlane.getResourceOauth2Token
export const traced = Effect.withSpan(agent, "agent")

// traced.pipe(Effect.provide(telemetry({ spans: new OTLPTraceExporter(), metrics: new OTLPMetricExporter() })))
