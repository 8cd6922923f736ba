import { assert, describe, it } from "@effect/vitest"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import { isIdentityError } from "effect-agentcore-identity/IdentityError"

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
})
