import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as Effect from "effect/Effect"
import { describe, expectTypeOf, test } from "vitest"

type Module = typeof IdentityError

type Errors = {
  [K in keyof Module]: Module[K] extends abstract new(...args: never) => infer E ? E extends Error ? E : never : never
}[keyof Module]

describe("IdentityError", () => {
  test("is the union of all errors of its module", () => {
    expectTypeOf<IdentityError.IdentityError["_tag"]>().toEqualTypeOf<Errors["_tag"]>()
    expectTypeOf<Errors>().toExtend<IdentityError.IdentityError>()
  })

  test("is what isIdentityError tests for", () => {
    expectTypeOf<IdentityError.IdentityError>().toExtend<
      { readonly "~effect-agentcore-identity/IdentityError": "~effect-agentcore-identity/IdentityError" }
    >()
    expectTypeOf<Errors>().toExtend<
      { readonly "~effect-agentcore-identity/IdentityError": "~effect-agentcore-identity/IdentityError" }
    >()
  })

  test("removes the errors that isIdentityError catches", () => {
    const fail = {} as Effect.Effect<void, IdentityError.RequiresUserConsent | IdentityError.ThrottlingException>
    expectTypeOf(fail.pipe(Effect.catchIf(IdentityError.isIdentityError, ({ message }) => Effect.succeed(message))))
      .toEqualTypeOf<Effect.Effect<void | string>>()
    const failOther = {} as Effect.Effect<void, IdentityError.RequiresUserConsent | SyntaxError>
    expectTypeOf(
      failOther.pipe(Effect.catchIf(IdentityError.isIdentityError, ({ message }) => Effect.succeed(message)))
    )
      .toEqualTypeOf<Effect.Effect<void | string, SyntaxError>>()
  })
})
