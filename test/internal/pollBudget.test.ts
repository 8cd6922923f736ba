import { assert, describe, it } from "@effect/vitest"
import { defaultLimit, makeRate, maxBurst } from "../../src/internal/pollBudget.js"
import { simulate } from "../bench/scale.mjs"

/** Halves a rate at each of these times, in milliseconds. */
const throttledAt = (limit: number, times: ReadonlyArray<number>) => {
  const rate = makeRate(limit)
  for (const time of times) rate.halve(time)
  return rate
}

const seconds = (count: number) => Array.from({ length: count }, (_, index) => index * 1000)

describe("the rate of polls", () => {
  it("is the limit until the service throttles a call, then half of it, and doubles in 40 seconds", () => {
    const rate = makeRate(100)
    assert.strictEqual(rate.at(1e12), 100)
    rate.halve(1e12)
    // Calls in flight together are throttled together.
    rate.halve(1e12 + 500)
    assert.strictEqual(rate.at(1e12), 50)
    assert.closeTo(rate.at(1e12 + 20_000), 50 * Math.SQRT2, 1e-6)
    assert.closeTo(rate.at(1e12 + 40_000), 100, 1e-6)
    assert.strictEqual(rate.at(1e12 + 1e9), 100)
  })

  it("grows by 1 % for each poll where it is low, so that a halving lasts", () => {
    const rate = throttledAt(100, seconds(8))
    const low = rate.at(7000)
    assert.closeTo(low, 100 / 2 ** 8, 0.05)
    // In the time of 10 polls, with the growth of the rate during them.
    assert.closeTo(rate.at(7000 + (10 / low) * 1000) / low, 1 / (1 - 0.1), 1e-6)
    // It passes to the other growth without a step.
    for (let time = 7000; time < 600_000; time += 1000) {
      const growth = rate.at(time + 1000) / rate.at(time)
      assert.isAtLeast(growth, 1)
      assert.isAtMost(growth, 2 ** (1 / 40) + 1e-9)
    }
    assert.strictEqual(rate.at(900_000), 100)
  })

  it("never stops, and is never above the limit", () => {
    for (const limit of [0.01, 1, 25, 100]) {
      const rate = throttledAt(limit, seconds(1000))
      assert.strictEqual(rate.at(999_000), limit / 1000)
      let last = 0
      for (let time = 999_000; time < 1e9; time += 1_000_000) {
        assert.isAtLeast(rate.at(time), last)
        assert.isAtMost(rate.at(time), limit)
        last = rate.at(time)
      }
    }
  })
})

/** `npm run bench -- --scale` runs the model with a million waits for an hour. */
describe("many processes of one account", () => {
  const budget = { makeRate, limit: defaultLimit, burst: maxBurst }
  const account = {
    budget,
    users: 30_000,
    interval: 300_000,
    latency: 100,
    quota: 200,
    // All processes start at once, and have learned the quota after some minutes.
    begin: 900_000,
    end: 1_200_000
  }

  it.each([
    { processes: 100, ordinary: 60, consentsPerMinute: 2000, hasSignals: true },
    { processes: 100, ordinary: 60, consentsPerMinute: 2000, hasSignals: false },
    { processes: 250, ordinary: 60, consentsPerMinute: 2000, hasSignals: true }
  ])(
    "leave the quota to $ordinary ordinary calls a second: $processes processes, signals: $hasSignals",
    ({ hasSignals, ...load }) => {
      const { found, ordinary, p99, polls, throttled } = simulate({ ...account, ...load, hasSignals })
      assert.isBelow(throttled, 2)
      // The polls use what is left.
      assert.isAbove(polls + ordinary, 150)
      if (!hasSignals) return
      assert.isBelow(p99, 1)
      assert.isAbove(found, 99)
    }
  )
})
