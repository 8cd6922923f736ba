/** The span and the metrics of the operations of `Identity`. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import { Flow } from "../../ConsentSession.js"
import { ProviderName } from "../models/constraint.js"

/** Counts the calls of the data plane for the running operation, polls included. */
export class Attempts extends Context.Service<Attempts, Ref.Ref<number>>()(
  "effect-agentcore-identity/identity/Attempts"
) {}

export const countAttempt = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, Attempts | R> =>
  Effect.flatMap(Attempts, (attempts) => Effect.andThen(Ref.update(attempts, (count) => count + 1), call))

interface Labels {
  readonly operation:
    | "getAccessToken"
    | "resumeAccessToken"
    | "getApiKey"
    | "getPaymentToken"
    | "completeAuthorization"
  readonly provider?: string | undefined
  readonly flow?: Flow | undefined
  readonly outcome: string
}

const operations: Metric.Counter<number> = Metric.counter("agentcore.identity.operations", {
  description: "Operations of Identity that have ended",
  incremental: true
})

const duration: Metric.Histogram<number> = Metric.histogram("agentcore.identity.operation.duration", {
  description: "Duration of the operations of Identity, the wait for a user's consent included",
  // From a cached token (below 1 ms) to the lifetime of an authorization URL (600 s).
  boundaries: [0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
  // `@effect/opentelemetry` takes the unit from this attribute.
  attributes: { unit: "s" }
})

const attempts: Metric.Histogram<number> = Metric.histogram("agentcore.identity.operation.attempts", {
  description: "Calls of the data plane in one operation of Identity, polls included",
  // The default schedule polls 120 times.
  boundaries: [0, 1, 2, 3, 5, 10, 25, 50, 125]
})

/**
 * How many provider names the metrics of one `Identity` distinguish: the registry of metrics never drops a state. An
 * AWS account has 50 providers of each kind by default (AWS documentation).
 */
const maxProviders = 1000

const attributesOf = ({ flow, operation, outcome, provider }: Labels): Readonly<Record<string, string>> => ({
  "agentcore.operation": operation,
  ...(provider === undefined ? {} : { "agentcore.provider": provider }),
  ...(flow === undefined ? {} : { "agentcore.flow": flow }),
  "agentcore.outcome": outcome
})

/** What an operation obtains. `completeAuthorization` has neither property. */
interface Subject {
  readonly provider?: string | undefined
  readonly flow?: Flow | undefined
}

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (exit._tag === "Success") return "ok"
  const error = Cause.findErrorOption(exit.cause)
  if (error._tag === "None") return Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : "defect"
  return Predicate.hasProperty(error.value, "_tag") && Predicate.isString(error.value._tag)
    ? error.value._tag
    : "failure"
}

const flows: ReadonlySet<unknown> = new Set(Flow.literals)

const isProviderName = Schema.is(ProviderName)

const makeProviderNames = () => {
  const names = new Set<string>()
  const isValid = (name: string): boolean => names.has(name) || isProviderName(name)
  return {
    /** A value that is not a valid provider name is reported as `other`. */
    forSpan: (name: string): string => isValid(name) ? name : "other",
    forMetrics: (name: string): string => {
      if (names.has(name)) return name
      if (names.size === maxProviders || !isValid(name)) return "other"
      names.add(name)
      return name
    }
  }
}

type Attributes = Metric.Metric.AttributeSet

/** Keeps the last attributes, because a metric caches their key by the identity of the object. */
const makeAttributeCache = () => {
  let last: { readonly program?: Attributes; readonly key?: string; readonly attributes: Attributes } = {
    attributes: {}
  }
  return (program: Attributes, labels: Labels): Attributes => {
    const key = `${labels.operation} ${labels.provider} ${labels.flow} ${labels.outcome}`
    if (last.program !== program || last.key !== key) {
      last = { program, key, attributes: { ...program, ...attributesOf(labels) } }
    }
    return last.attributes
  }
}

/** Runs an operation in its span, counts its attempts, and updates the metrics at its end. */
type Observe = <A, E, R>(
  operation: Labels["operation"],
  subject: Subject | undefined,
  self: Effect.Effect<A, E, R>
) => Effect.Effect<A, E, Exclude<R, Attempts | Tracer.ParentSpan>>

const updateMetrics = (
  context: Context.Context<never>,
  attributes: Attributes,
  ended: { readonly attempts: number; readonly seconds: number }
): void => {
  const labelled = Context.add(context, Metric.CurrentMetricAttributes, attributes)
  operations.updateUnsafe(1, labelled)
  duration.updateUnsafe(ended.seconds, labelled)
  attempts.updateUnsafe(ended.attempts, labelled)
}

const provide = <A, E, R>(self: Effect.Effect<A, E, R>, span: Tracer.Span, attempts: Ref.Ref<number>) =>
  Effect.updateContext(self, (context: Context.Context<Exclude<R, Attempts | Tracer.ParentSpan>>) =>
    // TypeScript does not see that the rest and these two are all of them.
    context.pipe(Context.add(Tracer.ParentSpan, span), Context.add(Attempts, attempts)) as Context.Context<R>)

/** The telemetry of one `Identity`, with the provider names that it has seen. */
export const make = (): Observe => {
  const providerNames = makeProviderNames()
  const cachedAttributes = makeAttributeCache()

  return (operation, subject, self) =>
    Effect.useSpan(`Identity.${operation}`, {}, (span) =>
      // A generator would take a third of the time of a cached call.
      Effect.withFiber((fiber) => {
        const { flow: givenFlow, provider }: Subject = subject ?? {}
        const flow = flows.has(givenFlow) ? givenFlow : undefined
        if (provider !== undefined) span.attribute("agentcore.provider", providerNames.forSpan(provider))
        if (flow !== undefined) span.attribute("agentcore.flow", flow)
        const attempts = Ref.makeUnsafe(0)
        const clock = fiber.getRef(Clock.Clock)
        const start = clock.currentTimeNanosUnsafe()
        return Effect.onExit(provide(self, span, attempts), (exit) =>
          Effect.map(Ref.get(attempts), (count) => {
            const seconds = Number(clock.currentTimeNanosUnsafe() - start) / 1e9
            const outcome = outcomeOf(exit)
            span.attribute("agentcore.outcome", outcome)
            span.attribute("agentcore.attempts", count)
            const name = provider === undefined ? undefined : providerNames.forMetrics(provider)
            const labels = { operation, provider: name, flow, outcome }
            const programAttributes = Context.get(fiber.context, Metric.CurrentMetricAttributes)
            updateMetrics(fiber.context, cachedAttributes(programAttributes, labels), { attempts: count, seconds })
          }))
      }))
}
