/**
 * An authorization server for development and tests: the certified `oidc-provider`, on a port of this machine, in
 * memory, with login and consent pages of its own that load nothing from elsewhere. It knows no passwords: whoever
 * gives a user name is that user. Never put it where strangers reach it.
 *
 * - client credentials; authorization code with PKCE (required); refresh tokens for the scope `offline_access`, rotated
 *   at each use, and the use of an old one revokes the whole grant; revocation and introspection
 * - a user's JWT for an access token: token exchange (RFC 8693), with an actor or without, and the JWT as a grant
 *   (RFC 7523). It takes JWTs of its own, and of `trustedIssuers`.
 * - access tokens are JWTs, signed with an ES256 key that is made at the start, so that a resource server checks them
 *   by the key set at `jwksUri`, with `audience`
 * - scopes that a client does not have are refused with `invalid_scope`; a request without scopes gets all that its
 *   client has
 *
 * It runs by the clock of the machine. `TestClock` does not move it: for tests of time use short lifetimes, or the
 * scripted `OAuthClient`, which needs no authorization server.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { exportJWK, generateKeyPair, type JWK } from "jose"
import { randomBytes } from "node:crypto"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import type { ClientMetadata } from "oidc-provider"
import * as OidcProvider from "./authorization/provider.js"
import * as OidcStore from "./authorization/store.js"

/**
 * Why the server did not start, or did not take a client:
 *
 * - `MissingPackage`: `oidc-provider` is not installed
 * - `Listen`: the port is taken, or the host is not one of this machine
 * - `Configuration`: a client or a lifetime that the server refuses
 *
 * @since 0.1.0
 * @category errors
 */
export class AuthorizationServerError extends Schema.TaggedError<AuthorizationServerError>(
  "effect-agentcore-identity/local/AuthorizationServerError"
)("AuthorizationServerError", {
  reason: Schema.Literal("MissingPackage", "Listen", "Configuration"),
  message: Schema.String
}) {}

/**
 * @since 0.1.0
 * @category models
 */
export type GrantType =
  | "client_credentials"
  | "authorization_code"
  | "refresh_token"
  | "urn:ietf:params:oauth:grant-type:token-exchange"
  | "urn:ietf:params:oauth:grant-type:jwt-bearer"

/**
 * - `clientId`
 * - `clientSecret`: for all but `private_key_jwt`
 * - `publicKeys`: for `private_key_jwt`, what its assertions are checked with (RFC 7523), as JWKs
 * - `name`: what the pages call it, default its `clientId`
 * - `redirectUris`: compared exactly. One that ends in `/*` stands for every URI with one more path segment in its
 *   place, as in `http://127.0.0.1:4020/identities/oauth2/callback/*`: the callback URL of an AgentCore provider is
 *   known only after the provider was created.
 * - `scopes`: those it may ask for, beside `openid` and `offline_access` for users
 * - `grants`: default `client_credentials`, and with redirect URIs also `authorization_code` and `refresh_token`
 * - `authenticationMethod`: how it proves who it is, default `client_secret_basic`
 *
 * @since 0.1.0
 * @category models
 */
export interface Client {
  readonly clientId: string
  readonly clientSecret?: Redacted.Redacted | undefined
  readonly publicKeys?: ReadonlyArray<JWK> | undefined
  readonly name?: string | undefined
  readonly redirectUris?: ReadonlyArray<string> | undefined
  readonly scopes?: ReadonlyArray<string> | undefined
  readonly grants?: ReadonlyArray<GrantType> | undefined
  readonly authenticationMethod?: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | undefined
}

/**
 * - `host`: a name or address of this machine, default `127.0.0.1`
 * - `port`: default a free one
 * - `clients`: more can be registered later
 * - `resources`: the APIs that access tokens are for (RFC 8707), absolute URIs. The first is the default and becomes
 *   the `audience`; others are asked for by `resource`. Default `urn:effect-agentcore-identity:api`.
 * - `trustedIssuers`: whose JWTs can be exchanged here, beside those of this server; their keys are found by OpenID
 *   Connect Discovery. Default: none.
 * - `accessTokenLifetime`: default 10 minutes
 * - `refreshTokenLifetime`: default 1 day
 * - `authorizationCodeLifetime`: default 10 minutes, the most that RFC 6749 (section 4.1.2) advises: AgentCore
 *   exchanges the code only when the application completes the session
 *
 * Lifetimes are rounded up to whole seconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly clients?: ReadonlyArray<Client> | undefined
  readonly resources?: ReadonlyArray<string> | undefined
  readonly trustedIssuers?: ReadonlyArray<string> | undefined
  readonly accessTokenLifetime?: Duration.DurationInput | undefined
  readonly refreshTokenLifetime?: Duration.DurationInput | undefined
  readonly authorizationCodeLifetime?: Duration.DurationInput | undefined
}

/**
 * - `registerClient`: adds a client, or replaces the one with its `clientId`
 * - `revoke`: what a user does who withdraws his consent: his refresh tokens and unspent codes at a client (default: at
 *   all) are dead, his next request asks for consent again. Says how many refresh tokens died. Access tokens are JWTs
 *   and stay valid until they expire.
 * - `signOut`: ends the sign-ins of a user, in every browser
 *
 * @since 0.1.0
 * @category services
 */
