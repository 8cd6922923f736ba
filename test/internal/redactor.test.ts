import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { makeRedactor } from "../../src/internal/redactor.js"
import { assertNoSecrets } from "../aws/utils.js"
import { rounds } from "../support/rounds.js"

const redact = (text: string, values: Iterable<string>): string => makeRedactor(values)(text)

describe("a redactor", () => {
  it("replaces values in each of their forms, and keeps the rest", () => {
    assert.strictEqual(redact("the code abcdefghij is unknown", ["abcdefghij"]), "the code <redacted> is unknown")
    assert.strictEqual(redact("abcdefghij abcdefghij", ["abcdefghij"]), "<redacted> <redacted>")
    assert.strictEqual(redact("got a%20b%26c%3Dd%2Fe.", ["a b&c=d/e"]), "got <redacted>.")
    assert.strictEqual(redact("got a+b%26c%3Dd%2Fe.", ["a b&c=d/e"]), "got <redacted>.")
    const quoted = "urn:secret/\"quoted\" and spaced"
    assert.strictEqual(redact(JSON.stringify({ value: quoted }), [quoted]), "{\"value\":\"<redacted>\"}")
    assert.strictEqual(redact("nothing of it", ["abcdefghij"]), "nothing of it")
    assert.strictEqual(redact("", ["abcdefghij", ""]), "")
    assert.strictEqual(redact("\u{1F600} abcdefghij \u{1F600}", ["abcdefghij"]), "\u{1F600} <redacted> \u{1F600}")
  })

  it("replaces pieces of long values, and short values as whole words", () => {
    assert.strictEqual(redact("code bcdefghi…", ["abcdefghijkl"]), "code <redacted>…")
    assert.strictEqual(redact("code bcdefgh…", ["abcdefghijkl"]), "code bcdefgh…")
    assert.strictEqual(redact("invalid code: in", ["in"]), "invalid code: <redacted>")
    assert.strictEqual(redact("the state s-1", ["s-1"]), "the state <redacted>")
  })

  it("replaces every JWT, and the session token in a canonical request", () => {
    assert.strictEqual(redact("unknown: eyJhbGciOiJ9.eyJpc3MifQ.c2ln, sorry", []), "unknown: <redacted>, sorry")
    const property = "Value at 'privateKeyJwtConfig.additionalHeaderClaims.alg'"
    assert.strictEqual(redact(property, []), property)
    assert.strictEqual(
      redact("should have been\n'POST\nx-amz-security-token:IQoJb3JpZ2luX2VjEJr+/abc==\nhost'", []),
      "should have been\n'POST\nx-amz-security-token:<redacted>\nhost'"
    )
  })

  it("cuts a text, and leaves no beginning of a secret before the cut", () => {
    assert.strictEqual(makeRedactor(["abcdefghij"])("01234567890123456789 abcdefghij", 26), "0123456789012345678…")
  })

  it("leaves no piece of 8 characters of any value", () => {
    const secret = FastCheck.oneof(
      FastCheck.string({
        minLength: 8,
        maxLength: 40,
        unit: FastCheck.constantFrom("a", "b", "%", "\"", "é", "\ud83d")
      }),
      FastCheck.string({ minLength: 12, maxLength: 60, unit: "grapheme-ascii" })
    ).filter((string) => !"<redacted>".includes(string.slice(0, 8)))
    const parts = FastCheck.array(
      FastCheck.tuple(FastCheck.string(), FastCheck.nat(), FastCheck.nat(), FastCheck.nat(), FastCheck.boolean())
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(secret, { minLength: 1, maxLength: 3 }), parts, (secrets, parts) => {
        const text = parts.map(([between, which, from, length, isEncoded]) => {
          const one = secrets[which % secrets.length]!
          const piece = one.slice(from % one.length, (from % one.length) + length % 20)
          return between + (isEncoded ? encodeURIComponent(piece.toWellFormed()) : piece)
        }).join("")
        assertNoSecrets(redact(text, secrets), secrets)
      }),
      { numRuns: rounds({ few: 300, full: 1000 }) }
    )
  })

  it("keeps the names of AWS that look like the beginning of a JWT", () => {
    const message = "Value at 'privateKeyJwtConfig.additionalHeaderClaims.alg' failed"
    assert.strictEqual(makeRedactor([])(message), message)
    assert.strictEqual(makeRedactor([])("token%3DeyJhbGciOiJub25lIn0.e30.%22"), "token%3D<redacted>%22")
  })
})
