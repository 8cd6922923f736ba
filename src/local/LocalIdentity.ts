/**
 * AgentCore Identity on this machine. To move a program from a laptop to AWS, replace {@link layer} by
 * `AwsIdentity.layer`.
 *
 * The server speaks the wire protocol of both planes (REST-JSON 1, one port), and has the pages of a user's consent.
 * Every AWS SDK can use it as an endpoint. A request needs an AWS signature for the service `bedrock-agentcore`. By
 * default the server checks only that a signature is present; see `signatures`. STS, at `POST /`, names the caller by
 * the access key of the signature. The server accepts only its own host names, and sends no CORS headers, so that pages
 * of other sites cannot use it. It is for development: never let others reach it.
 *
 * It has a control (`LocalControl`), also at `/_local/` for programs on this machine that have its token, and the
 * console, a page for people at `/_local/console`, to which `GET /` redirects.
 *
 * AWS does not document all behaviour. The rest is an option, or it is this:
 *
 * - A workload access token expires after 60 minutes. A token that was made of a user's JWT expires with the JWT, if
 *   that is earlier. The lifetime is a guess, and so is the parameter of the return URL with the custom state, `state`.
 * - A grant serves the requests of one shape: the same scopes, resources and audiences in any order, and the same
 *   custom parameters. `forceAuthentication` drops the grant of its shape.
 * - A poll in another shape than its session's fails.
 * - Secrets and keys by reference are read at each request for a credential, even if the vault contains a token. A
 *   secret or key that is not in the settings is an `AccessDeniedException`. For KMS keys its message is a guess.
 * - `USER_FEDERATION` needs a workload access token of a user.
 * - Tokens on behalf of a user are not stored, so each call sends a request to the authorization server. The vendor
 *   `OktaOauth2` runs the flow only if the settings enable it.
 * - The grant type `TOKEN_EXCHANGE` needs its configuration. An update cannot change the vendor. The messages are
 *   guesses.
 * - An update checks the discovery URL, as a creation does. An update without `privateKeyJwtConfig` keeps the previous
 *   one.
 * - A provider of a seed or a setup may have a KMS key of another region.
 * - The deletion of an OAuth2 credential provider fails with a conflict if a consent portal uses it.
 * - The IdP of a consent portal has to issue JWTs: it is a provider of the vendor `CustomOauth2`, `MicrosoftOauth2`, or
 *   of a vendor whose endpoints the request names. AWS documents some of the rejected vendors. Its scopes include
 *   `openid`, also at creation.
 * - A consent portal is rejected if its role belongs to another account, or is not one of the roles in the settings.
 *   The message is that of AgentCore Runtime, a guess.
 * - A tag key that begins with `aws:` is rejected.
 * - IAM policies: a request for a list needs the action on all resources of its type, such as
 *   `token-vault/default/oauth2credentialprovider/*`. AWS documents no order of authorization and other checks.
 * - `GetCallerIdentity` names one role, in a session with the name of the access key.
 * - The creation of a workload identity has no exception for a quota. Beyond the quota the server raises a
 *   `ValidationException`.
 * - Stripe Privy: the signed method is `POST`, and the signature expires after 30 minutes, as in the vendor's own SDK.
 *
 * Quotas are those of the AWS documentation: 11,000 workload identities, 50 credential providers of each kind, 50 tags.
 * Users' JWTs are checked with the keys that their issuers publish. Consent portals have no gateway. Their
 * URLs have the form of AWS, but no server responds there.
 *
 * AWS does not pass on the errors of authorization servers, and neither does this server. It logs them as warnings,
 * with `error` and `error_description`.
 *
 * Payment tokens are real: they are made as the vendors document them. They are not sent to the vendors. If a
 * provider's secret is not a key of the vendor, the server raises a `ValidationException`.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as ControlPlane from "../ControlPlane.js"
import type * as DataPlane from "../DataPlane.js"
import * as Identity from "../Identity.js"
import type * as IdentitySetup from "../IdentitySetup.js"
import type * as SecurityTokenService from "../SecurityTokenService.js"
import type { AuthorizationServer, AuthorizationServerError } from "./AuthorizationServer.js"
import * as Control from "./control/control.js"
import type { LocalControl } from "./LocalControl.js"
import * as Scripted from "./oauth/scripted.js"
import type * as Server from "./server/localServer.js"
import { LocalServer, LocalServerError } from "./server/serverModels.js"
import * as Standalone from "./standalone/standaloneServer.js"
import * as VaultFile from "./vault/vaultFile.js"
import * as VaultStore from "./vault/vaultStore.js"

export {
  /**
   * A running server: its URL, and the environment variables with which an AWS SDK finds it.
   *
   * @since 0.2.0
   * @category services
   */
  LocalServer,
  /**
   * Why the server did not start:
   *
   * - `MissingPackage`: the package `@effect/platform-node` is not installed
   * - `Listen`: the port is in use, or the host is not one of this machine
   * - `RemoteHost`: the host is reachable by other machines, and `allowRemote` is not set
   * - `MissingCredentials`: `signatures` is `verify`, and there are no `credentials`, or one without a secret
   * - `Store`: the vault cannot be opened, or its content cannot be used
   * - `Setup`: the option `setup` cannot be applied
   *
   * @since 0.2.0
   * @category errors
   */
  LocalServerError
}

