/** Members that several operations share, with the limits of the AWS service model, and the lifetime of a session. */
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Constraint from "./constraint.js"

/** How long an authorization URL and its session are valid (AWS documentation). Milliseconds. */
export const sessionLifetime = 10 * 60_000

export const WorkloadName = Constraint.string(3, 255, "[A-Za-z0-9_.-]+")

const maxProviderName = 128
const providerName = String.raw`[a-zA-Z0-9\-_]+`

const wholeProviderName = new RegExp(`^${providerName}$`)

export const ProviderName = Constraint.string(1, maxProviderName, providerName)

/** The same as `Schema.is(ProviderName)`, which takes a millisecond for its first name. */
export const isProviderName = (name: unknown): boolean =>
  typeof name === "string" && name.length <= maxProviderName && wholeProviderName.test(name)

/** Mobile and desktop applications use custom schemes for redirects. */
export const ReturnUrl = Constraint.string(1, 2048, String.raw`\w+:(\/?\/?)[^\s]+`)

export const KmsKeyArn = Constraint.string(
  1,
  2048,
  "arn:aws(|-cn|-us-gov):kms:[a-zA-Z0-9-]*:[0-9]{12}:key/[a-zA-Z0-9-]{36}"
)

const tagPattern = String.raw`[a-zA-Z0-9\s._:/=+@-]*`

export const TagKey = Constraint.string(1, 128, tagPattern)

export const Tags = Constraint.stringMap(TagKey, Constraint.string(0, 256, tagPattern), 50)

/** Tags in a response. */
export const AnyTags = Schema.Record(Schema.String, Schema.String)

export const SecretReference = Schema.Struct({
  secretId: Constraint.string(1, 2048),
  jsonKey: Constraint.string(1, 128)
})

export const SecretSource = Schema.Literals(["MANAGED", "EXTERNAL"])

export const SecretArn = Schema.Struct({ secretArn: Schema.String })

/**
 * The members of a secret in a request: the service stores the secret (`MANAGED`), or reads it from Secrets Manager
 * (`EXTERNAL`).
 */
export const secretRequest = <const N extends string>(name: N, secret: Schema.Codec<Redacted.Redacted, string>) =>
  // Computed keys widen to `string`.
  ({
    [name]: Schema.optional(secret),
    [`${name}Source`]: Constraint.optional(SecretSource),
    [`${name}Config`]: Constraint.optional(SecretReference)
  }) as
    & { readonly [K in N]: Schema.optional<Schema.Codec<Redacted.Redacted, string>> }
    & { readonly [K in `${N}Source`]: Schema.optional<typeof SecretSource> }
    & { readonly [K in `${N}Config`]: Schema.optional<typeof SecretReference> }

/** The members of a secret in a response: where the secret is stored, never the secret itself. */
export const secretResponse = <const N extends string>(name: N) =>
  // Computed keys widen to `string`.
  ({
    [`${name}Arn`]: Schema.optional(SecretArn),
    [`${name}JsonKey`]: Constraint.optional(Schema.String),
    [`${name}Source`]: Constraint.optional(Constraint.openEnum<"MANAGED" | "EXTERNAL">())
  }) as
    & { readonly [K in `${N}Arn`]: Schema.optional<typeof SecretArn> }
    & { readonly [K in `${N}JsonKey`]: Schema.optional<Schema.Codec<string>> }
    & { readonly [K in `${N}Source`]: Schema.optional<Schema.Codec<"MANAGED" | "EXTERNAL" | (string & {})>> }
