/** `oidc-provider`, configured as the development authorization server. */
import type { Context, Middleware } from "koa"
import type { IncomingMessage, ServerResponse } from "node:http"
import type Provider from "oidc-provider"
import type { Configuration } from "oidc-provider"
import type { Page } from "../../internal/html.js"
import { isLoopback } from "../../internal/models/urls.js"
import { isOwnHost } from "../../internal/ownHost.js"
import * as Accounts from "./accounts.js"
import * as Interactions from "./interactions.js"
import type { Module, Settings } from "./serverSettings.js"
import * as Pages from "./signInPages.js"
import * as Grants from "./tokenGrants.js"
import * as Tokens from "./tokens.js"

const userinfoPath = "/me"

// In seconds.
const [minute, hour, day] = [60, 60 * 60, 24 * 60 * 60]

const discoveryPath = "/.well-known/openid-configuration"

/** RFC 8414, section 3. `oidc-provider` serves the same document there. */
const metadataPath = "/.well-known/oauth-authorization-server"

export const discoveryUrl = (issuer: string): string => `${issuer}${discoveryPath}`

const configuration = (settings: Settings, module: Module): Configuration => {
  const cookie = { httpOnly: true, sameSite: "lax", signed: true } as const
  type Owner = { readonly clientId?: string | undefined }
  const isOwner = (_: unknown, { clientId }: Owner, token: Owner) => token.clientId === clientId
  const ownTokensOnly = { enabled: true, allowedPolicy: isOwner }
  return {
    adapter: settings.store.adapter,
    // The Web Crypto API, which exported the key, types it less strictly.
    jwks: { keys: [settings.signingKey as never] },
    scopes: Grants.oidcScopes,
    claims: Accounts.claimsByScope(settings.users.values()),
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    pkce: { required: (_, { clientId }) => settings.clients.has(clientId) },
    rotateRefreshToken: true,
    extraTokenClaims: Grants.extraClaims(settings),
    formats: {
      customizers: {
        // The verifiers in this process use the same clock.
        jwt: (_, __, { payload }) => {
          const offset = settings.clock.offset()
          for (const name of ["iat", "exp"]) {
            if (typeof payload[name] === "number") payload[name] += offset
          }
        }
      }
    },
    findAccount: (_, userName) => Accounts.toAccount(userName, settings.users.get(userName)),
    renderError: (ctx, out) =>
      Interactions.send(
        ctx,
        Pages.problem(
          "This did not work",
          out.error_description ?? "The authorization server could not process this request.",
          out.error
        )
      ),
    interactions: {
      url: (_, interaction) => `/interaction/${interaction.uid}`,
      policy: settings.consent === undefined
        ? Interactions.policy(module)
        : Interactions.headlessPolicy(module, settings.consent)
    },
    discovery: { userinfo_endpoint: `${settings.issuer}${userinfoPath}` },
    cookies: {
      keys: [settings.cookieKey],
      long: cookie,
      short: cookie,
      // Browsers send a cookie to every port of a host, so the names contain the port.
      names: {
        session: `session_${settings.port}`,
        interaction: `interaction_${settings.port}`,
        resume: `resume_${settings.port}`
      }
    },
    ttl: {
      AccessToken: settings.accessTokenLifetime,
      ClientCredentials: settings.accessTokenLifetime,
      // Only the expiry moves, because `oidc-provider` takes the time of issue from the clock of the machine.
      IdToken: () => Math.max(1, settings.accessTokenLifetime + settings.clock.offset()),
      // The maximum that RFC 6749, section 4.1.2, recommends. AgentCore exchanges a code late: at completion.
      AuthorizationCode: 10 * minute,
      RefreshToken: day,
      Grant: day,
      Interaction: hour,
      Session: day
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: ownTokensOnly,
      revocation: ownTokensOnly,
      resourceIndicators: {
        enabled: true,
        defaultResource: (_, __, oneOf) => oneOf?.[0] ?? settings.resources[0],
        useGrantedResource: () => true,
        getResourceServerInfo: Grants.makeResourceServer(settings, module)
      }
    }
  }
}

/**
 * Whether a page loads the server without a navigation: as an image, in a frame, with a script, or by a prefetch.
 * Browsers send Fetch Metadata headers, other clients do not. An application's redirect to the authorization endpoint
 * is a top-level navigation, also from another site.
 *
 * A frame of the same site (another port of this host) is allowed, because a client may use it for `prompt=none`.
 */
const isSubresource = (ctx: Context): boolean => {
  const site = ctx.get("sec-fetch-site")
  const isNavigation = ctx.get("sec-fetch-mode") === "navigate"
  const isTopLevel = isNavigation && ctx.get("sec-fetch-dest") === "document"
  return ctx.get("sec-purpose").startsWith("prefetch")
    || (site === "cross-site" && !isTopLevel)
    || (site === "same-site" && !isNavigation)
}

const reject = (ctx: Context, page: Page, description: string): void => {
  if (ctx.accepts(["json", "html"]) === "html") {
    Interactions.send(ctx, page, 403)
  } else {
    ctx.status = 403
    ctx.set("cache-control", "no-store")
    ctx.body = { error: "invalid_request", error_description: description }
  }
}

