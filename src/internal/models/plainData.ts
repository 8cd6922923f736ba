/** Plain data: values as JSON has them. */
import * as Redacted from "effect/Redacted"

/** Whether a value is an object literal. Instances of classes, such as a `Redacted`, are not. */
export const isPlain = (value: unknown): value is Record<string, unknown> => {
  const prototype: unknown = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined
  return prototype === Object.prototype || prototype === null
}

/**
 * Copies a value with its items and properties, but no `Redacted`. `replace` may return another value, which is not
 * copied.
 */
export const mapDeep = (value: unknown, replace: (value: unknown) => unknown): unknown => {
  const replaced = replace(value)
  if (replaced !== value || typeof value !== "object" || value === null || Redacted.isRedacted(value)) return replaced
  if (Array.isArray(value)) return value.map((item) => mapDeep(item, replace))
  const copy: Record<string, unknown> = { ...value }
  // A property named `__proto__` is the copy's own now, so its assignment does not change the prototype.
  for (const name of Object.keys(copy)) copy[name] = mapDeep(copy[name], replace)
  return copy
}

/**
 * Drops properties that are null, because AWS treats them as absent. Nulls in lists stay, and those in the maps with
 * these names.
 */
export const dropNulls = (value: unknown, isMap: (name: string) => boolean = () => false, name = ""): unknown => {
  if (Array.isArray(value)) return value.map((item) => dropNulls(item, isMap))
  if (!isPlain(value)) return value
  const present = Object.entries(value).filter(([, item]) => item !== null || isMap(name))
  return Object.fromEntries(present.map(([name, item]) => [name, dropNulls(item, isMap, name)]))
}

/** The maximum number of levels of a request. Requests of the service model have fewer than ten. */
export const maxLevels = 100

const objectsIn = (value: unknown): ReadonlyArray<object> =>
  Array.isArray(value) || isPlain(value) ? Object.values(value).filter((member) => typeof member === "object") : []

/**
 * Whether a value has too many levels: parsers recurse into each level, and would overflow the stack. It reads an
 * object once, even if the object contains itself.
 */
export const isDeep = (request: unknown): boolean => {
  const seen = new Set<unknown>()
  let level: ReadonlyArray<unknown> = [request]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxLevels) return true
    const next: Array<unknown> = []
    for (const value of level) {
      if (seen.has(value)) continue
      seen.add(value)
      for (const member of objectsIn(value)) next.push(member)
    }
    level = next
  }
  return false
}

/** Writes canonical JSON (RFC 8785). `JSON.stringify` writes numbers and strings in this form, but does not sort. */
export const canonicalize = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(canonicalize).join(",")}]`
    : typeof value === "object" && value !== null
    ? `{${
      Object.entries(value)
        .sort(([a], [b]) => a < b ? -1 : 1)
        .map(([name, member]) => `${JSON.stringify(name)}:${canonicalize(member)}`)
        .join(",")
    }}`
    : JSON.stringify(value)
