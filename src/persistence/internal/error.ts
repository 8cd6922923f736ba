/** The errors of stores that cannot be built. */
import * as Schema from "effect/Schema"

export class CredentialStoreError extends Schema.TaggedError<CredentialStoreError>()("CredentialStoreError", {
  reason: Schema.Literals(["MissingPackage", "InvalidKey", "InvalidUrl"]),
  message: Schema.String
}) {}

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
