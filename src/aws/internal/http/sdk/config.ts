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
  loadConfig,
  /**
   * @since 0.1.0
   * @category packages
   * @internal
   */
  loadSharedConfigFiles,
  /**
   * @since 0.1.0
   * @category packages
   * @internal
   */
  NODE_REGION_CONFIG_FILE_OPTIONS,
  /**
   * @since 0.1.0
   * @category packages
   * @internal
   */
  NODE_REGION_CONFIG_OPTIONS
} from "@smithy/core/config"
