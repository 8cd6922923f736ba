/**
 * `Identity` on this machine: a backend, a server on a free port for browsers and other programs, and the planes in process. A
 * program moves from a laptop to AWS by putting `AwsIdentity.layer` in the place of this one line.
 *
 * @since 0.1.0
 */
import * as Layer from "effect/Layer"
import * as Identity from "../Identity.js"
import type * as LocalBackend from "./LocalBackend.js"
import * as LocalServer from "./LocalServer.js"
import * as OAuthClient from "./OAuthClient.js"

/**
 * Those of the server and of the backend.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = LocalServer.Options

/**
 * `Identity`, the planes and STS, local. Authorization servers are reached over HTTP, by `OAuthClient.layer`. To put a decorator
 * under `Identity`, compose `Identity.layer` over decorated `LocalServer.layer`.
 *
 * @since 0.1.0
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
  Identity.Identity | LocalBackend.Planes | LocalServer.LocalServer | LocalBackend.LocalBackend,
  LocalServer.LocalServerError
> =>
  Identity.layer.pipe(
    Layer.provideMerge(LocalServer.layer(options)),
    Layer.provide(OAuthClient.layer)
  )
