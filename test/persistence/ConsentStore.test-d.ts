import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import { describe, expectTypeOf, test } from "vitest"

const key = Redacted.make("key")

describe("stores of consents", () => {
  // `any` equals only itself.
  test("take the SqlClient of effect/sql", () => {
    expectTypeOf<Layer.Services<ReturnType<typeof ConsentStore.layerSql>>>().toEqualTypeOf<SqlClient>()
  })

  test("provide sessions and signals", () => {
    type Services = PendingConsents.PendingConsents | PendingConsents.ConsentSignals
    expectTypeOf(ConsentStore.layerSql({ key })).toEqualTypeOf<
      Layer.Layer<Services, ConsentStore.PendingConsentsError, SqlClient>
    >()
    expectTypeOf(ConsentStore.layerRedis({ key })).toEqualTypeOf<
      Layer.Layer<Services, ConsentStore.PendingConsentsError>
    >()
    expectTypeOf(PendingConsents.layerMemory).toExtend<Layer.Layer<PendingConsents.PendingConsents>>()
  })

  test("a store of a program without signals still compiles", () => {
    interface Pending {
      readonly session: ConsentSession
      readonly user: UserIdentifier
    }
    const entries: Array<Pending> = []
    const own = PendingConsents.PendingConsents.of({
      open: (pending: Pending) => Effect.sync(() => void entries.push(pending)),
      claim: (): Effect.Effect<Pending, PendingConsents.ConsentNotPending> =>
        new PendingConsents.ConsentNotPending({ reason: "Unknown" })
    })
    expectTypeOf(own).toEqualTypeOf<PendingConsents.PendingConsents["Service"]>()
  })
})
