/**
 * Why a vault file cannot be used, before it becomes the error of its path.
 *
 * @since 0.1.0
 */
import { hasProperty } from "effect/Predicate"

/** @internal */
export type Reason = "MissingPackage" | "Unusable" | "InvalidKey" | "WrongKey" | "UnknownFormat" | "Damaged"

/** @internal */
export interface Problem {
  readonly reason: Reason
  readonly message: string
}

/** @internal */
export const problem = (reason: Reason, message: string): Problem => ({ reason, message })

/**
 * What may be said of an error of the operating system or of the database: its code, never its message.
 *
 * @internal
 */
export const codeOf = (error: unknown): string =>
  hasProperty(error, "code") && (typeof error.code === "string" || typeof error.code === "number")
    ? String(error.code)
    : error instanceof Error
    ? error.name
    : "unknown error"