export interface Service {
  readonly issuer: string
  readonly discoveryUrl: string
  readonly jwksUri: string
  /** The `aud` of access tokens that were not asked for another resource. */
  readonly audience: string
  readonly registerClient: (client: Client) => Effect.Effect<void, AuthorizationServerError>
  readonly revoke: (grant: {
    readonly userName: string
    readonly clientId?: string | undefined
  }) => Effect.Effect<number>
  readonly signOut: (userName: string) => Effect.Effect<void>
}

/**
 * @since 0.1.0
 * @category services
 */
export class AuthorizationServer
  extends Context.Tag("effect-agentcore-identity/local/AuthorizationServer")<AuthorizationServer, Service>()
{}

const failure = (reason: AuthorizationServerError["reason"], message: string) =>
  new AuthorizationServerError({ reason, message })

const lifetime = (name: string, input: Duration.DurationInput): Effect.Effect<number, AuthorizationServerError> => {
  const seconds = Math.ceil(Duration.toSeconds(input))
  return Number.isSafeInteger(seconds) && seconds > 0
    ? Effect.succeed(seconds)
    : Effect.fail(failure("Configuration", `${name} must be a finite duration greater than zero`))
}

const loadPackage: Effect.Effect<OidcProvider.Module, AuthorizationServerError> = Effect.tryPromise({
  try: OidcProvider.load,
  catch: () =>
    failure(
      "MissingPackage",
      "The development authorization server needs the package 'oidc-provider', which cannot be loaded. "
        + "Install it with: npm install --save-dev oidc-provider@9"
    )
}).pipe(
  Effect.tap(({ notices }) => Effect.forEach(notices, (notice) => Effect.logDebug(notice), { discard: true })),
  Effect.map(({ module }) => module)
)

const listen = (
  server: Http.Server,
  host: string,
  port: number
): Effect.Effect<AddressInfo, AuthorizationServerError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<AddressInfo, AuthorizationServerError>((resume) => {
      server.on("error", (error: NodeJS.ErrnoException) =>
        resume(Effect.fail(failure("Listen", `Cannot listen on ${host}:${port}: ${error.code ?? error.name}`))))
      // A server that listens on TCP has an address of this shape; strings are those of pipes.
      server.listen(port, host, () =>
        resume(Effect.succeed(server.address() as AddressInfo)))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() =>
          resume(Effect.void)
        )
        server.closeAllConnections()
      })
  )

const signingKey = Effect.promise(async (): Promise<JsonWebKey> => {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true })
  return { ...await exportJWK(privateKey), alg: "ES256", use: "sig" }
})

const grantsOf = (client: Client): ReadonlyArray<GrantType> =>
  client.grants
    ?? ((client.redirectUris ?? []).length === 0
      ? ["client_credentials"]
      : ["client_credentials", "authorization_code", "refresh_token"])

/** The rest of a key is the client's own business, and makes oidc-provider refuse it. */
const publicPart = ({ d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...key }: JWK): object => key

const metadata = (client: Client): ClientMetadata => ({
  client_id: client.clientId,
  ...(client.clientSecret === undefined ? {} : { client_secret: Redacted.value(client.clientSecret) }),
  ...(client.publicKeys === undefined ? {} : { jwks: { keys: client.publicKeys.map(publicPart) } }),
  client_name: client.name ?? client.clientId,
  redirect_uris: [...client.redirectUris ?? []],
  response_types: grantsOf(client).includes("authorization_code") ? ["code"] : [],
  grant_types: [...grantsOf(client)],
  token_endpoint_auth_method: client.authenticationMethod ?? "client_secret_basic"
})

const scopeToken = /^[\x21\x23-\x5B\x5D-\x7E]+$/

