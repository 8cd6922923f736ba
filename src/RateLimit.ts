/**
 * Rate limits at the quotas of the service: a call beyond a quota waits instead of being throttled.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hasProperty, isNumber } from "effect/Predicate"
import * as Record from "effect/Record"
import * as ControlPlane from "./ControlPlane.js"
import * as DataPlane from "./DataPlane.js"
import * as RateLimiter from "./internal/rateLimiter.js"
import * as Constraint from "./models/internal/constraint.js"
import * as Validation from "./plane/validation.js"

/** Calls per second. */
const dataPlaneQuotas = Record.map(DataPlane.operations, ({ quota }) => quota)

const priorityOf = (request: unknown): Effect.Effect<RateLimiter.Priority> =>
  Effect.map(RateLimiter.CallPriority, (priority) =>
    priority !== "byRequest"
      ? priority
      : hasProperty(request, "sessionUri") && request.sessionUri !== undefined
      ? "low"
      : "normal")

const Quota = Constraint.guard(
  "a number of calls per second, above 0",
  (value): value is number => isNumber(value) && value > 0
)

const validateQuotas = Validation.makeCheck(
  "RateLimit.dataPlane",
  () => Record.map(dataPlaneQuotas, () => Constraint.optional(Quota))
)

const validateQuota = Validation.makeCheck("RateLimit.controlPlane", () => ({ quota: Quota }))

/**
 * Keeps the data plane in context within its quotas, in calls per second of each operation. Put it under
 * `Identity.layer`. Default: the quotas of the AWS documentation, 200 for tokens and keys, 100 for completions. With
 * invalid quotas, the layer dies with a `ValidationException`.
 *
 * Polls for users who have not consented yet wait until all other calls of the operation have run.
 *
 * Each use of the layer has its own budget, for the account of the data plane below it. Two branches of a program that
 * provide it separately have two budgets, and together may exceed the quota. To share one budget between two parts of a
 * program for one account, compose it with its plane into one constant, and provide that to both:
 * `const limited = Layer.provide(RateLimit.dataPlane(), planes)`.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as RateLimit from "effect-agentcore-identity/RateLimit"
 * import * as Layer from "effect/Layer"
 *
 * // Another fleet uses the rest of the account's quota.
 * const live = Identity.layer.pipe(
 *   Layer.provide(RateLimit.dataPlane({ getResourceOauth2Token: 50 })),
 *   Layer.provide(AwsDataPlane.layer())
 * )
 */
export const dataPlane = (
  quotas: { readonly [K in keyof DataPlane.DataPlane["Service"]]?: number } = {}
): Layer.Layer<DataPlane.DataPlane, never, DataPlane.DataPlane> =>
  Layer.fresh(Validation.makeLayer(validateQuotas, quotas, (quotas) =>
    Layer.suspend(() => {
      // AWS counts each operation separately.
      const limiters = Record.map({ ...dataPlaneQuotas, ...quotas }, RateLimiter.make)
      return DataPlane.decorate((operation, effect, request) =>
        operation === "getResourceOauth2Token"
          ? Effect.flatMap(priorityOf(request), (priority) => Effect.andThen(limiters[operation](priority), effect))
          : Effect.andThen(limiters[operation]("normal"), effect)
      )
    })))

/**
 * Keeps the control plane in context within its quota, a number of calls per second for each operation. Default: 20
 * (AWS documentation). Each use of the layer has its own budget, as with {@link dataPlane}.
 *
 * @since 0.2.0
 * @category layers
 */
export const controlPlane = (
  quota: number = ControlPlane.operations.getTokenVault.quota
): Layer.Layer<ControlPlane.ControlPlane, never, ControlPlane.ControlPlane> =>
  Layer.fresh(Validation.makeLayer(validateQuota, { quota }, ({ quota }) =>
    Layer.suspend(() => {
      const limiters = Record.map(ControlPlane.operations, () => RateLimiter.make(quota))
      return ControlPlane.decorate((operation, effect) => Effect.andThen(limiters[operation]("normal"), effect))
    })))
