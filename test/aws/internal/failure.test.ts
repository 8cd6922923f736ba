import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { Failure } from "../../support/uncheckedPlanes.js"

const { redactorOf } = Failure

describe("redactorOf", () => {
  it("replaces every secret, wherever it is in the request", () => {
    const redact = redactorOf({
      a: [{ b: Redacted.make("first-secret") }],
      c: Redacted.make("1234"),
      d: "plain",
      e: null
    })
    assert.strictEqual(redact("first-secret, 1234, plain, first-secret"), "<redacted>, <redacted>, plain, <redacted>")
  })

  it("leaves a message without secrets unchanged", () => {
    const text = "Value at 'abc' failed to satisfy constraint: 0123456"
    for (const request of [{ secret: Redacted.make("0123456789abcdef"), short: Redacted.make("abc") }, {}, undefined]) {
      assert.strictEqual(redactorOf(request)(text), text)
    }
  })
})
