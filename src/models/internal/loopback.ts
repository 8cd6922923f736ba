/** Loopback hosts. */

const loopback = /^(localhost|(::ffff:)?127(\.\d{1,3}){3}|::1|\[::1\])$/i

/**
 * Whether a host is this machine: as `URL.hostname`, as the address of a socket, or as the host that a server listens
 * on. Plain http to it does not use the network. Names under `.localhost` are not: not every system resolves them
 * without DNS.
 */
export const isLoopback = (hostname: string): boolean => loopback.test(hostname)

/** Whether secrets may travel to a URL: https to any host, plain http to this machine only. */
export const isSecure = (url: string): boolean => {
  if (!URL.canParse(url)) return false
  const { hostname, protocol } = new URL(url)
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname))
}
