/** The options of the layers over HTTP. */
import type * as Duration from "effect/Duration"
import type { Credentials, CredentialsProvider } from "../options.js"

/** The options of one plane, over those of all planes. */
export interface PlaneOptions {
  /** The AWS region. */
  readonly region?: string | undefined
  /** Static credentials, or a credential provider of the AWS SDK. */
  readonly credentials?: Credentials | CredentialsProvider | undefined
  /** An https URL without user name, password, query and fragment. Loopback hosts may have http. */
  readonly endpoint?: string | undefined
  /** The number of attempts for a request, the first one included. */
  readonly maxAttempts?: number | undefined
  /** The time limit of each call: the search for credentials, all attempts, and the waits between them. */
  readonly timeout?: Duration.Input | undefined
}

/** The options that all planes share. Everything is optional. */
export interface SharedOptions extends PlaneOptions {
  /**
   * Default: `AWS_REGION`, then `us-west-2`. In between, `layerNode` looks where the AWS SDK does: in the AWS profile, and at the instance
   * on EC2, which takes up to a second unless `AWS_EC2_METADATA_DISABLED` is set.
   */
  readonly region?: string | undefined
  /**
   * Static credentials, or a credential provider of the AWS SDK. A provider is called when its credentials have 5 minutes left, once for all
   * callers, and no call waits for it while the old ones are valid. After 10 seconds without credentials, calls fail with a
   * `TransportError` of kind `credentials`.
   *
   * Default of `layer`: the variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. Default of `layerNode`: what the
   * AWS SDK's own chain finds. Without a profile the chain is not loaded: not with credentials in the environment (Lambda), for a web
   * identity token (EKS), of a container (ECS, EKS Pod Identity), or of the metadata service (EC2, AgentCore Runtime).
   *
   * Bundlers leave the chain out. A bundle that has to use an AWS profile gives `fromNodeProviderChain()` of
   * `@aws-sdk/credential-providers`.
   */
  readonly credentials?: Credentials | CredentialsProvider | undefined
  /**
   * One endpoint for all planes, like the URL of the local server. Where STS has another endpoint, give it to `sts`. Default, for each plane:
   * `BEDROCK_AGENTCORE_DP_ENDPOINT` or `BEDROCK_AGENTCORE_CP_ENDPOINT`, then AWS's own `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE`,
   * `AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL` or `AWS_ENDPOINT_URL_STS`, then `AWS_ENDPOINT_URL`, then `endpoint_url` of the AWS
   * profile (`layerNode`), then the service in the region, by `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`.
   *
   * An https URL without user name, password, query and fragment. Loopback hosts may have http.
   */
  readonly endpoint?: string | undefined
  /** Allows plain http to any host. Tokens are then readable on the network. */
  readonly allowInsecureEndpoint?: boolean | undefined
  /**
   * The number of attempts for a request, the first one included. Default: `AWS_MAX_ATTEMPTS`, then `max_attempts` of the AWS profile
   * (`layerNode`), then 3, as in the AWS SDK.
   */
  readonly maxAttempts?: number | undefined
  /**
   * The time limit of each call: the search for credentials, all attempts, and the waits between them. A call that takes longer is aborted,
   * and fails with a `TransportError` of kind `timeout`. `Duration.infinity` sets no limit. Default: 30 seconds.
   */
  readonly timeout?: Duration.Input | undefined
}

/** The options of all planes. Everything is optional. */
export interface Options extends SharedOptions {
  /** Options of the data plane alone, over the options above. */
  readonly dataPlane?: PlaneOptions | undefined
  /** The same for the control plane. */
  readonly controlPlane?: PlaneOptions | undefined
  /** The same for STS. */
  readonly sts?: PlaneOptions | undefined
}
