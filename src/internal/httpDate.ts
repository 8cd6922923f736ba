/** Times that came over HTTP. */
import * as DateTime from "effect/DateTime"
import type * as Option from "effect/Option"

/**
 * Reads a time: a date of HTTP (RFC 9110), or any form that JavaScript reads. `DateTime` does not know GMT, the zone of
 * every date of HTTP.
 */
export const parse = (text: string): Option.Option<DateTime.Utc> => DateTime.make(text.replace(/ GMT$/, " +0000"))
