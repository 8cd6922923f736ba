/** Times in HTTP headers. */
import * as DateTime from "effect/DateTime"
import type * as Option from "effect/Option"

/**
 * Parses an HTTP date (RFC 9110), or any form that JavaScript parses. `DateTime` rejects GMT, the zone of every HTTP
 * date.
 */
export const parse = (date: string): Option.Option<DateTime.Utc> => DateTime.make(date.replace(/ GMT$/, " +0000"))
