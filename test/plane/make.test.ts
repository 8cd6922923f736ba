import { assert, describe, it } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as Operation from "effect-agentcore-identity/Operation"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { decorate, make, unchecked } from "../../src/plane/make.js"

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
  it.effect("get the operation's name where they were raised without it", () =>
    Effect.gen(function*() {
      const raised = new ThrottlingException({ message: "Rate $& exceeded", requestId: "request-1" })
      const error = yield* failing(raised)
      assert(error instanceof ThrottlingException)
      assert.deepInclude(error, { operation: "Rename", requestId: "request-1" })
      assert.strictEqual(error.message, "Rate $& exceeded")
      assert.strictEqual(error.stack, raised.stack)
      // It may be raised by another operation too.
      assert.strictEqual(raised.operation, "")
    }))

  it.effect("keep their cause, and have the name in their message", () =>
    Effect.gen(function*() {
      const raised = new TransportError({ kind: "connection", cause: Redacted.make(new Error("connect ECONNREFUSED")) })
      const error = yield* failing(raised)
      assert(error instanceof TransportError)
      assert.strictEqual(error.cause, raised.cause)
      assert.match(error.message, /^Rename: the connection failed/)
      assert.match(error.stack ?? "", /^TransportError: Rename: the connection failed/)
      assert.notProperty(error, "status")
    }))

  it.effect("keep the name that they have", () =>
    Effect.gen(function*() {
      const raised = new ThrottlingException({ operation: "Other", message: "Rate exceeded" })
      assert.strictEqual((yield* failing(raised)).operation, "Other")
    }))

  it.effect("get it from a decorator's errors too", () =>
    Effect.gen(function*() {
      const decorated = decorate(table, plane(Effect.succeed), () => new ThrottlingException({ message: "Not now" }))
      assert.strictEqual((yield* Effect.flip(decorated.rename({ name: "new" }))).operation, "Rename")
      assert.strictEqual((yield* Effect.flip(unchecked(decorated).rename({ name: "new" }))).operation, "Rename")
    }))
})

describe("unchecked", () => {
  // No name is a number.
  const invalid: { readonly name: string } = JSON.parse(`{ "name": 1 }`)

  it.effect("is the plane without its checks", () =>
    Effect.gen(function*() {
      const checked = plane(Effect.succeed)
      assert.strictEqual((yield* Effect.flip(checked.rename(invalid)))._tag, "ValidationException")
      assert.strictEqual(yield* unchecked(checked).rename(invalid), invalid)
    }))

  it.effect("has the decorators of the plane", () =>
    Effect.gen(function*() {
      const calls: Array<string> = []
      const decorated = decorate(table, plane(Effect.succeed), (operation, effect) => {
        calls.push(operation)
        return effect
      })
      assert.strictEqual(yield* unchecked(decorated).rename(invalid), invalid)
      assert.deepStrictEqual(calls, ["rename"])
    }))

  it("is not passed on to a plane that a program makes from it", () => {
    const own = { ...plane(Effect.succeed), rename: () => Effect.succeed({ name: "own" }) }
    assert.strictEqual(unchecked(own), own)
  })

  it.effect("is the plane itself where a program has mocked it", () =>
    Effect.gen(function*() {
      const mock = yield* DataPlane.DataPlane
      assert.strictEqual(unchecked(mock), mock)
    }).pipe(Effect.provide(Layer.mock(DataPlane.DataPlane, {}))))

  it.effect("has streams as well", () =>
    Effect.gen(function*() {
      const { ControlPlane } = yield* Effect.promise(() => import("effect-agentcore-identity/ControlPlane"))
      const plane = yield* ControlPlane
      assert.sameMembers(Object.keys(unchecked(plane)), Object.keys(plane))
    }).pipe(Effect.provide(ScriptedPlanes.layer({}))))
})
