/**
 * What the adapter uses of two packages, which are loaded at their first use: a bundler leaves out the rest of the packages.
 *
 * @since 0.1.0
 */

export {
  /**
   * @since 0.1.0
   * @category packages
   * @internal
   */
  HttpsProxyAgent
} from "https-proxy-agent"

export {
  /**
   * @since 0.1.0
   * @category packages
   * @internal
   */
  getProxyForUrl
} from "proxy-from-env"
