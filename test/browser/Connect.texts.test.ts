import { assert, describe } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Redacted from "effect/Redacted"
import * as Pages from "../../src/http/connect/connectPages.js"
import * as Links from "../../src/http/connect/links.js"
import * as Localize from "../../src/http/connect/localize.js"
import * as Server from "../support/server.js"
import * as Chromium from "./chromium.js"
import { shown } from "./connectTexts.js"

const origin = "https://app.example.com"

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "google",
  flow: "USER_FEDERATION",
  returnUrl: `${origin}/connect/return`
}) {}

const connection = {
  name: "calendar",
  provider: "google",
  scopes: ["openid", "profile", "email", "offline_access"],
  state: "NotGranted",
  account: undefined,
  link: `${origin}/connect/calendar`,
  revokeAt: undefined
} as const

const granted = { ...connection, state: "Granted", revokeAt: "https://myaccount.google.com/connections" } as const

/** Any text can be the label of an account. */
const account = { id: "17", label: "<b>{user}</b>" }

const { View } = Connect
const connectionsUrl = `${origin}/connect`
const formToken = Redacted.make("token")
const there = { continue: `${origin}/chat`, connectionsUrl }

const views: { readonly [name: string]: Connect.View } = {
  Connections: View.Connections({
    user: "alice",
    connections: [
      granted,
      { ...connection, name: "mail", scopes: [], state: "Unknown" },
      { ...granted, name: "files", scopes: [], account, since: "2026-03-03T09:00:00.000Z" },
      { ...granted, name: "notes", scopes: [], account: "unknown" },
      { ...granted, name: "tasks", scopes: [], state: "RevokedAtVendor", account: "unknown" },
      { ...granted, name: "forms", scopes: [], state: "WrongAccount", account }
    ],
    formToken
  }),
  NoConnections: View.Connections({ user: "alice", connections: [], formToken }),
  Link: View.Link({ user: "alice", connection, formToken, ...there }),
  Granted: View.Link({ user: "alice", connection: { ...granted, account }, formToken, ...there }),
  Started: View.Started({ connection, authorizationUrl: Redacted.make(`${origin}/authorize`) }),
  ...Object.fromEntries(
    (Object.keys(Connect.texts.en.atVendor) as ReadonlyArray<Connect.Disconnection["atVendor"]>).map((atVendor) => [
      `Disconnected-${atVendor}`,
      View.Disconnected({ connection: granted, atVendor, ...there })
    ])
  ),
  ...Object.fromEntries(
    (Object.keys(Connect.texts.en.outcomes) as ReadonlyArray<keyof typeof Connect.texts.en.outcomes>).map((outcome) => [
      outcome,
      View.Returned({ outcome, user: "alice", account, credential: "calendar", link: connection.link, ...there })
    ])
  ),
  // Another process has dropped the token.
  "WrongAccount-unknown": View.Returned({
    outcome: "WrongAccount",
    user: "alice",
    account: "unknown",
    credential: "calendar",
    link: connection.link,
    ...there
  }),
  ...Object.fromEntries(
    (Object.keys(Connect.texts.en.rejections) as ReadonlyArray<keyof typeof Connect.texts.en.rejections>).map((
      reason
    ) => [
      reason,
      View.Rejected({ reason, link: connection.link, connectionsUrl })
    ])
  )
}

/** A server with the page of each view, in the language of the browser. */
const serve = Effect.gen(function*() {
  const links = yield* Links.make({
    path: "/connect",
    credentials: { calendar: Calendar, mail: Calendar },
    workload: "agent"
  })
  const toResponse = Pages.make(yield* Localize.make(undefined, links))
  return yield* Server.serve(async ({ headers, url: path = "" }, response) => {
    const view = views[path.slice(1)]
    if (view === undefined) {
      response.writeHead(404).end()
      return
    }
    const request = HttpServerRequest.fromWeb(
      new Request(origin, { headers: { "accept-language": headers["accept-language"] ?? "" } })
    )
    const page = HttpServerResponse.toWeb(toResponse(view, request))
    // The page of `Started` sends the browser away.
    const text = (await page.text()).replace(/<meta http-equiv="refresh"[^>]*>/, "")
    page.headers.delete("content-length")
    response.writeHead(page.status, Object.fromEntries(page.headers)).end(text)
  })
})

const textsIn = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" ? [value] : Object.values(value as object).flatMap(textsIn)

const dates = { en: "March 3, 2026", de: "3. März 2026" }

const fill = (text: string, language: "en" | "de", texts: typeof Connect.texts.en): string =>
  Object.entries({
    credential: "Calendar",
    user: "alice",
    account: account.label,
    status: texts.connectedAs.replace("{account}", account.label),
    date: dates[language]
  }).reduce((filled, [name, value]) => filled.replace(`{${name}}`, value), text)

describe("the texts of Connect, in Chromium", () => {
  for (const [language, locale] of [["en", "en-US"], ["de", "de-DE"]] as const) {
    Chromium.browserTest(`are those of the table, and none is missing: ${language}`, () =>
      Effect.gen(function*() {
        const url = yield* serve
        const { page } = yield* Chromium.open({ locale })
        const found: Record<string, string> = {}
        for (const name of Object.keys(views)) {
          found[name] = yield* Effect.promise(async () => {
            await page.goto(`${url}/${name}`)
            const lines = (await page.getByRole("main").innerText()).split("\n").filter((line) => line !== "")
            assert.strictEqual(lines[0], await page.title())
            return lines.join(" | ")
          })
        }
        assert.deepStrictEqual(found, shown[language])
        const all = Object.values(found).join("\n")
        const { direction: _, ...texts } = Connect.texts[language]
        for (const text of textsIn(texts)) assert.include(all, fill(text, language, Connect.texts[language]))
      }).pipe(Effect.orDie))
  }
})
