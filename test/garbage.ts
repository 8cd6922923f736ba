/** Forced garbage collections: what only a weak reference holds is gone. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

const collector = (): () => void => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc")
}

/** Collects garbage again and again, until the end of the scope. */
export const collecting: Effect.Effect<void, never, Scope.Scope> = Effect.asVoid(Effect.acquireRelease(
  Effect.sync(() => setInterval(collector(), 100)),
  (timer) => Effect.sync(() => clearInterval(timer))
))
