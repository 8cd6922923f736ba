/**
 * What the adapter uses of two packages, which are loaded at their first use: a bundler leaves out the rest of the
 * packages.
 */

export { HttpsProxyAgent } from "https-proxy-agent"

export { getProxyForUrl } from "proxy-from-env"
