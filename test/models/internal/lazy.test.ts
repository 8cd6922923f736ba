import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"
import * as Lazy from "../../../src/models/internal/lazy.js"

/** Counts how often it makes a value. */
const counted = <A>(make: () => A) => {
  const counter = { count: 0 }
  return [counter, () => {
    counter.count++
    return make()
  }] as const
}

describe("schema", () => {
  it("is made once, by the first use", () => {
    const [counter, make] = counted(() => Schema.Struct({ name: Schema.NonEmptyString }))
    const Named = Lazy.schema(make)
    const Outer = Lazy.schema(() => Schema.Struct({ named: Schema.optional(Named), more: Schema.Array(Named) }))
    assert.strictEqual(counter.count, 0)
    assert.isTrue(Schema.isSchema(Outer))
    assert.isTrue(Schema.is(Outer)({ more: [{ name: "a" }] }))
    assert.isFalse(Schema.is(Outer)({ more: [{ name: "" }] }))
    assert.deepStrictEqual(Object.keys(Named.fields), ["name"])
    assert.deepStrictEqual(Named.annotate({ identifier: "Named" }).make({ name: "a" }), { name: "a" })
    assert.strictEqual(counter.count, 1)
  })
})

describe("SchemaClass", () => {
  it("is a class of Effect, and is made once", () => {
    const [counter, make] = counted(() =>
      Schema.TaggedClass<Person>("Person")("Person", { name: Schema.NonEmptyString })
    )
    class Person extends Lazy.SchemaClass(make) {
      get greeting() {
        return `Hello ${this.name}`
      }
    }
    assert.strictEqual(counter.count, 0)
    assert.notInstanceOf({}, Person)
    const alice = new Person({ name: "Alice" })
    assert.strictEqual(alice.greeting, "Hello Alice")
    assert.isTrue(Equal.equals(alice, new Person({ name: "Alice" })))
    assert.throws(() => new Person({ name: "" }))
    assert.instanceOf(Schema.decodeSync(Person)({ _tag: "Person", name: "Bob" }), Person)
    assert.deepStrictEqual(Schema.encodeSync(Person)(alice), { _tag: "Person", name: "Alice" })
    assert.strictEqual(counter.count, 1)
  })
})

describe("TaggedError", () => {
  const make = () =>
    class Lost extends Lazy.TaggedError<Lost>("test/Lost")("Lost", () => ({ host: Schema.String, port })) {
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
    assert.include(error.stack, "lazy.test.ts")
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
