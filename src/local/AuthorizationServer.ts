/**
 * An authorization server for development and tests: the certified `oidc-provider`, on a port of this machine, in
 * memory. Its login and consent pages load nothing from other sites. It asks for no password and accepts every user
 * name, so never make it reachable by others.
 *
 * - client credentials; authorization code with PKCE (required); revocation and introspection
 * - refresh tokens for the scope `offline_access`. Each use rotates the token, and the use of an old one revokes the
 *   whole grant.
 * - access tokens for a user's JWT: token exchange (RFC 8693), with or without an actor, and the JWT as an
 *   authorization grant (RFC 7523). It accepts its own JWTs and those of `trustedIssuers`. The claim `act` of the new
 *   token names the actors. If the subject's token has `may_act`, every other actor is rejected.
 * - `prompt=login` and `prompt=select_account` let users sign in as another one
 * - claims of users in access tokens, ID tokens and at the userinfo endpoint, if `users` contains them
 * - access tokens are JWTs, signed with an ES256 key that is generated at the start. A resource server verifies them
 *   with the key set at `jwksUri`, and `audience`.
 * - a scope that the client does not have is rejected with `invalid_scope`. A request without scopes gets all scopes of
 *   the client.
 * - `consent` allows or denies authorization requests without pages, for tests and CI
 * - it accepts only its own host names. A page of another site can navigate to it, but cannot load it as an image, in a
 *   frame or with a script.
 *
 * The server uses the clock of the machine, and `TestClock` does not move it. For tests of time use `setClockOffset`,
 * or `LocalIdentity.layerTest`, which needs no authorization server.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { exportJWK, generateKeyPair } from "jose"
import { randomBytes } from "node:crypto"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { installCommand } from "../internal/loadPackage.js"
import { isEndpoint, isIssuer, issuerRule } from "../internal/models/urls.js"
import { describeListenError, toAuthority } from "../internal/ownHost.js"
import * as OptionType from "../internal/plane/optionType.js"
import * as Validation from "../internal/plane/validation.js"
import * as Accounts from "./authorization/accounts.js"
import * as OidcStore from "./authorization/oidcStore.js"
import * as OidcProvider from "./authorization/provider.js"
import { type Client, defaultResource, type HeadlessConsent, type UserClaims } from "./authorization/registrations.js"
import { loadModule, type Module, type Settings } from "./authorization/serverSettings.js"

export type {
  /**
   * A client of the server.
   *
   * @since 0.2.0
   * @category models
   */
  Client
} from "./authorization/registrations.js"

/** Its identifier, or the identifier and the URL of its key set. */
type TrustedIssuer = string | {
  /** The identifier of the issuer. */
  readonly issuer: string
  /** The URL of its key set. */
  readonly jwksUri: string
}

/**
 * The options of the server. Everything is optional.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /**
   * A name or address of this machine, or `0.0.0.0` for all of its addresses, as in a container. Then the issuer is on
   * `127.0.0.1`. Default: `127.0.0.1`.
   */
  readonly host?: string | undefined
  /** Default: a free port. */
  readonly port?: number | undefined
  /**
   * Other host names of the server, in addition to `host`, `localhost` and IP addresses. A request with another name in
   * its `Host` header is rejected, because of DNS rebinding. Default: none.
   */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
  /** The clients. More can be registered later. Default: none. */
  readonly clients?: ReadonlyArray<Client> | undefined
  /**
   * Also accepts clients that are not registered: with every id except the names of properties of all objects, and with
   * every secret, scope, resource, and redirect URI on a loopback host or of a registered client. They authenticate by
   * `client_secret_basic` or `client_secret_post`, and PKCE is optional. Default: false.
   */
  readonly anyClient?: boolean | undefined
  /**
   * Signs `user` in and allows or denies every authorization request, without pages. The response to the request is
   * then the redirect to the client. Default: the user decides on the pages.
   */
  readonly consent?: HeadlessConsent | undefined
  /**
   * The absolute URIs of the APIs that access tokens are for (RFC 8707). The first one is the default, and becomes the
   * `audience`. A request selects another one by `resource`. Default: `urn:effect-agentcore-identity:api`.
   */
  readonly resources?: ReadonlyArray<string> | undefined
  /**
   * Other issuers whose JWTs can be exchanged. Without the URL of its key set, the keys of an issuer are found by
   * OpenID Connect Discovery or RFC 8414. Default: none.
   */
  readonly trustedIssuers?: ReadonlyArray<TrustedIssuer> | undefined
  /**
   * The claims of users, by user name. All access tokens of the user contain them. ID tokens and the responses of the
   * userinfo endpoint contain the claims that are not standard. They contain standard claims with their scope (OpenID
   * Connect Core 1.0, section 5.4): `email` with the scope `email`, `name` with `profile`. Other users can sign in,
   * too. They only have the claim `sub`. Default: none.
   */
  readonly users?: Readonly<Record<string, UserClaims>> | undefined
  /** Rounded up to whole seconds. Default: 10 minutes. */
  readonly accessTokenLifetime?: Duration.Input | undefined
}

