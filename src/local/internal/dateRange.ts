/** The times that a `Date` can represent. A lifetime from another server or an option may end later. */
import * as DateTime from "effect/DateTime"

/** In milliseconds since the epoch (ECMA-262, *Time Values and Time Range*). The first time is its negative. */
export const maxTime = 8_640_000_000_000_000

/** Returns the closest time that a `Date` can represent. `DateTime.makeUnsafe` throws for any other. */
export const toUtc = (milliseconds: number): DateTime.Utc =>
  DateTime.makeUnsafe(Math.max(-maxTime, Math.min(maxTime, milliseconds)))
