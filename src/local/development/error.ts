/**
 * The error of a file that names no caller.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** @internal */
export class LocalDevelopmentError extends Schema.TaggedError<LocalDevelopmentError>()("LocalDevelopmentError", {
  reason: Schema.Literals(["MissingWorkloadIdentity", "Broken", "Unusable", "Locked"]),
  path: Schema.String,
  message: Schema.String
}) {}

/** @internal */
export const fileError = (
  path: string,
  reason: LocalDevelopmentError["reason"],
  detail: string
): LocalDevelopmentError => new LocalDevelopmentError({ reason, path, message: `${path} names no caller: ${detail}` })
