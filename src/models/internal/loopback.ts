/** Loopback hosts. */

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
