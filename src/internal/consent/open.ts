/** The consent handler loads this package at its first use. A build bundles it into the module. */

export { default as open } from "open"
