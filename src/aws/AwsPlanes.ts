/**
 * The planes of AgentCore Identity at AWS, over the clients of the AWS SDK. Signing, credentials, and retries are the SDK's;
 * nothing else retries a call. The SDK is loaded when the layer is built, not when this module is imported.
 *
 * @since 0.1.0
 */
import type * as DataPlaneSdk from "@aws-sdk/client-bedrock-agentcore"
import type * as ControlPlaneSdk from "@aws-sdk/client-bedrock-agentcore-control"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as ControlPlane from "../ControlPlane.js"
import * as DataPlane from "../DataPlane.js"
import * as AwsControlPlane from "../internal/aws/controlPlane.js"
import * as AwsDataPlane from "../internal/aws/dataPlane.js"
import * as Settings from "../internal/aws/settings.js"

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
   * One endpoint for both planes. Default, for each plane: `BEDROCK_AGENTCORE_DP_ENDPOINT` or `BEDROCK_AGENTCORE_CP_ENDPOINT`,
   * then AWS's own `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE` or `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL`, then
   * `AWS_ENDPOINT_URL`, then `endpoint_url` of the AWS profile, which the SDK reads, then the service in the region.
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
}

/** What both client configurations have in common, of what is set here. */
type ClientConfig = Pick<
  DataPlaneSdk.BedrockAgentCoreClientConfig,
  "region" | "credentials" | "endpoint" | "maxAttempts"
>

interface Client {
  readonly destroy: () => void
}

const scoped = <C extends Client>(make: () => C): Effect.Effect<C, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(make), (client) => Effect.sync(() => client.destroy()))

/** The search of the SDK for a region, which only a client can start. */
const searchRegion = (
  make: () => Client & { readonly config: { readonly region: () => Promise<string> } }
): Effect.Effect<Option.Option<string>> =>
  Effect.scoped(
    Effect.flatMap(scoped(make), (client) => Effect.option(Effect.tryPromise(() => client.config.region())))
  )

const clientConfig = (
  options: Options,
  own: ClientConfig,
  variables: { readonly variable: string; readonly awsVariable: string },
  search: Effect.Effect<Option.Option<string>>
): Effect.Effect<ClientConfig, ConfigError.ConfigError> =>
  Effect.gen(function*() {
    const allowInsecure = options.allowInsecureEndpoint ?? false
    // A function of the SDK's configuration, or an endpoint object, is the SDK's to make sense of.
    const region = own.region === undefined || typeof own.region === "string"
      ? yield* Settings.region(own.region ?? options.region, search)
      : own.region
    const endpoint = own.endpoint === undefined || typeof own.endpoint === "string"
      ? yield* Settings.endpoint({ option: own.endpoint ?? options.endpoint, allowInsecure, ...variables })
      : own.endpoint
    const credentials = own.credentials !== undefined
      ? Settings.fromSdk(own.credentials)
      : options.credentials && Settings.fromOption(options.credentials)
    const maxAttempts = own.maxAttempts ?? options.maxAttempts
    return {
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
      ...(maxAttempts === undefined ? {} : { maxAttempts })
    }
  })

const makeDataPlane = (
  sdk: typeof DataPlaneSdk,
  options: Options
): Effect.Effect<DataPlane.Service, ConfigError.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const given = options.dataPlane ?? {}
    if ("client" in given) {
      return AwsDataPlane.make(sdk, given.client)
    }
    const config = yield* clientConfig(
      options,
      given,
      { variable: "BEDROCK_AGENTCORE_DP_ENDPOINT", awsVariable: "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE" },
      searchRegion(() => new sdk.BedrockAgentCoreClient(given))
    )
    return AwsDataPlane.make(sdk, yield* scoped(() => new sdk.BedrockAgentCoreClient({ ...given, ...config })))
  })

const makeControlPlane = (
  sdk: typeof ControlPlaneSdk,
  options: Options
): Effect.Effect<ControlPlane.Service, ConfigError.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const given = options.controlPlane ?? {}
    if ("client" in given) {
      return AwsControlPlane.make(sdk, given.client)
    }
    const config = yield* clientConfig(
      options,
      given,
      { variable: "BEDROCK_AGENTCORE_CP_ENDPOINT", awsVariable: "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL" },
      searchRegion(() => new sdk.BedrockAgentCoreControlClient(given))
    )
    return AwsControlPlane.make(
      sdk,
      yield* scoped(() => new sdk.BedrockAgentCoreControlClient({ ...given, ...config }))
    )
  })

const loadSdk = Effect.promise(() =>
  Promise.all([import("@aws-sdk/client-bedrock-agentcore"), import("@aws-sdk/client-bedrock-agentcore-control")])
)

/**
 * Both planes at AWS. A region or an endpoint that cannot be one is a `ConfigError`; credentials are looked for at the first
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
): Layer.Layer<DataPlane.DataPlane | ControlPlane.ControlPlane, ConfigError.ConfigError> =>
  Layer.scopedContext(Effect.gen(function*() {
    const [dataPlaneSdk, controlPlaneSdk] = yield* loadSdk
    // One after the other: of a setting that breaks both, one error is enough.
    const dataPlane = yield* makeDataPlane(dataPlaneSdk, options)
    const controlPlane = yield* makeControlPlane(controlPlaneSdk, options)
    return Context.make(DataPlane.DataPlane, dataPlane).pipe(Context.add(ControlPlane.ControlPlane, controlPlane))
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
): Layer.Layer<DataPlane.DataPlane | ControlPlane.ControlPlane, ConfigError.ConfigError> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(config), layer))
