/**
 * Loopback hosts.
 *
 * @since 0.1.0
 */

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * Whether a host name, in the form of `URL.hostname`, is this machine. Plain http to it does not use the network.
 *
 * @internal
 */
export const isLoopback = (hostname: string): boolean => loopback.test(hostname)
