/**
 * Rate limits matched to the quotas of the service: a program that is about to exceed them waits instead of being throttled.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/RateLimiter"
import * as Record from "effect/Record"
import type * as Scope from "effect/Scope"
import * as ControlPlane from "./ControlPlane.js"
import * as DataPlane from "./DataPlane.js"
import { operations } from "./internal/controlPlaneOperations.js"

/**
 * Calls a second and operation, as the AWS documentation gives them: 200 for tokens and keys, 100 for completions.
 *
 * @since 0.1.0
 * @category quotas
 */
export const dataPlaneQuotas: { readonly [K in DataPlane.Operation]: number } = {
  getWorkloadAccessToken: 200,
  getWorkloadAccessTokenForJwt: 200,
  getWorkloadAccessTokenForUserId: 200,
  getResourceOauth2Token: 200,
  getResourceApiKey: 200,
  getResourcePaymentToken: 200,
  completeResourceTokenAuth: 100
}

/**
 * Calls a second and operation of the control plane, as the AWS documentation gives them.
 *
 * @since 0.1.0
 * @category quotas
 */
export const controlPlaneQuota = 20

type Limits<Operation extends string> = { readonly [K in Operation]: RateLimiter.RateLimiter }

// Quotas are counted by operation: each has a bucket of its own.
const makeLimits = <Operation extends string>(
  quotas: { readonly [K in Operation]: number }
): Effect.Effect<Limits<Operation>, never, Scope.Scope> =>
  Effect.map(
    Effect.forEach(Record.toEntries(quotas), ([operation, limit]) =>
      Effect.map(RateLimiter.make({ limit, interval: "1 second" }), (limiter) =>
        [operation, limiter] as const)),
    // The names are those of `quotas`; `Record` knows them as strings only.
    (limiters) =>
      Object.fromEntries(limiters) as Limits<Operation>
  )

/**
 * Keeps the data plane in context within its quotas. Put it under `Identity.layer`.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as RateLimit from "effect-agentcore-identity/RateLimit"
 * import * as Layer from "effect/Layer"
 *
 * // An account that shares its quotas with another fleet.
 * const live = Identity.layer.pipe(
 *   Layer.provide(RateLimit.dataPlane({ getResourceOauth2Token: 50 })),
 *   Layer.provide(AwsDataPlane.layer())
 * )
 */
export const dataPlane = (
  quotas: { readonly [K in DataPlane.Operation]?: number } = {}
): Layer.Layer<DataPlane.DataPlane, never, DataPlane.DataPlane> =>
  Layer.unwrapScoped(Effect.map(
    makeLimits<DataPlane.Operation>({ ...dataPlaneQuotas, ...quotas }),
    (limits) => DataPlane.decorate((operation, effect) => limits[operation](effect))
  ))

/**
 * Keeps the control plane in context within its quota, a number of calls a second for each operation.
 *
 * @since 0.1.0
 * @category layers
 */
export const controlPlane = (
  quota: number = controlPlaneQuota
): Layer.Layer<ControlPlane.ControlPlane, never, ControlPlane.ControlPlane> =>
  Layer.unwrapScoped(Effect.map(
    makeLimits<ControlPlane.Operation>(Record.map(operations, () => quota)),
    (limits) => ControlPlane.decorate((operation, effect) => limits[operation](effect))
  ))