/**
 * The options. Everything is optional.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options
  extends Omit<Standalone.Options, "authorizationServer" | "offline">, Pick<Server.Options, "settings" | "setup">
{
  /**
   * Keeps everything in an encrypted file, so that workload identities, credential providers, users' tokens, consent
   * sessions and keys survive the process. Only one process at a time uses a file. Default: in memory.
   */
  readonly vault?: VaultFile.Options | undefined
}

/** Writes out a private type, so that programs can name the types of the layers. */
type Expand<A> = { readonly [K in keyof A]: A[K] }

/** @inline */
type WithUsers = Expand<Pick<Standalone.Options, "offline">> & {
  /** A development authorization server, where users sign in and consent, with one client for every provider. */
  readonly authorizationServer: Exclude<Standalone.Options["authorizationServer"], false | undefined>
}

type Planes = ControlPlane.ControlPlane | DataPlane.DataPlane | SecurityTokenService.SecurityTokenService

const toStoreError = ({ message }: { readonly message: string }) => new LocalServerError({ reason: "Store", message })

/**
 * The server on a free port, its control, and its planes and STS in this process, without `Identity`: for a decorator
 * such as `CredentialCache.layer` between them.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const server = yield* LocalIdentity.LocalServer
 *   yield* Effect.log(`AgentCore Identity runs at ${server.url}`)
 *   return yield* Effect.never
 * })
 *
 * const runnable = program.pipe(Effect.provide(LocalIdentity.layerPlanes({ port: 4020 })))
 */
export const layerPlanes: {
  /** With a development authorization server. Programs register clients at it, unless it is `offline`. */
  (options: Options & WithUsers): Layer.Layer<
    Planes | LocalControl | LocalServer | AuthorizationServer,
    LocalServerError | AuthorizationServerError
  >
  /** Without an authorization server. */
  (options?: Options): Layer.Layer<Planes | LocalControl | LocalServer, LocalServerError>
} = (options: Options & Partial<WithUsers> = {}) => makePlanes(options)

const makePlanes = ({ settings, setup, vault, ...options }: Options & Partial<WithUsers>) =>
  Layer.effectContext(Effect.gen(function*() {
    const { authorizationServer, context } = yield* Standalone.start({
      ...options,
      load: () => Effect.succeed({ setup, settings })
    }).pipe(Effect.catchTag("VaultStoreError", toStoreError))
    if (Option.isNone(authorizationServer)) return context
    const { AuthorizationServer } = yield* Effect.promise(() => import("./AuthorizationServer.js"))
    return Context.add(context, AuthorizationServer, authorizationServer.value.service)
  })).pipe(
    Layer.provide(
      vault === undefined
        ? Layer.fresh(VaultStore.layerMemory)
        : Layer.effect(VaultStore.VaultStore, Effect.mapError(VaultFile.make(vault), toStoreError))
    )
    // The overloads say which services and errors there are.
  ) as Layer.Layer<Planes | LocalControl | LocalServer | AuthorizationServer, LocalServerError>

/**
 * {@link layerPlanes} with `Identity`.
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
  /** With a development authorization server. */
  (options: Options & WithUsers): Layer.Layer<
    Identity.Identity | Planes | LocalControl | LocalServer | AuthorizationServer,
    LocalServerError | AuthorizationServerError
  >
  /** Without an authorization server. */
  (options?: Options): Layer.Layer<Identity.Identity | Planes | LocalControl | LocalServer, LocalServerError>
} = (options: Options & Partial<WithUsers> = {}) => Layer.provideMerge(Identity.layer, makePlanes(options))

/**
 * `Identity`, the planes and `LocalControl` for tests, over a scripted authorization server. Nothing uses HTTP, and all
 * times are those of the `Clock`, so `TestClock` moves them. `consents.approve` of the control acts for the user. The
 * same calls return the same responses:
 *
 * - An access token is `token-1.<client id>.<grant>.<scopes>`. The number counts the requests for tokens.
 * - The grant is `m2m`, the code of the authorization, or `obo-<subject>` on behalf of a user. With an actor token it
 *   is `obo-<subject>-by-<actor token>`.
 * - The authorization page is `https://authorization.invalid/authorize`.
 * - The times of a user's JWT are checked, but not its signature.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerTest = (
  { fail, latency, refreshTokens, tokenLifetime, unreadable, ...options }:
    & Pick<
      Options,
      "accountId" | "consentPortalDelay" | "policy" | "publicUrl" | "region" | "sessionLifetime" | "settings" | "setup"
    >
    & Expand<Scripted.Options> = {}
): Layer.Layer<Identity.Identity | Planes | LocalControl, IdentitySetup.ApplyError> =>
  Identity.layer.pipe(
    Layer.provideMerge(Control.layer(options)),
    Layer.provide(Layer.fresh(VaultStore.layerMemory)),
    Layer.provide(Scripted.layer({ fail, latency, refreshTokens, tokenLifetime, unreadable })),
    Layer.catch((error) =>
      Layer.unwrap<unknown, never, never, IdentitySetup.ApplyError, never>(
        // A store in memory does not fail, and there is no authorization server.
        error._tag === "ApplyError" ? Effect.fail(error) : Effect.die(error)
      )
    )
  )
