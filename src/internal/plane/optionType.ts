/** Types of options that no request has, such as functions, durations and tags. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Constraint from "../models/constraint.js"

export const AnyFunction = Constraint.guard("a function", Predicate.isFunction)

export const AnyEffect = Constraint.guard("an Effect", Effect.isEffect)

export const DurationInput = Constraint.guard(
  "a number of milliseconds, or a Duration as in '10 minutes'",
  (value): value is Duration.Input => Duration.fromInput(value as Duration.Input)._tag === "Some"
)

/** A count or an amount. It may be `Infinity`. */
export const Amount = Constraint.guard(
  "a number, 0 or more",
  (value): value is number => typeof value === "number" && value >= 0
)

export const Rate = Constraint.guard(
  "a number of calls per second, above 0",
  (value): value is number => typeof value === "number" && value > 0
)

/** A port to listen on, 0 for a free one. */
export const Port = Constraint.guard(
  "a port, 0 to 65535",
  (value): value is number => typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_535
)

export const Tag = Constraint.guard("a Context.Service", Context.isKey)

export const Handler = Constraint.guard(
  "a consent handler: a function from a session to an Effect",
  (value): value is object =>
    Predicate.isFunction(value) || (Predicate.hasProperty(value, "show") && Predicate.isFunction(value.show))
)

export const Poll = Constraint.guard(
  "a Schedule or a Poller",
  (value) => Schedule.isSchedule(value) || Predicate.isFunction(value)
)
