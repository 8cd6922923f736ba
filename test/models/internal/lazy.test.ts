import { assert, describe, it } from "@effect/vitest"
import * as Lazy from "effect-agentcore-identity/models/internal/lazy"
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"

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
