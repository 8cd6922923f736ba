/** Times of the wire, and of the packages of the AWS SDK. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as HttpDate from "../../../internal/httpDate.js"

/** A time in any form that JavaScript reads, in milliseconds since the epoch. */
export const parseTime = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Option.getOrUndefined(Option.map(HttpDate.parse(text), DateTime.toEpochMillis))

/** Milliseconds since the epoch as the AWS SDK has them. */
export const toDate = (time: number): Date => DateTime.toDate(DateTime.makeUnsafe(time))

export const parseDate = (text: string): Date | undefined => {
  const time = parseTime(text)
  return time === undefined ? undefined : toDate(time)
}
