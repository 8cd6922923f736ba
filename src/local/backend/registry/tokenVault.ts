/** The token vault. There is one, `default`, and only its key can be set. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { Operations } from "../../../ControlPlane.js"
import * as Model from "../../../models/TokenVault.js"
import { mapStoreError, notFound } from "../failures.js"
import type { Dependencies } from "./resource.js"

const id = "default"

const Stored = Schema.Struct({
  // Earlier versions stored ARNs that a request no longer has.
  kmsConfiguration: Model.TokenVaultResponse.fields.kmsConfiguration,
  lastModifiedDate: Schema.DateTimeUtcFromString
})

export const operations = (
  { store }: Dependencies
): Effect.Effect<Pick<Operations, "getTokenVault" | "setTokenVaultCmk">> =>
  Effect.map(Semaphore.make(1), (semaphore) => {
    const collection = store.collection("token-vaults", Stored)

    const change = Effect.fnUntraced(function*(
      tokenVaultId: string | undefined,
      kmsConfiguration: typeof Stored.Type["kmsConfiguration"] | undefined
    ) {
      if (tokenVaultId !== undefined && tokenVaultId !== id) return yield* notFound("TokenVault", tokenVaultId)
      const before = yield* mapStoreError(collection.get(id))
      if (Option.isSome(before) && kmsConfiguration === undefined) return { tokenVaultId: id, ...before.value }
      const vault: typeof Stored.Type = {
        kmsConfiguration: kmsConfiguration ?? { keyType: "ServiceManagedKey" },
        lastModifiedDate: yield* DateTime.now
      }
      yield* mapStoreError(collection.put(id, vault))
      return { tokenVaultId: id, ...vault }
    }, semaphore.withPermits(1))

    return {
      getTokenVault: ({ tokenVaultId }) => change(tokenVaultId, undefined),
      setTokenVaultCmk: ({ kmsConfiguration, tokenVaultId }) => change(tokenVaultId, kmsConfiguration)
    }
  })
