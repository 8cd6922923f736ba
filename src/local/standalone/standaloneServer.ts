/**
 * The server of `npx agentcore-identity local`, `LocalIdentity` and `promise/LocalIdentity`: a local server, optionally
 * with an authorization server.
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { readConfig } from "../../internal/environment.js"
import { randomSecret } from "../../internal/sealing.js"
import { defaultResource } from "../authorization/registrations.js"
import type * as AuthorizationServer from "../AuthorizationServer.js"
import { LocalControl } from "../LocalControl.js"
import * as OAuthHttp from "../oauth/http.js"
import * as Server from "../server/localServer.js"
import { LocalServer, type LocalServerError } from "../server/serverModels.js"
import { VaultStore, type VaultStoreError } from "../vault/vaultStore.js"

export type Environment = Readonly<Record<string, string>>

export interface Options extends
  Omit<
    Server.Options,
    "authorizationServer" | "environment" | "offlineIssuer" | "secretEnvironment" | "settings" | "setup"
  >
{
  /**
   * Also starts a development authorization server, where users sign in and consent, with one client for every
   * provider. Default: none, unless the server is `offline`.
   */
  readonly authorizationServer?: boolean | {
    /** Default: a free port. */
    readonly port?: number | undefined
    /** Additional scopes of the client `agentcore`. */
    readonly scopes?: ReadonlyArray<string> | undefined
    /** Additional audiences of access tokens. */
    readonly audiences?: ReadonlyArray<string> | undefined
    /** Redirect URIs of an application that signs in users with the client. */
    readonly redirectUris?: ReadonlyArray<string> | undefined
    /** Additional issuers whose JWTs it exchanges, besides itself and the local STS. */
    readonly trustedIssuers?: ReadonlyArray<string> | undefined
    /** Default: 10 minutes. A long one imitates a vendor whose tokens do not expire, such as GitHub or Slack. */
    readonly accessTokenLifetime?: AuthorizationServer.Options["accessTokenLifetime"]
  } | undefined
  /**
   * Whether that authorization server accepts every client, and stands in for all vendors and for all authorization
   * servers that are not on this machine: nothing is sent to them, so no client secret either. Default: false.
   */
  readonly offline?: boolean | undefined
}

type AuthorizationServerOptions = Exclude<Options["authorizationServer"], boolean | undefined>

interface StartOptions<E> extends Options, Pick<Server.Options, "secretEnvironment"> {
  /** Loads the setup. Its references can name the variables of the authorization server. */
  readonly load: (variables: Environment) => Effect.Effect<Pick<Server.Options, "settings" | "setup">, E>
}

type RunningAuthorizationServer = Effect.Success<ReturnType<typeof startAuthorizationServer>>

interface Running {
  readonly server: LocalServer["Service"]
  readonly control: LocalControl["Service"]
  /** All services of the local server. */
  readonly context: Context.Context<Layer.Success<ReturnType<typeof Server.layer>>>
  readonly authorizationServer: Option.Option<RunningAuthorizationServer>
  /** The variables for programs that use the server, including its secrets and the token of its control. */
  readonly environment: Environment
}

const clientId = "agentcore"

const secretVariable = "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET"

const commonScopes = ["profile:read", "reports:read", "reports:write", "profile", "email", "read", "write"]

/**
 * Reads the secret from the environment or the vault, or stores a new one in the vault. Providers in the vault need the
 * same secret after a restart.
 */
const readClientSecret: Effect.Effect<Redacted.Redacted, VaultStoreError, VaultStore> = Effect.gen(function*() {
  const configured = yield* Effect.option(readConfig(Config.Redacted(secretVariable)))
  if (Option.isSome(configured)) return configured.value
  const secrets = (yield* VaultStore).collection("command-line", Schema.RedactedFromValue(Schema.String))
  const stored = yield* secrets.get(secretVariable)
  if (Option.isSome(stored)) return stored.value
  const secret = yield* randomSecret
  yield* secrets.put(secretVariable, secret)
  return secret
})

const startAuthorizationServer = (
  { audiences = [], ...options }: AuthorizationServerOptions,
  offline: boolean,
  listening: { readonly host: string; readonly allowedHosts: ReadonlyArray<string> }
) =>
  Effect.gen(function*() {
    const { make } = yield* Effect.promise(() => import("../AuthorizationServer.js"))
    const resources = [defaultResource, ...audiences]
    const service = yield* make({ ...options, ...listening, resources, anyClient: offline })
    return { service, clientSecret: yield* readClientSecret }
  })

