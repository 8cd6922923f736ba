import type * as IdentityError from "effect-agentcore-identity/IdentityError"
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
      { readonly [K in IdentityError.TypeId]: IdentityError.TypeId }
    >()
    expectTypeOf<Errors>().toExtend<{ readonly [K in IdentityError.TypeId]: IdentityError.TypeId }>()
  })
})
