import { assert, describe } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Connect from "effect-agentcore-identity/http/Connect"
import type { AccessTokenCredential } from "effect-agentcore-identity/Identity"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Page } from "playwright-core"
import { shifted } from "../support/clock.js"
import * as World from "../support/connectWorld.js"
import * as Tools from "../support/tools.js"
import * as Chromium from "./chromium.js"

/** The offset of the application's clock. Milliseconds. */
let ahead = 0

const environment = (form: World.Form) =>
  Layer.unwrap(
    Effect.map(
      Clock.Clock,
      (clock) => Layer.provide(World.environment({}, form), Layer.succeed(Clock.Clock, shifted(clock, () => ahead)))
    )
  )

type Environment = Layer.Success<ReturnType<typeof environment>>

interface Shared {
  readonly context: Context.Context<Environment>
  readonly tab: Chromium.Tab
  readonly calendar: AccessTokenCredential<"USER_FEDERATION">
  readonly origin: string
  /** The link of the calendar. It continues to a chat. */
  readonly link: string
  readonly events: ReadonlyArray<Connect.Event>
}

let shared: Shared

const start = (form: World.Form) =>
  Effect.gen(function*() {
    const context = yield* Layer.build(environment(form))
    // The pages need no script.
    const tab = yield* Chromium.open({ javaScriptEnabled: false })
    const events: Array<Connect.Event> = []
    return yield* Effect.gen(function*() {
      const { calendar, origin } = yield* World.setUp
      yield* Effect.forkScoped(Stream.runForEach(Connect.events, (event) => Effect.sync(() => events.push(event))))
      return { context, tab, calendar, origin, link: yield* Connect.link(calendar, { continue: "/chat/42" }), events }
    }).pipe(Effect.provide(context))
  })

/** A page of the browser, and the user in front of it. */
const visitorOf = (user: string, page: Page = shared.tab.page) => {
  const goto = (url: string) => Effect.promise(() => page.goto(url))
  const press = (button: string) => Effect.promise(() => page.getByRole("button", { name: button }).click())
  const heading = (name: string) => Effect.promise(() => page.getByRole("heading", { name }).waitFor())
  return {
    page,
    goto,
    press,
    heading,
    text: Effect.promise(() => page.getByRole("main").innerText()),
    back: Effect.promise(() => page.goBack()),
    signIn: (as = user) => goto(`${shared.origin}/sign-in/${encodeURIComponent(`user=${as}`)}`),
    /** The pages of the vendor, up to its consent page. */
    signInAtVendor: Effect.gen(function*() {
      yield* Effect.promise(() => page.getByLabel("User name").fill(`${user}@example.com`))
      yield* press("Sign in")
      yield* heading("Allow Connect agent to act for you?")
    }),
    events: () =>
      shared.events.filter((event) => event.user !== undefined && "userId" in event.user && event.user.userId === user)
        .map((event) => event._tag)
  }
}

type Visitor = ReturnType<typeof visitorOf>

/** A case with its own user, who has no grant at the vendor yet. */
const browserCase = (
  name: string,
  user: string,
  run: (visitor: Visitor) => Effect.Effect<void, unknown, Environment | Scope.Scope | Tools.Tools>
) =>
  Chromium.browserTest(name, () =>
    Effect.gen(function*() {
      const { complaints, context, foreignRequests } = shared.tab
      yield* Effect.promise(() => context.clearCookies())
      const visitor = visitorOf(user)
      const before = complaints.length
      yield* visitor.signIn()
      yield* run(visitor)
      assert.deepStrictEqual(foreignRequests, [])
      // Chromium also reports the rejections that this test expects.
      assert.deepStrictEqual(complaints.slice(before).filter((complaint) => !/status of 4\d\d/.test(complaint)), [])
    }).pipe((test) => Effect.provide(test, shared.context)))

const picture = (page: Page, name: string) =>
  process.env["AGENTCORE_SCREENSHOTS"] === undefined
    ? Effect.void
    : Effect.promise(() =>
      page.screenshot({ path: `${process.env["AGENTCORE_SCREENSHOTS"]}/${name}.png`, fullPage: true })
    )

