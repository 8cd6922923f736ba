import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as Folder from "../../support/folder.js"
import { ConsoleRoutes, scriptedServer } from "../../support/localBackend.js"
import * as Wire from "../../support/wire.js"

/** A server whose console is in a folder with these files. */
const server = (files: ReadonlyArray<string>) =>
  Layer.unwrap(Effect.gen(function*() {
    const folder = yield* Folder.temporary
    for (const file of files) writeFileSync(join(folder, file), "")
    return scriptedServer().pipe(
      Layer.provide(Layer.succeed(ConsoleRoutes.ConsoleFolder, () => pathToFileURL(`${folder}/`)))
    )
  }))

describe("the address of a server", () => {
  it.live("redirects to the console", () =>
    Effect.gen(function*() {
      const url = yield* Wire.url
      const { headers, status } = yield* Wire.page(`${url}/`)
      assert.strictEqual(status, 302)
      assert.strictEqual(headers.location, "/_local/console")
      const page = yield* Wire.page(`${url}/_local/console`)
      assert.strictEqual(page.status, 200)
      assert.include(page.text, "main.js")
    }).pipe(Effect.provide(server(["main.js"]))))

  it.live("has a page that explains a missing console", () =>
    Effect.gen(function*() {
      const url = yield* Wire.url
      for (const path of ["/", "/_local/console"]) {
        const page = yield* Wire.page(`${url}${path}`)
        assert.strictEqual(page.status, 404)
        assert.include(page.text, "The server is running")
      }
      assert.strictEqual((yield* Wire.page(`${url}/health`)).status, 200)
    }).pipe(Effect.provide(server([]))))

  it.live("rejects foreign host names", () =>
    Effect.gen(function*() {
      const url = yield* Wire.url
      const { status, text } = yield* Wire.send(url, {
        method: "GET",
        path: "/",
        headers: { host: "attacker.example" }
      })
      assert.strictEqual(status, 403)
      assert.include(text, "Unknown host")
    }).pipe(Effect.provide(server(["main.js"]))))
})

describe("a code of the console", () => {
  it.effect("is valid once, for a minute", () =>
    Effect.gen(function*() {
      const { issue, redeem } = yield* ConsoleRoutes.makeConsoleCodes
      const [used, kept, late] = [yield* issue, yield* issue, yield* issue]
      assert.match(used, /^[\w-]{43}$/)
      assert.lengthOf(new Set([used, kept, late]), 3)
      assert.isFalse(yield* redeem("none"))
      assert.isTrue(yield* redeem(used))
      assert.isFalse(yield* redeem(used))
      yield* TestClock.adjust(59_999)
      assert.isTrue(yield* redeem(kept))
      yield* TestClock.adjust(1)
      assert.isFalse(yield* redeem(late))
    }))
})
