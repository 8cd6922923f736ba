/** Forced garbage collections: what only a weak reference holds is gone. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

const collector = (): () => void => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc")
}

/**
 * Collects garbage again and again, until the end of the scope. Test files share a process with a large heap, where a collection takes
 * long: the pauses between two grow.
 */
export const collecting: Effect.Effect<void, never, Scope.Scope> = Effect.suspend(() =>
  Effect.sync(collector()).pipe(
    Effect.repeat(Schedule.exponential("100 millis")),
    Effect.delay("50 millis"),
    Effect.forkScoped,
    Effect.asVoid
  )
)
