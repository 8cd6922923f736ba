import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as ConsoleCodes from "../../../src/local/server/consoleCodes.js"

describe("a code of the console", () => {
  it.effect("is valid once, for a minute", () =>
    Effect.gen(function*() {
      const { issue, redeem } = yield* ConsoleCodes.make
      const [used, kept, late] = [yield* issue, yield* issue, yield* issue]
      assert.match(used, /^[\w-]{43}$/)
      assert.lengthOf(new Set([used, kept, late]), 3)
      assert.isFalse(yield* redeem("none"))
      assert.isTrue(yield* redeem(used))
      assert.isFalse(yield* redeem(used))
      yield* TestClock.adjust(59_999)
      assert.isTrue(yield* redeem(kept))
      yield* TestClock.adjust(1)
      assert.isFalse(yield* redeem(late))
    }))
})
