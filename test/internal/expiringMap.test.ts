import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as ExpiringMap from "../../src/internal/expiringMap.js"

const keys = 30

describe("expiringMap", () => {
  it("removes expired entries in the order of their expiry, and visits no others", () => {
    const step = FastCheck.oneof(
      { weight: 3, arbitrary: FastCheck.record({ set: FastCheck.nat(keys), end: FastCheck.nat(20) }) },
      FastCheck.record({ remove: FastCheck.nat(keys) }),
      FastCheck.record({ now: FastCheck.nat(20) })
    )
    FastCheck.assert(FastCheck.property(FastCheck.array(step, { maxLength: 100 }), (steps) => {
      const map = ExpiringMap.make<number>()
      const model = new Map<string, { readonly value: number; readonly end: number }>()
      const expire = (now: number) => {
        const ended = [...model].filter(([, { end }]) => end <= now)
        const ends = new Map(ended.map(([, { end, value }]) => [value, end]))
        const removed = map.removeExpired(now)
        assert.deepStrictEqual([...removed].sort(), [...ends.keys()].sort())
        assert.deepStrictEqual(
          removed.map((value) => ends.get(value)),
          [...ends.values()].sort((a, b) => a - b)
        )
        for (const [key] of ended) model.delete(key)
      }
      for (const [value, step] of steps.entries()) {
        if ("set" in step) {
          map.set(String(step.set), value, step.end)
          model.delete(String(step.set))
          model.set(String(step.set), { value, end: step.end })
        } else if ("remove" in step) {
          // A second time it does nothing.
          map.remove(String(step.remove))
          map.remove(String(step.remove))
          model.delete(String(step.remove))
        } else {
          expire(step.now)
        }
        assert.strictEqual(map.size(), model.size)
        const values = [...model.values()].map(({ value }) => value)
        assert.strictEqual(map.oldest(), values[0])
        for (const value of values) assert.strictEqual(map.oldest((one) => one === value), value)
        assert.isUndefined(map.oldest(() => false))
        for (let key = 0; key <= keys; key++) assert.strictEqual(map.get(String(key)), model.get(String(key))?.value)
      }
      expire(Infinity)
    }))
  })
})
