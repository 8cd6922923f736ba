/**
 * `oidc-provider`, set up as the development authorization server.
 *
 * @since 0.1.0
 */
import type { Configuration, KoaContextWithOIDC, ResourceServer } from "oidc-provider"
import * as Grants from "./grants.js"
import * as Interactions from "./interactions.js"
import * as Pages from "./pages.js"
import type { OidcStore } from "./store.js"

/** @internal */
export type Module = typeof import("oidc-provider")

let loading: Promise<{ readonly module: Module; readonly notices: ReadonlyArray<string> }> | undefined

// The package writes to the console while it is imported (on Node 20: that it wants a newer Node), and has no setting
// for it. The console is shared with whatever else runs meanwhile, so only the package's own lines are kept from it.
const importQuietly = async () => {
  const notices: Array<string> = []
  const { info, warn } = globalThis.console
  const quiet = (original: typeof info): typeof info => (...args) =>
    typeof args[0] === "string" && args[0].includes("oidc-provider ") ? void notices.push(args[0]) : original(...args)
  const patched = { info: quiet(info), warn: quiet(warn) }
  Object.assign(globalThis.console, patched)
  try {
    return { module: await import("oidc-provider"), notices }
  } finally {
    // Somebody may have put his own in place meanwhile, and keeps it.
    if (globalThis.console.info === patched.info) {
      globalThis.console.info = info
    }
    if (globalThis.console.warn === patched.warn) {
      globalThis.console.warn = warn
    }
  }
}

/**
 * Imports the package once for the whole process: two imports at a time would restore each other's console.
 *
 * @internal
 */
export const load = (): Promise<{ readonly module: Module; readonly notices: ReadonlyArray<string> }> => {
  loading ??= importQuietly().catch((error: unknown) => {
    loading = undefined
    throw error
  })
  return loading
}

/** @internal */
export interface Client {
  readonly scopes: ReadonlyArray<string>
  readonly redirectUris: ReadonlyArray<string>
}

/** @internal */
export interface Settings {
  readonly issuer: string
  readonly port: number
  readonly store: OidcStore
  readonly client: (clientId: string) => Client | undefined
  readonly resources: ReadonlyArray<string>
  readonly signingKey: JsonWebKey
  readonly trustedIssuers: ReadonlyArray<string>
  readonly cookieKey: string
  /** In seconds. */
  readonly lifetimes: {
    readonly accessToken: number
    readonly refreshToken: number
    readonly authorizationCode: number
  }
  readonly onError: (name: string) => void
}

const oidcScopes = ["openid", "offline_access"]

const interactionLifetime = 60 * 60
const sessionLifetime = 24 * 60 * 60

/**
 * Whether a redirect URI is one of those that a client may use. An entry that ends in `/*` stands for every URI that
 * has exactly one more path segment there, and neither query, fragment nor user information.
 *
 * @internal
 */
