/** Times and lifetimes from outside. */
import * as DateTime from "effect/DateTime"
import type * as Option from "effect/Option"

/**
 * Parses an HTTP date (RFC 9110), or any form that JavaScript parses. `DateTime` rejects GMT, the zone of every HTTP
 * date.
 */
export const parseHttpDate = (date: string): Option.Option<DateTime.Utc> =>
  DateTime.make(date.replace(/ GMT$/, " +0000"))

/**
 * The last time that a `Date` can represent, in milliseconds since the epoch (ECMA-262, *Time Values and Time Range*).
 * The first is its negative. A lifetime from another server or an option may end later.
 */
export const maxTime = 8_640_000_000_000_000

/** Returns the closest time that a `Date` can represent. `DateTime.makeUnsafe` throws for any other. */
export const toUtc = (milliseconds: number): DateTime.Utc =>
  DateTime.makeUnsafe(Math.max(-maxTime, Math.min(maxTime, milliseconds)))

/**
 * A lifetime in a setup file or a flag: a duration in the form of Effect, such as `90 seconds`. Tokens expire at whole
 * seconds, so the shortest is one second.
 */
export type Lifetime = `${number} ${"second" | "minute" | "hour" | "day"}${"s" | ""}`

export const lifetimePattern: RegExp = /^[1-9]\d{0,8} (second|minute|hour|day)s?$/

export const isLifetime = (value: string): value is Lifetime => lifetimePattern.test(value)
