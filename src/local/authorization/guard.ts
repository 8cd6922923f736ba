/** Refuses requests before `oidc-provider` reads them: for another host name, and from pages of other sites. */
import type { Context, Middleware } from "koa"
import type { Page } from "../../internal/html.js"
import { isOwnHost } from "../../internal/ownHost.js"
import * as Interactions from "./interactions.js"
import * as Pages from "./pages.js"

/**
 * Whether a page loads the server without a navigation: as an image, in a frame, with a script, or ahead of time.
 * Browsers say so with Fetch Metadata; other clients send no such header. The application's own redirect to the
 * authorization endpoint is a top-level navigation, also from another site.
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

const refuse = (ctx: Context, page: Page, description: string): void => {
  if (ctx.accepts(["json", "html"]) === "html") {
    Interactions.send(ctx, page, 403)
  } else {
    ctx.status = 403
    ctx.set("cache-control", "no-store")
    ctx.body = { error: "invalid_request", error_description: description }
  }
}

/** Pages of other sites may read the public documents, and send the user to this server. All else is refused. */
export const middleware = (
  allowedHosts: ReadonlyArray<string>,
  publicDocuments: ReadonlyArray<string>
): Middleware =>
(ctx, next) =>
  !isOwnHost(ctx.headers.host, allowedHosts)
    ? refuse(ctx, Pages.unknownHost, "the Host header names another host than this server")
    : isSubresource(ctx) && !publicDocuments.includes(ctx.path)
    ? refuse(ctx, Pages.noNavigation, "a page of another site may only navigate to this server")
    : next()
