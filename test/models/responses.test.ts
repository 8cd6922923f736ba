import { assert, describe, it } from "@effect/vitest"
import { responses } from "../support/operations.js"
import { operations as clientOperations } from "../support/serviceModel.js"
import { facts, ofClient, ofSchema, type Shape } from "../support/shape.js"

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
})
