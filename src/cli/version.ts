/**
 * The version of the package, as `package.json` has it (a test compares them).
 *
 * @since 0.1.0
 */

/** @internal */
export const version = "0.1.0"
