/** The headers of a request or an event, in any of their forms. */

type Container = Iterable<readonly [name: string, value: unknown]> | { readonly [name: string]: unknown }

const isPair = (value: unknown): boolean => Array.isArray(value) && typeof value[0] === "string"

const isContainer = (value: unknown): value is Container =>
  typeof value === "object" && value !== null && (!Array.isArray(value) || (value.length > 0 && value.every(isPair)))

/**
 * A request or an event has its headers in a member; a header named `headers` is a text, or a list of texts. An event
 * in the multi-value form has all values in `multiValueHeaders`. Its `headers` has the last value of each name, or
 * nothing.
 */
const containerOf = (input: object): Container => {
  const { headers, multiValueHeaders } = input as { readonly headers?: unknown; readonly multiValueHeaders?: unknown }
  if (isContainer(multiValueHeaders) && Object.keys(multiValueHeaders).length > 0) return multiValueHeaders
  if (isContainer(headers)) return headers
  // The input is headers itself. Its values are checked one by one.
  return input as Container
}

/**
 * The headers by name in lower case. Several values of a name are joined by commas, as HTTP joins them. Empty values
 * are dropped. An event is JSON from outside, so values of any other type than text are dropped too.
 */
export const normalize = (input: object): ReadonlyMap<string, string> => {
  const container = containerOf(input)
  const entries: Iterable<readonly [string, unknown]> = Symbol.iterator in container
    ? container as Iterable<readonly [string, unknown]>
    : Object.entries(container)
  const normalized = new Map<string, string>()
  for (const [name, values] of entries) {
    const key = name.toLowerCase()
    for (const value of Array.isArray(values) ? values : [values]) {
      const text = typeof value === "string" ? value.trim() : ""
      if (text !== "") {
        const before = normalized.get(key)
        normalized.set(key, before === undefined ? text : `${before}, ${text}`)
      }
    }
  }
  return normalized
}
