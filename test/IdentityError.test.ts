import { assert, describe, it } from "@effect/vitest"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import { isIdentityError } from "effect-agentcore-identity/IdentityError"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import { TaggedError } from "../src/models/internal/lazy.js"

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

describe("a class of an error, whose schema is made at its first use", () => {
  const make = () =>
    class Lost extends TaggedError<Lost>("test/Lost")("Lost", () => ({ host: Schema.String, port })) {
      override get message(): string {
        return `lost ${this.host}:${this.port}`
      }
    }
  const port = Schema.Number.pipe(Schema.withConstructorDefault(Effect.succeed(443)))

  it("is the class of its instances, with its own members, defaults and checks", () => {
    const Lost = make()
    const error = new Lost({ host: "a.example" })
    assert.instanceOf(error, Lost)
    assert.instanceOf(error, Error)
    assert.deepInclude({ ...error }, { _tag: "Lost", host: "a.example", port: 443 })
    assert.strictEqual(String(error), "Lost: lost a.example:443")
    assert.include(error.stack, "IdentityError.test.ts")
    // As a program in plain JavaScript can.
    assert.throws(() => new Lost({ host: 1 as never }), /^Invalid Lost: host$/)
  })

  it("is a schema, before and after its first instance", () => {
    const encoded = { _tag: "Lost", host: "a.example", port: 80 } as const
    for (const isUsed of [false, true]) {
      const Lost = make()
      if (isUsed) assert.isDefined(new Lost({ host: "b.example" }))
      const error = Schema.decodeUnknownSync(Lost)(encoded)
      assert.instanceOf(error, Lost)
      assert.deepStrictEqual(Schema.encodeSync(Lost)(error), encoded)
      assert.isTrue(Schema.is(Lost)(error))
      assert.isFalse(Schema.is(Lost)(encoded))
      assert.instanceOf(Schema.decodeUnknownSync(Schema.Union([Lost, Schema.String]))(encoded), Lost)
      assert.strictEqual(Lost._tag, "Lost")
      assert.strictEqual(Lost.identifier, "test/Lost")
      assert.sameMembers(Object.keys(Lost.fields), ["_tag", "host", "port"])
    }
  })

  it("is an Effect that fails, equal by value, and an error before its first instance", () => {
    const Lost = make()
    assert.instanceOf(Lost.prototype, Error)
    assert.strictEqual(Lost.prototype.name, "Lost")
    const error = new Lost({ host: "a.example" })
    assert.strictEqual(Effect.runSync(Effect.flip(error)), error)
    assert.isTrue(Equal.equals(error, new Lost({ host: "a.example" })))
    assert.isFalse(Equal.equals(error, new Lost({ host: "b.example" })))
  })

  it("can be extended", () => {
    class Late extends make().extend<Late>("test/Late")({ seconds: Schema.Number }) {}
    const late = new Late({ host: "a.example", seconds: 5 })
    assert.deepInclude({ ...late }, { host: "a.example", port: 443, seconds: 5 })
  })
})
