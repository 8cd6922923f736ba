/**
 * The timestamps of answers. The data plane has none, and does not load this module.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

const Instant = Schema.declare(
  (value): value is Date | number => Predicate.isDate(value) || Predicate.isNumber(value),
  { typeConstructor: { _tag: "effect-agentcore-identity/Instant" } }
)

/**
 * A timestamp of an answer: a `Date` to the AWS SDK, the seconds since the epoch in JSON.
 *
 * @internal
 */
export const timestamp: Schema.Codec<DateTime.Utc, Date | number> = Schema.transformOrFail(
  Instant,
  Schema.DateTimeUtc,
  {
    strict: true,
    decode: (value, _, ast) =>
      Option.match(DateTime.make(Predicate.isDate(value) ? value : Math.round(value * 1000)), {
        onNone: () => ParseResult.fail(new ParseResult.Type(ast, value)),
        onSome: ParseResult.succeed
      }),
    encode: (time) => ParseResult.succeed(DateTime.toDate(time))
  }
)
