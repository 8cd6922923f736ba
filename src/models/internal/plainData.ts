/** Plain data: values as JSON has them. */
import * as Predicate from "effect/Predicate"

/** Whether a value is an object literal. Instances of classes, such as a `Redacted`, are not. */
export const isPlain = (value: unknown): value is Record<string, unknown> => {
  const prototype: unknown = Predicate.isObject(value) ? Object.getPrototypeOf(value) : undefined
  return prototype === Object.prototype || prototype === null
}

/** Copies a value with its items and properties. `replace` may return another value, which is not copied. */
export const mapDeep = (value: unknown, replace: (value: unknown) => unknown): unknown => {
  const replaced = replace(value)
  if (replaced !== value) return replaced
  if (Array.isArray(value)) return value.map((item) => mapDeep(item, replace))
  if (typeof value !== "object" || value === null) return value
  // An assignment would lose a property named `__proto__`.
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapDeep(item, replace)]))
}

/** Drops properties that are null, because AWS treats them as absent. Items of lists that are null stay. */
export const dropNulls = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(dropNulls)
  if (!isPlain(value)) return value
  const present = Object.entries(value).filter(([, item]) => item !== null)
  return Object.fromEntries(present.map(([name, item]) => [name, dropNulls(item)]))
}
