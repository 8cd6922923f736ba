/**
 * The version of the package. A test compares it with `package.json`.
 *
 * @since 0.1.0
 */

/** @internal */
export const version = "0.2.0"
