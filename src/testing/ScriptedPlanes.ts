/**
 * Planes that respond from a script and record their calls, for tests of a program's own logic. They are pure and run
 * under `TestClock`.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ControlPlane from "../ControlPlane.js"
import * as DataPlane from "../DataPlane.js"
import type * as Rows from "../internal/plane/operation.js"
import { fromTable, make } from "../internal/plane/plane.js"
import type * as Operation from "../Operation.js"
import * as SecurityTokenService from "../SecurityTokenService.js"

type Operations =
  & DataPlane.DataPlane["Service"]
  & Operation.Plane<typeof ControlPlane.operations>
  & SecurityTokenService.SecurityTokenService["Service"]

type Responses<K extends keyof Operations> =
  | ReadonlyArray<ReturnType<Operations[K]>>
  | ((request: Parameters<Operations[K]>[0], index: number) => ReturnType<Operations[K]>)

/**
 * The responses of each operation: a list with one for each call, or a function of the request and the number of
 * earlier calls. A response is an effect: it can fail, wait, or never complete. A call beyond the end of a list dies
 * with an explanation.
 *
 * @since 0.2.0
 * @category models
 */
export type Script = { readonly [K in keyof Operations]?: Responses<K> | undefined }

/** A recorded call. `at` is the time of the `Clock` in milliseconds. */
type Call = {
  readonly [K in keyof Operations]: {
    readonly operation: K
    readonly request: Parameters<Operations[K]>[0]
    readonly at: number
  }
}[keyof Operations]

/**
 * The recorded calls of the scripted planes.
 *
 * @since 0.2.0
 * @category services
 */
export class ScriptedPlanes extends Context.Service<ScriptedPlanes, {
  /** Every call so far, in order, without the requests that the planes rejected. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  /** The calls of one operation. */
  readonly callsOf: <K extends keyof Operations>(
    operation: K
  ) => Effect.Effect<ReadonlyArray<Extract<Call, { readonly operation: K }>>>
}>()("effect-agentcore-identity/testing/ScriptedPlanes") {}

/**
 * All planes, from a script.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as DataPlane from "effect-agentcore-identity/DataPlane"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const testLayer = Identity.layer.pipe(
 *   Layer.provideMerge(ScriptedPlanes.layer({
 *     getResourceOauth2Token: [
 *       Effect.succeed(new DataPlane.Issued({ accessToken: Redacted.make("token-1") }))
 *     ]
 *   })),
 *   Layer.merge(WorkloadAccessToken.layer(Redacted.make("workload-token")))
 * )
 */
export const layer = (script: Script): Layer.Layer<
  DataPlane.DataPlane | ControlPlane.ControlPlane | SecurityTokenService.SecurityTokenService | ScriptedPlanes
> =>
  Layer.effectContext(Effect.sync(() => {
    const calls: Array<Call> = []
    const respond = <Request, Response, E>(_: Operation.Operation<string, Request, Response, E>, method: string) => {
      // The tables have the operations of `Operations`, and the script has the responses of an operation under its
      // name.
      const operation = method as keyof Operations
      const responses = script[operation] as
        | ReadonlyArray<Effect.Effect<Response, E>>
        | ((request: Request, index: number) => Effect.Effect<Response, E>)
        | undefined
      return (request: Request): Effect.Effect<Response, E> =>
        Effect.flatMap(Clock.currentTimeMillis, (at) => {
          const index = calls.filter((call) => call.operation === operation).length
          // `request` is one of `operation`.
          calls.push({ operation, request, at } as unknown as Call)
          return (typeof responses === "function" ? responses(request, index) : responses?.[index])
            ?? Effect.die(new Error(`ScriptedPlanes: the script has no response for call ${index + 1} of ${operation}`))
        })
    }
    const plane = <const T extends Rows.Table>(table: T): Operation.Plane<T> => fromTable(table, respond)
    return Context.make(DataPlane.DataPlane, DataPlane.make(plane(DataPlane.operations))).pipe(
      Context.add(ControlPlane.ControlPlane, ControlPlane.make(plane(ControlPlane.operations))),
      Context.add(
        SecurityTokenService.SecurityTokenService,
        make("SecurityTokenService", SecurityTokenService.operations, plane(SecurityTokenService.operations))
      ),
      Context.add(ScriptedPlanes, {
        calls: Effect.sync(() => [...calls]),
        callsOf: <K extends keyof Operations>(operation: K) =>
          Effect.sync(() =>
            calls.filter((call): call is Extract<Call, { readonly operation: K }> => call.operation === operation)
          )
      })
    )
  }))
