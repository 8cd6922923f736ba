import { assert, describe, it } from "@effect/vitest"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as Operation from "effect-agentcore-identity/Operation"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { decorate, make, markValid } from "../../src/plane/validation.js"

const { ThrottlingException, ValidationException } = IdentityError

const table = {
  rename: Operation.make("Rename", {
    request: Schema.Struct({ name: Schema.String }),
    response: Schema.Struct({ name: Schema.String }),
    errors: [ValidationException, ThrottlingException]
  })
}

type Rename = Operation.Plane<typeof table>["rename"]

const plane = (rename: Rename) => make("Test", table, { rename })

describe("errors of a plane", () => {
  it.effect("have the operation if the plane rejects the request", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(plane(Effect.succeed).rename({ name: 1 as never }))
      assert.strictEqual(error._tag, "ValidationException")
      assert.strictEqual(error.operation, "Rename")
    }))

  it.effect("are those of the implementation and of decorators, unchanged", () =>
    Effect.gen(function*() {
      const raised = new ThrottlingException({ operation: "Other", message: "Rate exceeded" })
      const failing = plane(() => Effect.fail(raised))
      assert.strictEqual(yield* Effect.flip(failing.rename({ name: "new" })), raised)
      const decorated = decorate(table, plane(Effect.succeed), () => raised)
      assert.strictEqual(yield* Effect.flip(decorated.rename({ name: "new" })), raised)
    }))
})

describe("a request that was checked before", () => {
  it.effect("is not checked again, but its copy is", () =>
    Effect.gen(function*() {
      const request = markValid({ name: 1 as never })
      const { rename } = plane(({ name }) => Effect.succeed({ name }))
      assert.deepStrictEqual(yield* rename(request), { name: 1 as never })
      assert.strictEqual((yield* Effect.flip(rename({ ...request })))._tag, "ValidationException")
    }))

  it("cannot be made invalid", () => {
    const { rename } = decorate(table, plane(Effect.succeed), (_, call, request) => {
      Object.assign(request, { name: 1 })
      return call
    })
    assert.throws(() => rename(markValid({ name: "new" })), TypeError)
  })
})
