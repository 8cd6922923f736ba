import { assert, describe, it } from "@effect/vitest"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as Operation from "effect-agentcore-identity/Operation"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { decorate, make } from "../../src/plane/make.js"

const { ThrottlingException, TransportError, ValidationException } = IdentityError

const table = {
  rename: Operation.make("Rename", {
    request: Schema.Struct({ name: Schema.String }),
    response: Schema.Struct({ name: Schema.String }),
    errors: [ValidationException, ThrottlingException]
  })
}

type Rename = Operation.Plane<typeof table>["rename"]

const plane = (rename: Rename) => make("Test", table, { rename })

const failing = (error: Effect.Error<ReturnType<Rename>>) =>
  Effect.flip(plane(() => Effect.fail(error)).rename({ name: "new" }))

describe("errors of a plane", () => {
  it.effect("get the operation's name if they have none", () =>
    Effect.gen(function*() {
      const raised = new ThrottlingException({ message: "Rate $& exceeded", requestId: "request-1" })
      const error = yield* failing(raised)
      assert(error instanceof ThrottlingException)
      assert.deepInclude(error, { operation: "Rename", requestId: "request-1" })
      assert.strictEqual(error.message, "Rate $& exceeded")
      assert.strictEqual(error.stack, raised.stack)
      // Another operation may fail with it too.
      assert.strictEqual(raised.operation, "")
    }))

  it.effect("keep their cause, and show the name in their message", () =>
    Effect.gen(function*() {
      const raised = new TransportError({ kind: "connection", cause: Redacted.make(new Error("connect ECONNREFUSED")) })
      const error = yield* failing(raised)
      assert(error instanceof TransportError)
      assert.strictEqual(error.cause, raised.cause)
      assert.match(error.message, /^Rename: the connection failed/)
      assert.match(error.stack ?? "", /^TransportError: Rename: the connection failed/)
      assert.notProperty(error, "status")
    }))

  it.effect("keep an existing name", () =>
    Effect.gen(function*() {
      const raised = new ThrottlingException({ operation: "Other", message: "Rate exceeded" })
      assert.strictEqual((yield* failing(raised)).operation, "Other")
    }))

  it.effect("get the name if a decorator raised them", () =>
    Effect.gen(function*() {
      const decorated = decorate(table, plane(Effect.succeed), () => new ThrottlingException({ message: "Not now" }))
      assert.strictEqual((yield* Effect.flip(decorated.rename({ name: "new" }))).operation, "Rename")
    }))
})
