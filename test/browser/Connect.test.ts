import { assert, describe } from "@effect/vitest"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as World from "../http/connectWorld.js"
import * as Chromium from "./chromium.js"

const picture = (tab: Chromium.Tab, name: string) =>
  process.env["AGENTCORE_SCREENSHOTS"] === undefined
    ? Effect.void
    : Effect.promise(() =>
      tab.page.screenshot({ path: `${process.env["AGENTCORE_SCREENSHOTS"]}/${name}.png`, fullPage: true })
    )

describe("Connect, in Chromium", () => {
  Chromium.browserTest("connects a user, and nobody by a form of another site", () =>
    Effect.gen(function*() {
      const { calendar, origin } = yield* World.setUp
      const connect = yield* Connect.Connect
      const events = yield* Effect.fork(Stream.runCollect(Stream.take(connect.events, 4)))
      const link = yield* Connect.link(calendar, { continue: "/chat/42" })
      const tab = yield* Chromium.open()
      const goto = (url: string) => Effect.promise(() => tab.page.goto(url))
      const press = (button: string) => Effect.promise(() => tab.page.getByRole("button", { name: button }).click())
      const heading = (name: string) => Effect.promise(() => tab.page.getByRole("heading", { name }).waitFor())
      const signIn = (user: string) => goto(`${origin}/sign-in/${encodeURIComponent(`user=${user}`)}`)

      // A form of another site, even with a token of the user, opens nothing. Chromium sends the cookie with it.
      yield* signIn("alice")
      yield* goto(link)
      yield* picture(tab, "connect-link")
      const token = yield* Effect.promise(() => tab.page.locator("input[name=token]").inputValue())
      const { port } = new URL(origin)
      yield* goto(`http://${Chromium.otherSite}:${port}/other-site?token=${encodeURIComponent(token)}`)
      yield* press("Win a prize")
      yield* heading("Not sent from this page")

      // Another user is signed in when the browser comes back.
      yield* goto(link)
      yield* press("Connect calendar")
      yield* Effect.promise(() => tab.page.getByLabel("User name").fill("alice@example.com"))
      yield* press("Sign in")
      yield* heading("Allow Connect agent to act for you?")
      yield* Effect.promise(() => tab.context.addCookies([{ name: "user", value: "mallory", url: origin }]))
      yield* press("Allow")
      yield* heading("Signed in as another user")

      // The link still works, and goes on to the chat. The vendor remembers the user.
      yield* signIn("alice")
      yield* goto(link)
      yield* press("Connect calendar")
      yield* Effect.promise(() => tab.page.waitForURL(/\/chat\/42$|\/consent|\/interaction/))
      if (!tab.page.url().endsWith("/chat/42")) yield* press("Allow")
      yield* heading("Chat")

      // Opened twice.
      yield* goto(link)
      yield* heading("calendar is connected")
      yield* goto(`${origin}/connect`)
      yield* heading("Your connections")
      yield* picture(tab, "connect-list")

      const tags = Chunk.toReadonlyArray(yield* Fiber.join(events)).map(({ _tag, user }) => [_tag, user])
      const alice = { userId: "alice" }
      assert.deepStrictEqual<ReadonlyArray<unknown>>(tags, [
        ["Opened", alice],
        ["WrongUser", { userId: "mallory" }],
        ["Opened", alice],
        ["Completed", alice]
      ])
      assert.deepStrictEqual(tab.foreignRequests, [])
      assert.deepStrictEqual(
        tab.complaints.filter((complaint) => !/status of 40[34]/.test(complaint)),
        []
      )
    }).pipe(Effect.provide(World.environment())))
})
