import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readConfig, readVariable } from "../../src/internal/environment.js"
import { variables } from "../support/utils.js"

const name = "AGENTCORE_ENVIRONMENT_TEST"

/** Sets the variable until the scope ends. */
const set = (value: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      process.env[name] = value
    }),
    () =>
      Effect.sync(() => {
        delete process.env[name]
      })
  )

const other = variables({ [name]: "of the provider" })

describe("settings", () => {
  it.effect("are those of the current environment, also after Effect has read it", () =>
    Effect.gen(function*() {
      assert.isTrue(Option.isNone(yield* Config.option(Config.String(name))))
      assert.isTrue(Option.isNone(yield* readVariable(Config.String, name)))
      yield* set("first")
      assert.deepStrictEqual(yield* readVariable(Config.String, name), Option.some("first"))
      assert.strictEqual(yield* readConfig(Config.String(name)), "first")
      yield* set("second")
      assert.deepStrictEqual(yield* readVariable(Config.String, name), Option.some("second"))
      assert.strictEqual(yield* readConfig(Config.String(name)), "second")
    }))

  it.effect("come from the provider of the program, if it has one", () =>
    Effect.gen(function*() {
      yield* set("of the environment")
      assert.deepStrictEqual(yield* readVariable(Config.String, name), Option.some("of the provider"))
      assert.strictEqual(yield* readConfig(Config.String(name)), "of the provider")
    }).pipe(Effect.provide(other)))

  it.effect("treat an empty variable as missing, and fail with a ConfigError that names an invalid one", () =>
    Effect.gen(function*() {
      yield* set("")
      assert.isTrue(Option.isNone(yield* readVariable(Config.NonEmptyString, name)))
      yield* set("many")
      const error = yield* Effect.flip(readVariable(Config.Number, name))
      assert.instanceOf(error, Config.ConfigError)
      assert.include(String(error), name)
    }))
})
