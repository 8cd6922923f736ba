/** Objects with nothing but members. */
import * as Predicate from "effect/Predicate"

/**
 * Whether a value is an object with nothing but members. A schema copies another object, like a `Redacted`, into a plain one.
 */
export const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (!Predicate.isObject(value)) {
    return false
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
