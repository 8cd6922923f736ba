/** The adapter loads this part of a package at its first use. */

export { getProxyForUrl } from "proxy-from-env"
