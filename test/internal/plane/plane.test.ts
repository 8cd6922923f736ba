import { assert, describe, it } from "@effect/vitest"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Rows from "../../support/operation.js"

const { callUnchecked, decorate, make } = Rows.Plane

const { ThrottlingException, ValidationException } = IdentityError

const table = {
  rename: Rows.make("Rename", {
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

describe("a method without the check of its request", () => {
  it.effect("does not check it, and the method itself does", () =>
    Effect.gen(function*() {
      const { rename } = plane(({ name }) => Effect.succeed({ name }))
      const request = { name: 1 as never }
      assert.deepStrictEqual(yield* callUnchecked(rename, request) ?? Effect.die("no method"), request)
      assert.strictEqual((yield* Effect.flip(rename(request)))._tag, "ValidationException")
    }))

  it("is missing for every method that the module has not made", () => {
    const decorated = decorate(table, plane(Effect.succeed), (_, call) => call)
    const own: Rename = (request) => decorated.rename(request)
    for (const { rename } of [decorated, { rename: own }]) assert.isUndefined(callUnchecked(rename, { name: "new" }))
  })
})
