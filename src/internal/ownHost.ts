/** The host names of a server on this machine. */
import { isIP } from "node:net"

const hostname = (header: string | undefined): string | undefined => {
  if (header === undefined) return undefined
  try {
    return new URL(`http://${header}`).hostname
  } catch {
    return undefined
  }
}

/**
 * Whether the Host header names this server. A page of another site can make its own name resolve to this machine (DNS
 * rebinding), and then sends that name. It cannot send an address or `localhost` in this way.
 */
export const isOwnHost = (header: string | undefined, allowedHosts: ReadonlyArray<string>): boolean => {
  const name = hostname(header)
  return name !== undefined
    && (name === "localhost" || name.endsWith(".localhost") || isIP(name.replace(/^\[|\]$/g, "")) !== 0
      || allowedHosts.some((allowed) => allowed.toLowerCase() === name))
}

/**
 * The host in the URL of a server that listens on an address. A browser cannot open a wildcard address, so the URL has
 * the loopback address.
 */
export const toAuthority = (host: string): string => {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host
  return name.includes(":") ? `[${name}]` : name
}
