import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { formatParts } from "../../../src/local/backend/format.js"
import * as RequestShape from "../../../src/local/backend/vault.js"

const parts = ["scopes", "resources", "audiences", "customParameters"] as const

// Names that objects inherit are ordinary names. `__proto__` in a literal is not a property.
const name = FastCheck.constantFrom("a", "b", "c", "constructor", "toString", "valueOf")
const list = FastCheck.array(name, { maxLength: 4 })
const record = FastCheck.dictionary(name, FastCheck.constantFrom("", "1", "2"), { maxKeys: 3 })

const shape: FastCheck.Arbitrary<RequestShape.RequestShape> = FastCheck.record(
  { scopes: list, resources: list, audiences: list, customParameters: record },
  { requiredKeys: ["scopes", "customParameters"] }
)

/** The same shape in another form: shuffled, repeated, or absent instead of empty. */
const reworded = (original: RequestShape.RequestShape): FastCheck.Arbitrary<RequestShape.RequestShape> => {
  const again = (items: ReadonlyArray<string> = []) =>
    FastCheck.shuffledSubarray([...items, ...items], { minLength: items.length * 2 })
  const { customParameters } = original
  return FastCheck.record({
    scopes: again(original.scopes),
    resources: again(original.resources),
    audiences: again(original.audiences),
    customParameters: FastCheck.shuffledSubarray(Object.entries(customParameters), {
      minLength: Object.keys(customParameters).length
    }).map(Object.fromEntries)
  })
}

describe("the shape of a request", () => {
  it("is equal for any order, with repetitions, and with empty parts", () => {
    FastCheck.assert(
      FastCheck.property(
        shape.chain((original) => FastCheck.tuple(FastCheck.constant(original), reworded(original))),
        ([original, other]) => {
          assert.deepStrictEqual(RequestShape.differences(original, other), [])
          assert.deepStrictEqual(RequestShape.differences(other, original), [])
        }
      )
    )
  })

  it("differs in exactly the changed parts, whichever request comes first", () => {
    FastCheck.assert(
      FastCheck.property(shape, FastCheck.subarray([...parts]), (original, changed) => {
        const other = {
          ...original,
          ...Object.fromEntries(changed.map((part) =>
            part === "customParameters"
              ? [part, { ...original.customParameters, more: "1" }]
              : [part, [...original[part] ?? [], "more"]]
          ))
        }
        const expected = parts.filter((part) => changed.includes(part))
        assert.deepStrictEqual(RequestShape.differences(original, other), expected)
        assert.deepStrictEqual(RequestShape.differences(other, original), expected)
      })
    )
  })

  it("differs when the value of a custom parameter differs", () => {
    const of = (value: string) => ({ scopes: [], customParameters: { access_type: value } })
    assert.deepStrictEqual(RequestShape.differences(of("offline"), of("online")), ["customParameters"])
    // A value of one is not missing in the other.
    assert.deepStrictEqual(
      RequestShape.differences(
        { scopes: [], customParameters: { constructor: "x" } },
        { scopes: [], customParameters: { other: "x" } }
      ),
      ["customParameters"]
    )
  })

  it("is compared in linear time", () => {
    const customParameters = {}
    const scopes = Array.from({ length: 200_000 }, (_, index) => `scope-${index}`)
    assert.deepStrictEqual(
      RequestShape.differences({ scopes, customParameters }, { scopes: [...scopes].reverse(), customParameters }),
      []
    )
  })

  it("names its parts", () => {
    assert.strictEqual(formatParts(["scopes"]), "scopes")
    assert.strictEqual(formatParts(["scopes", "audiences"]), "scopes and audiences")
    assert.strictEqual(formatParts(parts), "scopes, resources, audiences and customParameters")
  })
})
