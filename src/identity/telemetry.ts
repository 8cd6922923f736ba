/** The span and the metrics of the operations of `Identity`. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Predicate from "effect/Predicate"
import * as Tracer from "effect/Tracer"
import { Flow } from "../ConsentSession.js"
import * as IdentityMetrics from "../IdentityMetrics.js"
import { isProviderName } from "../models/internal/names.js"

export interface Record {
  /** Calls of the data plane for the credential, polls included. */
  attempts: number
  /** Whether the credential came from a cache. Absent without a cache. */
  cache: "hit" | "miss" | undefined
}

/**
 * The record of the running operation, if there is one. The flow and the cache write it. The operation reads it at its
 * end.
 */
export const Observation = Context.Reference("effect-agentcore-identity/internal/Observation", {
  defaultValue: (): Record | undefined => undefined
})

/** Counts a call of the data plane for the running operation. */
export const countAttempt = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Observation, (record) => {
    if (record !== undefined) record.attempts++
    return call
  })

/** What an operation obtains. `completeAuthorization` has neither property. */
interface Subject {
  readonly provider?: string | undefined
  readonly flow?: Flow | undefined
}

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): IdentityMetrics.Outcome => {
  if (exit._tag === "Success") return "ok"
  const error = Cause.findErrorOption(exit.cause)
  if (error._tag === "None") return Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : "defect"
  return Predicate.hasProperty(error.value, "_tag") && Predicate.isString(error.value._tag)
    ? error.value._tag
    : "failure"
}

const flows: ReadonlySet<unknown> = new Set(Flow.literals)

/** The metric registry never drops a state, so the number of names that become labels is limited. */
const makeProviderNames = () => {
  const names = new Set<string>()
  // Most names are known, and need no check against the pattern.
  const isValid = (name: string): boolean => names.has(name) || isProviderName(name)
  return {
    /** A value that is not a valid provider name is reported as `other`. */
    forSpan: (name: string): string => isValid(name) ? name : "other",
    forMetrics: (name: string): string => {
      if (names.has(name)) return name
      if (names.size === IdentityMetrics.maxProviders || !isValid(name)) return "other"
      names.add(name)
      return name
    }
  }
}

type Attributes = Metric.Metric.AttributeSet

/** Runs an operation in its span, provides its record, and updates the metrics at its end. */
export type Observe = <A, E, R>(
  operation: IdentityMetrics.Operation,
  subject: Subject | undefined,
  self: Effect.Effect<A, E, R>
) => Effect.Effect<A, E, R>

/** The telemetry of one `Identity`, with the provider names that it has seen. */
export const make = (): Observe => {
  const providerNames = makeProviderNames()
  // A metric caches the key of its last attributes by the identity of their object. Computing it takes 4 µs.
  let last: { readonly program?: Attributes; readonly key?: string; readonly attributes: Attributes } = {
    attributes: {}
  }
  return <A, E, R>(operation: IdentityMetrics.Operation, subject: Subject | undefined, self: Effect.Effect<A, E, R>) =>
    Effect.useSpan(`Identity.${operation}`, {}, (span) =>
      Effect.withFiber<A, E, R>((fiber) => {
        // Programs in plain JavaScript can pass anything.
        const { flow: givenFlow, provider: name }: Subject = Predicate.isObject(subject) ? subject : {}
        const flow = flows.has(givenFlow) ? givenFlow : undefined
        if (name !== undefined) span.attribute("agentcore.provider", providerNames.forSpan(name))
        if (flow !== undefined) span.attribute("agentcore.flow", flow)
        const record: Record = { attempts: 0, cache: undefined }
        const clock = fiber.getRef(Clock.Clock)
        const start = clock.currentTimeNanosUnsafe()
        const onExit = (exit: Exit.Exit<A, E>) => {
          const outcome = outcomeOf(exit)
          span.attribute("agentcore.outcome", outcome)
          span.attribute("agentcore.attempts", record.attempts)
          if (record.cache !== undefined) span.attribute("agentcore.cache", record.cache)
          const provider = name === undefined ? undefined : providerNames.forMetrics(name)
          const program = fiber.getRef(Metric.CurrentMetricAttributes)
          const key = `${operation} ${provider} ${flow} ${outcome}`
          if (last.program !== program || last.key !== key) {
            const labels = IdentityMetrics.labels({ operation, provider, flow, outcome })
            last = { program, key, attributes: { ...program, ...labels } }
          }
          const context = Context.add(fiber.context, Metric.CurrentMetricAttributes, last.attributes)
          IdentityMetrics.operations.updateUnsafe(1, context)
          IdentityMetrics.duration.updateUnsafe(Number(clock.currentTimeNanosUnsafe() - start) / 1e9, context)
          IdentityMetrics.attempts.updateUnsafe(record.attempts, context)
        }
        const observed = Effect.updateContext(self, (context: Context.Context<R>) =>
          context.pipe(Context.add(Tracer.ParentSpan, span), Context.add(Observation, record)))
        return Effect.onExit(observed, (exit) =>
          Effect.sync(() =>
            onExit(exit)
          ))
      }))
}
