/** The options of the layers over the AWS SDK. */
import type * as DataPlaneSdk from "@aws-sdk/client-bedrock-agentcore"
import type * as ControlPlaneSdk from "@aws-sdk/client-bedrock-agentcore-control"
import type * as StsSdk from "@aws-sdk/client-sts"
import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"

/** Static credentials, in the place of the SDK's own search. */
export interface Credentials {
  /** The id of the access key. */
  readonly accessKeyId: string
  /** The secret of the access key. */
  readonly secretAccessKey: Redacted.Redacted
  /** The session token, of temporary credentials. */
  readonly sessionToken?: Redacted.Redacted | undefined
}

/** A credential provider of the AWS SDK, as `@aws-sdk/credential-providers` makes them. */
export type CredentialsProvider = Extract<
  DataPlaneSdk.BedrockAgentCoreClientConfig["credentials"],
  (...args: never) => unknown
>

/** The options that all planes share. Everything is optional. */
export interface SharedOptions {
  /**
   * Default: `AWS_REGION`, then the region that the SDK finds, then `us-west-2`. The SDK looks in the AWS profile, and asks the instance on
   * EC2, which takes up to a second unless `AWS_EC2_METADATA_DISABLED` is set.
   */
  readonly region?: string | undefined
  /**
   * Static credentials, or a credential provider of the AWS SDK. A provider is called when its credentials have 5 minutes left, once for all
   * callers of a plane, and no call waits for it while the old ones are valid. After 10 seconds without credentials, calls fail with a
   * `TransportError` of kind `credentials`. Default: the SDK's own chain (environment, profile, SSO, container, instance).
   */
  readonly credentials?: Credentials | CredentialsProvider | undefined
  /**
   * One endpoint for all planes, like the URL of the local server. Where STS has another endpoint, give it to `sts`. Default, for each plane:
   * `BEDROCK_AGENTCORE_DP_ENDPOINT` or `BEDROCK_AGENTCORE_CP_ENDPOINT`, then AWS's own `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE`,
   * `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL` or `AWS_ENDPOINT_URL_STS`, then `AWS_ENDPOINT_URL`, then `endpoint_url` of the AWS
   * profile, which the SDK reads, then the service in the region.
   *
   * An https URL without user name, password, query and fragment. Loopback hosts may have http.
   */
  readonly endpoint?: string | undefined
  /** Allows plain http to any host. Tokens are then readable on the network. */
  readonly allowInsecureEndpoint?: boolean | undefined
  /** The number of attempts that the SDK makes for a request, the first one included. Default: the SDK's, 3. */
  readonly maxAttempts?: number | undefined
  /**
   * The time limit of each call: the search for credentials, all attempts of the SDK, and the waits between them. A call that takes longer is
   * aborted, and fails with a `TransportError` of kind `timeout`. It applies to a client that the program made too. `Duration.infinity` sets
   * no limit. Default: 30 seconds.
   *
   * The SDK retries a silent attempt only if that has a shorter limit of its own: give a `requestHandler` with `requestTimeout` and
   * `throwOnRequestTimeout: true` to `dataPlane`, `controlPlane` or `sts`.
   */
  readonly timeout?: Duration.Input | undefined
}

/** The options of all planes. Everything is optional. */
export interface Options extends SharedOptions {
  /**
   * The SDK's own configuration for the client of the data plane, over the options above. Or a client: the layer uses it as it is, and does
   * not destroy it.
   */
  readonly dataPlane?:
    | DataPlaneSdk.BedrockAgentCoreClientConfig
    | {
      /** A client of the SDK. The layer does not destroy it. */
      readonly client: DataPlaneSdk.BedrockAgentCoreClient
    }
    | undefined
  /** The same for the control plane. */
  readonly controlPlane?:
    | ControlPlaneSdk.BedrockAgentCoreControlClientConfig
    | {
      /** A client of the SDK. The layer does not destroy it. */
      readonly client: ControlPlaneSdk.BedrockAgentCoreControlClient
    }
    | undefined
  /** The same for STS. */
  readonly sts?:
    | StsSdk.STSClientConfig
    | {
      /** A client of the SDK. The layer does not destroy it. */
      readonly client: StsSdk.STSClient
    }
    | undefined
}
