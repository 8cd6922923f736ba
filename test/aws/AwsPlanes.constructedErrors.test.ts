/** An error that is constructed after a success takes 20 µs, and no profile shows it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"
import { accessToken, environment } from "../bench/fixture.mjs"
import { buildModules } from "../support/build.mjs"
import { execute } from "./secureServer.js"
import { json, server } from "./utils.js"

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

const constructed = (subject: string) =>
  Effect.gen(function*() {
    const modules = yield* Effect.promise(() => buildModules())
    const http = yield* server(json(200, { accessToken }))
    const { stdout } = yield* execute(
      process.execPath,
      ["--import", path("../support/countErrors.mjs"), path("./constructedErrors.child.mjs"), subject],
      { ...environment(http.url), AGENTCORE_BENCH_MODULES: modules }
    )
    const stacks: ReadonlyArray<string> = JSON.parse(stdout)
    return stacks
  })

describe("100 tokens construct", () => {
  it.live.each(
    [
      ["over layerHttpNode", "http"],
      ["over fetch", "http-fetch"],
      ["from the cache", "cached"],
      ["from the cache, with a function of promise/Identity", "cached-promise"]
    ] as const
  )("no error %s", ([, subject]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* constructed(subject), [])
    }))

  it.live("one error each over the AWS SDK, its own", () =>
    Effect.gen(function*() {
      const stacks = yield* constructed("uncached")
      assert.lengthOf(stacks, 100)
      for (const stack of stacks) assert.include(stack, "@smithy/core")
    }))
})
