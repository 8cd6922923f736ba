/** Loopback hosts. */

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Whether a host name, in the form of `URL.hostname`, is this machine. Plain http to it does not use the network. */
export const isLoopback = (hostname: string): boolean => loopback.test(hostname)

/** Whether secrets may travel to a URL: https to any host, plain http to this machine only. */
export const isSecure = (url: string): boolean => {
  if (!URL.canParse(url)) return false
  const { hostname, protocol } = new URL(url)
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname))
}
