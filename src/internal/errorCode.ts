/** The part of a foreign error that messages and logs may contain. */
import { hasProperty } from "effect/Predicate"

/** In characters. The longest names of exceptions and codes have less than 60. */
const maxLength = 128

/** A name or a code that others chose, for messages, errors and logs. A longer one is cut. */
export const cutName = (name: string): string => name.length <= maxLength ? name : `${name.slice(0, maxLength)}…`

/**
 * Returns the code of an error of the operating system, a database or a package, or else its name. It never returns the
 * message, because messages can quote secrets.
 */
export const codeOf = (error: unknown): string =>
  hasProperty(error, "code") && (typeof error.code === "string" || typeof error.code === "number")
    ? cutName(String(error.code))
    : error instanceof Error
    ? cutName(error.name)
    : "unknown error"
