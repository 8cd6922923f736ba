import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"

/** Records the telemetry of a program: spans with attributes and events, and log lines of every level. */
interface Recorder {
  readonly layer: Layer.Layer<never>
  readonly spans: Effect.Effect<ReadonlyArray<Tracer.Span>>
  readonly everything: Effect.Effect<ReadonlyArray<string>>
}

export const make: Effect.Effect<Recorder> = Effect.sync(() => {
  const spans: Array<Tracer.Span> = []
  const lines: Array<string> = []
  const events: Array<string> = []

  const tracer = Tracer.make({
    span: ({ annotations, kind, links, name, parent, startTime }) => {
      const attributes = new Map<string, unknown>()
      const span: Tracer.Span = {
        _tag: "Span",
        spanId: String(spans.length + 1).padStart(16, "0"),
        traceId: Option.match(parent, { onNone: () => "0".repeat(32), onSome: (span) => span.traceId }),
        name,
        parent,
        annotations,
        links,
        kind,
        sampled: true,
        status: { _tag: "Started", startTime },
        attributes,
        attribute: (key, value) => {
          attributes.set(key, value)
        },
        event: (name, _, attributes) => {
          events.push(inspect({ name, attributes }, { depth: 10 }))
        },
        addLinks: () => {},
        end: (_, exit) => {
          events.push(exit._tag === "Failure" ? Cause.pretty(exit.cause) : name)
        }
      }
      spans.push(span)
      return span
    }
  })

  const logger = Logger.make((options) => {
    lines.push(inspect(options.message, { depth: 10, showHidden: true }))
    lines.push(Cause.pretty(options.cause))
    lines.push(Logger.formatJson.log(options), Logger.formatLogFmt.log(options))
  })

  return {
    layer: Layer.mergeAll(
      Layer.succeed(Tracer.Tracer, tracer),
      Logger.layer([logger]),
      Layer.succeed(References.MinimumLogLevel, "All")
    ),
    spans: Effect.sync(() => [...spans]),
    everything: Effect.sync(() => [
      ...lines,
      ...events,
      ...spans.map((span) => inspect({ name: span.name, attributes: span.attributes }, { depth: 10 }))
    ])
  }
})

/** Every way to print an error. */
export const faces = (error: unknown): ReadonlyArray<string> => [
  String(error),
  JSON.stringify(error) ?? "",
  inspect(error, { depth: 10, showHidden: true }),
  Cause.pretty(Cause.fail(error)),
  Cause.pretty(Cause.die(error)),
  JSON.stringify(Cause.fail(error)) ?? ""
]

/** Asserts that no string contains 8 consecutive characters of a secret. */
export const assertSecretFree = (strings: ReadonlyArray<string>, secrets: ReadonlyArray<string>): void => {
  for (const secret of secrets) {
    assert.isAtLeast(secret.length, 8)
    for (let start = 0; start + 8 <= secret.length; start++) {
      const piece = secret.slice(start, start + 8)
      const leak = strings.find((text) => text.includes(piece))
      if (leak !== undefined) {
        assert.fail(`'${piece}' of a secret is in: ${leak.slice(0, 500)}`)
      }
    }
  }
}