/**
 * Why the server did not start, or why a method failed:
 *
 * - `MissingPackage`: `oidc-provider` is not installed
 * - `Listen`: the port is taken, or the host is not one of this machine
 * - `Configuration`: a client, a user, an issuer, a lifetime or another option is not valid
 *
 * @since 0.2.0
 * @category errors
 */
export class AuthorizationServerError
  extends Schema.TaggedError<AuthorizationServerError>()("AuthorizationServerError", {
    reason: Schema.Literals(["MissingPackage", "Listen", "Configuration"]),
    message: Schema.String,
    /** With `Listen`: the code of Node, as in `EADDRINUSE`. */
    code: Schema.optional(Schema.String)
  })
{}

/**
 * A running authorization server: its addresses, and methods for its clients and users.
 *
 * @since 0.2.0
 * @category services
 */
export class AuthorizationServer extends Context.Service<AuthorizationServer, {
  readonly issuer: string
  readonly discoveryUrl: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly jwksUri: string
  /** The `aud` of an access token if its request names no resource. */
  readonly audience: string
  /** Adds a client, or replaces the one with the same `clientId`. */
  readonly registerClient: (client: Client) => Effect.Effect<void, AuthorizationServerError>
  /** Returns the scopes that a client may request. None for an unknown client. */
  readonly findScopes: (clientId: string) => Option.Option<ReadonlyArray<string>>
  /** Sets the claims of a user. Tokens that were issued before keep the previous claims. */
  readonly registerUser: (userName: string, claims: UserClaims) => Effect.Effect<void, AuthorizationServerError>
  /** Accepts the JWTs of another issuer, for example of the STS of a local server: its issuer is the server's URL. */
  readonly trustIssuer: (issuer: TrustedIssuer) => Effect.Effect<void, AuthorizationServerError>
  /**
   * Withdraws a user's consent, for one client or (default) for all. It revokes the user's refresh tokens and unused
   * codes, and the next request asks for consent again. Returns the number of refresh tokens that it revoked. Access
   * tokens are JWTs and stay valid until they expire.
   */
  readonly revoke: (grant: {
    readonly userName: string
    readonly clientId?: string | undefined
  }) => Effect.Effect<number>
  /**
   * Sets how far the server is ahead of the clock of the machine, in milliseconds, rounded down to seconds. Codes,
   * refresh tokens, grants and sign-ins expire by this clock. New JWTs contain its times.
   */
  readonly setClockOffset: (milliseconds: number) => Effect.Effect<void>
  /** Drops all codes, refresh tokens, grants and sign-ins. Clients and users stay. */
  readonly clear: Effect.Effect<void>
  /** Copies them. The inner effect replaces them by the copy. */
  readonly snapshot: Effect.Effect<Effect.Effect<void>>
}>()("effect-agentcore-identity/local/AuthorizationServer") {}

const fail = (reason: AuthorizationServerError["reason"], message: string) =>
  new AuthorizationServerError({ reason, message })

const invalid = (message: string) => fail("Configuration", message)

