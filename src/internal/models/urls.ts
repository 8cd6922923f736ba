/** Which URLs are safe: loopback hosts, issuers and endpoints. */

const loopback = /^(localhost|(::ffff:)?127(\.\d{1,3}){3}|::1|\[::1\])$/i

/**
 * Whether a host is this machine. Takes a `URL.hostname`, the address of a socket, or the host that a server listens
 * on. Plain http to this machine does not use the network. Names under `.localhost` do not count, because some systems
 * resolve them by DNS.
 */
export const isLoopback = (hostname: string): boolean => loopback.test(hostname)

/** Whether secrets may be sent to a URL: https to any host, plain http only to this machine. */
export const isSecure = (url: string): boolean => {
  const parsed = URL.parse(url)
  return parsed?.protocol === "https:" || (parsed?.protocol === "http:" && isLoopback(parsed.hostname))
}

/**
 * In characters. Neither a specification nor the service model has a limit. A request with such a URL fits into the
 * buffers of servers.
 */
const maxLength = 8192

/** An unparsed URL: scheme, host, port, and the path as a group. `URL` would drop and replace characters. */
const parts = /^https?:\/\/[\w.:[\]-]+(\/[^?#]*)?$/i

/**
 * Whether a string is the URL of an issuer, or of its metadata (OpenID Connect Discovery 1.0, section 3). It has
 * scheme, host, port and path, but no user information, query or fragment. `URL` changes some paths, like those with
 * `..`. They are invalid, because the request would go elsewhere. Plain http is for loopback hosts only.
 */
export const isIssuer = (value: string): boolean => {
  if (value.length > maxLength || !isSecure(value)) return false
  const path = parts.exec(value)
  return path !== null && new URL(value).pathname === (path[1] ?? "/")
}

/** What an issuer must be. */
export const issuerRule =
  "be an https URL, or an http URL of a loopback host, without user information, query and fragment"

/**
 * Whether a string is the URL of an endpoint, which may have a query (RFC 6749, section 3), but neither user
 * information nor a fragment. Plain http is for loopback hosts only.
 */
export const isEndpoint = (value: string): boolean => {
  if (value.length > maxLength || !isSecure(value) || value.includes("#")) return false
  const { password, username } = new URL(value)
  return username === "" && password === ""
}

/** Whether a host can be this machine, also where `isLoopback` does not allow plain http. DNS is not asked. */
const isHere = (host: string): boolean =>
  isLoopback(host) || /^(0\.|127\.)|(^|\.)localhost\.?$|^\[::(1|ffff:(7f..|0):.+)?\]$/.test(host)

/**
 * Whether an issuer may name the endpoint. An issuer on the network must not choose a request to this machine, and an
 * issuer of https names no other endpoints.
 */
export const isEndpointOf = (issuer: string, endpoint: string): boolean => {
  if (!isEndpoint(endpoint)) return false
  const [from, to] = [new URL(issuer), new URL(endpoint)]
  return (to.protocol === "https:" || from.protocol === "http:") && (!isHere(to.hostname) || isHere(from.hostname))
}
