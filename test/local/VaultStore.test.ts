import { assert, describe, it } from "@effect/vitest"
import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import { join } from "node:path"
import { consent } from "../contract/consent.js"
import { contract } from "../contract/contract.js"
import * as Example from "../examples/vault-store.js"
import * as Folder from "../support/folder.js"
import { createWorkload, issued, obtain, setup, tokenFor } from "../support/localBackend.js"

const temporaryFile = Effect.map(
  Folder.temporary,
  (directory) => join(directory, "vault.json")
)

describe("a custom store", () => {
  const subject = {
    name: "LocalBackend over a JSON file",
    layer: (oauth?: OAuthClient.ScriptedOptions, options?: LocalBackend.Options) =>
      LocalBackend.layerStore(options).pipe(
        Layer.provide(Layer.unwrap(Effect.map(temporaryFile, Example.layerJsonFile))),
        Layer.provide(OAuthClient.layerScripted(oauth))
      ),
    checks: "planes",
    remote: false
  } as const

  contract(subject)
  consent(subject)

  it.effect("contains tokens for the next backend", () =>
    Effect.gen(function*() {
      const path = yield* temporaryFile
      const backend = LocalBackend.layerStore().pipe(Layer.provide(Example.layerJsonFile(path)))
      const token = yield* Effect.gen(function*() {
        yield* setup
        const token = yield* tokenFor("alice")
        assert.strictEqual(yield* obtain(token), "token-1.calendar.approved.read")
        return token
      }).pipe(Effect.provide(backend))
      assert.strictEqual(yield* Effect.provide(issued(token), backend), "token-1.calendar.approved.read")
    }).pipe(Effect.provide(OAuthClient.layerScripted())))

  it.effect("fails an operation when it cannot write", () =>
    Effect.gen(function*() {
      const path = yield* temporaryFile
      const error = yield* Effect.gen(function*() {
        yield* setup
        // A directory replaces the next file.
        Fs.mkdirSync(`${path}.new`)
        return yield* Effect.flip(createWorkload("robot"))
      }).pipe(Effect.provide(LocalBackend.layerStore().pipe(Layer.provide(Example.layerJsonFile(path)))))
      assert.strictEqual(error._tag, "InternalServerException")
    }).pipe(Effect.provide(OAuthClient.layerScripted())))

  it("is the example of the documentation", () => {
    const read = (path: string) => Fs.readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")
    const documentation = read("src/local/VaultStore.ts").replaceAll(/^ \* ?/gm, "")
    assert.include(documentation, read("test/examples/vault-store.ts"))
  })
})
