/**
 * The token that says who is calling: a workload, alone or for a user. Everything that `Identity` fetches is fetched with it.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as SynchronizedRef from "effect/SynchronizedRef"
import { DataPlane, type DataPlaneError } from "./DataPlane.js"
import type { MissingWorkloadAccessToken } from "./IdentityError.js"
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
 * Obtains the token from AgentCore when it is first needed, and again after it was invalidated: for the workload alone, or for
 * a user by JWT or by id. One such layer is one caller: a server that acts for many users provides one for each request.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWorkload = (options: {
  /** The workload identity's name, 3 to 255 characters. */
  readonly name: string
  readonly user?: UserIdentifier | undefined
}): Layer.Layer<WorkloadAccessToken, never, DataPlane> =>
  Layer.effect(
    WorkloadAccessToken,
    Effect.gen(function*() {
      const dataPlane = yield* DataPlane
      const workloadName = options.name
      const { user } = options
      const obtain = user === undefined
        ? dataPlane.getWorkloadAccessToken({ workloadName })
        : user.userToken !== undefined
        ? dataPlane.getWorkloadAccessTokenForJwt({ workloadName, userToken: user.userToken })
        : dataPlane.getWorkloadAccessTokenForUserId({ workloadName, userId: user.userId })
      const current = yield* SynchronizedRef.make(Option.none<Redacted.Redacted>())

      // One call for callers that come at once; a failure keeps nothing, an interrupted caller stops nobody else.
      const renew = SynchronizedRef.modifyEffect(
        current,
        Option.match({
          onSome: (token) => Effect.succeed([token, Option.some(token)] as const),
          onNone: () =>
            Effect.map(obtain, ({ workloadAccessToken }) =>
              [workloadAccessToken, Option.some(workloadAccessToken)] as const)
        })
      )
      return {
        get: Effect.flatMap(
          current,
          Option.match({
            onSome: Effect.succeed,
            onNone: () =>
              renew
          })
        ),
        invalidate: (stale) =>
          SynchronizedRef.update(current, Option.filter((token) => Redacted.value(token) !== Redacted.value(stale)))
      }
    })
  )
