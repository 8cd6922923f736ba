/** The metrics of `Identity`. Its docs name them. */
import * as Metric from "effect/Metric"
import type { Flow } from "../../ConsentSession.js"

/** The values of the labels of a metric. */
export interface Labels {
  /** The operation, by the name of its method. */
  readonly operation:
    | "getAccessToken"
    | "resumeAccessToken"
    | "getApiKey"
    | "getPaymentToken"
    | "completeAuthorization"
  /** `other` stands for invalid provider names, and for names beyond {@link maxProviders}. */
  readonly provider?: string | undefined
  /** The OAuth2 flow, of operations that have one. */
  readonly flow?: Flow | undefined
  /**
   * How the operation ended:
   *
   * - `ok`
   * - the `_tag` of its error, as in `RequiresUserConsent` or `ThrottlingException`
   * - `failure`: an error without a tag, for example from a consent handler
   * - `interrupted`
   * - `defect`
   */
  readonly outcome: string
}

/** `agentcore.identity.operations`: the number of ended operations. */
export const operations: Metric.Counter<number> = Metric.counter("agentcore.identity.operations", {
  description: "Operations of Identity that have ended",
  incremental: true
})

/**
 * `agentcore.identity.operation.duration`, in seconds: from the start of an operation to its end. With a consent
 * handler it includes the wait for the user.
 */
export const duration: Metric.Histogram<number> = Metric.histogram("agentcore.identity.operation.duration", {
  description: "Duration of the operations of Identity, the wait for a user's consent included",
  // From a cached token (below 1 ms) to the lifetime of an authorization URL (600 s).
  boundaries: [0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
  // `@effect/opentelemetry` takes the unit from this attribute.
  attributes: { unit: "s" }
})

/**
 * `agentcore.identity.operation.attempts`: the calls of the data plane for the credential.
 *
 * More than one call means polls, or a rejected and renewed workload access token. No call means that there was no
 * workload access token. Cache hits count as calls; retries of the AWS SDK do not.
 */
export const attempts: Metric.Histogram<number> = Metric.histogram("agentcore.identity.operation.attempts", {
  description: "Calls of the data plane in one operation of Identity, polls included",
  // The default schedule polls 120 times.
  boundaries: [0, 1, 2, 3, 5, 10, 25, 50, 125]
})

/**
 * The maximum number of provider names that the metrics of one `Identity` distinguish. The bound keeps names from
 * outside from filling the memory of the process. An AWS account has 50 providers of each kind by default (AWS
 * documentation).
 */
export const maxProviders: number = 1000

/** The labels of a metric, as its attributes. */
export const labels = ({ flow, operation, outcome, provider }: Labels): Readonly<Record<string, string>> => ({
  "agentcore.operation": operation,
  ...(provider === undefined ? {} : { "agentcore.provider": provider }),
  ...(flow === undefined ? {} : { "agentcore.flow": flow }),
  "agentcore.outcome": outcome
})
