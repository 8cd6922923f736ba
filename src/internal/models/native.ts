/** Values for programs without Effect. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { mapDeep } from "./plainData.js"

/**
 * A value without types of Effect: an `Option` is its value or `undefined`, a duration is a number of milliseconds, and
 * a time is a `Date`. In JSON a time is a string in ISO 8601. A secret stays a `Redacted`.
 */
export type Plain<A, Time = Date> = A extends Option.Option<infer B> ? Plain<B, Time> | undefined
  : A extends DateTime.DateTime ? Time
  : A extends Duration.Duration ? number
  : A extends Redacted.Redacted ? A
  : A extends ReadonlyArray<infer B> ? ReadonlyArray<Plain<B, Time>>
  : A extends object ? { readonly [K in keyof A]: Plain<A[K], Time> }
  : A

/** A value as JSON carries it. */
export type Json<A> = Plain<A, string>

const convert = (value: unknown): unknown =>
  mapDeep(value, (inner) => {
    if (Option.isOption(inner)) return convert(Option.getOrUndefined(inner))
    if (DateTime.isDateTime(inner)) return DateTime.toDateUtc(inner)
    return Duration.isDuration(inner) ? Duration.toMillis(inner) : inner
  })

export const toPlain = <A>(value: A): Plain<A> =>
  // The type and the function have the same cases.
  convert(value) as Plain<A>
