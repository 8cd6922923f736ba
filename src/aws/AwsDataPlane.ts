/**
 * The data plane at AWS alone, for an agent that only fetches its credentials. It starts faster than all planes, and
 * has nothing in context that can change what a team has set up.
 *
 * @since 0.2.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DataPlane from "../DataPlane.js"
import type * as AwsPlanes from "./AwsPlanes.js"
import { dataPlane, regionSearch } from "./internal/sdk/sdkDataPlane.js"
import { operations } from "./internal/sdk/sdkPlane.js"

/**
 * The options of `AwsPlanes` without the clients of the other planes.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options extends Omit<AwsPlanes.Options, "controlPlane" | "sts"> {}

/**
 * The data plane. Options and errors are those of `AwsPlanes.layer`.
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
export const layer = (options: Options = {}): Layer.Layer<DataPlane.DataPlane, Config.ConfigError> =>
  Layer.effect(
    DataPlane.DataPlane,
    regionSearch.pipe(
      Effect.flatMap((search) => operations(dataPlane, options.dataPlane, options, search)),
      Effect.map(DataPlane.make)
    )
  )
