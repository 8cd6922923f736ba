/**
 * The metrics of `Identity`: how often credentials are asked for, how it ends, how long it takes. Every operation
 * updates them in Effect's metric registry, where an exporter such as `@effect/opentelemetry` reads them.
 *
 * Their labels, which are attributes of the span `Identity.<operation>` too:
 *
 * - `agentcore.operation`: the method of `Identity`; the span has it in its name instead
 * - `agentcore.provider`: the credential provider, where the operation has one
 * - `agentcore.flow`: the OAuth2 flow, where the operation has one
 * - `agentcore.outcome`: see {@link Outcome}
 *
 * Two further attributes are on the span only:
 *
 * - `agentcore.attempts`: the calls of the data plane, as {@link attempts} counts them
 * - `agentcore.cache`: `hit` or `miss`, where there is a `CredentialCache`
 *
 * Scopes, users, URLs and secrets are in none of them.
 *
 * @since 0.1.0
 * @example
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as IdentityMetrics from "effect-agentcore-identity/IdentityMetrics"
 * import * as Effect from "effect/Effect"
 * import * as Metric from "effect/Metric"
 *
 * // How many keys of one provider this process has obtained.
 * const keys = Metric.value(
 *   Metric.taggedWithLabels(
 *     IdentityMetrics.operations,
 *     IdentityMetrics.labels({ operation: "getApiKey", provider: "weather", outcome: "ok" })
 *   )
 * )
 *
 * const program = Effect.gen(function*() {
 *   const identity = yield* Identity.Identity
 *   yield* identity.getApiKey({ provider: "weather" })
 *   yield* Effect.log("Keys obtained", yield* keys)
 * })
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"
import type { Flow } from "./ConsentSession.js"
import type { Service } from "./Identity.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * How an operation ended: `ok`; the `_tag` of its error, as in `RequiresUserConsent` or `ThrottlingException`;
 * `failure` for an error without a tag, as a consent handler may have; `interrupted`; `defect`.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = string

/**
 * What the labels of a metric are made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Labels {
  readonly operation: keyof Service
  /** `other` stands for names that no provider can have, and for those beyond {@link maxProviders}. */
  readonly provider?: string | undefined
  readonly flow?: Flow | undefined
  readonly outcome: Outcome
}

// -----------------------------------------------------------------------------
// Metrics
// -----------------------------------------------------------------------------

/**
 * `agentcore.identity.operations`: the operations that have ended.
 *
 * @since 0.1.0
 * @category metrics
 */
export const operations: Metric.Metric.Counter<number> = Metric.counter("agentcore.identity.operations", {
  description: "Operations of Identity that have ended",
  incremental: true
})

/**
 * `agentcore.identity.operation.duration`, in seconds: from the start of an operation to its end.
 * With a consent handler the time that the user takes is part of it.
 *
 * @since 0.1.0
 * @category metrics
 */
export const duration: Metric.Metric.Histogram<number> = Metric.fromMetricKey(
  MetricKey.histogram(
    "agentcore.identity.operation.duration",
    // From a cached token (below 1 ms) by way of a call to the life of an authorization URL (600 s).
    MetricBoundaries.fromIterable(
      [0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
    ),
    "Duration of the operations of Identity, the wait for a user's consent included"
  ).pipe(
    // The label from which `@effect/opentelemetry` takes the unit.
    MetricKey.tagged("unit", "s")
  )
)

/**
 * `agentcore.identity.operation.attempts`: the calls of the data plane for the credential.
 * More than one means polls, or a workload access token that was refused and renewed; none, that there was no workload
 * access token to call with. A call that a cache answers counts; the retries of the AWS SDK do not.
 *
 * @since 0.1.0
 * @category metrics
 */
export const attempts: Metric.Metric.Histogram<number> = Metric.histogram(
  "agentcore.identity.operation.attempts",
  // The default schedule polls 120 times.
  MetricBoundaries.fromIterable([0, 1, 2, 3, 5, 10, 25, 50, 125]),
  "Calls of the data plane in one operation of Identity, polls included"
)

/**
 * How many providers the metrics of one process tell apart by name, so that names from outside cannot fill its memory.
 * An AWS account has 50 of a kind by default (AWS documentation).
 *
 * @since 0.1.0
 * @category metrics
 */
export const maxProviders: number = 1000

/**
 * Labels in the order in which the metrics have them: a metric is found again by the same labels in the same order.
 *
 * @since 0.1.0
 * @category labels
 */
export const labels = ({ flow, operation, outcome, provider }: Labels): ReadonlyArray<MetricLabel.MetricLabel> => [
  MetricLabel.make("agentcore.operation", operation),
  ...(provider === undefined ? [] : [MetricLabel.make("agentcore.provider", provider)]),
  ...(flow === undefined ? [] : [MetricLabel.make("agentcore.flow", flow)]),
  MetricLabel.make("agentcore.outcome", outcome)
]
