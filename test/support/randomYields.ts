import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"

class RandomYields extends Scheduler.MixedScheduler {
  constructor() {
    super("async", (run) => {
      let isCancelled = false
      queueMicrotask(() => {
        if (!isCancelled) run()
      })
      return () => {
        isCancelled = true
      }
    })
  }

  override shouldYield(): boolean {
    return Math.random() < 0.03
  }
}

/** Lets fibers yield at any operation. */
export const withRandomYields = Effect.provideService(Scheduler.Scheduler, new RandomYields())
