/** An appearance for the pages of `Connect`, and every page of an application. */
import { assert } from "@effect/vitest"
import type * as Connect from "effect-agentcore-identity/http/Connect"
import * as Effect from "effect/Effect"
import * as World from "./connectWorld.js"
import * as States from "./states.js"

/** A logo without a network. */
const logo = `data:image/svg+xml,${
  encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="128" height="36" viewBox="0 0 128 36"><rect width="36" height="36" rx="9" fill="#0a7a4b"/><path d="M10 26 18 9l8 17" fill="none" stroke="#fff" stroke-width="4"/><text x="46" y="26" font-family="sans-serif" font-size="24" font-weight="700" fill="#0a9a5f">Acme</text></svg>`
  )
}`

export const appearance: Connect.Appearance = {
  name: "Acme",
  logo,
  colors: { accent: "#0a7a4b", background: "#e7f3ec", dark: { background: "#0c1a13" } },
  credentials: {
    calendar: {
      label: { en: "Google Calendar", de: "Google Kalender" },
      description: {
        en: "The assistant finds free times for your meetings.",
        de: "Der Assistent findet freie Zeiten für Ihre Termine."
      },
      scopes: { "calendar:read": { en: "Read your calendar", de: "Ihren Kalender lesen" } }
    },
    mail: {
      label: "Mail",
      logo,
      scopes: { "mail:send": { en: "Send mails in your name", de: "E-Mails in Ihrem Namen senden" } }
    }
  }
}

/** The address to which AgentCore redirects the browser, with more parameters. */
export const returnUrlOf = (authorizationUrl: string, more = "") =>
  `/connect/return?${
    States.returnParameters(new URL(authorizationUrl).searchParams.get("request_uri") ?? assert.fail(authorizationUrl))
  }${more}`

/** Presses the button of a page, and comes back with the error of a denial. */
export const deny = (path: string, { headers = {}, error = "access_denied" } = {}) =>
  Effect.gen(function*() {
    const started = yield* World.press(path, "connect")
    const cookie = ["user=alice", ...World.keptBy(started)].join("; ")
    return yield* World.request(returnUrlOf(World.refreshOf(started), `&error=${error}`), { cookie, headers })
  })
