/** Forces garbage collections, so that objects with only weak references disappear. */
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
 * Collects garbage repeatedly until the scope closes. Test files share a process with a large heap, where a collection
 * takes long, so the pauses between two collections grow.
 */
export const collecting: Effect.Effect<void, never, Scope.Scope> = Effect.suspend(() =>
  Effect.sync(collector()).pipe(
    Effect.repeat(Schedule.exponential("100 millis")),
    Effect.delay("50 millis"),
    Effect.forkScoped,
    Effect.asVoid
  )
)
