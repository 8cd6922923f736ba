import { assert, describe, it } from "@effect/vitest"
import { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import * as Rows from "../../support/operation.js"
import { operations as rows } from "../../support/requests.js"
import { operations as clients } from "../../support/serviceModel.js"
import { WireRoutes } from "../../support/wire.js"

describe("a request", () => {
  it.effect("is checked when the plane does not check it", () =>
    Effect.gen(function*() {
      const table = {
        rename: Rows.make("Rename", {
          request: Schema.Struct({ name: Schema.String }),
          response: Schema.Struct({ name: Schema.String }),
          errors: [ValidationException]
        })
      }
      const call = (request: object) =>
        WireRoutes.routes(table).get("/identities/Rename")?.[0]?.call({ rename: Effect.succeed }, request)
          ?? Effect.die(new Error("no route"))
      assert.deepStrictEqual(yield* call({ name: "new" }), { name: "new" })
      const error = yield* Effect.flip(call({}))
      assert.strictEqual(error._tag, "ValidationException")
      const wrong = yield* Effect.flip(call({ name: 1 }))
      assert(wrong._tag === "UnknownServiceError")
      assert.deepStrictEqual([wrong.code, wrong.status], ["SerializationException", 400])
    }))
})

describe("the rows", () => {
  it("have method, path and status of the AWS clients", () => {
    const ofRows = rows.filter(({ path }) => path !== "/").map(({ method, name, path, status }) =>
      [name, method, path, status] as const
    )
    const ofClients = clients.map(({ method, name, status, uri }) => [name, method, uri, status] as const)
    assert.sameDeepMembers(ofRows, ofClients)
  })

  it("have the exceptions of the service model", () => {
    const { operations: model }: {
      readonly operations: Readonly<Record<string, { readonly errors: ReadonlyArray<string> }>>
    } = JSON.parse(readFileSync(new URL("../../models/aws-limits.json", import.meta.url), "utf8"))
    for (const [name, { errors }] of Object.entries(model)) {
      const row = rows.find((row) => row.name === name)
      assert.sameMembers(row?.errors.map(({ _tag }) => _tag) ?? [], [...errors], name)
    }
  })
})
