/**
 * One-time codes that open the console. The address of a page stays in the history of a browser, so it holds a code in place of the
 * token.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import * as ExpiringMap from "../../internal/expiringMap.js"

export interface ConsoleCodes {
  /** A new code, valid for a minute. */
  readonly issue: Effect.Effect<string>
  /** Whether the code is valid. It is used then. */
  readonly redeem: (code: string) => Effect.Effect<boolean>
}

/** Milliseconds. */
const lifetime = 60_000

export const make: Effect.Effect<ConsoleCodes> = Effect.sync(() => {
  // A code has 256 random bits, so a lookup tells nothing about the others.
  const codes = ExpiringMap.make<true>()
  const atNow = <A>(use: (now: number) => A): Effect.Effect<A> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      codes.removeEnded(now)
      return use(now)
    })
  return {
    issue: atNow((now) => {
      const code = randomBytes(32).toString("base64url")
      codes.set(code, true, now + lifetime)
      return code
    }),
    redeem: (code) =>
      atNow(() => {
        const isValid = codes.get(code) === true
        codes.remove(code)
        return isValid
      })
  }
})
