/**
 * The span and the metrics of an operation of `Identity`.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import type * as MetricLabel from "effect/MetricLabel"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { Flow } from "../ConsentSession.js"
import type { Service } from "../Identity.js"
import * as IdentityMetrics from "../IdentityMetrics.js"
import { ProviderName } from "../models/internal/names.js"
import { Observation, type Record } from "./observation.js"
import { inSpan } from "./span.js"

// What an operation is about. A completion names neither.
interface Subject {
  readonly provider?: string | undefined
  readonly flow?: Flow | undefined
}

type Operation = keyof Service

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): IdentityMetrics.Outcome =>
  Exit.isSuccess(exit)
    ? "ok"
    : Option.match(Cause.failureOption(exit.cause), {
      onNone: () => Cause.isInterruptedOnly(exit.cause) ? "interrupted" : "defect",
      onSome: (error) => Predicate.hasProperty(error, "_tag") && Predicate.isString(error._tag) ? error._tag : "failure"
    })

const isProviderName = Schema.is(ProviderName)
const providers = new Set<string>()

// What is no name of a provider may be anything.
const isNamed = (name: string): boolean => providers.has(name) || isProviderName(name)

// States of metrics are never given up: names from outside must not make more and more of them.
const boundedProvider = (name: string | undefined): string | undefined => {
  if (name === undefined || providers.has(name)) {
    return name
  }
  if (providers.size === IdentityMetrics.maxProviders || !isNamed(name)) {
    return "other"
  }
  providers.add(name)
  return name
}

const flows: ReadonlySet<unknown> = new Set(Flow.literals)

const boundedFlow = (flow: Flow | undefined): Flow | undefined => flows.has(flow) ? flow : undefined

type Tags = ReadonlyArray<MetricLabel.MetricLabel>

// A metric finds its state by the identity of the array of labels, or else by a hash of all of them, which takes ten
// times as long: arrays are kept. `own` are the labels that the program has put on its fiber.
const memoized = (operation: Operation) => {
  const memo = new WeakMap<Tags, Map<string, Tags>>()
  return (own: Tags, subject: Subject, outcome: IdentityMetrics.Outcome): Tags => {
    const provider = boundedProvider(subject.provider)
    const flow = boundedFlow(subject.flow)
    // Neither a flow nor a provider's name has a space.
    const key = `${flow ?? ""} ${provider ?? ""} ${outcome}`
    let known = memo.get(own)
    if (known === undefined) {
      known = new Map()
      memo.set(own, known)
    }
    let labels = known.get(key)
    if (labels === undefined) {
      labels = Arr.union(IdentityMetrics.labels({ operation, provider, flow, outcome }), own)
      known.set(key, labels)
    }
    return labels
  }
}

/**
 * Counts a call of the data plane for the operation that runs.
 *
 * @internal
 */
export const attempt = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Observation, (record) => {
    if (record !== undefined) {
      record.attempts++
    }
    return call
  })

// Runs an operation in its span, provides its record, and updates the metrics when it ends.
const operation = (name: Operation) => {
  const labelsOf = memoized(name)
  return <A, E, R>(subject: Subject, self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    inSpan(`Identity.${name}`, { captureStackTrace: false }, (span, fiber) => {
      if (subject.provider !== undefined) {
        span.attribute("agentcore.provider", isNamed(subject.provider) ? subject.provider : "other")
      }
      const flow = boundedFlow(subject.flow)
      if (flow !== undefined) {
        span.attribute("agentcore.flow", flow)
      }
      const record: Record = { attempts: 0, cache: undefined }
      const clock = Context.get(fiber.currentDefaultServices, Clock.Clock)
      const start = clock.unsafeCurrentTimeNanos()
      return {
        effect: self,
        services: Context.make(Observation, record),
        onExit: (exit) => {
          const outcome = outcomeOf(exit)
          span.attribute("agentcore.outcome", outcome)
          span.attribute("agentcore.attempts", record.attempts)
          if (record.cache !== undefined) {
            span.attribute("agentcore.cache", record.cache)
          }
          const labels = labelsOf(fiber.getFiberRef(FiberRef.currentMetricLabels), subject, outcome)
          IdentityMetrics.operations.unsafeUpdate(1, labels)
          IdentityMetrics.duration.unsafeUpdate(Number(clock.unsafeCurrentTimeNanos() - start) / 1e9, labels)
          IdentityMetrics.attempts.unsafeUpdate(record.attempts, labels)
        }
      }
    })
}

/**
 * Observes every operation of an `Identity`.
 *
 * @internal
 */
export const identity = (self: Service): Service => {
  const getAccessToken = operation("getAccessToken")
  const resumeAccessToken = operation("resumeAccessToken")
  const getApiKey = operation("getApiKey")
  const getPaymentToken = operation("getPaymentToken")
  const completeAuthorization = operation("completeAuthorization")
  return {
    getAccessToken: (request) => getAccessToken(request, self.getAccessToken(request)),
    resumeAccessToken: (session, options) => resumeAccessToken(session, self.resumeAccessToken(session, options)),
    getApiKey: (request) => getApiKey(request, self.getApiKey(request)),
    getPaymentToken: (request) => getPaymentToken(request, self.getPaymentToken(request)),
    completeAuthorization: (options) => completeAuthorization({}, self.completeAuthorization(options))
  }
}
