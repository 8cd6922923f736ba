/**
 * The planes of AgentCore Identity at AWS, and STS. All layers have the same errors, settings and time limits. They
 * retry throttled calls, lost connections, and the status 500, 502, 503 and 504, by default twice: see `maxAttempts`.
 * Nothing above them retries a call, and planes in the process do not either: `LocalIdentity.layer`, `ScriptedPlanes`.
 *
 * - `layer` is over the clients of the AWS SDK. Signing, credentials and retries are the SDK's. A client is loaded and
 *   made at its first call. If the SDK has to search for the region, the client of the data plane is loaded when the
 *   layer is built.
 * - `layerHttp` and `layerHttpNode` need no SDK, and are smaller and faster. The package signs requests itself.
 *   `layerHttp` sends them by any `HttpClient`, also on edge runtimes. `layerHttpNode` uses `node:http` and
 *   `node:https`. It keeps its connections, and reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
 *
 * @since 0.2.0
 */
import type * as DataPlaneSdk from "@aws-sdk/client-bedrock-agentcore"
import type * as ControlPlaneSdk from "@aws-sdk/client-bedrock-agentcore-control"
import type * as StsSdk from "@aws-sdk/client-sts"
import * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { ControlPlane } from "../ControlPlane.js"
import type { DataPlane } from "../DataPlane.js"
import { readConfig } from "../internal/environment.js"
import type { SecurityTokenService } from "../SecurityTokenService.js"

/** A credential provider of the AWS SDK, as `@aws-sdk/credential-providers` makes them. */
type CredentialsProvider = Extract<
  DataPlaneSdk.BedrockAgentCoreClientConfig["credentials"],
  (...args: never) => unknown
>

/** A client of the program, or the SDK's own configuration for one. */
type ClientOption<Config, Client> =
  | Config
  | {
    /** A client of the program, used as it is. */
    readonly client: Client
  }
  | undefined

/**
 * The options of {@link layer}. Everything is optional.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /**
   * Default: `AWS_REGION`, then the region that the SDK finds, then `us-west-2`. The SDK looks in the AWS profile, and
   * on EC2 at the instance, which takes up to a second unless `AWS_EC2_METADATA_DISABLED` is set.
   */
  readonly region?: string | undefined
  /**
   * Static credentials, or a credential provider of the AWS SDK. A provider is called 5 minutes before its credentials
   * expire, once for all callers of a plane. No call waits for it while the old ones are valid. After 10 seconds
   * without credentials, calls fail with a `TransportError` of kind `credentials`. Default: the SDK's own chain
   * (environment, profile, SSO, container, instance).
   */
  readonly credentials?:
    | {
      /** The id of the access key. */
      readonly accessKeyId: string
      /** The secret of the access key. */
      readonly secretAccessKey: Redacted.Redacted
      /** The session token, of temporary credentials. */
      readonly sessionToken?: Redacted.Redacted | undefined
    }
    | CredentialsProvider
    | undefined
  /**
   * One endpoint for all planes, like the URL of the local server. If STS has another endpoint, set it in `sts`.
   * Default, for each plane: `BEDROCK_AGENTCORE_DP_ENDPOINT` or `BEDROCK_AGENTCORE_CP_ENDPOINT`, then AWS's own
   * `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE`, `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL` or `AWS_ENDPOINT_URL_STS`, then
   * `AWS_ENDPOINT_URL`, then `endpoint_url` of the AWS profile (except in `layerHttp`), then the service in the region,
   * by `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`.
   *
   * An https URL without user name, password, query and fragment. For loopback hosts, http is allowed.
   */
  readonly endpoint?: string | undefined
  /** Allows plain http to any host. Tokens are then readable on the network. */
  readonly allowInsecureEndpoint?: boolean | undefined
  /** The number of attempts for a request, including the first one. Default: that of the SDK, 3. */
  readonly maxAttempts?: number | undefined
  /**
   * The time limit of each call, with its search for credentials, all attempts and waits. A call that takes longer is
   * aborted, and fails with a `TransportError` of kind `timeout`. It also applies to a client that the program made.
   * `Duration.infinity` sets no limit. Default: 30 seconds.
   *
   * The SDK retries an attempt without a response only if attempts have a shorter limit: set a `requestHandler` with
   * `requestTimeout` and `throwOnRequestTimeout: true` in `dataPlane`, `controlPlane` or `sts`.
   */
  readonly timeout?: Duration.Input | undefined
  /**
   * A client of the data plane, or the SDK's own configuration for one. It overrides the options above. The layer does
   * not change or destroy a client.
   */
  readonly dataPlane?: ClientOption<DataPlaneSdk.BedrockAgentCoreClientConfig, DataPlaneSdk.BedrockAgentCoreClient>
  /** The same for the control plane. */
  readonly controlPlane?: ClientOption<
    ControlPlaneSdk.BedrockAgentCoreControlClientConfig,
    ControlPlaneSdk.BedrockAgentCoreControlClient
  >
  /** The same for STS. */
  readonly sts?: ClientOption<StsSdk.STSClientConfig, StsSdk.STSClient>
}

