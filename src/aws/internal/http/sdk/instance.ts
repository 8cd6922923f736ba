/**
 * What the adapter uses of a package, which is loaded at its first use: a bundler leaves out the rest of the package.
 *
 * @since 0.1.0
 */

export {
  /**
   * @since 0.1.0
   * @category packages
   * @internal
   */
  fromInstanceMetadata
} from "@smithy/credential-provider-imds"
