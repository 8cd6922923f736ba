import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as RedirectPage from "../../src/internal/consent/redirectPage.js"
import * as Server from "../support/server.js"
import * as Chromium from "./chromium.js"

describe("a page that redirects once, in Chromium", () => {
  Chromium.browserTest("opens the URL without a referrer", () =>
    Effect.gen(function*() {
      const referrers: Array<string | undefined> = []
      const authorization = yield* Server.serve(({ headers }, response) => {
        referrers.push(headers.referer)
        response.setHeader("content-type", "text/html")
        response.end("<!doctype html><link rel=icon href=data:,><h1>Sign in</h1>")
      })
      const target = new URL(`${authorization.replace("127.0.0.1", Chromium.otherSite)}/authorize?a=b%20c#d`)
      const { complaints, page } = yield* Chromium.open()
      const redirect = yield* RedirectPage.make(target)
      yield* Effect.promise(() => page.goto(redirect.url))
      yield* redirect.visited
      assert.strictEqual(page.url(), target.href)
      assert.deepStrictEqual(referrers, [undefined])
      const second = yield* Effect.promise(() => page.goto(redirect.url))
      assert.strictEqual(second?.status(), 404)
      assert.strictEqual(page.url(), redirect.url)
      assert.lengthOf(complaints, 1)
    }))
})