const checkClient = (client: Client): Effect.Effect<void, AuthorizationServerError> => {
  const grants = grantsOf(client)
  const problem = client.clientId === ""
    ? "clientId must not be empty"
    : client.authenticationMethod === "private_key_jwt" && (client.publicKeys ?? []).length === 0
    ? "private_key_jwt needs publicKeys"
    : client.authenticationMethod !== "private_key_jwt"
        && (client.clientSecret === undefined || Redacted.value(client.clientSecret) === "")
    ? "clientSecret must not be empty"
    : grants.includes("authorization_code") && (client.redirectUris ?? []).length === 0
    ? "the grant authorization_code needs redirectUris"
    : grants.includes("refresh_token") && !grants.includes("authorization_code")
    ? "the grant refresh_token needs the grant authorization_code"
    : (client.redirectUris ?? []).some((uri) =>
        !URL.canParse(uri) || !/^https?:$/.test(new URL(uri).protocol) || uri.includes("#")
      )
    ? "redirectUris must be http or https URLs without fragment"
    : (client.scopes ?? []).some((scope) => !scopeToken.test(scope))
    ? "scopes must be OAuth scope tokens, without spaces and quotes"
    : undefined
  return problem === undefined
    ? Effect.void
    : Effect.fail(failure("Configuration", `Client '${client.clientId}': ${problem}`))
}

/**
 * Starts the server; the scope stops it: the port is free again, connections are closed, and everything that it issued
 * is forgotten.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, AuthorizationServerError, Scope.Scope> =>
  Effect.gen(function*() {
    const host = options.host ?? "127.0.0.1"
    const resources = options.resources ?? ["urn:effect-agentcore-identity:api"]
    const [audience] = resources
    if (audience === undefined || !resources.every((resource) => URL.canParse(resource) && !resource.includes("#"))) {
      return yield* failure("Configuration", "resources must be absolute URIs without fragment, at least one")
    }
    const lifetimes = yield* Effect.all({
      accessToken: lifetime("accessTokenLifetime", options.accessTokenLifetime ?? "10 minutes"),
      refreshToken: lifetime("refreshTokenLifetime", options.refreshTokenLifetime ?? "1 day"),
      authorizationCode: lifetime("authorizationCodeLifetime", options.authorizationCodeLifetime ?? "10 minutes")
    })

    const clients = new Map<string, Client>()
    const registerClient = (client: Client) =>
      Effect.zipRight(checkClient(client), Effect.sync(() => void clients.set(client.clientId, client)))
    yield* Effect.forEach(options.clients ?? [], registerClient, { discard: true })

    const module = yield* loadPackage
    const store = OidcStore.make((clientId) => {
      const client = clients.get(clientId)
      return client === undefined ? undefined : metadata(client)
    })
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())

    // The issuer has to be known to make the handler, and the port to know the issuer.
    let handle: Http.RequestListener = (_, response) => void response.writeHead(503).end()
    const server = Http.createServer((request, response) => handle(request, response))
    const key = yield* signingKey
    const { port } = yield* listen(server, host, options.port ?? 0)
    const issuer = `http://${host.includes(":") ? `[${host}]` : host}:${port}`

    handle = yield* Effect.try({
      try: () =>
        OidcProvider.make(module, {
          issuer,
          port,
          store,
          resources,
          lifetimes,
          client: (clientId) => {
            const client = clients.get(clientId)
            return client && { scopes: client.scopes ?? [], redirectUris: client.redirectUris ?? [] }
          },
          signingKey: key,
          trustedIssuers: options.trustedIssuers ?? [],
          cookieKey: randomBytes(32).toString("base64url"),
          onError: (name) => void runFork(Effect.logDebug(`The development authorization server failed: ${name}`))
        }),
      catch: () => failure("Configuration", "oidc-provider refused its configuration: this needs oidc-provider 9")
    })

    return {
      issuer,
      discoveryUrl: `${issuer}/.well-known/openid-configuration`,
      jwksUri: `${issuer}/jwks`,
      audience,
      registerClient,
      revoke: ({ clientId, userName }) =>
        Effect.map(Clock.currentTimeMillis, (now) => store.revoke(userName, clientId, now / 1000)),
      signOut: (userName) => Effect.sync(() => store.signOut(userName))
    }
  })

/**
 * The server as a layer: it runs as long as the layer's scope.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const program = Effect.gen(function*() {
 *   const server = yield* AuthorizationServer.AuthorizationServer
 *   yield* Effect.log(`Discovery document: ${server.discoveryUrl}`)
 * })
 *
 * const runnable = program.pipe(Effect.provide(AuthorizationServer.layer({
 *   clients: [{
 *     clientId: "agentcore",
 *     clientSecret: Redacted.make("development-only"),
 *     redirectUris: ["http://127.0.0.1:4020/identities/oauth2/callback/*"],
 *     scopes: ["reports:read"]
 *   }]
 * })))
 */
export const layer = (options?: Options): Layer.Layer<AuthorizationServer, AuthorizationServerError> =>
  Layer.scoped(AuthorizationServer, make(options))
