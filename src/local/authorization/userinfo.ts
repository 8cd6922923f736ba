/**
 * The userinfo endpoint (OpenID Connect Core 1.0, section 5.3). The one of `oidc-provider` reads only opaque
 * tokens, and the access tokens of this server are JWTs for an API.
 */
import type { Context, Middleware } from "koa"
import type { Settings } from "./settings.js"
import * as Tokens from "./tokens.js"
import * as User from "./user.js"

export const path = "/me"

/** RFC 6750, section 3. A request without a token gets no error code. */
const refuse = (ctx: Context, status: number, error?: string, description?: string): void => {
  ctx.status = status
  ctx.set("www-authenticate", error === undefined ? "Bearer" : `Bearer error="${error}"`)
  ctx.body = error === undefined ? {} : { error, error_description: description }
}

export const middleware = ({ store, users }: Settings, tokens: Tokens.Tokens): Middleware => async (ctx, next) => {
  if (ctx.path !== path) return next()
  if (ctx.method !== "GET" && ctx.method !== "POST") {
    ctx.set("allow", "GET, POST")
    ctx.throw(405)
  }
  ctx.set("cache-control", "no-store")
  const [, token] = /^Bearer +(\S+)$/i.exec(ctx.get("authorization")) ?? []
  if (token === undefined) return refuse(ctx, 401)
  const claims = await tokens.verifyOwn(token, Tokens.accessTokenHeader).catch(() => undefined)
  const { client_id: clientId, scope = "", sub = "" } = claims ?? {}
  if (claims === undefined || typeof clientId !== "string" || typeof scope !== "string") {
    return refuse(ctx, 401, "invalid_token", "the access token is not valid")
  }
  if (!store.hasScope(sub, clientId, "openid")) {
    return refuse(ctx, 403, "insufficient_scope", "the user has not granted the scope openid")
  }
  ctx.body = { ...User.selectClaims(users.get(sub) ?? {}, scope.split(" ")), sub }
}
