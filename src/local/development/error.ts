/** The error of a file that names no caller. */
import * as Schema from "effect/Schema"

export class LocalDevelopmentError extends Schema.TaggedError<LocalDevelopmentError>()("LocalDevelopmentError", {
  reason: Schema.Literals(["MissingWorkloadIdentity", "Broken", "Unusable", "Locked"]),
  path: Schema.String,
  message: Schema.String
}) {}

export const fileError = (
  path: string,
  reason: LocalDevelopmentError["reason"],
  detail: string
): LocalDevelopmentError => new LocalDevelopmentError({ reason, path, message: `${path} names no caller: ${detail}` })
