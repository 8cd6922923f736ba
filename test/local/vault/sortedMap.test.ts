import { assert, describe, it } from "@effect/vitest"
import * as SortedMap from "effect-agentcore-identity/local/vault/sortedMap"
import * as FastCheck from "fast-check"

describe("SortedMap", () => {
  it("returns entries in the order of their keys, also after changes between two pages", () => {
    const key = FastCheck.string({ maxLength: 2, unit: FastCheck.constantFrom("a", "b", "ü", "\u{1F600}") })
    const change = FastCheck.record({ key, value: FastCheck.option(FastCheck.nat()) })
    FastCheck.assert(FastCheck.property(
      FastCheck.array(change),
      FastCheck.integer({ min: 1, max: 3 }),
      (changes, limit) => {
        const sorted = SortedMap.make<number>()
        const expected = new Map<string, number>()
        for (const { key, value } of changes) {
          if (value === null) {
            sorted.delete(key)
            expected.delete(key)
          } else {
            sorted.set(key, value)
            expected.set(key, value)
          }
          // `sort` without a function compares code units.
          const keys = [...expected.keys()].sort()
          assert.deepStrictEqual(
            sorted.page(undefined, Infinity),
            keys.map((key) => [key, expected.get(key) as number])
          )
          const after = keys.filter((other) => other > key).slice(0, limit)
          assert.deepStrictEqual(sorted.page(key, limit).map(([key]) => key), after)
          assert.strictEqual(sorted.get(key), expected.get(key))
        }
      }
    ))
  })
})
