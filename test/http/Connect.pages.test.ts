import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Connect from "effect-agentcore-identity/http/Connect"
import { AuthorizationFailed, ValidationException } from "effect-agentcore-identity/IdentityError"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import type * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"
import { createHash } from "node:crypto"
import { cards, makeStyle } from "../../src/http/connect/style.js"
import * as Html from "../../src/internal/html.js"
import * as Pages from "../support/connectPages.js"
import * as World from "../support/connectWorld.js"
import * as States from "../support/states.js"
import { responses, scripted, secret, sessionUri } from "../support/utils.js"

const { connect, fieldsOf, Files, json, request } = World

const german = { "accept-language": "de-AT,de;q=0.9,en;q=0.1" }

type Page = Effect.Success<ReturnType<typeof request>>

const unescape = (text: string) => text.replaceAll("&amp;", "&").replaceAll("&#39;", "'").replaceAll("&quot;", "\"")

/** The links of a page: their texts and addresses. */
const linksOf = ({ text }: { readonly text: string }) =>
  [...text.matchAll(/<a [^>]*href="([^"]*)"[^>]*>([^<]*)<\/a>/g)].map(([, href = "", name = ""]) =>
    [unescape(name), unescape(href)] as const
  )

const titleOf = ({ text }: { readonly text: string }) => /<h1>([^<]*)/.exec(text)?.[1]