/**
 * The options of {@link layerHttp} and {@link layerHttpNode}. Everything is optional.
 *
 * @since 0.2.0
 * @category models
 */
export interface HttpOptions extends Pick<Options, "allowInsecureEndpoint" | "endpoint"> {
  /** As in {@link Options}, except that `layerHttp` reads neither the AWS profile nor the instance. */
  readonly region?: string | undefined
  /**
   * Static credentials, or a credential provider of the AWS SDK, called as with {@link layer}.
   *
   * Default of `layerHttp`: the variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. Default
   * of `layerHttpNode`: the credentials that the AWS SDK's own chain finds. The chain is loaded only if there is an AWS
   * profile. These need no chain: the environment (Lambda), a web identity token (EKS), a container (ECS, EKS Pod
   * Identity), and the metadata service (EC2, AgentCore Runtime).
   *
   * Bundlers leave the chain out. A bundle that uses an AWS profile has to set `fromNodeProviderChain()` of
   * `@aws-sdk/credential-providers` here.
   */
  readonly credentials?: Options["credentials"]
  /**
   * The number of attempts for a request, including the first one. Default: `AWS_MAX_ATTEMPTS`, then for
   * `layerHttpNode` `max_attempts` of the AWS profile, then 3.
   */
  readonly maxAttempts?: number | undefined
  /** The time limit of each call, as in {@link Options}. Default: 30 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** The maximum number of connections of `layerHttpNode` to an endpoint. Further calls wait for one. Default: 256. */
  readonly maxSockets?: number | undefined
  /** Options of the data plane. They override the options above. */
  readonly dataPlane?:
    | Pick<HttpOptions, "credentials" | "endpoint" | "maxAttempts" | "region" | "timeout">
    | undefined
  /** The same for the control plane. */
  readonly controlPlane?: HttpOptions["dataPlane"]
  /** The same for STS. */
  readonly sts?: HttpOptions["dataPlane"]
}

/**
 * All planes over the AWS SDK. An invalid region or endpoint, and static credentials that are not `Redacted`, are a
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
export const layer = (
  options: Options = {}
): Layer.Layer<DataPlane | ControlPlane | SecurityTokenService, Config.ConfigError> =>
  Layer.effectContext(
    Effect.flatMap(Effect.promise(() => import("./internal/sdk/sdkPlanes.js")), ({ make }) => make(options))
  )

/**
 * The same as {@link layer}, with options from configuration. Effect builds a constant layer once, with the first
 * configuration. In a program with two configurations, wrap it in `Layer.fresh`.
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
export const layerConfig = (
  config: Config.Wrap<Options>
): Layer.Layer<DataPlane | ControlPlane | SecurityTokenService, Config.ConfigError> =>
  Layer.unwrap(Effect.map(readConfig(Config.unwrap(config)), layer))

const loadHttp = Effect.promise(() => import("./internal/http/planes.js"))

/**
 * All planes over an `HttpClient`. An invalid region or endpoint, and static credentials that are not `Redacted`, are a
 * `ConfigError`. It looks for credentials in the environment only.
 *
 * The client's spans do not show the headers with secrets. `fetch` does not follow redirects, because it would send
 * signed headers to other origins.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 * import * as FetchHttpClient from "effect/http/FetchHttpClient"
 *
 * // An edge runtime hands its secrets to the program.
 * const live = (env: { readonly KEY_ID: string; readonly SECRET_KEY: string }) =>
 *   Identity.layer.pipe(
 *     Layer.provideMerge(AwsPlanes.layerHttp({
 *       region: "us-west-2",
 *       credentials: { accessKeyId: env.KEY_ID, secretAccessKey: Redacted.make(env.SECRET_KEY) }
 *     })),
 *     Layer.provide(FetchHttpClient.layer)
 *   )
 */
export const layerHttp = (
  options: Omit<HttpOptions, "maxSockets"> = {}
): Layer.Layer<DataPlane | ControlPlane | SecurityTokenService, Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effectContext(Effect.gen(function*() {
    const { runtime } = yield* Effect.promise(() => import("./internal/http/client.js"))
    return yield* (yield* loadHttp).make(options, yield* runtime)
  }))

/**
 * All planes in Node. Connections are kept, and closed with the layer. Errors are those of {@link layerHttp}. Without
 * the option `credentials`, the first call looks for credentials, and fails with a `TransportError` if there are none.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerHttpNode = (
  options: HttpOptions = {}
): Layer.Layer<DataPlane | ControlPlane | SecurityTokenService, Config.ConfigError> =>
  Layer.effectContext(Effect.gen(function*() {
    const { runtime } = yield* Effect.promise(() => import("./internal/http/nodeRuntime.js"))
    return yield* (yield* loadHttp).make(options, yield* runtime(options))
  }))
