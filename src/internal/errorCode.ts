/**
 * The part of a foreign error that messages and logs may contain.
 *
 * @since 0.1.0
 */
import { hasProperty } from "effect/Predicate"

/**
 * Returns the code of an error of the operating system, a database or a package, or else its name. It never returns the
 * message, because messages can quote secrets.
 *
 * @internal
 */
export const codeOf = (error: unknown): string =>
  hasProperty(error, "code") && (typeof error.code === "string" || typeof error.code === "number")
    ? String(error.code)
    : error instanceof Error
    ? error.name
    : "unknown error"
