/**
 * The local backend's client of authorization servers: client credentials, authorization code with PKCE, refresh, and
 * tokens on behalf of a user.
 *
 * `layer` speaks OAuth 2 over HTTP. `layerScripted` is pure: it issues numbered tokens that expire by the `Clock`.
 * Tests of whole flows need no HTTP with it.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Http from "./oauth/http.js"
import * as Scripted from "./oauth/scripted.js"
import type { ScriptedOptions, Service } from "./oauth/service.js"

/**
 * @since 0.2.0
 */
export * from "./oauth/service.js"

/**
 * The client of authorization servers, with which the local backend obtains tokens.
 *
 * @since 0.2.0
 * @category services
 * @example
 * import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const token = Effect.gen(function*() {
 *   const client = yield* OAuthClient.OAuthClient
 *   const tokens = yield* client.clientCredentials({
 *     discovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
 *     clientId: "agent",
 *     clientSecret: Redacted.make("from your configuration"),
 *     clientAuthenticationMethod: "CLIENT_SECRET_BASIC"
 *   }, { scopes: ["read"] })
 *   return tokens.accessToken
 * })
 *
 * const program = Effect.provide(token, OAuthClient.layerScripted())
 */
export class OAuthClient
  extends Context.Service<OAuthClient, Service>()("effect-agentcore-identity/local/OAuthClient")
{}

/**
 * The client over HTTP. It uses plain http only for loopback hosts. It reads metadata once per discovery URL, and again
 * for `discover`. If the read fails, the next request repeats it. It keeps the metadata of 100 discovery URLs, and the
 * keys of 100 issuers. A request for metadata or tokens times out after 30 seconds, and a request for the keys of an
 * issuer after 5 seconds. A response body can have up to 1 MB, or 256 KB for the keys of an issuer. Interruption closes
 * the connection of a request, except for the keys of an issuer, which callers share.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer: Layer.Layer<OAuthClient> = Layer.sync(OAuthClient, () => Http.make())

/**
 * An authorization server without HTTP. The same calls return the same responses.
 *
 * - An access token is `token-1.<client id>.<grant>.<scopes>`. The number counts the requests for tokens.
 * - The grant is `m2m`, the code of the authorization, or `obo-<subject>` on behalf of a user. With an actor token it
 *   is `obo-<subject>-by-<actor token>`.
 * - The authorization page is `https://authorization.invalid/authorize`. A callback with the state of an authorization
 *   is accepted with any code, once, with the verifier of its challenge.
 * - It checks the times of a user's JWT, but not its signature.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
 * import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
 * import * as Layer from "effect/Layer"
 *
 * // Planes for tests: access tokens that live for 5 minutes, and can be refreshed.
 * const planes = LocalBackend.layer().pipe(
 *   Layer.provide(OAuthClient.layerScripted({ tokenLifetime: "5 minutes" }))
 * )
 */
export const layerScripted = (options: ScriptedOptions = {}): Layer.Layer<OAuthClient> =>
  Layer.sync(OAuthClient, () => Scripted.make(options))
