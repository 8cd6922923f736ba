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
  return replaced !== value
    ? replaced
    : Array.isArray(value)
    ? value.map((item) => mapDeep(item, replace))
    : typeof value === "object" && value !== null
    // An assignment would lose a property named `__proto__`.
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapDeep(member, replace)]))
    : value
}

/** Drops properties that are null, because AWS treats them as absent. Items of lists that are null stay. */
export const dropNulls = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(dropNulls)
    : isPlain(value)
    ? Object.fromEntries(
      Object.entries(value).flatMap(([name, member]) => member === null ? [] : [[name, dropNulls(member)]])
    )
    : value
