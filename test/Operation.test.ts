import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as FastCheck from "fast-check"
import * as Rows from "./support/operation.js"
import { operations, requests, valid } from "./support/requests.js"

const row = <A>(request: Schema.Codec<A, Rows.Encoded<A>>) =>
  Rows.make("Any", { request, response: Rows.noResponse, errors: [] })

describe("Rows.make", () => {
  it("has defaults for method, path, status and quota", () => {
    const { errors, method, name, path, quota, status } = row(Schema.Struct({}))
    assert.deepStrictEqual({ errors, method, name, path, quota, status }, {
      errors: [],
      method: "POST",
      name: "Any",
      path: "/identities/Any",
      quota: Infinity,
      status: 200
    })
  })
})

describe("an encoded request", () => {
  it("keeps a member of any name", () => {
    const { encode } = row(Schema.Record(Schema.String, Schema.String))
    const parameters: { readonly [name: string]: string } = JSON.parse(`{ "__proto__": "kept" }`)
    assert.strictEqual(JSON.stringify(encode(parameters)), `{"__proto__":"kept"}`)
  })

  it.each(requests)("equals the encoding of the schema: %s", (name, schema) => {
    // The rows have no one type of request.
    const encode = operations.find((operation) => operation.name === name)?.encode as (request: unknown) => unknown
    FastCheck.assert(
      FastCheck.property(valid(schema), (value) => {
        assert.deepStrictEqual(encode(value), Schema.encodeSync(schema)(value))
      }),
      { numRuns: 20 }
    )
  })
})