export const redirectUriAllowed = (allowed: ReadonlyArray<string>, uri: string): boolean =>
  allowed.some((entry) => {
    if (!entry.endsWith("/*") || !URL.canParse(entry) || !URL.canParse(uri)) {
      return entry === uri
    }
    // Compared after parsing, because a browser resolves `..` in both of its spellings before it follows the redirect.
    const prefix = new URL(entry.slice(0, -1)).href
    const target = new URL(uri).href
    return target === uri && target.startsWith(prefix) && /^[^/?#]+$/.test(target.slice(prefix.length))
  })

const isAuthorization = (ctx: KoaContextWithOIDC) => ctx.oidc.route === "authorization"

/** Grants whose scopes nobody has looked at yet. */
const freshGrants: ReadonlyArray<unknown> = ["client_credentials", Grants.tokenExchange, Grants.jwtBearer]

const isFreshGrant = (ctx: KoaContextWithOIDC) => freshGrants.includes(ctx.oidc.params?.grant_type)

const resourceServer =
  (settings: Settings, errors: Module["errors"]) =>
  (ctx: KoaContextWithOIDC, resource: string, client: { readonly clientId: string }): ResourceServer => {
    if (!settings.resources.includes(resource)) {
      throw new errors.InvalidTarget("no such resource")
    }
    const scopes = settings.client(client.clientId)?.scopes ?? []
    if (ctx.oidc.params !== undefined && (isAuthorization(ctx) || isFreshGrant(ctx))) {
      const asked = ctx.oidc.params.scope
      if (typeof asked === "string" && asked !== "") {
        // Left alone, oidc-provider drops scopes that it does not know without a word.
        const known = new Set(isAuthorization(ctx) ? [...scopes, ...oidcScopes] : scopes)
        const unknown = asked.split(" ").filter((scope) => !known.has(scope))
        if (unknown.length > 0) {
          throw new errors.InvalidScope("requested scope is not allowed", unknown.join(" "))
        }
      } else if (scopes.length > 0) {
        // RFC 6749, section 3.3: a request without scopes gets the default ones, or fails.
        ctx.oidc.params.scope = scopes.join(" ")
      }
    }
    return {
      scope: scopes.join(" "),
      audience: resource,
      accessTokenTTL: settings.lifetimes.accessToken,
      accessTokenFormat: "jwt",
      jwt: { sign: { alg: "ES256" } }
    }
  }

const configuration = (settings: Settings, errors: Module["errors"]): Configuration => {
  const cookie = { httpOnly: true, sameSite: "lax", signed: true } as const
  return {
    adapter: settings.store.adapter,
    // The set is typed as `JsonWebKey`s of a stricter make than the one of the Web Crypto API that it was exported by.
    jwks: { keys: [settings.signingKey as never] },
    scopes: oidcScopes,
    claims: { openid: ["sub"] },
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    extraTokenClaims: (_, token) => Grants.claims.get(token),
    findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
    renderError: (ctx, out) => {
      Interactions.send(
        ctx,
        Pages.problem({
          title: "This did not work",
          text: out.error_description ?? "The authorization server could not answer this request.",
          code: out.error
        })
      )
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    cookies: {
      keys: [settings.cookieKey],
      long: cookie,
      short: cookie,
      // Cookies do not tell ports apart: two servers of one host would sign each other's users out.
      names: {
        session: `session_${settings.port}`,
        interaction: `interaction_${settings.port}`,
        resume: `resume_${settings.port}`
      }
    },
    ttl: {
      AccessToken: settings.lifetimes.accessToken,
      ClientCredentials: settings.lifetimes.accessToken,
      IdToken: settings.lifetimes.accessToken,
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
      introspection: {
        enabled: true,
        allowedPolicy: (_, client, token) => token.clientId === client.clientId
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_, client, token) => token.clientId === client.clientId
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_, __, oneOf) => oneOf?.[0] ?? settings.resources[0] ?? "",
        useGrantedResource: () => true,
        getResourceServerInfo: resourceServer(settings, errors)
      }
    }
  }
}

/**
 * The server as a handler of requests.
 *
 * @internal
 */
export const make = (module: Module, settings: Settings) => {
  const provider = new module.default(settings.issuer, configuration(settings, module.errors))
  provider.Client.prototype.redirectUriAllowed = function(this: { readonly clientId: string }, uri: string) {
    return redirectUriAllowed(settings.client(this.clientId)?.redirectUris ?? [], uri)
  }
  // Koa prints errors unless somebody listens. Its types leave out its own event.
  const events: NodeJS.EventEmitter = provider
  events.on("error", (error: Error) => settings.onError(error.name))
  provider.on("server_error", (_: unknown, error: Error) => settings.onError(error.name))
  Grants.register(provider, module, settings, resourceServer(settings, module.errors))
  provider.use(Interactions.middleware(provider, settings))
  return provider.callback()
}
