/** Whether a form was sent from a page of this application, that was made for the user who is signed in. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Redacted from "effect/Redacted"
import { createHmac, timingSafeEqual } from "node:crypto"

/** In milliseconds. A page that is open for longer has to be opened again. */
const lifetime = 60 * 60_000

/** Browsers send `Origin` with every form. `Sec-Fetch-Site` is missing on plain http, except on loopback hosts. */
export const isSameOrigin = (
  { headers }: HttpServerRequest.HttpServerRequest,
  origin: string
): boolean =>
  headers["origin"] === origin
  && (headers["sec-fetch-site"] === undefined || headers["sec-fetch-site"] === "same-origin")

export interface FormTokens {
  readonly make: (user: string) => Effect.Effect<Redacted.Redacted>
  readonly isValid: (token: string, user: string) => Effect.Effect<boolean>
}

/** Tokens that end after an hour. They have the time in clear, and a code over the time and the user. */
export const make = (key: Uint8Array): FormTokens => {
  const sign = (until: number, user: string): string =>
    `${until}.${createHmac("sha256", key).update(JSON.stringify([until, user])).digest("base64url")}`
  return {
    make: (user) => Effect.map(Clock.currentTimeMillis, (now) => Redacted.make(sign(now + lifetime, user))),
    isValid: (token, user) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const until = Number(/^\d{1,16}(?=\.)/.exec(token)?.[0])
        const expected = Buffer.from(sign(until, user))
        const given = Buffer.from(token)
        return until > now && given.length === expected.length && timingSafeEqual(given, expected)
      })
  }
}
