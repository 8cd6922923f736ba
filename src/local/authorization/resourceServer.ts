/** The APIs that access tokens are for (RFC 8707), and the scopes that a request may have there. */
import type { KoaContextWithOIDC, ResourceServer } from "oidc-provider"
import * as Model from "./model.js"
import type { Module } from "./package.js"
import type { Settings } from "./settings.js"

export const oidcScopes = ["openid", "offline_access"]

/** The scopes of these grants come from the request, not from an earlier authorization. */
const initialGrants: ReadonlyArray<unknown> = ["client_credentials", Model.tokenExchange, Model.jwtBearer]

/** Refuses unknown scopes, which `oidc-provider` drops silently, and adds the default ones (RFC 6749, section 3.3). */
const checkScopes = (ctx: KoaContextWithOIDC, scopes: ReadonlyArray<string>, { errors }: Module): void => {
  const { params, route } = ctx.oidc
  if (params === undefined || (route !== "authorization" && !initialGrants.includes(params.grant_type))) return
  if (typeof params.scope !== "string" || params.scope === "") {
    if (scopes.length > 0) params.scope = scopes.join(" ")
    return
  }
  const allowed = route === "authorization" ? [...scopes, ...oidcScopes] : scopes
  const unknown = params.scope.split(" ").filter((scope) => !allowed.includes(scope))
  if (unknown.length > 0) {
    throw new errors.InvalidScope(`requested scope is not allowed: ${unknown.join(" ")}`, unknown.join(" "))
  }
}

export const make =
  (settings: Settings, module: Module) =>
  (ctx: KoaContextWithOIDC, resource: string, { clientId }: { readonly clientId: string }): ResourceServer => {
    if (!settings.resources.includes(resource)) throw new module.errors.InvalidTarget("no such resource or audience")
    const scopes = settings.clients.get(clientId)?.scopes ?? []
    checkScopes(ctx, scopes, module)
    return {
      scope: scopes.join(" "),
      audience: resource,
      accessTokenTTL: settings.lifetimes.accessToken,
      accessTokenFormat: "jwt",
      jwt: { sign: { alg: "ES256" } }
    }
  }