/** Allows pages of other sites to read the public documents and to send the user here, and nothing else. */
const guard =
  (allowedHosts: ReadonlyArray<string>, publicDocuments: ReadonlyArray<string>): Middleware => (ctx, next) =>
    !isOwnHost(ctx.headers.host, allowedHosts)
      ? reject(ctx, Pages.unknownHost, "the Host header names another host than this server")
      : isSubresource(ctx) && !publicDocuments.includes(ctx.path)
      ? reject(ctx, Pages.noNavigation, "a page of another site may only navigate to this server")
      : next()

/** Responds as in RFC 6750, section 3. A request without a token gets no error code. */
const respondChallenge = (ctx: Context, status: number, error?: string, description?: string): void => {
  ctx.status = status
  ctx.set("www-authenticate", error === undefined ? "Bearer" : `Bearer error="${error}"`)
  ctx.body = error === undefined ? {} : { error, error_description: description }
}

/**
 * The userinfo endpoint (OpenID Connect Core 1.0, section 5.3). The endpoint of `oidc-provider` reads only opaque
 * tokens, and the access tokens of this server are JWTs for an API.
 */
const userinfo = ({ store, users }: Settings, tokens: Tokens.Tokens): Middleware => async (ctx, next) => {
  if (ctx.path !== userinfoPath) return next()
  if (ctx.method !== "GET" && ctx.method !== "POST") {
    ctx.set("allow", "GET, POST")
    ctx.throw(405)
  }
  ctx.set("cache-control", "no-store")
  const [, token] = /^Bearer +(\S+)$/i.exec(ctx.get("authorization")) ?? []
  if (token === undefined) return respondChallenge(ctx, 401)
  const claims = await tokens.verifyOwn(token, Tokens.accessTokenHeader).catch(() => undefined)
  const { client_id: clientId, scope = "", sub = "" } = claims ?? {}
  if (claims === undefined || typeof clientId !== "string" || typeof scope !== "string") {
    return respondChallenge(ctx, 401, "invalid_token", "the access token is not valid")
  }
  if (!store.hasScope(sub, clientId, "openid")) {
    return respondChallenge(ctx, 403, "insufficient_scope", "the user has not granted the scope openid")
  }
  ctx.body = { ...Accounts.selectClaims(users.get(sub) ?? {}, scope.split(" ")), sub }
}

const home = ({ issuer }: Settings): Middleware => (ctx, next) =>
  ctx.path === "/" ? Interactions.send(ctx, Pages.home({ issuer, discoveryUrl: discoveryUrl(issuer) })) : next()

/** Adds `prompt=consent`: OpenID Connect requires it for `offline_access`, and many clients do not send it. */
const promptForOfflineAccess = (provider: Provider): Middleware => (ctx, next) => {
  const { prompt = "", scope } = ctx.query
  if (
    ctx.path === provider.pathFor("authorization") && ctx.method === "GET"
    && typeof scope === "string" && scope.split(" ").includes("offline_access") && typeof prompt === "string"
  ) {
    const prompts = prompt.split(" ").filter((value) => value !== "")
    if (!prompts.includes("consent") && !prompts.includes("none")) {
      ctx.query = { ...ctx.query, prompt: [...prompts, "consent"].join(" ") }
    }
  }
  return next()
}

/**
 * Checks redirect URIs and secrets. The recipe of `oidc-provider` for wildcards in redirect URIs. Each provider has its
 * own class of clients. A client that is not registered exists only if the server accepts every client.
 */
const acceptClients = ({ Client }: Provider, { clients }: Settings): void => {
  const compareSecret = Client.prototype.compareClientSecret
  Object.assign(Client.prototype, {
    redirectUriAllowed(this: { readonly clientId: string }, uri: string) {
      const client = clients.get(this.clientId)
      const allowed = (client === undefined ? [...clients.values()] : [client])
        .flatMap(({ redirectUris = [] }) => redirectUris)
      return Accounts.isRedirectUriAllowed(allowed, uri)
        || (client === undefined && isLoopback(URL.parse(uri)?.hostname ?? ""))
    },
    compareClientSecret(this: InstanceType<typeof Client>, secret: string) {
      return !clients.has(this.clientId) || compareSecret.call(this, secret)
    }
  })
}

export const make = (
  module: Module,
  settings: Settings
): (request: IncomingMessage, response: ServerResponse) => void => {
  const provider = new module.Provider(settings.issuer, configuration(settings, module))
  acceptClients(provider, settings)
  // Koa prints errors unless there is a listener. Its types omit its own event.
  const events: NodeJS.EventEmitter = provider
  events.on("error", (error: Error) => settings.onError(error.name))
  provider.on("server_error", (_: unknown, error: Error) => settings.onError(error.name))
  const tokens = Tokens.make(settings)
  Grants.register(provider, module, settings, tokens)
  provider.use(guard(settings.allowedHosts, [discoveryPath, metadataPath, provider.pathFor("jwks")]))
  provider.use(Interactions.middleware(provider))
  provider.use(userinfo(settings, tokens))
  provider.use(home(settings))
  provider.use(promptForOfflineAccess(provider))
  return provider.callback()
}
