/** Async generators: their body runs where they are read, not where they are called. */
import { hasProperty, isFunction } from "effect/Predicate"

const isAsyncGenerator = (u: unknown): u is AsyncGenerator =>
  hasProperty(u, Symbol.asyncIterator)
  && hasProperty(u, "next") && isFunction(u.next)
  && hasProperty(u, "return") && isFunction(u.return)
  && hasProperty(u, "throw") && isFunction(u.throw)

/**
 * Makes the body of an async generator, or of a promised one, run through `within`. Returns any other value as it is.
 */
export const runWithin = <T>(result: T, within: <A>(f: () => A) => A): T => {
  if (result instanceof Promise) {
    // A promise of the same value.
    return result.then((value) => runWithin(value, within)) as T
  }
  if (isAsyncGenerator(result)) {
    const { next, return: end, throw: fail } = result
    result.next = (...values) => within(() => next.apply(result, values))
    result.return = (value) => within(() => end.call(result, value))
    result.throw = (error) => within(() => fail.call(result, error))
  }
  return result
}