const toSeconds = (lifetime: Duration.Input = "10 minutes"): Effect.Effect<number, AuthorizationServerError> => {
  const seconds = Math.ceil(Duration.toSeconds(Option.getOrElse(Duration.fromInput(lifetime), () => Duration.zero)))
  return Number.isSafeInteger(seconds) && seconds > 0
    ? Effect.succeed(seconds)
    : invalid("accessTokenLifetime must be a finite duration greater than zero")
}

const checkResources = ([first = "", ...others]: ReadonlyArray<string> = [defaultResource]) => {
  const resources: Settings["resources"] = [first, ...others]
  return resources.every((uri) => URL.canParse(uri) && !uri.includes("#"))
    ? Effect.succeed(resources)
    : invalid("resources must be absolute URIs without fragment, at least one")
}

/** An issuer with the URL of its key set can have any identifier, for example behind a proxy. */
const checkIssuer = (trusted: TrustedIssuer): Effect.Effect<readonly [string, string?], AuthorizationServerError> => {
  if (typeof trusted === "string") {
    return isIssuer(trusted) ? Effect.succeed([trusted]) : invalid(`A trusted issuer must ${issuerRule}`)
  }
  return URL.canParse(trusted.issuer) && isEndpoint(trusted.jwksUri)
    ? Effect.succeed([trusted.issuer, trusted.jwksUri])
    : invalid("The issuer of a trusted issuer is a URL, and its jwksUri one of https, or of http on a loopback host")
}

const loadPackage: Effect.Effect<Module, AuthorizationServerError> = Effect.tryPromise({
  try: loadModule,
  catch: () =>
    fail(
      "MissingPackage",
      "The development authorization server cannot load the package 'oidc-provider'. "
        + `Install it with: ${installCommand("oidc-provider", "--save-dev")}`
    )
})

