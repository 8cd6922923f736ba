/**
 * What may be said of an error that is not ours.
 *
 * @since 0.1.0
 */
import { hasProperty } from "effect/Predicate"

/**
 * The code of an error of the operating system, of a database or a package, else its name; never its message, which may quote.
 *
 * @internal
 */
export const codeOf = (error: unknown): string =>
  hasProperty(error, "code") && (typeof error.code === "string" || typeof error.code === "number")
    ? String(error.code)
    : error instanceof Error
    ? error.name
    : "unknown error"
