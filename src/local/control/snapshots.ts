/**
 * Copies the content of a backend and of its authorization server, and the offset of the clock: under a name in memory,
 * or sealed for a file.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Sealing from "../../internal/sealing.js"
import * as OidcStore from "../authorization/oidcStore.js"
import type { Service as AuthorizationServer } from "../AuthorizationServer.js"
import type { VaultStoreError } from "../VaultStore.js"
import { checkOffset, type ShiftedClock } from "./clock.js"
import { LocalControlError, type Snapshot } from "./controlModels.js"
import * as Generations from "./generations.js"

const Content = Schema.Struct({
  version: Schema.Literal(1),
  store: Generations.Content,
  authorizationServer: Schema.optional(
    Schema.String.check(Schema.makeFilter((content) => Option.isSome(OidcStore.parse(content))))
  ),
  clockOffset: Schema.Int
})

type Content = typeof Content.Type

const decodeContent = Schema.decodeUnknownEffect(Content)

const maxSnapshots = 32

export const fail = (reason: LocalControlError["reason"], message: string) => new LocalControlError({ reason, message })

export const mapStoreError = ({ message }: VaultStoreError): LocalControlError =>
  fail("Store", `The store of the backend failed: ${message}`)

const toKey = (secret: Redacted.Redacted): Effect.Effect<CryptoKey, LocalControlError> =>
  Effect.flatMap(
    Effect.mapError(
      Effect.fromResult(Sealing.parseSecret(secret, "The key")),
      (message) => fail("InvalidKey", message)
    ),
    (bytes) => Sealing.importKey(Sealing.deriveKey(bytes, "export"))
  )

export const make = ({ authorizationServer, clock, generations }: {
  readonly authorizationServer: AuthorizationServer | undefined
  readonly clock: ShiftedClock
  readonly generations: Generations.Generations
}) => {
  // The content is a string, because entries of the store could change.
  const snapshots = new Map<string, Snapshot & { readonly content: Redacted.Redacted }>()

  const save: Effect.Effect<Content, LocalControlError> = Effect.gen(function*() {
    const content = yield* Effect.mapError(generations.save, mapStoreError)
    const issued = authorizationServer === undefined ? undefined : yield* authorizationServer.save
    return {
      version: 1 as const,
      store: content,
      ...(issued === undefined ? {} : { authorizationServer: Redacted.value(issued) }),
      clockOffset: clock.offset()
    }
  })

  const loadIssued = (issued: string | undefined): Effect.Effect<void> =>
    authorizationServer === undefined
      ? Effect.void
      : issued === undefined
      ? authorizationServer.clear
      // `Content` has checked it.
      : Effect.orDie(authorizationServer.load(Redacted.make(issued)))

  const load = ({ authorizationServer: issued, clockOffset, store }: Content) =>
    Effect.andThen(
      checkOffset(clockOffset),
      Effect.mapError(
        generations.replace(store, Effect.andThen(clock.setOffset(clockOffset), loadIssued(issued))),
        mapStoreError
      )
    )

  const decodeAndLoad = (value: unknown) =>
    Effect.flatMap(
      Effect.mapError(
        decodeContent(value),
        () => fail("CannotOpen", "The content was written by another version of the package")
      ),
      load
    )

  return {
    clear: load({ version: 1, store: {}, clockOffset: 0 }),
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
        snapshots.set(name, { name, takenAt, content: Redacted.make(JSON.stringify(yield* save)) })
      }),
    list: Effect.sync((): ReadonlyArray<Snapshot> =>
      Array.from(snapshots.values(), ({ name, takenAt }) => ({ name, takenAt }))
    ),
    restore: (
      from: string | { readonly sealed: string; readonly key: Redacted.Redacted }
    ): Effect.Effect<void, LocalControlError> =>
      Effect.gen(function*() {
        if (typeof from === "string") {
          const snapshot = snapshots.get(from)
          if (snapshot === undefined) {
            const names = snapshots.size === 0 ? "There are none" : `There are: ${[...snapshots.keys()].join(", ")}`
            return yield* fail("UnknownSnapshot", `There is no snapshot with this name. ${names}`)
          }
          return yield* decodeAndLoad(JSON.parse(Redacted.value(snapshot.content)))
        }
        const key = yield* toKey(from.key)
        const value = yield* Effect.mapError(
          Sealing.open(from.sealed.trim(), () => key),
          () => fail("CannotOpen", "The content is not what was exported with this key")
        )
        return yield* decodeAndLoad(value)
      }),
    export: (secret: Redacted.Redacted): Effect.Effect<string, LocalControlError> =>
      Effect.flatMap(toKey(secret), (key) => Effect.flatMap(save, (content) => Sealing.seal(content, key)))
  }
}
