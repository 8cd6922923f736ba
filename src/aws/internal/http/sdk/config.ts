/** The adapter loads this part of a package at its first use. A bundler leaves out the rest of the package. */

export {
  loadConfig,
  loadSharedConfigFiles,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  NODE_REGION_CONFIG_OPTIONS
} from "@smithy/core/config"
