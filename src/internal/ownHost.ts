/** The host of a server on this machine. */
import { isIP } from "node:net"

/**
 * Whether the Host header names this server. Another site can make its own name resolve to this machine (DNS
 * rebinding). A browser then sends the name of that site, never an address or `localhost`.
 */
export const isOwnHost = (header: string | undefined, allowedHosts: ReadonlyArray<string>): boolean => {
  const name = header === undefined ? undefined : URL.parse(`http://${header}`)?.hostname
  return name !== undefined
    && (name === "localhost" || name.endsWith(".localhost") || isIP(name.replace(/^\[|\]$/g, "")) !== 0
      || allowedHosts.some((allowed) => allowed.toLowerCase() === name))
}

/**
 * Returns the host for the URL of a server that listens on an address. A browser cannot open a wildcard address, so the
 * loopback address replaces it.
 */
export const toAuthority = (host: string): string => {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host
  return name.includes(":") ? `[${name}]` : name
}

/** Why a server cannot listen, by a code of Node, as in `EADDRINUSE`. */
export const describeListenError = (host: string, port: number, code: string | undefined): string =>
  `Cannot listen on ${host}:${port}${code === undefined ? "" : `: ${code}`}${
    code === "EADDRINUSE" ? ": the port is in use, choose another one" : ""
  }`
