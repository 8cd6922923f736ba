/** Members of resources, lists, tags and secrets. The data plane has none, and does not load this module. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Getter from "effect/SchemaGetter"
import * as Issue from "effect/SchemaIssue"
import * as Constraint from "./constraint.js"

const Instant = Schema.declare((value): value is Date | number => Predicate.isDate(value) || Predicate.isNumber(value))

/** A timestamp in a response: a `Date` in the AWS SDK, the seconds since the epoch in JSON. */
export const timestamp: Schema.Codec<DateTime.Utc, Date | number> = Instant.pipe(Schema.decodeTo(Schema.DateTimeUtc, {
  decode: Getter.transformEffect((value) =>
    Option.match(DateTime.make(Predicate.isDate(value) ? value : Math.round(value * 1000)), {
      onNone: () => Effect.fail(new Issue.InvalidValue()),
      onSome: (time) => Effect.succeed(DateTime.toUtc(time))
    })
  ),
  encode: Getter.transform((time): Date | number => DateTime.toDate(time))
}))

export const times = {
  createdTime: timestamp,
  lastUpdatedTime: timestamp
}

export const pageRequest = (maxResults: number) =>
  Schema.Struct({
    nextToken: Constraint.optional(Schema.String),
    maxResults: Constraint.optional(Constraint.whole(1, maxResults))
  })

export const page = { nextToken: Schema.optional(Schema.NullOr(Schema.String)) }

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
