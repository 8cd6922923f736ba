/**
 * `Identity` on this machine: a backend, a server on a free port for browsers and other programs, and the planes in
 * process. To move a program from a laptop to AWS, replace this layer by `AwsIdentity.layer`.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Identity from "../Identity.js"
import type { AuthorizationServer, AuthorizationServerError } from "./AuthorizationServer.js"
import * as LocalServer from "./LocalServer.js"
import * as OAuthClient from "./OAuthClient.js"
import * as Server from "./standalone/standaloneServer.js"
import * as VaultStore from "./VaultStore.js"

/**
 * The options of the server and of the backend.
 *
 * @since 0.2.0
 * @category models
 */
export type Options = Omit<LocalServer.Options, "authorizationServer">

export type {
  /** @since 0.2.0 */
  AuthorizationServerOptions
} from "./standalone/standaloneServer.js"

/**
 * The options with users, who sign in and consent at an authorization server.
 *
 * @since 0.2.0
 * @category models
 */
export interface OptionsWithUsers extends Options, Server.UserOptions {}

type Servers = Layer.Success<ReturnType<typeof LocalServer.layer>>

const layerWithUsers = ({ setup, settings, ...options }: OptionsWithUsers) =>
  Layer.effectContext(Effect.gen(function*() {
    const { authorizationServer, context } = yield* Server.start({
      ...options,
      load: () => Effect.succeed({ setup, settings })
    }).pipe(
      // A store in memory does not fail.
      Effect.catchTag("VaultStoreError", Effect.die)
    )
    const { AuthorizationServer } = yield* Effect.promise(() => import("./AuthorizationServer.js"))
    // The options ask for one.
    return Context.add(context, AuthorizationServer, Option.getOrThrow(authorizationServer).service)
  })).pipe(Layer.provide(Layer.fresh(VaultStore.layerMemory)))

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
export const layer: {
  /** With a development authorization server. Programs register clients at it, unless it is `offline`. */
  (options: OptionsWithUsers): Layer.Layer<
    Identity.Identity | Servers | AuthorizationServer,
    LocalServer.LocalServerError | AuthorizationServerError
  >
  /** Without an authorization server. */
  (options?: Options): Layer.Layer<Identity.Identity | Servers, LocalServer.LocalServerError>
} = ({ authorizationServer, offline, ...options }: Options & Partial<OptionsWithUsers> = {}) => {
  const servers = !authorizationServer && offline !== true
    ? LocalServer.layer(options)
    : layerWithUsers({ ...options, authorizationServer: authorizationServer || true, offline })
  return Identity.layer.pipe(
    // The overloads say which services and errors there are.
    Layer.provideMerge(
      servers as Layer.Layer<Servers | AuthorizationServer, LocalServer.LocalServerError, OAuthClient.OAuthClient>
    ),
    Layer.provide(Layer.fresh(OAuthClient.layer))
  )
}
