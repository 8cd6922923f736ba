import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import packageJson from "../../package.json" with { type: "json" }
import { installCommand, loadPackage } from "../../src/internal/loadPackage.js"

interface Package {
  readonly Client: string
}

const exports: Package = { Client: "client" }

/** The result of `import()`, which can differ from its type. */
const module = (value: unknown) => () => Promise.resolve(value as Package)

describe("loadPackage", () => {
  it.effect("returns the exports of an ES module, and of a CommonJS package in Node and in a bundle", () =>
    Effect.gen(function*() {
      for (const value of [exports, { ...exports, default: exports }, { default: exports }]) {
        const { Client } = yield* loadPackage("a-package", "Client", module(value))
        assert.strictEqual(Client, "client")
      }
    }))

  it.effect("fails when the package is missing, and when it has other exports", () =>
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

describe("installCommand", () => {
  const peers = new Map<string, string>(Object.entries(packageJson.peerDependencies))
  const optional = Object.keys(packageJson.peerDependenciesMeta)

  it("has the versions of the optional packages in package.json", () => {
    for (const name of optional) {
      // `^5.0.0` allows 5.
      const version = /^\^([1-9]\d*)\./.exec(peers.get(name) ?? "")?.[1]
      assert.isDefined(version, name)
      const command = installCommand(name as Parameters<typeof installCommand>[0])
      assert.strictEqual(command, `npm install ${name}@${version}`)
    }
    assert.strictEqual(installCommand("ioredis", "--save-dev"), "npm install --save-dev ioredis@5")
  })

  it("is the only command of the sources that installs a package", () => {
    const src = new URL("../../src/", import.meta.url)
    const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".ts") && /npm install/.test(readFileSync(new URL(file, src), "utf8"))
    )
    assert.deepStrictEqual(files, ["internal/loadPackage.ts"])
  })

  it("omits the version of Effect, which is a required peer", () => {
    assert.notInclude(optional, "effect")
    assert.match(peers.get("effect") ?? "", /^\^4\./)
  })
})
