import { assert, describe, it } from "@effect/vitest"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import { isIdentityError } from "effect-agentcore-identity/IdentityError"
import { inspect } from "node:util"

const classes = Object.entries(IdentityError).flatMap(([name, value]) =>
  typeof value === "function" && value.prototype instanceof Error ? [{ name, tag: value.prototype.name }] : []
)

describe("IdentityError", () => {
  it("has a tag for each of its errors, the name of its class", () => {
    assert.isAbove(classes.length, 20)
    for (const { name, tag } of classes) {
      assert.strictEqual(tag, name)
    }
  })

  it("is recognized, and other errors are not", () => {
    assert.isTrue(isIdentityError(new IdentityError.NoTokenOrUrl({ provider: "github" })))
    assert.isTrue(isIdentityError(new IdentityError.MissingWorkloadAccessToken({ message: "none" })))
    assert.isFalse(isIdentityError(new Error("other")))
    assert.isFalse(isIdentityError({ _tag: "NoTokenOrUrl" }))
    assert.isFalse(isIdentityError(undefined))
  })

  it("is printed by Node with its text, its stack and its members", () => {
    const error = new IdentityError.ValidationException({ operation: "GetResourceApiKey", message: "wrong" })
    const text = inspect(error)
    assert.match(text, /^ValidationException: wrong\n +at /)
    assert.include(text, "operation: 'GetResourceApiKey'")
    assert.strictEqual(text.split("wrong").length, 2)
  })
})
