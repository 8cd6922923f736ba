/**
 * The data plane at AWS without the AWS SDK, for an agent that only fetches its credentials: the smallest bundle, and
 * the fastest start. See `AwsHttpPlanes` for how it works.
 *
 * @since 0.2.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as DataPlane from "../DataPlane.js"
import type * as AwsHttpPlanes from "./AwsHttpPlanes.js"
import * as Adapter from "./internal/http/httpPlane.js"
import * as Node from "./internal/http/nodeRuntime.js"

/**
 * The options of `AwsHttpPlanes` without those of the other planes.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options extends Omit<AwsHttpPlanes.Options, "controlPlane" | "sts"> {}

/**
 * The options of `AwsHttpPlanes.layerNode` without those of the other planes.
 *
 * @since 0.2.0
 * @category models
 */
export interface NodeOptions extends Options, Pick<AwsHttpPlanes.NodeOptions, "maxSockets"> {}

const make = (
  options: Options,
  runtime: Adapter.Runtime
): Effect.Effect<DataPlane.DataPlane["Service"], Config.ConfigError, Scope.Scope> =>
  Adapter.share(options, runtime).pipe(
    Effect.flatMap((shared) => Adapter.operations(Adapter.dataPlane, options.dataPlane, shared)),
    Effect.map(DataPlane.make)
  )

/**
 * The data plane over an `HttpClient`. Options and errors are those of `AwsHttpPlanes.layer`.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Layer from "effect/Layer"
 * import * as FetchHttpClient from "effect/http/FetchHttpClient"
 *
 * const live = Identity.layer.pipe(
 *   Layer.provideMerge(AwsHttpDataPlane.layer({ region: "us-west-2" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 */
export const layer = (
  options: Options = {}
): Layer.Layer<DataPlane.DataPlane, Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(
    DataPlane.DataPlane,
    // With Effect's `HttpClient`, which takes 50 ms to load, and which `layerNode` does not need.
    Effect.promise(() => import("./internal/http/client.js")).pipe(
      Effect.flatMap((Client) => Client.runtime),
      Effect.flatMap((runtime) => make(options, runtime))
    )
  )

/**
 * The data plane in Node, with its own HTTP client. Options and errors are those of `AwsHttpPlanes.layerNode`.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Layer from "effect/Layer"
 *
 * const live = Identity.layer.pipe(
 *   Layer.provideMerge(AwsHttpDataPlane.layerNode({ region: "us-west-2" }))
 * )
 */
export const layerNode = (options: NodeOptions = {}): Layer.Layer<DataPlane.DataPlane, Config.ConfigError> =>
  Layer.effect(DataPlane.DataPlane, Effect.flatMap(Node.runtime(options), (runtime) => make(options, runtime)))
