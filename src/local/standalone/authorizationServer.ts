/** The authorization server beside a local server, with one client for every provider. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { readConfig } from "../../internal/environment.js"
import type * as AuthorizationServer from "../AuthorizationServer.js"
import { randomSecret } from "../internal/randomSecret.js"
import * as VaultStore from "../VaultStore.js"

export type Environment = Readonly<Record<string, string>>

const clientId = "agentcore"

const secretVariable = "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET"

/** The scopes of every client `agentcore`. The command line can add more. */
const commonScopes = ["profile:read", "reports:read", "reports:write", "profile", "email", "read", "write"]

export interface Running {
  readonly service: AuthorizationServer.Service
  readonly clientSecret: Redacted.Redacted
}

/** The secret of the environment, of the vault, or a new one. Providers in the vault need the secret of the vault. */
const readClientSecret: Effect.Effect<Redacted.Redacted, VaultStore.VaultStoreError, VaultStore.VaultStore> = Effect
  .gen(function*() {
    const configured = yield* Effect.option(readConfig(Config.Redacted(secretVariable)))
    if (Option.isSome(configured)) return configured.value
    const secrets = (yield* VaultStore.VaultStore).collection("command-line", Schema.RedactedFromValue(Schema.String))
    const stored = yield* secrets.get(secretVariable)
    if (Option.isSome(stored)) return stored.value
    const secret = yield* randomSecret
    yield* secrets.put(secretVariable, secret)
    return secret
  })

export const start = (options: {
  readonly host: string
  readonly allowedHosts: ReadonlyArray<string>
  readonly port?: number | undefined
  readonly audiences?: ReadonlyArray<string> | undefined
  readonly trustedIssuers?: ReadonlyArray<string> | undefined
}) =>
  Effect.gen(function*() {
    const { defaultResource, make } = yield* Effect.promise(() => import("../AuthorizationServer.js"))
    const service = yield* make({
      host: options.host,
      port: options.port,
      allowedHosts: options.allowedHosts,
      resources: [defaultResource, ...options.audiences ?? []],
      trustedIssuers: options.trustedIssuers
    })
    const running: Running = { service, clientSecret: yield* readClientSecret }
    return running
  })

/**
 * Registers the client for the callback URLs of all providers at these servers, and for redirect URIs of applications that
 * sign in their own users.
 */
export const registerClient = (
  { clientSecret, service }: Running,
  options: {
    readonly urls: ReadonlyArray<string>
    readonly redirectUris: ReadonlyArray<string>
    readonly scopes: ReadonlyArray<string>
  }
): Effect.Effect<void, AuthorizationServer.AuthorizationServerError> =>
  service.registerClient({
    clientId,
    clientSecret,
    name: "AgentCore Identity on this machine",
    redirectUris: [
      ...[...new Set(options.urls)].map((url) => `${url}/identities/oauth2/callback/*`),
      ...options.redirectUris
    ],
    scopes: [...new Set([...commonScopes, ...options.scopes])],
    grants: [
      "client_credentials",
      "authorization_code",
      "refresh_token",
      "urn:ietf:params:oauth:grant-type:token-exchange",
      "urn:ietf:params:oauth:grant-type:jwt-bearer"
    ]
  })

/** Accepts the JWTs of the local server's STS. Their issuer is the public URL, which this process may not reach. */
export const trustSts = (
  { service }: Running,
  { publicUrl, url }: { readonly url: string; readonly publicUrl: string | undefined }
): Effect.Effect<void, AuthorizationServer.AuthorizationServerError> =>
  service.trustIssuer({
    // The backend removes the slashes, too.
    issuer: (publicUrl ?? url).replace(/\/+$/, ""),
    jwksUri: `${url}/.well-known/jwks.json`
  })

/** The variables of the authorization server. The status page shows those that are no secrets. */
export const toEnvironment = (
  { clientSecret, service }: Running
): { readonly environment: Environment; readonly secrets: Environment } => ({
  environment: {
    AGENTCORE_LOCAL_OAUTH_ISSUER: service.issuer,
    AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL: service.discoveryUrl,
    AGENTCORE_LOCAL_OAUTH_AUTHORIZATION_ENDPOINT: service.authorizationEndpoint,
    AGENTCORE_LOCAL_OAUTH_TOKEN_ENDPOINT: service.tokenEndpoint,
    AGENTCORE_LOCAL_OAUTH_AUDIENCE: service.audience,
    AGENTCORE_LOCAL_OAUTH_CLIENT_ID: clientId
  },
  secrets: { [secretVariable]: Redacted.value(clientSecret) }
})
