import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { request } from "../../src/internal/operation.js"
import { requests, valid } from "./requests.js"

describe("a request on the wire", () => {
  it("has a member of any name", () => {
    const { encode } = request(Schema.Record({ key: Schema.String, value: Schema.String }))
    const parameters: { readonly [name: string]: string } = JSON.parse(`{ "__proto__": "kept" }`)
    assert.strictEqual(JSON.stringify(encode(parameters)), `{"__proto__":"kept"}`)
  })

  it.each(requests)("%s: as its schema encodes it", (_, schema) => {
    const { encode } = request(schema)
    FastCheck.assert(
      FastCheck.property(valid(schema), (value) => {
        assert.deepStrictEqual(encode(value), Schema.encodeSync(schema)(value))
      }),
      { numRuns: 20 }
    )
  })
})
