import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { loadPackage } from "../../src/internal/loadPackage.js"

interface Package {
  readonly Client: string
}

const exports: Package = { Client: "client" }

/** What `import()` returns, which is not always what its type says. */
const module = (value: unknown) => () => Promise.resolve(value as Package)

describe("loadPackage", () => {
  it.effect("returns the exports of an ES module, and of a CommonJS package in Node and in a bundle", () =>
    Effect.gen(function*() {
      for (const value of [exports, { ...exports, default: exports }, { default: exports }]) {
        const { Client } = yield* loadPackage("a-package", "Client", module(value))
        assert.strictEqual(Client, "client")
      }
    }))

  it.effect("fails where the package is missing, and where it has other exports", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(
        loadPackage<Package>("a-package", "Client", () =>
          Promise.reject(Object.assign(new Error("secret"), { code: "ERR_MODULE_NOT_FOUND" })))
      )
      assert.strictEqual(missing.message, "The package 'a-package' cannot be loaded (ERR_MODULE_NOT_FOUND)")
      for (const value of [{}, { default: {} }, { default: null }, undefined]) {
        const { message } = yield* Effect.flip(loadPackage("a-package", "Client", module(value)))
        assert.strictEqual(message, "The package 'a-package' cannot be loaded (it has no Client)")
      }
    }))
})
