/** What the adapter uses of a package, which is loaded at its first use. */

export { getProxyForUrl } from "proxy-from-env"
