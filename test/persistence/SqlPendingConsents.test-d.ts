import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as RedisPendingConsents from "effect-agentcore-identity/persistence/RedisPendingConsents"
import * as SqlPendingConsents from "effect-agentcore-identity/persistence/SqlPendingConsents"
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
    expectTypeOf<SqlPendingConsents.SqlClient>().toEqualTypeOf<SqlClient>()
  })

  test("provide sessions and signals", () => {
    type Services = PendingConsents.PendingConsents | PendingConsents.ConsentSignals
    expectTypeOf(SqlPendingConsents.layer({ key })).toEqualTypeOf<
      Layer.Layer<Services, SqlPendingConsents.PendingConsentsError, SqlClient>
    >()
    expectTypeOf(RedisPendingConsents.layer({ key })).toEqualTypeOf<
      Layer.Layer<Services, RedisPendingConsents.PendingConsentsError>
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
