import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as FastCheck from "fast-check"
import { redactorOf } from "../../../src/aws/internal/failure.js"
import { assertNoSecrets } from "../utils.js"

describe("redactorOf", () => {
  it("replaces every occurrence of a secret, wherever it is in the request", () => {
    const redact = redactorOf({
      a: [{ b: Redacted.make("first-secret") }],
      c: Redacted.make("1234"),
      d: "plain",
      e: null
    })
    assert.strictEqual(
      redact("first-secret, 1234, plain, first-secret"),
      "<redacted>, <redacted>, plain, <redacted>"
    )
  })

  it("replaces pieces, and the URL and JSON forms of a secret", () => {
    const secret = "urn:secret/\"quoted\" and spaced"
    const redact = redactorOf({ secret: Redacted.make(secret) })
    assert.strictEqual(redact(`Value '${secret.slice(0, 12)}...' at`), "Value '<redacted>...' at")
    assertNoSecrets(redact(`a ${encodeURIComponent(secret)} b`), [encodeURIComponent(secret)])
    assertNoSecrets(redact(JSON.stringify({ secret })), [JSON.stringify(secret)])
  })

  it("leaves a message without secrets unchanged", () => {
    const redact = redactorOf({ secret: Redacted.make("0123456789abcdef"), short: Redacted.make("abc") })
    const text = "Value at 'abc' failed to satisfy constraint: 0123456"
    assert.strictEqual(redact(text), text)
    assert.strictEqual(redactorOf({})(text), text)
    assert.strictEqual(redactorOf(undefined)(text), text)
  })

  it("removes the session token from a quoted canonical request", () => {
    const text = "The Canonical String should have been\n'POST\nx-amz-security-token:IQoJb3JpZ2luX2VjEJr+/abc==\nhost'"
    for (const request of [{}, { secret: Redacted.make("0123456789abcdef") }]) {
      assert.strictEqual(
        redactorOf(request)(text),
        "The Canonical String should have been\n'POST\nx-amz-security-token:<redacted>\nhost'"
      )
    }
  })

  it("leaves no piece of 8 characters of any secret in any message", () => {
    const secret = FastCheck.string({
      minLength: 8,
      maxLength: 40,
      unit: FastCheck.constantFrom("a", "b", "%", "\"", "é", "\ud83d")
    })
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(secret, { minLength: 1, maxLength: 3 }),
        FastCheck.array(FastCheck.tuple(FastCheck.string(), FastCheck.nat(), FastCheck.nat(), FastCheck.nat())),
        (secrets, parts) => {
          const text = parts.map(([between, which, from, length]) => {
            const one = secrets[which % secrets.length]!
            return between + one.slice(from % one.length, (from % one.length) + length % 20)
          }).join("")
          const redacted = redactorOf({ secrets: secrets.map((one) => Redacted.make(one)) })(text)
          assertNoSecrets(redacted, secrets)
        }
      ),
      { numRuns: 300 }
    )
  })
})