/** Registers the client, with the callback URLs of all providers, and with redirect URIs of applications. */
const registerClient = (
  { clientSecret, service }: RunningAuthorizationServer,
  { redirectUris = [], scopes = [] }: AuthorizationServerOptions,
  urls: ReadonlyArray<string>
): Effect.Effect<void, AuthorizationServer.AuthorizationServerError> =>
  service.registerClient({
    clientId,
    clientSecret,
    name: "AgentCore Identity on this machine",
    redirectUris: [...[...new Set(urls)].map((url) => `${url}/identities/oauth2/callback/*`), ...redirectUris],
    scopes: [...new Set([...commonScopes, ...scopes])],
    grants: [
      "client_credentials",
      "authorization_code",
      "refresh_token",
      "urn:ietf:params:oauth:grant-type:token-exchange",
      "urn:ietf:params:oauth:grant-type:jwt-bearer"
    ]
  })

const variablesOf = (service: AuthorizationServer.AuthorizationServer["Service"]): Environment => ({
  AGENTCORE_LOCAL_OAUTH_ISSUER: service.issuer,
  AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL: service.discoveryUrl,
  AGENTCORE_LOCAL_OAUTH_AUTHORIZATION_ENDPOINT: service.authorizationEndpoint,
  AGENTCORE_LOCAL_OAUTH_TOKEN_ENDPOINT: service.tokenEndpoint,
  AGENTCORE_LOCAL_OAUTH_AUDIENCE: service.audience,
  AGENTCORE_LOCAL_OAUTH_CLIENT_ID: clientId
})

/** Starts the servers over the store in context. They run until the scope closes. `offline` needs both. */
export const start = <E>(
  { authorizationServer, load, offline = false, ...serverOptions }: StartOptions<E>
): Effect.Effect<
  Running,
  E | AuthorizationServer.AuthorizationServerError | LocalServerError | VaultStoreError,
  Scope.Scope | VaultStore
> =>
  Effect.gen(function*() {
    const { allowRemote = false, allowedHosts = [], host: given = "127.0.0.1", publicUrl } = serverOptions
    // The local server rejects these hosts, but only after the authorization server has started.
    const host = !allowRemote && (given === "0.0.0.0" || given === "::") ? "127.0.0.1" : given
    const options = typeof authorizationServer === "object"
      ? authorizationServer
      : authorizationServer === true || offline
      ? {}
      : undefined
    const oauth = options && (yield* startAuthorizationServer(options, offline, { host, allowedHosts }))
    const environment = oauth === undefined ? {} : variablesOf(oauth.service)
    const secrets: NonNullable<Server.Options["secretEnvironment"]> = oauth === undefined
      ? {}
      : { [secretVariable]: oauth.clientSecret }
    const secretEnvironment = { ...serverOptions.secretEnvironment, ...secrets }
    const loaded = yield* load({ ...environment, ...Record.map(secrets, Redacted.value) })
    const context = yield* Layer.build(Server.layer({
      ...serverOptions,
      ...loaded,
      authorizationServer: oauth?.service,
      offlineIssuer: offline ? oauth?.service.issuer : undefined,
      environment,
      secretEnvironment
    })).pipe(Effect.provide(Layer.fresh(OAuthHttp.layer)))
    const server = Context.get(context, LocalServer)
    if (options !== undefined && oauth !== undefined) {
      yield* registerClient(oauth, options, [server.url, publicUrl ?? server.url])
      yield* oauth.service.trustIssuer({
        // The issuer of STS is the public URL, which this process may not reach. The backend removes the slashes, too.
        issuer: (publicUrl ?? server.url).replace(/\/+$/, ""),
        jwksUri: `${server.url}/.well-known/jwks.json`
      })
    }
    return {
      context,
      server,
      control: Context.get(context, LocalControl),
      authorizationServer: Option.fromUndefinedOr(oauth),
      environment: {
        ...server.environment,
        ...Record.map(secretEnvironment, Redacted.value),
        AGENTCORE_LOCAL_TOKEN: Redacted.value(server.controlToken)
      }
    }
  })
