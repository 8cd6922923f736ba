/**
 * The error of a vault that does not open.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** @internal */
export class VaultFileError extends Schema.TaggedError<VaultFileError>(
  "effect-agentcore-identity/local/VaultFileError"
)("VaultFileError", {
  reason: Schema.Literal("MissingPackage", "Unusable", "InvalidKey", "WrongKey", "UnknownFormat", "Damaged"),
  path: Schema.String,
  message: Schema.String
}) {}

/**
 * `path` is the path of the vault, also for an error of its key file.
 *
 * @internal
 */
export const vaultFileError = (path: string, reason: VaultFileError["reason"], detail: string): VaultFileError =>
  new VaultFileError({ reason, path, message: `The vault ${path} cannot be used: ${detail}` })
