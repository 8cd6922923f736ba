/**
 * What the adapter uses of a package, which is loaded at its first use: a bundler leaves out the rest of the package.
 */

export {
  loadConfig,
  loadSharedConfigFiles,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  NODE_REGION_CONFIG_OPTIONS
} from "@smithy/core/config"
