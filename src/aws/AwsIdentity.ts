/**
 * `Identity` at AWS, and the planes that it is built on: the one line that changes when a program moves from a laptop
 * to AWS.
 *
 * @since 0.2.0
 */
import type * as Config from "effect/Config"
import * as Layer from "effect/Layer"
import type { ControlPlane } from "../ControlPlane.js"
import type { DataPlane } from "../DataPlane.js"
import * as Identity from "../Identity.js"
import type { SecurityTokenService } from "../SecurityTokenService.js"
import * as AwsPlanes from "./AwsPlanes.js"

/**
 * `Identity`, the planes and STS at AWS. A decorator on top of this layer does not reach the `Identity` in it: compose
 * `Identity.layer` over a decorated `AwsPlanes.layer`. Options and errors are those of `AwsPlanes.layer`.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function*() {
 *   const identity = yield* Identity.Identity
 *   return yield* identity.getApiKey({ provider: "weather" })
 * })
 *
 * const live = program.pipe(
 *   Effect.provide(
 *     WorkloadAccessToken.layerWorkload({ name: "my-agent" }).pipe(
 *       Layer.provideMerge(AwsIdentity.layer({ region: "us-west-2" }))
 *     )
 *   )
 * )
 */
export const layer = (
  options?: AwsPlanes.Options
): Layer.Layer<Identity.Identity | DataPlane | ControlPlane | SecurityTokenService, Config.ConfigError> =>
  Layer.provideMerge(Identity.layer, AwsPlanes.layer(options))

/**
 * The same as {@link layer}, with options from configuration, as `AwsPlanes.layerConfig` reads them.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Wrap<AwsPlanes.Options>
): Layer.Layer<Identity.Identity | DataPlane | ControlPlane | SecurityTokenService, Config.ConfigError> =>
  Layer.provideMerge(Identity.layer, AwsPlanes.layerConfig(config))
