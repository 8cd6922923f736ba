/**
 * `Identity` on this machine: a backend, a server on a free port for browsers and other programs, and the planes in
 * process. To move a program from a laptop to AWS, replace this layer by `AwsIdentity.layer`.
 *
 * @since 0.2.0
 */
import * as Layer from "effect/Layer"
import * as Identity from "../Identity.js"
import type * as LocalBackend from "./LocalBackend.js"
import type * as LocalControl from "./LocalControl.js"
import * as LocalServer from "./LocalServer.js"
import * as OAuthClient from "./OAuthClient.js"

/**
 * The options of the server and of the backend.
 *
 * @since 0.2.0
 * @category models
 */
export type Options = LocalServer.Options

/**
 * `Identity`, the planes and STS, on this machine. It reaches authorization servers over HTTP, with
 * `OAuthClient.layer`. To put a decorator under `Identity`, compose `Identity.layer` over a decorated
 * `LocalServer.layer`.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const program = Effect.gen(function*() {
 *   const identity = yield* Identity.Identity
 *   const controlPlane = yield* ControlPlane.ControlPlane
 *   yield* controlPlane.createWorkloadIdentity({ name: "my-agent" })
 *   yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make("for development") })
 *   return yield* identity.getApiKey({ provider: "weather" }).pipe(
 *     Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent" }))
 *   )
 * })
 *
 * const runnable = program.pipe(Effect.provide(LocalIdentity.layer()))
 */
export const layer = (options?: Options): Layer.Layer<
  | Identity.Identity
  | LocalBackend.Planes
  | LocalServer.LocalServer
  | LocalControl.LocalControl
  | LocalBackend.LocalBackend,
  LocalServer.LocalServerError
> => Identity.layer.pipe(Layer.provideMerge(LocalServer.layer(options)), Layer.provide(Layer.fresh(OAuthClient.layer)))
