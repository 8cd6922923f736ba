import { assert, describe, it } from "@effect/vitest"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import { isIdentityError } from "effect-agentcore-identity/IdentityError"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"

const classes = Object.entries(IdentityError).flatMap(([name, value]) =>
  typeof value === "function" && value.prototype instanceof Error ? [{ name, tag: value.prototype.name }] : []
)

describe("IdentityError", () => {
  it("has the class name of each error as its tag", () => {
    assert.isAbove(classes.length, 20)
    for (const { name, tag } of classes) {
      assert.strictEqual(tag, name)
    }
  })

  it("is recognized by isIdentityError, unlike other errors", () => {
    assert.isTrue(isIdentityError(new IdentityError.NoTokenOrUrl({ provider: "github" })))
    assert.isTrue(isIdentityError(new IdentityError.MissingWorkloadAccessToken({ message: "none" })))
    assert.isFalse(isIdentityError(new Error("other")))
    assert.isFalse(isIdentityError({ _tag: "NoTokenOrUrl" }))
    assert.isFalse(isIdentityError(undefined))
  })

  it("is printed by Node with its message, stack and properties", () => {
    const error = new IdentityError.ValidationException({ operation: "GetResourceApiKey", message: "wrong" })
    const printed = inspect(error)
    assert.match(printed, /^ValidationException: wrong\n +at /)
    assert.include(printed, "operation: 'GetResourceApiKey'")
    assert.strictEqual(printed.split("wrong").length, 2)
  })

  it("fails as an Effect, equals an error with the same properties, and is a schema", () => {
    const { NoTokenOrUrl } = IdentityError
    const error = new NoTokenOrUrl({ provider: "github" })
    assert.strictEqual(Effect.runSync(Effect.flip(error)), error)
    assert.isTrue(Equal.equals(error, new NoTokenOrUrl({ provider: "github" })))
    assert.isFalse(Equal.equals(error, new NoTokenOrUrl({ provider: "google" })))
    const encoded = Schema.encodeSync(NoTokenOrUrl)(error)
    assert.deepStrictEqual(encoded, { _tag: "NoTokenOrUrl", provider: "github" })
    const decoded = Schema.decodeSync(NoTokenOrUrl)(encoded)
    assert.instanceOf(decoded, NoTokenOrUrl)
    assert.isTrue(isIdentityError(decoded))
    assert.isFalse(Schema.is(NoTokenOrUrl)(encoded))
  })

  it("quotes no value when its constructor rejects one", () => {
    const make = () => new IdentityError.NoTokenOrUrl({ provider: { secret: "Zq7!canary" } as never })
    assert.throws(make, "Schema validation failed")
    try {
      make()
    } catch (error) {
      assert.notInclude(inspect(error, { depth: 20, showHidden: true }), "canary")
    }
  })
})
