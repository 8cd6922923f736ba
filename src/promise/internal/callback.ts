/** Callbacks of the program, as effects. */
import * as Effect from "effect/Effect"
import { AsyncResource } from "node:async_hooks"

/** Binds a callback to the asynchronous context of its caller. A fiber may resume in the context of another request. */
export const bind = <Args extends Array<unknown>, A>(callback: (...args: Args) => A | PromiseLike<A>) => {
  const run = AsyncResource.bind(async (...args: Args) => callback(...args))
  return (...args: Args): Effect.Effect<A, unknown> =>
    Effect.tryPromise({ try: () => run(...args), catch: (error) => error })
}
