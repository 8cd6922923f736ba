import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import * as ExpiringMap from "../../src/internal/expiringMap.js"

describe("heap", () => {
  it("returns the lowest key first, and of equal keys the oldest entry, whatever is removed", () => {
    const step = FastCheck.oneof(
      FastCheck.record({ add: FastCheck.integer({ min: 0, max: 9 }) }),
      FastCheck.record({ remove: FastCheck.nat(30) })
    )
    FastCheck.assert(FastCheck.property(FastCheck.array(step, { maxLength: 60 }), (steps) => {
      const heap = ExpiringMap.makeHeap<number>()
      const added: Array<ExpiringMap.HeapEntry<number>> = []
      let model: ReadonlyArray<ExpiringMap.HeapEntry<number>> = []
      for (const step of steps) {
        if ("add" in step) {
          const entry = heap.add(step.add, added.length)
          added.push(entry)
          model = [...model, entry].sort((a, b) => a.key - b.key || a.value - b.value)
        } else {
          const entry = added[step.remove]
          if (entry === undefined) continue
          // A second time it does nothing.
          heap.remove(entry)
          heap.remove(entry)
          model = model.filter((other) => other !== entry)
        }
        assert.strictEqual(heap.first(), model[0])
        assert.strictEqual(heap.size(), model.length)
      }
      const rest: Array<ExpiringMap.HeapEntry<number>> = []
      for (let first = heap.first(); first !== undefined; first = heap.first()) {
        rest.push(first)
        heap.remove(first)
      }
      assert.deepStrictEqual(rest.map(({ value }) => value), model.map(({ value }) => value))
    }))
  })
})

describe("expiringMap", () => {
  it("removes expired entries, and visits no others", () => {
    const step = FastCheck.oneof(
      FastCheck.record({ set: FastCheck.nat(5), end: FastCheck.nat(20) }),
      FastCheck.record({ remove: FastCheck.nat(5) }),
      FastCheck.record({ now: FastCheck.nat(20) })
    )
    FastCheck.assert(FastCheck.property(FastCheck.array(step, { maxLength: 60 }), (steps) => {
      const map = ExpiringMap.make<number>()
      const model = new Map<string, { readonly value: number; readonly end: number }>()
      for (const [value, step] of steps.entries()) {
        if ("set" in step) {
          map.set(String(step.set), value, step.end)
          model.set(String(step.set), { value, end: step.end })
        } else if ("remove" in step) {
          map.remove(String(step.remove))
          model.delete(String(step.remove))
        } else {
          const ended = [...model].filter(([, { end }]) => end <= step.now)
          for (const [key] of ended) model.delete(key)
          assert.strictEqual(map.removeExpired(step.now).length, ended.length)
        }
        assert.strictEqual(map.size(), model.size)
        for (let key = 0; key <= 5; key++) assert.strictEqual(map.get(String(key)), model.get(String(key))?.value)
      }
    }))
  })
})
