import type * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
import type * as Ioredis from "ioredis"
import { describe, expectTypeOf, test } from "vitest"

describe("the type of an optional package", () => {
  // `any` equals only itself.
  test("is that of the package when it is installed", () => {
    expectTypeOf<CredentialStore.ClientOptions>().toEqualTypeOf<Ioredis.RedisOptions>()
  })
})
