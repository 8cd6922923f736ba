/** Whether an endpoint answers, and what time it is there. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { boundedFetch } from "../internal/boundedFetch.js"
import { codeOf } from "../internal/errorCode.js"
import * as HttpDate from "../internal/httpDate.js"

export interface Answer {
  /** The time from the request to the answer, in milliseconds. */
  readonly millis: number
  /** How far the clock of this machine is ahead, in milliseconds. None if the answer has no date. */
  readonly ahead: number | undefined
}

const timeLimit = 5000

/** Asks an endpoint for a page. Every answer counts, also a refusal. Fails with the code of the error. */
export const ask = (endpoint: string): Effect.Effect<Answer, string> =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    const response = yield* Effect.tryPromise({
      // Nothing is signed, so nothing secret is sent.
      try: (signal) => boundedFetch(endpoint, { redirect: "manual" }, { timeout: timeLimit, signal }),
      // `fetch` has the reason as the cause of its own error.
      catch: (error) => codeOf(error instanceof Error && error.cause !== undefined ? error.cause : error)
    })
    const end = yield* Clock.currentTimeMillis
    const date = HttpDate.parse(response.headers.get("date") ?? "")
    return {
      millis: end - start,
      // A date has whole seconds: on average the time there is half a second later.
      ahead: Option.match(date, {
        onNone: () => undefined,
        onSome: (date) => (start + end) / 2 - (DateTime.toEpochMillis(date) + 500)
      })
    }
  })
