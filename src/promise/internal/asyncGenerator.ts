/**
 * Async generators, whose body runs not where they are called but where they are read.
 *
 * @since 0.1.0
 */
import { hasProperty, isFunction } from "effect/Predicate"

const isAsyncGenerator = (u: unknown): u is AsyncGenerator =>
  hasProperty(u, Symbol.asyncIterator)
  && hasProperty(u, "next") && isFunction(u.next)
  && hasProperty(u, "return") && isFunction(u.return)
  && hasProperty(u, "throw") && isFunction(u.throw)

/**
 * Runs the body of an async generator, given or promised, by `within`, whoever reads it. Anything else is given back as it is.
 *
 * @internal
 */
export const runWithin = <T>(result: T, within: <A>(f: () => A) => A): T => {
  if (result instanceof Promise) {
    // The promise of the same value.
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
