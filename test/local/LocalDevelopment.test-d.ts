import type { ControlPlane } from "effect-agentcore-identity/ControlPlane"
import type { DataPlane } from "effect-agentcore-identity/DataPlane"
import type { MissingWorkloadAccessToken } from "effect-agentcore-identity/IdentityError"
import * as LocalDevelopment from "effect-agentcore-identity/local/LocalDevelopment"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { describe, expectTypeOf, test } from "vitest"

type LoadError = Effect.Error<ReturnType<typeof LocalDevelopment.load>>

describe("LocalDevelopment", () => {
  test("the layer never fails with a missing token: only its `get` does", () => {
    expectTypeOf(LocalDevelopment.layer()).toEqualTypeOf<
      Layer.Layer<
        WorkloadAccessToken.WorkloadAccessToken,
        Exclude<LoadError, MissingWorkloadAccessToken>,
        DataPlane | ControlPlane
      >
    >()
  })

  test("a caller is the argument of `layerWorkload`", () => {
    expectTypeOf(Effect.flatMap(LocalDevelopment.load(), WorkloadAccessToken.makeWorkload)).toEqualTypeOf<
      Effect.Effect<
        WorkloadAccessToken.WorkloadAccessToken["Service"],
        LoadError,
        DataPlane | ControlPlane
      >
    >()
  })
})
