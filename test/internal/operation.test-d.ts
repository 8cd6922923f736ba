import * as Schema from "effect/Schema"
import { describe, expectTypeOf, it } from "vitest"
import { request } from "../../src/internal/operation.js"

describe("request", () => {
  it("takes secrets and plain data", () => {
    const schema = Schema.Struct({
      secret: Schema.Redacted(Schema.String),
      list: Schema.optional(Schema.Array(Schema.Struct({ secret: Schema.Redacted(Schema.String) }))),
      map: Schema.Record({ key: Schema.String, value: Schema.Number })
    })
    expectTypeOf(request<typeof schema.Type>).toBeCallableWith(schema)
  })

  it("takes nothing that would have to be encoded otherwise", () => {
    const time = Schema.Struct({ time: Schema.DateTimeUtcFromDate })
    const renamed = Schema.Struct({ name: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("Name")) })
    expectTypeOf(time).not.toExtend<Parameters<typeof request<typeof time.Type>>[0]>()
    expectTypeOf(renamed).not.toExtend<Parameters<typeof request<typeof renamed.Type>>[0]>()
  })
})
