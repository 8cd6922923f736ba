/**
 * The planes of AgentCore Identity at AWS, and STS, over the clients of the AWS SDK. Signing, credentials, and retries are the SDK's;
 * nothing else retries a call. Each client is loaded and made at its first call: a program loads those that it calls. Where the SDK has
 * to look for the region, one is loaded when the layer is built.
 *
 * @since 0.1.0
 */
import type * as DataPlaneSdk from "@aws-sdk/client-bedrock-agentcore"
import type * as ControlPlaneSdk from "@aws-sdk/client-bedrock-agentcore-control"
import type * as StsSdk from "@aws-sdk/client-sts"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as ControlPlane from "../ControlPlane.js"
import * as DataPlane from "../DataPlane.js"
import { operations as controlPlaneRows } from "../internal/controlPlaneOperations.js"
import * as SecurityTokenService from "../SecurityTokenService.js"
import * as Adapter from "./internal/adapter.js"
import * as AwsControlPlane from "./internal/controlPlane.js"
import * as AwsSecurityTokenService from "./internal/securityTokenService.js"
import type * as Settings from "./internal/settings.js"

/**
 * Credentials that are given rather than found.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted.Redacted
  readonly sessionToken?: Redacted.Redacted | undefined
}

/**
 * A credential provider of the AWS SDK, as `@aws-sdk/credential-providers` makes them.
 *
 * @since 0.1.0
 * @category models
 */
export type CredentialsProvider = Settings.CredentialsProvider

/**
 * Everything is optional.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Default: `AWS_REGION`, then what the SDK finds (the region of the AWS profile; on EC2 that of the instance, which takes up
   * to a second to find out, unless `AWS_EC2_METADATA_DISABLED` is set), then `us-west-2`.
   */
  readonly region?: string | undefined
  /**
   * Default: the SDK's own chain (environment, profile, SSO, container, instance).
   */
  readonly credentials?: Credentials | CredentialsProvider | undefined
  /**
   * One endpoint for all planes, as that of the local server; where STS has another one, give it to `sts`. Default, for each plane:
   * `BEDROCK_AGENTCORE_DP_ENDPOINT` or `BEDROCK_AGENTCORE_CP_ENDPOINT`, then AWS's own `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE`,
   * `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL` or `AWS_ENDPOINT_URL_STS`, then `AWS_ENDPOINT_URL`, then `endpoint_url` of the AWS
   * profile, which the SDK reads, then the service in the region.
   *
   * An https URL without user name, password, query and fragment; http is for loopback hosts.
   */
  readonly endpoint?: string | undefined
  /**
   * Accepts http for any host. Whoever is on the way reads the tokens.
   */
  readonly allowInsecureEndpoint?: boolean | undefined
  /**
   * How often the SDK sends a request at most, the first time included. Default: the SDK's, 3.
   */
  readonly maxAttempts?: number | undefined
  /**
   * The SDK's own configuration for the client of the data plane, over the options above; or a client, which is used as it
   * is, and not destroyed with the layer.
   */
  readonly dataPlane?:
    | DataPlaneSdk.BedrockAgentCoreClientConfig
    | { readonly client: DataPlaneSdk.BedrockAgentCoreClient }
    | undefined
  /**
   * The same for the control plane.
   */
  readonly controlPlane?:
    | ControlPlaneSdk.BedrockAgentCoreControlClientConfig
    | { readonly client: ControlPlaneSdk.BedrockAgentCoreControlClient }
    | undefined
  /**
   * The same for STS.
   */
  readonly sts?: StsSdk.STSClientConfig | { readonly client: StsSdk.STSClient } | undefined
}

/**
 * What the layers provide.
 *
 * @since 0.1.0
 * @category models
 */
export type Planes = DataPlane.DataPlane | ControlPlane.ControlPlane | SecurityTokenService.SecurityTokenService

const controlPlane = Adapter.adapter({
  load: () => import("@aws-sdk/client-bedrock-agentcore-control"),
  client: (sdk, config: ControlPlaneSdk.BedrockAgentCoreControlClientConfig) =>
    new sdk.BedrockAgentCoreControlClient(config),
  operations: (sdk, client) => AwsControlPlane.operations(sdk, client, controlPlaneRows),
  rows: controlPlaneRows,
  variables: { variable: "BEDROCK_AGENTCORE_CP_ENDPOINT", awsVariable: "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL" }
})

const securityTokenService = Adapter.adapter({
  load: () => import("@aws-sdk/client-sts"),
  client: (sdk, config: StsSdk.STSClientConfig) => new sdk.STSClient(config),
  operations: AwsSecurityTokenService.operations,
  rows: AwsSecurityTokenService.rows,
  variables: { awsVariable: "AWS_ENDPOINT_URL_STS" }
})

/**
 * All planes at AWS. A region or an endpoint that cannot be one is a `ConfigError`; credentials are looked for at the first
 * call, and missing ones are a `TransportError` of that call.
 *
 * @since 0.1.0
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
export const layer = (
  options: Options = {}
): Layer.Layer<Planes, ConfigError.ConfigError> =>
  Layer.scopedContext(Effect.gen(function*() {
    const search = yield* Adapter.regionSearch
    // One after the other: of a setting that breaks all, one error is enough.
    const data = yield* Adapter.operationsOf(Adapter.dataPlane, options.dataPlane ?? {}, options, search)
    const control = yield* Adapter.operationsOf(controlPlane, options.controlPlane ?? {}, options, search)
    const sts = yield* Adapter.operationsOf(securityTokenService, options.sts ?? {}, options, search)
    return Context.make(DataPlane.DataPlane, DataPlane.make(data)).pipe(
      Context.add(ControlPlane.ControlPlane, ControlPlane.make(control)),
      Context.add(SecurityTokenService.SecurityTokenService, SecurityTokenService.make(sts))
    )
  }))

/**
 * The same, with options from configuration.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
 * import * as Config from "effect/Config"
 *
 * const live = AwsPlanes.layerConfig({
 *   region: Config.string("AGENT_REGION"),
 *   credentials: Config.all({
 *     accessKeyId: Config.string("AGENT_ACCESS_KEY_ID"),
 *     secretAccessKey: Config.redacted("AGENT_SECRET_ACCESS_KEY")
 *   })
 * })
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<Planes, ConfigError.ConfigError> => Layer.unwrapEffect(Effect.map(Config.unwrap(config), layer))
