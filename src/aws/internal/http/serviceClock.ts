/**
 * The clock of the service. AWS refuses a request whose time is more than 5 minutes off, so requests are signed for the time at the
 * service, which its responses tell. As in the AWS SDK for JavaScript.
 */
import { parseTime } from "./time.js"

/** The SDK tries again when the clock was off by this much. */
const threshold = 240_000

/** A response to an older request says nothing about the time of now. */
const maxAge = 900_000

export interface ServiceClock {
  /** What the clock of the service is ahead by, in milliseconds. */
  readonly offset: () => number
  /**
   * Reads the time of a response, to a request that was signed with the offset. Returns whether the request was signed for a time that the
   * service does not accept, and the next one is not.
   */
  readonly read: (response: {
    readonly headers: Readonly<Record<string, string | undefined>>
    readonly sent: number
    readonly received: number
    readonly offset: number
  }) => boolean
}

export const make = (): ServiceClock => {
  let current = 0
  return {
    offset: () => current,
    read: ({ headers, offset, received, sent }) => {
      const time = parseTime(headers["date"])
      // A cache keeps the date of the response. It adds its age.
      if (time !== undefined && headers["age"] === undefined && received - sent <= maxAge) current = time - received
      return Math.abs(current) >= threshold && current !== offset
    }
  }
}
