/**
 * In the place of `redirectPage`, in a bundle for an edge runtime, where no browser can be opened (`browser` in `package.json`).
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/** @internal */
export const make = (): Effect.Effect<never, Cause.UnknownException> =>
  Effect.fail(new Cause.UnknownException(undefined, "A page can only be opened in Node"))
