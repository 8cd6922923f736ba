import { assert, describe, it } from "@effect/vitest"
import * as Sealing from "effect-agentcore-identity/internal/sealing"
import * as Effect from "effect/Effect"
import * as Jose from "jose"
import { createSecretKey, randomBytes } from "node:crypto"

const bytes = new Uint8Array(randomBytes(Sealing.secretSize))
const key = createSecretKey(bytes)
const value = { user: "Ålice", exp: 4_102_444_800 }

describe("sealSync", () => {
  it.live("makes the JWE that jose opens", () =>
    Effect.gen(function*() {
      const sealed = Sealing.sealSync(value, key)
      const opened = yield* Effect.promise(() => Jose.compactDecrypt(sealed, bytes))
      assert.deepStrictEqual(opened.protectedHeader, { alg: "dir", enc: "A256GCM" })
      assert.deepStrictEqual(JSON.parse(new TextDecoder().decode(opened.plaintext)), value)
      const opening = yield* Sealing.importKey(bytes)
      assert.deepStrictEqual(yield* Sealing.open(sealed, () => opening), value)
    }))

  it("makes another one each time", () => {
    const ivs = Array.from({ length: 100 }, () => Sealing.sealSync(value, key).split(".")[2])
    assert.strictEqual(new Set(ivs).size, 100)
  })

  it.live("covers every part: a changed one does not open", () =>
    Effect.gen(function*() {
      const opening = yield* Sealing.importKey(bytes)
      const parts = Sealing.sealSync(value, key).split(".")
      for (const index of [0, 2, 3, 4]) {
        const changed = parts.map((part, at) =>
          at === index ? (part.startsWith("A") ? "B" : "A") + part.slice(1) : part
        )
        yield* Effect.flip(Sealing.open(changed.join("."), () => opening))
      }
    }))
})
