/** The part of an error of another library that messages and logs may contain. */
import { hasProperty } from "effect/Predicate"

/** In characters. The longest names and codes have fewer than 60. */
const maxLength = 128

/** Truncates a name or a code of another library, for messages, errors and logs. */
export const truncateName = (name: string): string => name.length <= maxLength ? name : `${name.slice(0, maxLength)}…`

/**
 * Returns the code of an error of the operating system, a database or a package, or else its name. It never returns the
 * message, because messages can quote secrets.
 */
export const codeOf = (error: unknown): string =>
  hasProperty(error, "code") && (typeof error.code === "string" || typeof error.code === "number")
    ? truncateName(String(error.code))
    : error instanceof Error
    ? truncateName(error.name)
    : "unknown error"
