/**
 * The data plane at AWS alone, for an agent that only fetches its credentials. It starts faster than all planes, and
 * has nothing in context that can change what a team has set up. The layers over HTTP need no AWS SDK.
 *
 * @since 0.2.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as DataPlane from "../DataPlane.js"
import type * as AwsPlanes from "./AwsPlanes.js"

/**
 * The data plane over the AWS SDK. Options and errors are those of `AwsPlanes.layer`.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Layer from "effect/Layer"
 *
 * const live = Identity.layer.pipe(
 *   Layer.provideMerge(AwsDataPlane.layer({ region: "us-west-2" }))
 * )
 */
export const layer = (
  options: Omit<AwsPlanes.Options, "controlPlane" | "sts"> = {}
): Layer.Layer<DataPlane.DataPlane, Config.ConfigError> =>
  Layer.effect(
    DataPlane.DataPlane,
    Effect.flatMap(Effect.promise(() => import("./internal/sdk/sdkDataPlane.js")), ({ make }) => make(options))
  )

/**
 * The data plane over an `HttpClient`, without the AWS SDK. Options and errors are those of `AwsPlanes.layerHttp`.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerHttp = (
  options: Omit<AwsPlanes.HttpOptions, "controlPlane" | "maxSockets" | "sts"> = {}
): Layer.Layer<DataPlane.DataPlane, Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(
    DataPlane.DataPlane,
    Effect.flatMap(Effect.promise(() => import("./internal/http/client.js")), ({ makeDataPlane }) =>
      makeDataPlane(options))
  )

/**
 * The data plane in Node, without the AWS SDK. Options and errors are those of `AwsPlanes.layerHttpNode`.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerHttpNode = (
  options: Omit<AwsPlanes.HttpOptions, "controlPlane" | "sts"> = {}
): Layer.Layer<DataPlane.DataPlane, Config.ConfigError> =>
  Layer.effect(
    DataPlane.DataPlane,
    Effect.flatMap(Effect.promise(() => import("./internal/http/nodeRuntime.js")), ({ makeDataPlane }) =>
      makeDataPlane(options))
  )
