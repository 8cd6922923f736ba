/**
 * The planes of AgentCore Identity at AWS, and STS, over the clients of the AWS SDK. Signing, credentials, and retries
 * are the SDK's: nothing else retries a call. A client is loaded and made at its first call. If the SDK has to search
 * for the region, the client of the data plane is loaded when the layer is built.
 *
 * @since 0.2.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as ControlPlane from "../ControlPlane.js"
import type * as DataPlane from "../DataPlane.js"
import { readConfig } from "../internal/environment.js"
import type * as SecurityTokenService from "../SecurityTokenService.js"
import { controlPlane } from "./internal/sdk/sdkControlPlane.js"
import { dataPlane, regionSearch } from "./internal/sdk/sdkDataPlane.js"
import { operations, type Options } from "./internal/sdk/sdkPlane.js"
import { securityTokenService } from "./internal/sdk/sdkSecurityTokenService.js"
import { makeServices } from "./internal/services.js"

export type {
  /** @since 0.2.0 */
  Credentials,
  /** @since 0.2.0 */
  CredentialsProvider
} from "./internal/credentials.js"

export type {
  /** @since 0.2.0 */
  Given,
  /** @since 0.2.0 */
  Options,
  /** @since 0.2.0 */
  SharedOptions
} from "./internal/sdk/sdkPlane.js"

export type {
  /** @since 0.2.0 */
  EndpointOptions
} from "./internal/planeSettings.js"

/**
 * The services that the layers provide.
 *
 * @since 0.2.0
 * @category models
 */
export type Planes = DataPlane.DataPlane | ControlPlane.ControlPlane | SecurityTokenService.SecurityTokenService

/**
 * All planes at AWS. An invalid region or endpoint, and static credentials that are not `Redacted`, are a
 * `ConfigError`. The SDK looks for credentials at the first call: that call fails with a `TransportError` if there are
 * none.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
 * import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const controlPlane = yield* ControlPlane.ControlPlane
 *   return yield* controlPlane.getWorkloadIdentity({ name: "my-agent" })
 * })
 *
 * const live = program.pipe(Effect.provide(AwsPlanes.layer({ region: "eu-central-1" })))
 */
export const layer = (options: Options = {}): Layer.Layer<Planes, Config.ConfigError> =>
  Layer.effectContext(Effect.flatMap(regionSearch, (search) =>
    makeServices({
      data: operations(dataPlane, options.dataPlane, options, search),
      control: operations(controlPlane, options.controlPlane, options, search),
      sts: operations(securityTokenService, options.sts, options, search)
    })))

/**
 * The same as {@link layer}, with options from configuration.
 * Effect builds a constant layer once, with the first configuration. In a program with two configurations, wrap it in
 * `Layer.fresh`.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
 * import * as Config from "effect/Config"
 *
 * const live = AwsPlanes.layerConfig({
 *   region: Config.String("AGENT_REGION"),
 *   credentials: Config.all({
 *     accessKeyId: Config.String("AGENT_ACCESS_KEY_ID"),
 *     secretAccessKey: Config.Redacted("AGENT_SECRET_ACCESS_KEY")
 *   })
 * })
 */
export const layerConfig = (config: Config.Wrap<Options>): Layer.Layer<Planes, Config.ConfigError> =>
  Layer.unwrap(Effect.map(readConfig(Config.unwrap(config)), layer))
