/**
 * Writes to the disk: `write` adds a change to the next batch. `commit` appends the batch to the log as one sealed
 * line, and changes the entries in memory when it is on the disk. `rewrite` shortens the log.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Fs from "node:fs/promises"
import { dirname } from "node:path"
import * as SafeFile from "../internal/safeFile.js"
import * as Log from "./log.js"
import { attempt } from "./log.js"
import * as SortedMap from "./sortedMap.js"
import { VaultStoreError } from "./vaultStore.js"

interface Entry {
  /** JSON. */
  readonly value: unknown
  /** What it needs in a log, in bytes. */
  readonly size: number
}

export interface VaultFile {
  readonly entriesOf: (collection: string) => SortedMap.SortedMap<Entry>
  /** When it succeeds, the change is on the disk and among the entries. It is uninterruptible. */
  readonly write: (change: Log.Change) => Effect.Effect<void, VaultStoreError>
}

export const makeEntries = () => {
  const collections = new Map<string, SortedMap.SortedMap<Entry>>()
  let size = 0
  const of = (collection: string) => {
    const entries = collections.get(collection) ?? SortedMap.make<Entry>()
    collections.set(collection, entries)
    return entries
  }
  return {
    of,
    /** What all entries need in a log, in bytes. */
    size: () => size,
    apply: (changes: ReadonlyArray<Log.Change>): void => {
      for (const change of changes) {
        const [collection, key, ...value] = change
        const entries = of(collection)
        size -= entries.get(key)?.size ?? 0
        if (value.length === 0) {
          entries.delete(key)
        } else {
          const entry = { value: value[0], size: Log.sizeOf(change) }
          entries.set(key, entry)
          size += entry.size
        }
      }
    },
    /** Returns the changes that create all entries. */
    changes: () =>
      [...collections].flatMap(([collection, entries]) =>
        Array.from(entries.all(), ([key, { value }]): Log.Change => [collection, key, value])
      )
  }
}

export type Entries = ReturnType<typeof makeEntries>

/** In bytes. */
const minRewriteSize = 256 * 1024

/** A log of this many times the size of its entries is rewritten. */
const maxGrowth = 4

const lost = "its lock file is gone"

/** Synchronizes the names of the files, which a power failure could lose. Windows does not open directories. */
const syncDirectory = (path: string) =>
  attempt(async () => {
    if (process.platform === "win32") return
    await SafeFile.use(await Fs.open(dirname(path), "r"), (directory) => directory.sync())
  })

/** Makes a `write` that commits one batch at a time. Writes of concurrent fibers belong to one batch. */
const makeBatches = (
  exclusive: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>,
  commit: (changes: ReadonlyArray<Log.Change>) => Effect.Effect<void, VaultStoreError>
) => {
  let batch:
    | { readonly changes: Array<Log.Change>; readonly done: Deferred.Deferred<void, VaultStoreError> }
    | undefined
  return (change: Log.Change): Effect.Effect<void, VaultStoreError> =>
    Effect.uninterruptible(Effect.suspend(() => {
      if (batch !== undefined) {
        batch.changes.push(change)
        return Deferred.await(batch.done)
      }
      const { changes, done } = batch = { changes: [change], done: Deferred.makeUnsafe<void, VaultStoreError>() }
      return exclusive(Effect.andThen(
        Effect.yieldNow,
        Effect.suspend(() => {
          batch = undefined
          return commit(changes)
        })
      )).pipe(Effect.onExit((exit) => Deferred.done(done, exit)))
    }))
}

/** Appends changes to the log, which is the file at the path. The scope closes it. */
export const make = Effect.fnUntraced(function*(
  { entries, isHeld, log, path, secret }: {
    readonly path: string
    readonly secret: Uint8Array
    readonly log: Log.Log
    readonly entries: Entries
    /** Whether this process may write the file. */
    readonly isHeld: () => boolean
  }
): Effect.fn.Return<VaultFile, never, Scope.Scope> {
  const exclusive = Semaphore.makeUnsafe(1).withPermits(1)
  let current = log
  // Whether the path refers to the current log, also after a power failure.
  let isNamed = false
  // A smaller log is not rewritten.
  let minSize = minRewriteSize
  yield* Effect.addFinalizer(() => exclusive(Log.close(current)))

  /** Replaces the file by one with the entries alone. After a crash it is one of the two. */
  const rewrite = Effect.suspend(() => {
    const temporary = `${path}.new`
    return Log.create(
      temporary,
      secret,
      entries.changes(),
      () => isHeld() ? attempt(() => Fs.rename(temporary, path)) : Effect.fail(lost)
    )
  }).pipe(
    Effect.matchEffect({
      onSuccess: (next) => {
        const old = current
        current = next
        isNamed = false
        minSize = minRewriteSize
        return Log.close(old)
      },
      onFailure: (problem) => {
        // If the disk has no space, the log continues to grow.
        minSize = 2 * current.size
        return Effect.logWarning(`The vault ${path} was not rewritten: ${problem}`)
      }
    }),
    Effect.uninterruptible
  )

  const commit = Effect.fnUntraced(function*(changes: ReadonlyArray<Log.Change>) {
    if (isHeld() && current.size > Math.max(minSize, maxGrowth * entries.size())) yield* rewrite
    if (!isHeld()) return yield* Effect.fail(lost)
    if (!isNamed) yield* syncDirectory(path)
    isNamed = true
    yield* Log.append(current, changes)
    entries.apply(changes)
  }, Effect.mapError((problem) => new VaultStoreError({ message: `the vault file cannot be written: ${problem}` })))

  if (log.lines > 0 || log.isTorn) yield* rewrite
  return { entriesOf: entries.of, write: makeBatches(exclusive, commit) }
})