const listen = (server: Http.Server, host: string, port: number) =>
  Effect.acquireRelease(
    Effect.callback<AddressInfo, AuthorizationServerError>((resume) => {
      server.on("error", (error: NodeJS.ErrnoException) =>
        resume(
          new AuthorizationServerError({
            reason: "Listen",
            message: describeListenError(host, port, error.code ?? error.name),
            code: error.code
          })
        ))
      // The address is a string only for a pipe, and this server listens on TCP.
      server.listen(port, host, () => resume(Effect.succeed(server.address() as AddressInfo)))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

const signingKey = Effect.promise(async (): Promise<JsonWebKey> => {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true })
  return { ...await exportJWK(privateKey), alg: "ES256", use: "sig" }
})

/** Registers the clients, users and trusted issuers of the options. More can be added later. */
const register = Effect.fnUntraced(function*(options: Options) {
  const clients = new Map<string, Client>()
  const registerClient = Effect.fnUntraced(function*(client: Client) {
    const problem = Accounts.findClientProblem(client)
    if (problem !== undefined) return yield* invalid(`Client '${client.clientId}': ${problem}`)
    clients.set(client.clientId, client)
  })
  for (const client of options.clients ?? []) yield* registerClient(client)
  const trustedIssuers = new Map<string, string | undefined>()
  const trustIssuer = (trusted: TrustedIssuer) =>
    Effect.map(checkIssuer(trusted), ([name, keys]) => void trustedIssuers.set(name, keys))
  for (const trusted of options.trustedIssuers ?? []) yield* trustIssuer(trusted)
  const users = new Map<string, UserClaims>()
  const addUser = Effect.fnUntraced(function*(userName: string, claims: UserClaims) {
    const problem = Accounts.findUserProblem(userName, claims)
    if (problem !== undefined) return yield* invalid(`User '${userName}': ${problem}`)
    users.set(userName, claims)
  })
  for (const [name, claims] of Object.entries(options.users ?? {})) yield* addUser(name, claims)
  return { addUser, clients, registerClient, trustIssuer, trustedIssuers, users }
})

/** If the host is not a string, Node listens on all addresses. */
const checkOptions = Validation.makeCheck("AuthorizationServer.make", () => ({
  host: Schema.optional(Schema.String),
  port: Schema.optional(OptionType.Port),
  allowedHosts: Schema.optional(Schema.Array(Schema.String))
}))

/**
 * Starts the server. When the scope closes, the server closes its connections, frees the port, and drops everything
 * that it issued.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<AuthorizationServer["Service"], AuthorizationServerError, Scope.Scope> =>
  Effect.gen(function*() {
    const { allowedHosts = [], host = "127.0.0.1", port: givenPort = 0 } = options
    const problem = checkOptions({ host, port: givenPort, allowedHosts })
    if (problem !== undefined) return yield* Effect.die(problem)
    const resources = yield* checkResources(options.resources)
    if (options.consent !== undefined && !Accounts.isUserName(options.consent.user)) {
      return yield* invalid(`consent.user must be a user name of 1 to ${Accounts.maxUserNameLength} characters`)
    }
    const accessTokenLifetime = yield* toSeconds(options.accessTokenLifetime)

    const { addUser, clients, registerClient, trustIssuer, trustedIssuers, users } = yield* register(options)
    const module = yield* loadPackage
    const clock = yield* Clock.Clock
    let clockOffset = 0
    const nowSeconds = () => clock.currentTimeMillisUnsafe() / 1000 + clockOffset
    const findClient = (clientId: string) => {
      const client = clients.get(clientId)
      if (client !== undefined) return Accounts.toMetadata(client)
      return options.anyClient === true ? Accounts.toUnregistered(clientId) : undefined
    }
    const store = OidcStore.make(findClient, nowSeconds, () => clockOffset)
    const runFork = Effect.runForkWith(yield* Effect.context<never>())

    // The handler needs the issuer, and the issuer needs the port.
    let handle: Http.RequestListener = (_, response) => void response.writeHead(503).end()
    const server = Http.createServer((request, response) => handle(request, response))
    const { port } = yield* listen(server, host, givenPort)
    const issuer = `http://${toAuthority(host)}:${port}`

    const settings: Settings = {
      issuer,
      port,
      allowedHosts: [host, ...allowedHosts],
      store,
      clients,
      anyClient: options.anyClient === true ? new Set() : undefined,
      users,
      resources,
      accessTokenLifetime,
      consent: options.consent,
      signingKey: yield* signingKey,
      trustedIssuers,
      cookieKey: randomBytes(32).toString("base64url"),
      clock: { now: nowSeconds, offset: () => clockOffset },
      onError: (name) => void runFork(Effect.logDebug(`The development authorization server failed: ${name}`))
    }
    const configure = Effect.try({
      try: () => {
        handle = OidcProvider.make(module, settings)
      },
      catch: () => invalid("The package oidc-provider rejected its configuration. Version 9 is required.")
    })
    yield* configure

    return {
      issuer,
      discoveryUrl: OidcProvider.discoveryUrl(issuer),
      authorizationEndpoint: `${issuer}/auth`,
      tokenEndpoint: `${issuer}/token`,
      jwksUri: `${issuer}/jwks`,
      audience: resources[0],
      registerClient,
      findScopes: (clientId) => Option.map(Option.fromUndefinedOr(clients.get(clientId)), ({ scopes = [] }) => scopes),
      // `oidc-provider` reads the names of claims from its configuration. Everything that it issued stays in the store.
      registerUser: (userName, claims) => Effect.andThen(addUser(userName, claims), configure),
      trustIssuer,
      revoke: ({ clientId, userName }) => Effect.sync(() => store.revoke(userName, clientId)),
      setClockOffset: (milliseconds) => Effect.sync(() => void (clockOffset = Math.floor(milliseconds / 1000))),
      clear: Effect.sync(() => store.load({})),
      snapshot: Effect.sync(() => {
        const content = store.save()
        return Effect.sync(() => store.load(content))
      })
    }
  })

/**
 * Runs the server as long as the layer's scope.
 *
 * @since 0.2.0
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
 *   }],
 *   // Without pages, for CI.
 *   consent: { user: "alice", decision: "allow" }
 * })))
 */
export const layer = (options?: Options): Layer.Layer<AuthorizationServer, AuthorizationServerError> =>
  Layer.effect(AuthorizationServer, make(options))
