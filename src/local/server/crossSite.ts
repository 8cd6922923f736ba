/** Requests that a browser sends for a page of another site. */
import type * as HttpServerRequest from "effect/http/HttpServerRequest"

/**
 * Whether a page of another site sent the request. Any page can send a form. A browser adds at least one of these headers
 * to it, and an AWS SDK none.
 */
export const isCrossSite = ({ headers }: HttpServerRequest.HttpServerRequest): boolean => {
  const { host, origin, referer, "sec-fetch-site": site } = headers
  const source = origin ?? referer
  return site !== undefined && site !== "same-origin" && site !== "none"
    // The origin of a page in a sandbox is `null`, which is no URL.
    || source !== undefined && !(URL.canParse(source) && new URL(source).host === host?.toLowerCase())
}
