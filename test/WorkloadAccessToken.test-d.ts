import type { DataPlane } from "effect-agentcore-identity/DataPlane"
import type { Identity } from "effect-agentcore-identity/Identity"
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { describe, expectTypeOf, test } from "vitest"

interface Failed {
  readonly _tag: "Failed"
}

declare const job: Effect.Effect<number, Failed, WorkloadAccessToken.WorkloadAccessToken | Identity>

describe("WorkloadAccessToken", () => {
  test("capture removes the caller from the requirements, and nothing else", () => {
    const enqueued = Effect.map(WorkloadAccessToken.capture, (asCaller) => asCaller(job))
    expectTypeOf(enqueued).toEqualTypeOf<
      Effect.Effect<Effect.Effect<number, Failed, Identity>, never, WorkloadAccessToken.WorkloadAccessToken>
    >()
  })

  test("provideCaller replaces the caller with the callers of a server", () => {
    const user = { userId: "alice" }
    type Expected = Effect.Effect<number, Failed | ValidationException, Identity | WorkloadAccessToken.Callers>
    expectTypeOf(job.pipe(WorkloadAccessToken.provideCaller(user))).toEqualTypeOf<Expected>()
    expectTypeOf(WorkloadAccessToken.provideCaller(job, user)).toEqualTypeOf<Expected>()
    expectTypeOf(WorkloadAccessToken.layerCallers({ name: "my-agent" })).toEqualTypeOf<
      Layer.Layer<WorkloadAccessToken.Callers, never, DataPlane>
    >()
    // @ts-expect-error: a user is not a name
    void WorkloadAccessToken.provideCaller("alice")
  })

  test("layerWorkload requires the data plane, and one identifier of the user", () => {
    expectTypeOf(WorkloadAccessToken.layerWorkload({ name: "my-agent", renewAfter: "5 minutes" })).toEqualTypeOf<
      Layer.Layer<WorkloadAccessToken.WorkloadAccessToken, never, DataPlane>
    >()
    expectTypeOf(WorkloadAccessToken.makeWorkload({ name: "my-agent", user: { userId: "alice" } })).toEqualTypeOf<
      Effect.Effect<WorkloadAccessToken.WorkloadAccessToken["Service"], never, DataPlane>
    >()
    WorkloadAccessToken.layerWorkload({
      name: "my-agent",
      // @ts-expect-error: a user has one identifier
      user: { userId: "alice", userToken: Redacted.make("a.b.c") }
    })
  })
})
