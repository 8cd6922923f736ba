/**
 * Why a vault file cannot be used, before it becomes the error of its path.
 *
 * @since 0.1.0
 */
/** @internal */
export type Reason = "MissingPackage" | "Unusable" | "InvalidKey" | "WrongKey" | "UnknownFormat" | "Damaged"

/** @internal */
export interface Problem {
  readonly reason: Reason
  readonly message: string
}

/** @internal */
export const problem = (reason: Reason, message: string): Problem => ({ reason, message })
