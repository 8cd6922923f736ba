import { assert, describe, it } from "@effect/vitest"
import { responses } from "../support/operations.js"
import { operations as clientOperations } from "../support/serviceModel.js"
import { facts, ofClient, ofSchema, type Shape } from "../support/shape.js"

const operations = clientOperations.flatMap(({ name, output, shapes }) => {
  const schema = responses.get(name)
  return schema === undefined ? [] : [{ name, schema, shape: ofClient(shapes, output) }]
})

describe("responses of the control plane", () => {
  it("exist for every operation with output", () => {
    const withOutput = clientOperations.filter(({ name, output }) =>
      !/Token$|TokenFor|ApiKey$|Auth$/.test(name) && Object.keys(output.members ?? {}).length > 0
    )
    assert.deepStrictEqual([...responses.keys()].sort(), withOutput.map(({ name }) => name).sort())
  })

  const paths = (shape: Shape) => [...new Set(facts(shape, "").map((fact) => fact.split(": ", 1)[0]))].sort()

  it.each(operations)("have the members of the AWS client: $name", ({ schema, shape }) => {
    assert.deepStrictEqual(paths(ofSchema(schema.ast)), paths(shape))
  })
})
