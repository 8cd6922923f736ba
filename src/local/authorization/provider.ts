/** `oidc-provider`, configured as the development authorization server. */
import type { Middleware } from "koa"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Configuration } from "oidc-provider"
import type Provider from "oidc-provider"
import * as Client from "./client.js"
import * as Consent from "./consent.js"
import * as Grants from "./grants.js"
import * as Guard from "./guard.js"
import * as Interactions from "./interactions.js"
import type { Module } from "./package.js"
import * as Pages from "./pages.js"
import * as ResourceServer from "./resourceServer.js"
import type { Settings } from "./settings.js"
import * as Tokens from "./tokens.js"
import * as User from "./user.js"
import * as Userinfo from "./userinfo.js"

const interactionLifetime = 60 * 60
const sessionLifetime = 24 * 60 * 60

const discoveryPath = "/.well-known/openid-configuration"

/** RFC 8414, section 3. `oidc-provider` serves the same document there. */
const metadataPath = "/.well-known/oauth-authorization-server"

export const discoveryUrl = (issuer: string): string => `${issuer}${discoveryPath}`

const configuration = (settings: Settings, module: Module): Configuration => {
  const cookie = { httpOnly: true, sameSite: "lax", signed: true } as const
  const ownTokensOnly = {
    enabled: true,
    allowedPolicy: (
      _: unknown,
      client: { readonly clientId: string },
      token: { readonly clientId?: string | undefined }
    ) => token.clientId === client.clientId
  }
  return {
    adapter: settings.store.adapter,
    // The Web Crypto API, which exported the key, types it less strictly.
    jwks: { keys: [settings.signingKey as never] },
    scopes: ResourceServer.oidcScopes,
    claims: User.claimsByScope(settings.users.values()),
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    extraTokenClaims: Grants.extraClaims(settings),
    formats: {
      customizers: {
        // Their verifiers in this process have the same clock.
        jwt: (_, __, { payload }) => {
          const offset = settings.clock.offset()
          for (const name of ["iat", "exp"]) {
            if (typeof payload[name] === "number") payload[name] += offset
          }
        }
      }
    },
    findAccount: (_, userName) => User.toAccount(userName, settings.users.get(userName)),
    renderError: (ctx, out) =>
      Interactions.send(
        ctx,
        Pages.problem({
          title: "This did not work",
          text: out.error_description ?? "The authorization server could not answer this request.",
          code: out.error
        })
      ),
    interactions: {
      url: (_, interaction) => `/interaction/${interaction.uid}`,
      ...(settings.consent === undefined ? {} : { policy: Consent.headlessPolicy(module, settings.consent) })
    },
    discovery: { userinfo_endpoint: `${settings.issuer}${Userinfo.path}` },
    cookies: {
      keys: [settings.cookieKey],
      long: cookie,
      short: cookie,
      // Browsers send a cookie to every port of a host, so two servers need different names.
      names: {
        session: `session_${settings.port}`,
        interaction: `interaction_${settings.port}`,
        resume: `resume_${settings.port}`
      }
    },
    ttl: {
      AccessToken: settings.lifetimes.accessToken,
      ClientCredentials: settings.lifetimes.accessToken,
      // Only its end moves: `oidc-provider` takes the time of issue from the machine.
      IdToken: () => Math.max(1, settings.lifetimes.accessToken + settings.clock.offset()),
      AuthorizationCode: settings.lifetimes.authorizationCode,
      RefreshToken: settings.lifetimes.refreshToken,
      Grant: Math.max(settings.lifetimes.refreshToken, sessionLifetime),
      Interaction: interactionLifetime,
      Session: sessionLifetime
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
        getResourceServerInfo: ResourceServer.make(settings, module)
      }
    }
  }
}

const home = ({ issuer }: Settings): Middleware => (ctx, next) =>
  ctx.path === "/" ? Interactions.send(ctx, Pages.home({ issuer, discoveryUrl: discoveryUrl(issuer) })) : next()

/** OpenID Connect allows `offline_access` only with `prompt=consent`, which many clients do not send. */
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

/** Returns the request handler of the server. */
export const make = (
  module: Module,
  settings: Settings
): (request: IncomingMessage, response: ServerResponse) => void => {
  const provider = new module.Provider(settings.issuer, configuration(settings, module))
  // The recipe of `oidc-provider` for wildcards in redirect URIs. The class belongs to this provider.
  provider.Client.prototype.redirectUriAllowed = function(this: { readonly clientId: string }, uri: string) {
    return Client.isRedirectUriAllowed(settings.clients.get(this.clientId)?.redirectUris ?? [], uri)
  }
  // Koa prints errors unless there is a listener. Its types omit its own event.
  const events: NodeJS.EventEmitter = provider
  events.on("error", (error: Error) => settings.onError(error.name))
  provider.on("server_error", (_: unknown, error: Error) => settings.onError(error.name))
  const tokens = Tokens.make(settings)
  Grants.register(provider, module, settings, tokens)
  provider.use(Guard.middleware(settings.allowedHosts, [discoveryPath, metadataPath, provider.pathFor("jwks")]))
  provider.use(Interactions.middleware(provider))
  provider.use(Userinfo.middleware(settings, tokens))
  provider.use(home(settings))
  provider.use(promptForOfflineAccess(provider))
  return provider.callback()
}
