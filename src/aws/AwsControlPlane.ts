/**
 * The control plane at AWS alone, for a program that sets up what agents need. It starts faster than all planes, and
 * has nothing in context that can obtain a user's credentials.
 *
 * @since 0.2.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ControlPlane from "../ControlPlane.js"
import type * as AwsPlanes from "./AwsPlanes.js"
import { controlPlane, regionSearch } from "./internal/sdk/sdkControlPlane.js"
import { operations } from "./internal/sdk/sdkPlane.js"

/**
 * The options of `AwsPlanes` without the clients of the other planes.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options extends Omit<AwsPlanes.Options, "dataPlane" | "sts"> {}

/**
 * The control plane. Options and errors are those of `AwsPlanes.layer`.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsControlPlane from "effect-agentcore-identity/aws/AwsControlPlane"
 * import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
 * import * as Effect from "effect/Effect"
 *
 * const setUp = WorkloadIdentity.ensure({ name: "my-agent" }).pipe(
 *   Effect.provide(AwsControlPlane.layer({ region: "us-west-2" }))
 * )
 */
export const layer = (options: Options = {}): Layer.Layer<ControlPlane.ControlPlane, Config.ConfigError> =>
  Layer.effect(
    ControlPlane.ControlPlane,
    regionSearch.pipe(
      Effect.flatMap((search) => operations(controlPlane, options.controlPlane, options, search)),
      Effect.map(ControlPlane.make)
    )
  )
