/** What the adapter uses of a package: a build leaves out the rest of the package. */

export { SignatureV4 } from "@smithy/signature-v4"
