import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { operations as clientOperations } from "../local/serviceModel.js"
import { responses } from "./operations.js"
import { facts, ofClient, ofSchema, type Shape } from "./shape.js"

type Json = { readonly [name: string]: unknown }

const cycle = <A>(values: ReadonlyArray<A>, index: number): A => {
  const value = values[index % values.length]
  if (value === undefined) throw new Error("a shape without values")
  return value
}

/** Answers with all members, in the form of the AWS SDK: so many that each member of a union is in one of them. */
const full = (shape: Shape): ReadonlyArray<unknown> => {
  const { item, members = {}, type, value } = shape
  if (type === "timestamp") return [new Date(0)]
  if (type === "boolean") return [true]
  if (type === "integer") return [1]
  if (type === "list" && item !== undefined) return [full(item)]
  if (type === "map" && value !== undefined) return full(value).map((entry) => ({ key: entry }))
  if (type !== "structure") return ["a-text"]
  const all = Object.entries(members).map(([name, member]) => [name, full(member)] as const)
  if (shape.union === true) return all.flatMap(([name, values]) => values.map((entry) => ({ [name]: entry })))
  const count = Math.max(1, ...all.map(([, values]) => values.length))
  return Array.from(
    { length: count },
    (_, index) => Object.fromEntries(all.map(([name, values]) => [name, cycle(values, index)]))
  )
}

interface Change {
  readonly what: string
  readonly value: unknown
}

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)

const future = "OF_TOMORROW"

/** The value with one change at one place, for every place that the service may change. */
const changes = (shape: Shape, value: unknown, path: string): ReadonlyArray<Change> => {
  const { item, members = {}, type } = shape
  if (type === "string") return [{ what: `${path} is of an unknown value`, value: future }]
  if (type === "list" && item !== undefined && Array.isArray(value)) {
    return value.flatMap((entry: unknown, at) =>
      changes(item, entry, `${path}[]`).map(({ value: changed, what }) => ({
        what,
        value: Object.assign([...value], { [at]: changed })
      }))
    )
  }
  const entries = isJson(value) ? Object.entries(value) : []
  if (type === "map" && shape.value !== undefined) {
    const member = shape.value
    return entries.flatMap(([name, entry]) =>
      changes(member, entry, `${path}{}`).map(({ value: changed, what }) => ({ what, value: { [name]: changed } }))
    )
  }
  if (type !== "structure" || !isJson(value)) return []
  return [
    { what: `${path} has an unknown member`, value: { ...value, ofTomorrow: { a: [future] } } },
    ...shape.union !== true ? [] : [
      // As the AWS SDK gives it, and as it is on the wire.
      { what: `${path} is an unknown member, as the SDK has it`, value: { $unknown: ["ofTomorrow", { a: future }] } },
      { what: `${path} is an unknown member`, value: { ofTomorrow: { a: future } } },
      { what: `${path} is empty`, value: {} }
    ],
    ...entries.flatMap(([name, entry]): ReadonlyArray<Change> => {
      const member = members[name]
      if (member === undefined) return []
      const { [name]: _, ...others } = value
      return [
        ...member.required === true || shape.union === true
          ? []
          : [{ what: `${path}.${name} is not there`, value: others }],
        ...changes(member, entry, `${path}.${name}`).map(({ value: changed, what }) => ({
          what,
          value: { ...value, [name]: changed }
        }))
      ]
    })
  ]
}

const operations = clientOperations.flatMap(({ name, output, shapes }) => {
  const schema = responses.get(name)
  return schema === undefined ? [] : [{ name, schema, shape: ofClient(shapes, output) }]
})

describe("an answer of the control plane", () => {
  it("is known for every operation that has one", () => {
    const answering = clientOperations.filter(({ name, output }) =>
      !/Token$|TokenFor|ApiKey$|Auth$/.test(name) && Object.keys(output.members ?? {}).length > 0
    )
    assert.deepStrictEqual([...responses.keys()].sort(), answering.map(({ name }) => name).sort())
  })

  const paths = (shape: Shape) => [...new Set(facts(shape, "").map((fact) => fact.split(": ", 1)[0]))].sort()

  it.each(operations)("$name has the members of the AWS client", ({ schema, shape }) => {
    assert.deepStrictEqual(paths(ofSchema(schema.ast)), paths(shape))
  })

  it.each(operations)("$name is not lost when the service changes it", ({ name, schema, shape }) => {
    const decode = Schema.decodeUnknownOption(schema)
    const lost: Array<string> = []
    const tried = new Set<string>()
    for (const answer of full(shape)) {
      assert(Option.isSome(decode(answer)), name)
      for (const { value, what } of changes(shape, answer, name)) {
        const decoded = decode(value)
        if (Option.isNone(decoded)) lost.push(what)
        else if (what.endsWith("of an unknown value")) assert.include(JSON.stringify(decoded.value), future, what)
        tried.add(what)
      }
    }
    assert.deepStrictEqual(lost, [])
    assert.isAbove(tried.size, 1)
  })
})
