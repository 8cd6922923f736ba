/**
 * What the adapter uses of two packages, which are loaded at their first use: a bundler leaves out the rest of the packages.
 *
 * @since 0.1.0
 */

/** @internal */
export { HttpsProxyAgent } from "https-proxy-agent"
/** @internal */
export { getProxyForUrl } from "proxy-from-env"
