/** What verifying a signature needs of its packages, so that a bundle has nothing else of them. */
export { Sha256Node as Sha256 } from "@smithy/core/checksum"
export { SignatureV4 } from "@smithy/signature-v4"
