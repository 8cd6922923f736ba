/** The results of effects as promises. */
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Exit from "effect/Exit"

/** Returns the value of an exit, or throws its error. */
export const unwrap = <A>(exit: Exit.Exit<A, unknown>): A => {
  if (Exit.isSuccess(exit)) {
    return exit.value
  }
  const error = Cause.squash(exit.cause)
  // A `ConfigError` is the only failure here that is not an `Error`.
  throw error instanceof Config.ConfigError ? Cause.prettyErrors(exit.cause)[0] : error
}