describe.each(["http", "node"] as const)("Connect, in Chromium: %s", (form) => {
  Tools.beforeAllWith("Chromium")(Effect.map(start(form), (started) => {
    shared = started
  }))

  browserCase(
    "connects, continues, and reports a connected account when the link is opened again",
    "alice",
    (alice) =>
      Effect.gen(function*() {
        yield* alice.goto(shared.link)
        yield* alice.heading("Connect Calendar")
        yield* picture(alice.page, "connect-link")
        assert.include(yield* alice.text, "alice")
        yield* alice.press("Connect Calendar")
        yield* alice.signInAtVendor
        yield* alice.press("Allow")
        yield* alice.heading("Chat")
        assert.strictEqual(alice.page.url(), `${shared.origin}/chat/42`)
        yield* alice.goto(shared.link)
        yield* alice.heading("Calendar is connected")
        assert.deepStrictEqual(alice.events(), ["Opened", "Completed"])
      })
  )

  // The forms have the same pages: `test/http/Connect.test.ts` runs over each.
  if (form === "node") return

  browserCase("a form of another site opens nothing", "bob", (bob) =>
    Effect.gen(function*() {
      yield* bob.goto(shared.link)
      const token = yield* Effect.promise(() => bob.page.locator("input[name=token]").inputValue())
      const { port } = new URL(shared.origin)
      // Chromium sends the cookie of the user with it, and the form has a token of the user.
      yield* bob.goto(`http://${Chromium.otherSite}:${port}/other-site?token=${encodeURIComponent(token)}`)
      yield* bob.press("Win a prize")
      yield* bob.heading("Sent from another website")
      assert.deepStrictEqual(bob.events(), [])
    }))

  browserCase(
    "the back button leads to pages that still work, and completes nothing twice",
    "erin",
    (erin) =>
      Effect.gen(function*() {
        const { pathname } = new URL(shared.link)
        yield* erin.goto(`${shared.origin}${pathname}`)
        yield* erin.press("Connect Calendar")
        yield* Effect.promise(() => erin.page.getByLabel("User name").waitFor())
        yield* erin.back
        yield* erin.heading("Connect Calendar")
        yield* erin.press("Connect Calendar")
        yield* erin.signInAtVendor
        yield* erin.press("Allow")
        yield* erin.heading("Consent given")
        yield* Effect.promise(() => erin.page.reload())
        yield* erin.heading("Consent given")
        // Through the pages of the vendor, to the link.
        for (let steps = 0; new URL(erin.page.url()).pathname !== pathname; steps++) {
          assert.isBelow(steps, 6, erin.page.url())
          yield* erin.back
        }
        yield* erin.heading("Calendar is connected")
        assert.deepStrictEqual(erin.events(), ["Opened", "Opened", "Completed"])
      })
  )

  browserCase(
    "of two tabs, both can finish, and a third one learns that there is nothing to do",
    "frank",
    (frank) =>
      Effect.gen(function*() {
        const open = Effect.acquireRelease(
          Effect.promise(() => shared.tab.context.newPage()),
          (page) => Effect.promise(() => page.close())
        )
        const [second, third] = [visitorOf("frank", yield* open), visitorOf("frank", yield* open)]
        for (const tab of [frank, second, third]) yield* tab.goto(shared.link)
        yield* frank.press("Connect Calendar")
        yield* frank.signInAtVendor
        yield* second.press("Connect Calendar")
        yield* second.heading("Allow Connect agent to act for you?")
        yield* frank.press("Allow")
        yield* frank.heading("Chat")
        yield* second.press("Allow")
        yield* second.heading("Chat")
        yield* third.press("Connect Calendar")
        yield* third.heading("Calendar is connected")
        assert.deepStrictEqual(frank.events(), ["Opened", "Opened", "Completed", "Completed"])
      })
  )

  browserCase("the connections page connects, reconnects and disconnects", "grace", (grace) =>
    Effect.gen(function*() {
      const connections = `${shared.origin}/connect`
      yield* grace.goto(connections)
      yield* grace.heading("Your connections")
      yield* picture(grace.page, "connect-list")
      yield* grace.press("Connect Calendar")
      yield* grace.signInAtVendor
      yield* grace.press("Allow")
      yield* grace.heading("Consent given")

      yield* grace.goto(connections)
      yield* grace.press("Reconnect: Calendar")
      yield* grace.press("Allow")
      yield* grace.heading("Consent given")

      yield* grace.goto(connections)
      yield* grace.press("Disconnect: Calendar")
      yield* grace.heading("Calendar is disconnected")
      assert.isTrue(yield* Effect.promise(() => grace.page.getByRole("link", { name: "Remove access" }).isVisible()))
      yield* grace.goto(connections)
      yield* Effect.promise(() => grace.page.getByRole("button", { name: "Connect Calendar" }).waitFor())
      assert.deepStrictEqual(grace.events(), ["Opened", "Completed", "Opened", "Completed", "Disconnected"])
    }))

  browserCase("the link works after days, as AgentCore's own does not", "heidi", (heidi) =>
    Effect.gen(function*() {
      const control = yield* LocalControl.LocalControl
      const { authorizationUrl } = yield* AccessToken.get(shared.calendar).pipe(
        World.as({ userId: "heidi" }),
        Effect.flip,
        Effect.flatMap((error) => error._tag === "RequiresUserConsent" ? Effect.succeed(error) : Effect.fail(error))
      )
      yield* heidi.goto(shared.link)
      yield* heidi.heading("Connect Calendar")
      yield* Effect.acquireRelease(
        Effect.andThen(
          control.clock.advance("8 days"),
          Effect.sync(() => {
            ahead = 8 * 24 * 60 * 60_000
          })
        ),
        () =>
          Effect.andThen(
            control.clock.reset,
            Effect.sync(() => {
              ahead = 0
            })
          )
      )
      // A page that was open for days.
      yield* heidi.press("Connect Calendar")
      yield* heidi.heading("This page has expired")
      yield* heidi.goto(Redacted.value(authorizationUrl))
      assert.match(yield* heidi.text, /Unknown link|expired/)
      yield* heidi.goto(shared.link)
      yield* heidi.press("Connect Calendar")
      yield* heidi.signInAtVendor
      yield* heidi.press("Allow")
      yield* heidi.heading("Chat")
      assert.deepStrictEqual(heidi.events(), ["Opened", "Completed"])
    }))
})
