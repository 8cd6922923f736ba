/**
 * What the adapter uses of a package, which is loaded at its first use: a bundler leaves out the rest of the package.
 */

export { fromInstanceMetadata } from "@smithy/credential-provider-imds"
