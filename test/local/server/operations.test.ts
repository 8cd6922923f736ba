import { assert, describe, it } from "@effect/vitest"
import { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as Operation from "effect-agentcore-identity/Operation"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { routes } from "../../../src/local/server/operations.js"
import * as Plane from "../../../src/plane/make.js"
import { operations as rows } from "../../support/requests.js"
import { operations as clients } from "../serviceModel.js"

describe("a request", () => {
  const counted = () => {
    let checks = 0
    const table = {
      rename: Operation.make("Rename", {
        request: Schema.Struct({ name: Schema.String.check(Schema.makeFilter(() => ++checks > 0)) }),
        response: Schema.Struct({ name: Schema.String }),
        errors: [ValidationException]
      })
    }
    const call = (plane: Operation.Plane<typeof table>) =>
      routes(table).get("/identities/Rename")?.[0]?.call(plane, { name: "new" }) ?? Effect.die(new Error("no route"))
    return { call, checks: () => checks, plane: Plane.make("Test", table, { rename: Effect.succeed }), table }
  }

  it.effect("is checked once on its way through the server", () =>
    Effect.gen(function*() {
      const { call, checks, plane } = counted()
      assert.deepStrictEqual(yield* call(plane), { name: "new" })
      assert.strictEqual(checks(), 1)
      yield* plane.rename({ name: "new" })
      assert.strictEqual(checks(), 2)
    }))

  it.effect("is checked once behind decorators", () =>
    Effect.gen(function*() {
      const { call, checks, plane, table } = counted()
      const decorated = Plane.decorate(
        table,
        Plane.decorate(table, plane, (_, effect) => effect),
        (_, effect) => effect
      )
      assert.deepStrictEqual(yield* call(decorated), { name: "new" })
      assert.strictEqual(checks(), 1)
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
