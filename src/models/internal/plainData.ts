/** Plain data: values as JSON has them. */
import * as Predicate from "effect/Predicate"

/**
 * Whether a value is an object with nothing but members. A schema copies another object, like a `Redacted`, into a
 * plain one.
 */
export const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (!Predicate.isObject(value)) {
    return false
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * Copies a value with its items and members. A value that `replace` maps to another one is replaced, and not copied.
 */
export const mapDeep = (value: unknown, replace: (value: unknown) => unknown): unknown => {
  const replaced = replace(value)
  return replaced !== value
    ? replaced
    : Array.isArray(value)
    ? value.map((item) => mapDeep(item, replace))
    : typeof value === "object" && value !== null
    // An assignment would lose a member named `__proto__`.
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapDeep(member, replace)]))
    : value
}

/**
 * In the JSON of AWS, a member that is null is absent, as to every server and client of the protocol. An item that is
 * null stays.
 */
export const dropNulls = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(dropNulls)
    : isPlain(value)
    ? Object.fromEntries(
      Object.entries(value).flatMap(([name, member]) => member === null ? [] : [[name, dropNulls(member)]])
    )
    : value
