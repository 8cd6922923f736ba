/**
 * The token that says who is calling: a workload, alone or for a user. Everything that `Identity` fetches is fetched with it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { DataPlane, type DataPlaneError } from "./DataPlane.js"
import type { MissingWorkloadAccessToken } from "./IdentityError.js"
import * as Flight from "./internal/singleFlight.js"
import { isTransient } from "./internal/transient.js"
import type { UserIdentifier } from "./UserIdentifier.js"

/**
 * @since 0.1.0
 * @category errors
 */
export type WorkloadAccessTokenError = MissingWorkloadAccessToken | DataPlaneError

/**
 * - `get`: the token of the caller of this run, not a captured one
 * - `invalidate`: the service refused this token; where it can be renewed, the next `get` renews it
 *
 * @since 0.1.0
 * @category services
 */
export interface Service {
  readonly get: Effect.Effect<Redacted.Redacted, WorkloadAccessTokenError>
  readonly invalidate: (stale: Redacted.Redacted) => Effect.Effect<void>
}

/**
 * @since 0.1.0
 * @category services
 * @example
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 *
 * // The agent `my-agent`, acting for one user of a command line tool.
 * const live = WorkloadAccessToken.layerWorkload({ name: "my-agent", user: { userId: "github+alice" } })
 */
export class WorkloadAccessToken
  extends Context.Tag("effect-agentcore-identity/WorkloadAccessToken")<WorkloadAccessToken, Service>()
{}

/**
 * - `name`: the workload identity's name, 3 to 255 characters
 * - `user`: for whom it acts, by JWT or by id. Default: for itself alone.
 * - `renewAfter`: the age at which a token is no longer given out. Default: 10 minutes, since AWS documents no lifetime, and users
 *   report tokens that were refused after 15 to 30 minutes. `Duration.infinity`: only when it was invalidated.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorkloadOptions {
  readonly name: string
  readonly user?: UserIdentifier | undefined
  readonly renewAfter?: Duration.DurationInput | undefined
}

const defaultRenewAfter = Duration.minutes(10)

// Of a service that is down, callers wait for one answer in this time.
const holdOff = Duration.minutes(1)

/**
 * The service of {@link layerWorkload}, for a program that makes one for each of its users.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeWorkload = (
  { name: workloadName, renewAfter = defaultRenewAfter, user }: WorkloadOptions
): Effect.Effect<Service, never, DataPlane> =>
  Effect.map(DataPlane, (dataPlane) => {
    const lifetime = Duration.toMillis(renewAfter)
    const obtain = user === undefined
      ? dataPlane.getWorkloadAccessToken({ workloadName })
      : user.userToken !== undefined
      ? dataPlane.getWorkloadAccessTokenForJwt({ workloadName, userToken: user.userToken })
      : dataPlane.getWorkloadAccessTokenForUserId({ workloadName, userId: user.userId })

    let current: { readonly token: Redacted.Redacted; readonly renewAt: number } | undefined
    const keep = (token: Redacted.Redacted, renewAt: number): Redacted.Redacted => {
      current = { token, renewAt }
      return token
    }
    // An expired JWT obtains no new token, and says nothing about the old one.
    const leavesOld = (error: DataPlaneError): boolean =>
      isTransient(error) || (error._tag === "UnauthorizedException" && user?.userToken !== undefined)
    // The old token is looked up when the renewal has failed: it may have been invalidated on the way.
    const orKeepOld = (error: DataPlaneError): Effect.Effect<Redacted.Redacted, DataPlaneError> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        current === undefined
          ? Effect.fail(error)
          : Effect.as(
            Effect.logDebug(`The workload access token was not renewed, and the old one is kept: ${error._tag}`),
            keep(current.token, now + Math.min(lifetime, Duration.toMillis(holdOff)))
          ))
    const renew = Effect.flatMap(Clock.currentTimeMillis, (begin) =>
      Effect.map(obtain, ({ workloadAccessToken }) => keep(workloadAccessToken, begin + lifetime))).pipe(
        Effect.catchIf(leavesOld, orKeepOld)
      )
    const flights = Flight.make<Redacted.Redacted, DataPlaneError>()
    return {
      get: Effect.flatMap(Clock.currentTimeMillis, (now) =>
        current !== undefined && now < current.renewAt
          ? Effect.succeed(current.token)
          : flights.share("", renew, Effect.void)),
      invalidate: (stale) =>
        Effect.sync(() => {
          if (current !== undefined && Redacted.value(current.token) === Redacted.value(stale)) {
            current = undefined
          }
        })
    }
  })

/**
 * A token that is at hand, for instance from the headers of a request. It cannot be renewed.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (token: Redacted.Redacted): Layer.Layer<WorkloadAccessToken> =>
  Layer.succeed(WorkloadAccessToken, { get: Effect.succeed(token), invalidate: () => Effect.void })

/**
 * A token from the configuration, as in `layerConfig(Config.redacted("WORKLOAD_ACCESS_TOKEN"))`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  token: Config.Config<Redacted.Redacted>
): Layer.Layer<WorkloadAccessToken, ConfigError> => Layer.unwrapEffect(Effect.map(token, layer))

/**
 * Obtains the token from AgentCore when it is first needed, and again at the next `get` after `renewAfter`, or after it was
 * invalidated. One such layer is one caller: a server that acts for many users provides one for each request, or keeps one of
 * {@link makeWorkload} for each user.
 *
 * Callers who come at once share one call. A renewal that fails for a reason that may pass (throttling, 5xx, a lost connection), or
 * because the user's JWT has expired, gives the old token for another minute, unless that was invalidated.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWorkload = (options: WorkloadOptions): Layer.Layer<WorkloadAccessToken, never, DataPlane> =>
  Layer.effect(WorkloadAccessToken, makeWorkload(options))

/**
 * Binds the caller of now to work that runs later or elsewhere: taken from a queue, started by a timer, handed to a worker. Without it
 * such work runs for the caller of the fiber that runs it, and not for the one whose request it came from.
 *
 * It keeps the service and not a token: where tokens are renewed, the work runs with a fresh one.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Effect from "effect/Effect"
 * import type * as Queue from "effect/Queue"
 *
 * declare const report: Effect.Effect<void, never, Identity.Identity | WorkloadAccessToken.WorkloadAccessToken>
 *
 * // In the handler of a request. The worker that takes the report from the queue runs it for the caller of this request.
 * const order = (queue: Queue.Enqueue<Effect.Effect<void, never, Identity.Identity>>) =>
 *   Effect.gen(function*() {
 *     const asCaller = yield* WorkloadAccessToken.capture
 *     yield* queue.offer(asCaller(report))
 *   })
 */
export const capture: Effect.Effect<
  <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, WorkloadAccessToken>>,
  never,
  WorkloadAccessToken
> = Effect.map(
  WorkloadAccessToken,
  (caller) => (self) => Effect.provideService(self, WorkloadAccessToken, caller)
)
