/**
 * The planes of AgentCore Identity at AWS, and STS, without the AWS SDK. They are smaller and faster than `AwsPlanes`,
 * and have the same errors, settings, time limits and retries. The package signs requests itself, and tests compare its
 * signatures with those of the AWS SDK.
 *
 * `layer` sends them by any `HttpClient`, also on edge runtimes. It signs with `node:crypto` if the runtime has it, and
 * else with Web Crypto, which takes ten times as long. `layerNode` uses `node:http` and `node:https`. It keeps its
 * connections, and reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
 *
 * @since 0.2.0
 */
import type * as Config from "effect/Config"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Planes } from "./AwsPlanes.js"
import * as Client from "./internal/http/client.js"
import * as Adapter from "./internal/http/httpPlane.js"
import * as Node from "./internal/http/nodeRuntime.js"
import { controlPlane, securityTokenService } from "./internal/http/planes.js"
import { makeServices } from "./internal/services.js"

export type {
  /** @since 0.2.0 */
  NodeOptions,
  /** @since 0.2.0 */
  Options,
  /** @since 0.2.0 */
  PlaneOptions,
  /** @since 0.2.0 */
  SharedOptions
} from "./internal/http/httpPlane.js"

export type {
  /** @since 0.2.0 */
  EndpointOptions
} from "./internal/planeSettings.js"

const make = (
  options: Adapter.Options,
  runtime: Adapter.Runtime
): Effect.Effect<Context.Context<Planes>, Config.ConfigError, Scope.Scope> =>
  Effect.flatMap(Adapter.share(options, runtime), (shared) =>
    makeServices({
      data: Adapter.operations(Adapter.dataPlane, options.dataPlane, shared),
      control: Adapter.operations(controlPlane, options.controlPlane, shared),
      sts: Adapter.operations(securityTokenService, options.sts, shared)
    }))

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
 * import * as AwsHttpPlanes from "effect-agentcore-identity/aws/AwsHttpPlanes"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 * import * as FetchHttpClient from "effect/http/FetchHttpClient"
 *
 * // An edge runtime hands its secrets to the program.
 * const live = (env: { readonly KEY_ID: string; readonly SECRET_KEY: string }) =>
 *   Identity.layer.pipe(
 *     Layer.provideMerge(AwsHttpPlanes.layer({
 *       region: "us-west-2",
 *       credentials: { accessKeyId: env.KEY_ID, secretAccessKey: Redacted.make(env.SECRET_KEY) }
 *     })),
 *     Layer.provide(FetchHttpClient.layer)
 *   )
 */
export const layer = (options: Adapter.Options = {}): Layer.Layer<Planes, Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effectContext(Effect.flatMap(Client.runtime, (runtime) => make(options, runtime)))

/**
 * All planes in Node. Connections are kept, and closed with the layer. Errors are those of {@link layer}. Without the
 * option `credentials`, the first call looks for credentials, and fails with a `TransportError` if there are none.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AwsHttpPlanes from "effect-agentcore-identity/aws/AwsHttpPlanes"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Layer from "effect/Layer"
 *
 * const live = Identity.layer.pipe(
 *   Layer.provideMerge(AwsHttpPlanes.layerNode({ region: "us-west-2" }))
 * )
 */
export const layerNode = (options: Adapter.NodeOptions = {}): Layer.Layer<Planes, Config.ConfigError> =>
  Layer.effectContext(Effect.flatMap(Node.runtime(options), (runtime) => make(options, runtime)))
