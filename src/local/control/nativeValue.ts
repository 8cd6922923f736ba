/** The values of `LocalControl` for programs without Effect, and as JSON carries them. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

/**
 * A value without types of Effect: an `Option` is its value or `undefined`, and a time is a `Date`. In JSON it is a
 * string in ISO 8601.
 */
export type Plain<A, Time = Date> = A extends Option.Option<infer B> ? Plain<B, Time> | undefined
  : A extends DateTime.DateTime ? Time
  : A extends ReadonlyArray<infer B> ? ReadonlyArray<Plain<B, Time>>
  : A extends object ? { readonly [K in keyof A]: Plain<A[K], Time> }
  : A

const convert = (value: unknown): unknown =>
  Option.isOption(value)
    ? convert(Option.getOrUndefined(value))
    : DateTime.isDateTime(value)
    ? DateTime.toDateUtc(value)
    : Array.isArray(value)
    ? value.map(convert)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, convert(member)]))
    : value

export const toPlain = <A>(value: A): Plain<A> =>
  // The type and the function have the same cases.
  convert(value) as Plain<A>
