/** Members of resources and lists. The data plane has neither, and does not load this module. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
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
