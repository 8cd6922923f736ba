/**
 * The errors of stores that cannot be built.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** @internal */
export class CredentialStoreError extends Schema.TaggedError<CredentialStoreError>()("CredentialStoreError", {
  reason: Schema.Literals(["MissingPackage", "InvalidKey", "InvalidUrl"]),
  message: Schema.String
}) {}

/** @internal */
export class PendingConsentsError extends Schema.TaggedError<PendingConsentsError>()("PendingConsentsError", {
  reason: Schema.Literals([
    "MissingPackage",
    "InvalidKey",
    "InvalidUrl",
    "InvalidTable",
    "UnsupportedDialect",
    "Schema"
  ]),
  message: Schema.String
}) {}
