/** What a fiber does not keep of its caller: the asynchronous context and the stack. */
import * as Effect from "effect/Effect"
import { AsyncResource } from "node:async_hooks"

/** Binds a callback to the asynchronous context of its caller. A fiber may resume in the context of another request. */
export const bind = <Args extends Array<unknown>, A>(callback: (...args: Args) => A | PromiseLike<A>) => {
  const run = AsyncResource.bind(async (...args: Args) => callback(...args))
  return (...args: Args): Effect.Effect<A, unknown> =>
    Effect.tryPromise({ try: () => run(...args), catch: (error) => error })
}

/** Captures the stack of a call. Returns a function that appends its frames to an error, which calls may share. */
export const captureStack = (): <E>(error: E) => E => {
  const call = new Error()
  return (error) => {
    if (!(error instanceof Error) || typeof error.stack !== "string" || typeof call.stack !== "string") return error
    // Without the header, and without this function.
    const frames = call.stack.split("\n").slice(2).join("\n")
    // An error may be frozen.
    if (!error.stack.includes(frames)) Reflect.set(error, "stack", `${error.stack}\n${frames}`)
    return error
  }
}

/** Rejects with the frames of the caller. */
export const withCaller = async <A>(promise: Promise<A>): Promise<A> => {
  const addCaller = captureStack()
  try {
    return await promise
  } catch (error) {
    throw addCaller(error)
  }
}
