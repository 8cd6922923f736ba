import type * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
import type * as Layer from "effect/Layer"
import type * as Persistence from "effect/persistence/Persistence"
import type * as Ioredis from "ioredis"
import { describe, expectTypeOf, test } from "vitest"

describe("the types of optional packages", () => {
  // `any` equals only itself.
  test("are those of the packages when these are installed", () => {
    expectTypeOf<Layer.Services<ReturnType<typeof CredentialStore.layer>>>().toEqualTypeOf<
      Persistence.BackingPersistence
    >()
    expectTypeOf<NonNullable<CredentialStore.RedisOptions["redis"]>>().toEqualTypeOf<Ioredis.RedisOptions>()
  })
})
