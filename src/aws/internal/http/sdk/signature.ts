/**
 * What the adapter uses of a package: a build leaves out the rest of the package.
 *
 * @since 0.1.0
 */

export {
  /**
   * @since 0.1.0
   * @category packages
   * @internal
   */
  SignatureV4
} from "@smithy/signature-v4"
