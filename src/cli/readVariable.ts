/**
 * A variable of the environment, where an empty one is like a missing one.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"

/** @internal */
export const readVariable = (name: string): Effect.Effect<string | undefined> =>
  Effect.orElseSucceed(Config.NonEmptyString(name), () => undefined)