const assertStrict = (name: string, { headers, text }: Pick<Page, "headers" | "text">) => {
  const hasForm = ["Connections", "Link", "Granted"].includes(name)
  const style = /<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? ""
  const digest = createHash("sha256").update(style).digest("base64")
  assert.deepInclude(Object.fromEntries(headers), {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": `default-src 'none'; style-src 'sha256-${digest}'; img-src data:; `
      + `form-action ${hasForm ? "'self'" : "'none'"}; frame-ancestors 'none'; base-uri 'none'`,
    "referrer-policy": hasForm ? "same-origin" : "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    vary: "accept, accept-language"
  }, name)
  assert.notMatch(text, /<script|javascript:|\son\w+=|@import|url\(|style="/i, name)
}

/** One page of each kind, from the same application. */
const everyPage = (headers: Record<string, string>) =>
  Effect.gen(function*() {
    const { origin } = yield* World.setUp
    const cookie = "user=alice"
    const link = "/connect/calendar?continue=/chat/42"
    const ask = (path: string) => request(path, { cookie, headers })
    const act = (path: string, action: string, more: { readonly token?: string; readonly origin?: string } = {}) =>
      Effect.gen(function*() {
        const { text } = yield* request(path, { cookie })
        return yield* request(path.replace(/\?.*/, ""), {
          cookie,
          headers: { ...headers, ...(more.origin === undefined ? {} : { origin: more.origin }) },
          body: { action, token: more.token ?? fieldsOf(text).token ?? "", continue: `${origin}/chat/42` }
        })
      })
    const pages: Record<string, Page> = {}
    pages["Connections"] = yield* ask("/connect")
    pages["Link"] = yield* ask(link)
    pages["Started"] = yield* act("/connect/calendar", "connect")
    const returnUrl = Pages.returnUrlOf(World.refreshOf(pages["Started"]))
    pages["NotUsable"] = yield* request(returnUrl, { cookie: "user=mallory", headers })
    pages["Denied"] = yield* Pages.deny(link, { headers })
    pages["Rejected"] = yield* Pages.deny(link, { headers, error: "server_error" })
    pages["OtherSite"] = yield* act("/connect/calendar", "connect", { origin: "https://evil.example" })
    pages["StaleForm"] = yield* act("/connect/calendar", "connect", { token: "0.old" })
    pages["UnknownCredential"] = yield* ask("/connect/nothing")
    pages["ContinueNotAllowed"] = yield* ask("/connect/mail?continue=https://evil.example/")
    yield* connect("/connect/calendar")
    pages["Granted"] = yield* ask(link)
    pages["Disconnected"] = yield* act("/connect/calendar", "disconnect")
    return { origin, pages }
  })

describe("the pages of Connect", () => {
  for (const appearance of [undefined, Pages.appearance]) {
    it.live(`have strict headers and no script, ${appearance === undefined ? "by default" : "as the application wants them"}`, () =>
      Effect.gen(function*() {
        const { pages } = yield* everyPage({})
        for (const [name, page] of Object.entries(pages)) {
          assertStrict(name, page)
          assert.include(page.text, `<html lang="en">`)
          // Only the page that sends the browser to AgentCore contains the session.
          if (name !== "Started") assert.notInclude(page.text, "request_uri", name)
          assert.include(
            page.text,
            appearance === undefined ? "</title>" : ` · Acme</title>`
          )
        }
      }).pipe(Effect.provide(World.environment({ appearance }))))
  }

  it.live("have a way on at each end, and only to allowed addresses", () =>
    Effect.gen(function*() {
      const { origin, pages } = yield* everyPage({})
      const home = ["Your connections", `${origin}/connect`] as const
      const link = `${origin}/connect/calendar`
      const again = `${link}?continue=${encodeURIComponent(`${origin}/chat/42`)}`
      const onward = ["Continue", `${origin}/chat/42`] as const
      const expected: Record<string, ReadonlyArray<readonly [string, string]>> = {
        NotUsable: [home, ["Back to the application", `${origin}/chat/`]],
        Denied: [["Try again", again], onward, home],
        Rejected: [["Try again", again], home, ["Back to the application", `${origin}/chat/42`]],
        OtherSite: [["Try again", link], home],
        StaleForm: [["Try again", again], home],
        UnknownCredential: [home],
        ContinueNotAllowed: [home],
        Granted: [onward, ["Remove access at the provider", "https://myaccount.google.com/connections"], home],
        Disconnected: [["Remove access at the provider", "https://myaccount.google.com/connections"], onward, home]
      }
      for (const [name, links] of Object.entries(expected)) {
        assert.deepStrictEqual(linksOf(pages[name] ?? assert.fail(name)), links, name)
      }
      // Without an address to continue at, the page leads to the connections.
      assert.include((yield* connect("/connect/mail")).text, home[0])
    }).pipe(Effect.provide(World.environment())))

  it.live("are in the language of the browser", () =>
    Effect.gen(function*() {
      const { pages } = yield* everyPage(german)
      assert.deepStrictEqual(Object.entries(pages).map(([name, page]) => [name, titleOf(page)]), [
        ["Connections", "Ihre Verbindungen"],
        ["Link", "Google Kalender verbinden"],
        ["Started", "Google Kalender wird verbunden"],
        ["NotUsable", "Dieser Link kann nicht verwendet werden"],
        ["Denied", "Sie haben den Zugriff nicht erlaubt"],
        ["Rejected", "Dieser Link kann nicht verwendet werden"],
        ["OtherSite", "Von einer anderen Website gesendet"],
        ["StaleForm", "Diese Seite ist abgelaufen"],
        ["UnknownCredential", "Unbekannter Link"],
        ["ContinueNotAllowed", "Adresse nicht erlaubt"],
        ["Granted", "Google Kalender ist verbunden"],
        ["Disconnected", "Google Kalender ist getrennt"]
      ])
      for (const page of Object.values(pages)) assert.include(page.text, `<html lang="de">`)
      const { text } = pages["Link"] ?? assert.fail()
      for (
        const known of [
          "Ihren Kalender lesen",
          "Der Assistent findet",
          "in Ihrer Abwesenheit behalten",
          "Nicht verbunden"
        ]
      ) {
        assert.include(text, known)
      }
      // People read no names of scopes and providers.
      assert.notMatch(text, /calendar:read|offline_access|openid/)
    }).pipe(Effect.provide(World.environment({ appearance: Pages.appearance }))))

  it.live("are in any language, from right to left too", () => {
    const arabic: typeof Connect.texts.en = {
      ...Connect.texts.en,
      direction: "rtl",
      connections: "الروابط",
      connect: "ربط {credential}"
    }
    return Effect.gen(function*() {
      yield* World.setUp
      const page = yield* request("/connect/calendar", { headers: { "accept-language": "ar-EG" } })
      assert.include(page.text, `<html lang="ar" dir="rtl">`)
      assert.strictEqual(titleOf(page), "ربط Calendar")
      // The first of the languages is the default, and German is not one of them.
      assert.include((yield* request("/connect", { headers: german })).text, "Your connections")
    }).pipe(Effect.provide(
      World.environment({ appearance: { texts: { ar: arabic }, languages: ["en", "ar"] } })
    ))
  })

  it.live("name a connection without texts by its own name, in words, and the vendor once", () =>
    Effect.gen(function*() {
      yield* World.setUp
      const { text } = yield* request("/connect")
      for (const heading of ["Google Drive", "Team Calendar", "Calendar"]) assert.include(text, `<h2>${heading}</h2>`)
      // The credential provider is called `calendar`.
      assert.strictEqual(text.split(`<p class="soft">Calendar</p>`).length, 3)
      assert.include(text, `<p class="soft">Contoso</p>`)
    }).pipe(Effect.provide(
      Layer.unwrap(Effect.map(World.credentials, ({ calendar, mail }) =>
        World.pages({
          credentials: { "google-drive": calendar, team_calendar: mail, calendar, mail },
          revokeAt: {},
          appearance: { credentials: { mail: { vendor: "Contoso" } } }
        }, PendingConsents.layerMemory))).pipe(Layer.provideMerge(World.servers))
    )))

  it.live("say since when, if the application knows it, and ignore its failure", () => {
    const asked: Array<unknown> = []
    return Effect.gen(function*() {
      yield* World.setUp
      yield* connect("/connect/calendar")
      yield* connect("/connect/mail")
      const { text } = yield* request("/connect", { headers: german })
      assert.include(text, "Verbunden, seit dem 3. März 2026</p>")
      assert.include(text, "Verbunden</p>")
      assert.deepStrictEqual(asked, [["alice", "calendar"], ["alice", "mail"]])
      const listed = JSON.parse((yield* request("/connect", { headers: json })).text)
      assert.deepStrictEqual(
        listed.connections.map(({ since }: Connect.Connection) => since),
        ["2026-03-03T23:59:59.000Z", undefined]
      )
    }).pipe(Effect.provide(World.environment({
      connectedSince: (user, credential) =>
        Effect.sync(() => {
          if (asked.length < 2) asked.push([user.userId, credential])
          if (credential === "mail") throw new Error("no database")
          return DateTime.toDateUtc(DateTime.makeUnsafe("2026-03-03T23:59:59Z"))
        })
    })))
  })

  it.live("respond with JSON that has the texts of the application", () =>
    Effect.gen(function*() {
      yield* World.setUp
      const listed = JSON.parse((yield* request("/connect", { headers: { ...json, ...german } })).text)
      assert.deepInclude(listed.connections[0], {
        name: "calendar",
        scopes: ["openid", "calendar:read", "offline_access"],
        label: "Google Kalender",
        access: [
          "Sehen, welches Konto Sie verwenden",
          "Ihren Kalender lesen",
          "Den Zugriff auch in Ihrer Abwesenheit behalten"
        ]
      })
      const rejected = JSON.parse((yield* request("/connect/nothing", { headers: { ...json, ...german } })).text)
      assert.deepInclude(rejected, {
        error: "UnknownCredential",
        message: Connect.texts.de.rejections.UnknownCredential.text
      })
      const denied = yield* Pages.deny("/connect/calendar?continue=/chat/1", { headers: json })
      const { continue: continueUrl, credential, outcome } = JSON.parse(denied.text)
      assert.deepStrictEqual([outcome, credential, new URL(continueUrl).pathname], ["Denied", "calendar", "/chat/1"])
    }).pipe(Effect.provide(World.environment({ appearance: Pages.appearance }))))

  it.live("escape all texts of the application", () =>
    Effect.gen(function*() {
      yield* World.setUp
      const { text } = yield* request("/connect/calendar")
      assert.notInclude(text, "<script")
      assert.include(text, "&lt;script&gt;$&amp;")
    }).pipe(Effect.provide(World.environment({
      appearance: {
        name: "</title><script>",
        credentials: { calendar: { label: "<script>$&", description: "<script>", scopes: { openid: "<script>" } } }
      }
    }))))
})

describe("a user who denies and comes back", () => {
  const denials = (error: string) =>
    Effect.gen(function*() {
      const { calendar } = yield* World.setUp
      const shown = yield* Deferred.make<string>()
      const agent = yield* AccessToken.get(calendar, {
        consent: (session) => Deferred.succeed(shown, Redacted.value(session.authorizationUrl))
      }).pipe(World.as({ userId: "alice" }), Effect.provide(PendingConsents.layerPoller), Effect.forkChild)
      const page = yield* request(Pages.returnUrlOf(yield* Deferred.await(shown), `&error=${error}`))
      return { page, error: yield* Effect.flip(Fiber.join(agent)) }
    }).pipe(
      Effect.timeout("4 seconds"),
      // `Identity` stores the session of the agent.
      Effect.provide(World.storedEnvironment())
    )

  it.live("is not said to have denied after any other error", () =>
    Effect.gen(function*() {
      const { error, page } = yield* denials("temporarily_unavailable")
      assert.strictEqual(page.status, 403)
      assert.include(page.text, "This link cannot be used")
      assert(error instanceof AuthorizationFailed)
      assert.strictEqual(error.reason, "Failed")
    }))

  it.live("can try again, and nothing was completed meanwhile", () =>
    Effect.gen(function*() {
      const { calendar } = yield* World.setUp
      const connected = yield* Connect.Connect
      const events = yield* Effect.forkChild(
        Stream.runCollect(Stream.take(Stream.map(connected.events, ({ _tag, credential }) => [_tag, credential]), 4))
      )
      yield* Effect.yieldNow
      const link = yield* Connect.link(calendar, { continue: "/chat/42" })
      const denied = yield* Pages.deny(link)
      const [[, again] = assert.fail(denied.text)] = linksOf(denied)
      assert.include((yield* request(again)).text, "Not connected")
      assert.include((yield* connect(again)).text, "Chat")
      assert.deepStrictEqual(
        yield* Fiber.join(events),
        ["Opened", "Denied", "Opened", "Completed"].map((tag) => [tag, "calendar"])
      )
    }).pipe(Effect.provide(World.environment())))
})

/** The application over scripted planes. */
const application = (appearance: unknown) =>
  Effect.map(
    Connect.httpApp({
      path: "/connect",
      credentials: { files: Files },
      workload: World.workload,
      currentUser: World.currentUser,
      // The options of plain JavaScript can be anything.
      appearance: appearance as Connect.Appearance
    }),
    ({ app }) => (path: string, init?: RequestInit) =>
      Effect.flatMap(World.sendTo(app)(path, init), (response) =>
        Effect.promise(async () => ({
          status: response.status,
          headers: response.headers,
          text: await response.text()
        })))
  )

const overPlanes = (getResourceOauth2Token: ScriptedPlanes.Script["getResourceOauth2Token"]) =>
  Effect.provide(Layer.merge(
    scripted({
      getWorkloadAccessTokenForUserId: () => Effect.succeed({ workloadAccessToken: secret("token") }),
      getResourceOauth2Token,
      completeResourceTokenAuth: () => Effect.void
    }),
    PendingConsents.layerMemory
  ))

/** Builds the application, and opens the page of the credential. */
const open = (appearance: unknown) =>
  Effect.flatMap(application(appearance), (send) => send("/connect/files")).pipe(
    Effect.scoped,
    overPlanes(() => responses.consent)
  )

const messageOf = (appearance: unknown) =>
  Effect.map(Effect.flip(open(appearance)), (error) => {
    assert.instanceOf(error, ValidationException)
    return error.message
  })

/** The contrast of two colors, as WCAG 2.2 defines it. */
const contrast = (...colors: readonly [string, string]) => {
  const [low = 0, high = 0] = colors.map((color) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
      const part = Number.parseInt(color.slice(start, start + 2), 16) / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }).sort((one, other) => one - other)
  return (high + 0.05) / (low + 0.05)
}

describe("the pages of Connect, over scripted planes", () => {
  it.effect("have strict headers and a way on when time or AgentCore fails", () =>
    Effect.gen(function*() {
      const send = yield* application({ colors: { accent: "#0a7a4b" } })
      const home = ["Your connections", "https://app.example.com/connect"] as const
      const again = ["Try again", "https://app.example.com/connect/files"] as const
      const post = (body: URLSearchParams) => send("/connect/files", { method: "POST", body })
      const start = Effect.gen(function*() {
        const { token = "" } = fieldsOf((yield* send("/connect/files")).text)
        return yield* post(new URLSearchParams({ action: "connect", token }))
      })
      const returned = Effect.suspend(() => send(`/connect/return?${States.returnParameters(sessionUri)}`))
      yield* start
      const completed = yield* returned
      yield* start
      yield* TestClock.adjust("11 minutes")
      const pages: ReadonlyArray<
        readonly [name: string, status: number, page: Pick<Page, "headers" | "status" | "text">, ways: unknown]
      > = [
        ["Completed", 200, completed, [home]],
        ["NotUsable", 403, yield* returned, [home, ["Back to the application", "https://app.example.com/"]]],
        ["FormTooLarge", 413, yield* post(new URLSearchParams({ token: "x".repeat(20_000) })), [again, home]],
        ["OtherUserKind", 500, yield* send("/connect", { headers: { cookie: "jwt=x.y.z" } }), []]
      ]
      for (const [name, status, page, ways] of pages) {
        assert.strictEqual(page.status, status, name)
        assertStrict(name, page)
        assert.deepStrictEqual(linksOf(page), ways, name)
      }
    }).pipe(Effect.scoped, overPlanes(() => responses.consent)))

  it.effect("have a way on when AgentCore does not do what it should", () =>
    Effect.gen(function*() {
      const send = yield* application(undefined)
      const { token = "" } = fieldsOf((yield* send("/connect/files")).text)
      const body = new URLSearchParams({ action: "disconnect", token })
      const page = yield* send("/connect/files", { method: "POST", body })
      assert.strictEqual(page.status, 502)
      assertStrict("Unavailable", page)
      assert.deepStrictEqual(linksOf(page), [
        ["Try again", "https://app.example.com/connect/files"],
        ["Your connections", "https://app.example.com/connect"]
      ])
      // AgentCore still returns the token.
    }).pipe(Effect.scoped, overPlanes(() => responses.issued())))
})

describe("the option appearance", () => {
  it.effect("rejects everything that is not a color, a logo or a label", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [property: string, appearance: unknown]> = [
        ...["red", "#12", "#12345g", "rgb(0,0,0)", "#000;}*{background:url(//evil.example)}", "", "#0b5fff "].map((
          accent
        ) => ["colors.accent", { colors: { accent } }] as const),
        ["colors.background", { colors: { background: "white" } }],
        ["colors.dark.background", { colors: { dark: { background: "}" } } }],
        ...[
          "javascript:alert(1)",
          "http://cdn.example.com/logo.png",
          "data:text/html,<b>",
          "//user:pass@cdn.example.com/logo.png",
          "https://cdn.example.com;script-src/logo.png",
          "https://[",
          "blob:https://app.example.com/1"
        ].flatMap((logo) => [
          ["logo", { name: "Acme", logo }] as const,
          ["credentials.files.logo", { credentials: { files: { logo } } }] as const
        ]),
        ["name", { logo: "/logo.svg" }],
        // Values that only a program in plain JavaScript can pass.
        ...["", null, 5, [{ source: "<script>" }]].flatMap((value) => [
          ["name", { name: value }] as const,
          ["logo", { name: "Acme", logo: value }] as const
        ]),
        ["colors", { colors: null }],
        ["colors", { colors: "#0b5fff" }],
        ["colors.dark", { colors: { dark: null } }],
        ["color", { color: { accent: "#0b5fff" } }],
        ["languages", { languages: "en" }],
        ["texts", { texts: null }],
        ["credentials", { credentials: null }],
        ["credentials.files", { credentials: { files: null } }],
        ["credentials.files.label", { credentials: { files: { label: null } } }],
        ["credentials.files.description", { credentials: { files: { description: 5 } } }],
        ["credentials.files.scopes", { credentials: { files: { scopes: null } } }],
        ["credentials.files.scopes.read", { credentials: { files: { scopes: { read: null } } } }],
        ["languages", { languages: [] }],
        ["languages", { languages: ["fr"] }],
        ["languages", { languages: ["constructor"] }],
        ["languages", { texts: { "not a tag": Connect.texts.en } }],
        ["texts.fr.connect", { texts: { fr: { ...Connect.texts.en, connect: "Connecter" } } }],
        ["texts.fr.outcomes.Denied.text", {
          texts: { fr: { ...Connect.texts.en, outcomes: { ...Connect.texts.en.outcomes, Denied: { title: "Refus" } } } }
        }],
        ["texts.fr.direction", { texts: { fr: { ...Connect.texts.en, direction: "up" } } }],
        ["texts.fr.direction", { texts: { fr: {} } }],
        ["credentials.calendar", { credentials: { calendar: { label: "Calendar" } } }],
        ["credentials.files.label", { credentials: { files: { label: { en: "Files" } } } }],
        ["credentials.files.scopes.read", { credentials: { files: { scopes: { read: { de: "Lesen" } } } } }]
      ]
      for (const [property, appearance] of wrong) {
        assert.include(yield* messageOf(appearance), `'appearance.${property}'`, JSON.stringify(appearance))
      }
    }))

  it.effect("adds exactly the origins of the logos to the policy", () =>
    Effect.gen(function*() {
      const logos = { logo: "https://cdn.example.com/logo.svg", credentials: { files: { logo: "/files.svg" } } }
      const { headers, text } = yield* open({ name: "Acme", ...logos })
      const sources = "; img-src data: https://cdn.example.com https://app.example.com; form-action"
      assert.include(headers.get("content-security-policy") ?? "", sources)
      assert.include(text, `<img class="logo" src="https://app.example.com/files.svg" alt="">`)
      for (
        const [logo, images] of [
          [undefined, "data:"],
          ["data:image/png;base64,AAAA", "data:"],
          ["https://cdn.example.com/a/logo.svg?v=2", "data: https://cdn.example.com"],
          ["https://cdn.example.com:8443/logo.svg", "data: https://cdn.example.com:8443"],
          ["/logo.svg", "data: https://app.example.com"]
        ] as const
      ) {
        const { headers } = yield* open({ name: "Acme", logo })
        assert.include(headers.get("content-security-policy") ?? "", `; img-src ${images}; form-action`, logo)
      }
    }))

  it("makes any accent darker or lighter until its text is readable, and keeps one that is", () => {
    const colorsOf = (scheme: string, accent: string) => {
      const [, colors = ""] = new RegExp(`scheme:${scheme}\\){:root{(--accent[^}]*)}}`).exec(
        makeStyle({ accent })?.source.slice(Html.style.length) ?? ""
      ) ?? []
      return [...colors.matchAll(/#\w{6}/g)].map(([color]) => color)
    }
    FastCheck.assert(
      FastCheck.property(FastCheck.integer({ min: 0, max: 0xffffff }), (value) => {
        const accent = `#${value.toString(16).padStart(6, "0")}`
        const [light, dark] = [colorsOf("light", accent), colorsOf("dark", accent)]
        for (const color of light) assert.isAtLeast(contrast(color, "#ffffff"), 4.5, `${accent} light`)
        for (const color of dark) {
          assert.isAtLeast(contrast(color, cards.dark), 4.5, `${accent} dark`)
          assert.isAtLeast(contrast(color, "#10131a"), 4.5, `${accent} on a button`)
        }
        assert.lengthOf([...light, ...dark], 4)
        assert.strictEqual(light[0] === accent, contrast(accent, cards.light) >= 4.5, accent)
        assert.strictEqual(dark[0] === accent, contrast(accent, cards.dark) >= 4.5, accent)
      }),
      { numRuns: 1000 }
    )
    assert.deepStrictEqual([colorsOf("light", "#00f"), colorsOf("dark", "#fd0")].map(([color]) => color), [
      "#0000ff",
      "#ffdd00"
    ])
  })

  it("measures against the colors of the style sheet", () => {
    assert.include(Html.style, "--card:#fff;")
    assert.include(Html.style, `--card:${cards.dark};`)
    assert.include(Html.style, "--on:#fff;")
    assert.include(Html.style, "--on:#10131a;")
  })
})
