/** Copies of the content of a backend and of its authorization server, and of the offset of the clock, by name. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { AuthorizationServer } from "../AuthorizationServer.js"
import { LocalControlError } from "../LocalControl.js"
import type { VaultStoreError } from "../vault/vaultStore.js"
import type { ShiftedClock } from "./clock.js"
import type { Snapshot } from "./controlModels.js"
import type * as ReplaceableBackend from "./replaceableBackend.js"

const maxSnapshots = 32

export const fail = (reason: LocalControlError["reason"], message: string) => new LocalControlError({ reason, message })

export const mapStoreError = ({ message }: VaultStoreError): LocalControlError =>
  fail("Store", `The store of the backend failed: ${message}`)

export const make = ({ authorizationServer, clock, replaceable }: {
  readonly authorizationServer: Pick<AuthorizationServer["Service"], "clear" | "snapshot"> | undefined
  readonly clock: ShiftedClock
  readonly replaceable: ReplaceableBackend.ReplaceableBackend
}) => {
  const { clear, snapshot } = authorizationServer ?? { clear: Effect.void, snapshot: Effect.succeed(Effect.void) }
  const snapshots = new Map<string, Snapshot & { readonly restore: Effect.Effect<void, LocalControlError> }>()

  const load = (content: ReplaceableBackend.Content, offset: number, restoreIssued: Effect.Effect<void>) =>
    Effect.mapError(
      replaceable.replace(content, Effect.andThen(clock.setOffset(offset), restoreIssued)),
      mapStoreError
    )

  return {
    clear: load(new Map(), 0, clear),
    take: (name: string): Effect.Effect<void, LocalControlError> =>
      Effect.gen(function*() {
        if (!/^[\w.-]{1,64}$/.test(name)) {
          return yield* fail(
            "InvalidName",
            "The name of a snapshot has 1 to 64 letters, digits, dots, underscores and hyphens"
          )
        }
        if (snapshots.size >= maxSnapshots && !snapshots.has(name)) {
          return yield* fail("TooMany", `There are already ${maxSnapshots} snapshots: reuse one of their names`)
        }
        const takenAt = yield* DateTime.now
        const content = yield* Effect.mapError(replaceable.save, mapStoreError)
        snapshots.set(name, { name, takenAt, restore: load(content, clock.offset(), yield* snapshot) })
      }),
    list: Effect.sync((): ReadonlyArray<Snapshot> =>
      Array.from(snapshots.values(), ({ name, takenAt }) => ({ name, takenAt }))
    ),
    restore: (name: string): Effect.Effect<void, LocalControlError> =>
      Effect.suspend(() => {
        const names = snapshots.size === 0 ? "There are none" : `There are: ${[...snapshots.keys()].join(", ")}`
        return snapshots.get(name)?.restore
          ?? fail("UnknownSnapshot", `There is no snapshot with this name. ${names}`)
      })
  }
}
