/** The adapter uses this part of a package. A build leaves out the rest of the package. */

export { SignatureV4 } from "@smithy/signature-v4"
