/** The URLs of issuers and of their endpoints. */
import { isSecure } from "../models/internal/loopback.js"

/**
 * A guess: neither a specification nor the service model has a limit. A request of this length fits into the buffers of
 * servers.
 */
const maxLength = 8192

/** A URL as it is written: scheme, host, port, and the path as a group. `URL` drops and replaces characters. */
const parts = /^https?:\/\/[\w.:[\]-]+(\/[^?#]*)?$/i

/**
 * Whether a text is the URL of an issuer, or of its metadata: scheme, host, port and path, without user information,
 * query and fragment (OpenID Connect Discovery 1.0, section 3). A path that `URL` changes, like one with `..`, is
 * refused, because the request would go elsewhere. Plain http is for loopback hosts only.
 */
export const isIssuer = (text: string): boolean => {
  if (text.length > maxLength || !isSecure(text)) return false
  const path = parts.exec(text)
  return path !== null && new URL(text).pathname === (path[1] ?? "/")
}

/**
 * Whether a text is the URL of an endpoint, which may have a query (RFC 6749, section 3), but neither user information
 * nor a fragment. Plain http is for loopback hosts only.
 */
export const isEndpoint = (text: string): boolean => {
  if (text.length > maxLength || !isSecure(text) || text.includes("#")) return false
  const { password, username } = new URL(text)
  return username === "" && password === ""
}
