/**
 * What the adapter uses of a package, which is loaded at its first use: a bundler leaves out the rest of the package.
 *
 * @since 0.1.0
 */

export {
  /** @internal */
  loadConfig,
  /** @internal */
  loadSharedConfigFiles,
  /** @internal */
  NODE_REGION_CONFIG_FILE_OPTIONS,
  /** @internal */
  NODE_REGION_CONFIG_OPTIONS
} from "@smithy/core/config"
