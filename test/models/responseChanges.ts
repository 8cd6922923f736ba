/** Responses of AWS on the wire, and the changes that the service may make without a new API version. */
import type { Shape } from "../support/shape.js"

type Json = { readonly [name: string]: unknown }

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const cycle = <A>(values: ReadonlyArray<A>, index: number): A => {
  const value = values[index % values.length]
  if (value === undefined) throw new Error("a shape without values")
  return value
}

/** Responses with all members. Each member of a union is in one of the responses. */
export const full = (shape: Shape): ReadonlyArray<unknown> => {
  const { item, members = {}, type, value } = shape
  if (type === "timestamp" || type === "integer") return [1]
  if (type === "boolean") return [true]
  if (type === "list" && item !== undefined) return [full(item)]
  if (type === "map" && value !== undefined) return full(value).map((entry) => ({ key: entry }))
  if (type !== "structure") return ["a-string"]
  const all = Object.entries(members).map(([name, member]) => [name, full(member)] as const)
  if (shape.union === true) return all.flatMap(([name, values]) => values.map((entry) => ({ [name]: entry })))
  const count = Math.max(1, ...all.map(([, values]) => values.length))
  return Array.from(
    { length: count },
    (_, index) => Object.fromEntries(all.map(([name, values]) => [name, cycle(values, index)]))
  )
}

/** A value that no client knows. */
export const future = "OF_TOMORROW"

interface Change {
  readonly subject: string
  /** Whether the response has `future` as the value of a known member. */
  readonly isKnown: boolean
  readonly value: unknown
}

/** Members that no client knows. */
const strangers: ReadonlyArray<unknown> = [{ a: [future] }, [1, null], future, 1.5, false, null]

/** Every place gets one of these. */
const strangerAt = (path: string): unknown =>
  strangers[[...path].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % strangers.length]

const unchanged = (change: Change, value: unknown): Change => ({ ...change, value })

/** Returns the value with one change, for every place that the service may change. */
export const changes = (shape: Shape, value: unknown, path: string): ReadonlyArray<Change> => {
  const { item, members = {}, type } = shape
  if (type === "string") return [{ subject: `${path} has an unknown value`, isKnown: true, value: future }]
  if (type === "timestamp") return [{ subject: `${path} has a fraction`, isKnown: false, value: 1.5 }]
  if (type === "list" && item !== undefined && Array.isArray(value)) {
    return [
      { subject: `${path} is empty`, isKnown: false, value: [] },
      ...value.flatMap((entry: unknown, at) =>
        changes(item, entry, `${path}[]`).map((change) =>
          unchanged(change, Object.assign([...value], { [at]: change.value }))
        )
      )
    ]
  }
  const entries = isJson(value) ? Object.entries(value) : []
  if (type === "map" && shape.value !== undefined) {
    const member = shape.value
    return [
      { subject: `${path} is empty`, isKnown: false, value: {} },
      ...entries.flatMap(([name, entry]) =>
        changes(member, entry, `${path}{}`).map((change) => unchanged(change, { [name]: change.value }))
      )
    ]
  }
  if (type !== "structure" || !isJson(value)) return []
  const known = { isKnown: false }
  return [
    { ...known, subject: `${path} has an unknown member`, value: { ...value, ofTomorrow: strangerAt(path) } },
    ...shape.union !== true ? [] : [
      { ...known, subject: `${path} is an unknown member`, value: { ofTomorrow: { a: future } } },
      { ...known, subject: `${path} is an unknown string`, value: { ofTomorrow: future } },
      { ...known, subject: `${path} is empty`, value: {} }
    ],
    ...entries.flatMap(([name, entry]): ReadonlyArray<Change> => {
      const member = members[name]
      if (member === undefined) return []
      const { [name]: _, ...others } = value
      const isOptional = member.required !== true && shape.union !== true
      return [
        ...isOptional
          ? [
            { ...known, subject: `${path}.${name} is not there`, value: others },
            { ...known, subject: `${path}.${name} is null`, value: { ...others, [name]: null } }
          ]
          : [],
        ...changes(member, entry, `${path}.${name}`).map((change) =>
          unchanged(change, { ...value, [name]: change.value })
        )
      ]
    })
  ]
}
