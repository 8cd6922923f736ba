/** The adapter loads this part of a package at its first use. A bundler leaves out the rest of the package. */

export { fromInstanceMetadata } from "@smithy/credential-provider-imds"
