/**
 * URLs that secrets travel to.
 *
 * @since 0.1.0
 */
import { isLoopback } from "../../internal/loopback.js"

/**
 * Whether secrets may go there: https anywhere, plain http on this machine only.
 *
 * @internal
 */
export const isSecure = (url: string): boolean => {
  if (!URL.canParse(url)) return false
  const { hostname, protocol } = new URL(url)
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname))
}

/**
 * A URL with parameters added. By text, not by `URL`: a custom scheme need not parse, and what is there stays as it is.
 *
 * @internal
 */
export const appendQuery = (url: string, parameters: ReadonlyArray<readonly [string, string]>): string => {
  const hash = url.indexOf("#")
  const base = hash === -1 ? url : url.slice(0, hash)
  const separator = !base.includes("?") ? "?" : base.endsWith("?") || base.endsWith("&") ? "" : "&"
  const query = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&")
  return `${base}${separator}${query}${hash === -1 ? "" : url.slice(hash)}`
}
