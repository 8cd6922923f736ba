/** A variable of the environment, where an empty one is like a missing one. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"

export const readVariable = (name: string): Effect.Effect<string | undefined> =>
  Effect.orElseSucceed(Config.NonEmptyString(name), () => undefined)
