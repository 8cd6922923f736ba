/** Captures the stack of a call, whose error is made in a fiber and has no frame of the caller. */

/** Returns a function that appends the frames to an error. If calls share an error, it has the frames of each. */
export const capture = (): <E>(error: E) => E => {
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
  const addCaller = capture()
  try {
    return await promise
  } catch (error) {
    throw addCaller(error)
  }
}
