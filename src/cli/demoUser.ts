/** The user of the demo. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Consent from "../Consent.js"
import type { RequiresUserConsent } from "../IdentityError.js"
import { boundedFetch } from "../internal/boundedFetch.js"
import * as Screen from "./screen.js"

/** Who answers the consent: a person, or the development authorization server in their place. */
export type Mode = "ask" | "allow" | "deny"

export class ConsentPageFailed extends Data.TaggedError("ConsentPageFailed")<{ readonly problem: string }> {
  override get message() {
    return `The consent page did not open: ${this.problem}`
  }
}

export type Show = Consent.ConsentHandler<ConsentPageFailed | RequiresUserConsent, Screen.Screen>

/** Prints the authorization URL. */
export const showLink: Show = (session) =>
  Effect.flatMap(Screen.Screen, (screen) =>
    screen.text(
      `\n  Open this page to give '${session.provider}' your consent (any user name will do):\n\n  ${
        Redacted.value(session.authorizationUrl)
      }\n`
    ))

/**
 * Follows the redirects from the authorization URL to the return URL. The authorization server answers without a page.
 */
const followRedirects = (url: Redacted.Redacted): Effect.Effect<void, ConsentPageFailed> =>
  Effect.tryPromise({
    try: (signal) => boundedFetch(Redacted.value(url), {}, { timeout: 30_000, signal }),
    // The error of `fetch` may contain the URL, which is secret.
    catch: () => new ConsentPageFailed({ problem: "no answer" })
  }).pipe(
    Effect.filterOrFail(({ ok }) => ok, ({ status }) => new ConsentPageFailed({ problem: `status ${status}` }))
  )

/** Lets the authorization server answer. */
export const answer = (user: string, decision: "allow" | "deny"): Show => (session) =>
  Effect.flatMap(Screen.Screen, (screen) =>
    screen.waiting(
      `${user} answers the consent without a browser (${decision})`,
      followRedirects(session.authorizationUrl)
    ))
