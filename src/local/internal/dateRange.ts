/** The times that a `Date` can hold. A lifetime of another server, or of an option, may end later. */
import * as DateTime from "effect/DateTime"

/** In milliseconds since the epoch (ECMA-262, *Time Values and Time Range*). The first time is its negative. */
export const maxTime = 8_640_000_000_000_000

/** The time, or the closest one that a `Date` can hold. `DateTime.makeUnsafe` throws for any other. */
export const toUtc = (milliseconds: number): DateTime.Utc =>
  DateTime.makeUnsafe(Math.max(-maxTime, Math.min(maxTime, milliseconds)))
