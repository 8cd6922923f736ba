/**
 * Space on the disk for the writes of a vault. LMDB gets no write that the disk may have no space for: when one of its writes fails, it
 * writes the message beyond the end of its buffer, and the process ends sooner or later (lmdb 3.5.6, `mdb_page_flush`).
 *
 * The file therefore ends with zeros that LMDB will use. They are appended, so they never overwrite a page.
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Semaphore from "effect/Semaphore"
import type { RootDatabase } from "lmdb"
import * as Fs from "node:fs/promises"
import { codeOf } from "../../internal/errorCode.js"
import { VaultStoreError } from "../VaultStore.js"

export interface Space {
  /** Runs a write of a value of this size, in bytes, or fails if the disk has no space for it. */
  readonly reserve: (
    size: number,
    write: Effect.Effect<void, VaultStoreError>
  ) => Effect.Effect<void, VaultStoreError>
}

/** In bytes. Each of these is more than LMDB was seen to need. */
const perTransaction = 128 * 1024
const perWrite = 48 * 1024
const step = 256 * 1024

const hasPages = Predicate.compose(
  Predicate.hasProperty("lastPageNumber"),
  (stats): stats is typeof stats & { readonly lastPageNumber: number; readonly pageSize: number } =>
    typeof stats.lastPageNumber === "number" && Predicate.hasProperty(stats, "pageSize")
    && typeof stats.pageSize === "number"
)

/** LMDB reuses pages before it takes new ones at the end, so this is at most too much. */
const usedBytes = (db: RootDatabase<string, string>): number => {
  const stats: object = db.getStats()
  return hasPages(stats) ? (stats.lastPageNumber + 1) * stats.pageSize : 0
}

export const make = (path: string, db: RootDatabase<string, string>): Effect.Effect<Space> =>
  Effect.map(Semaphore.make(1), (semaphore) => {
    let reserved = 0
    let pending = 0
    const missing = () => usedBytes(db) + perTransaction + pending - reserved

    const extend = Effect.uninterruptible(
      Effect.tryPromise({
        try: async () => {
          const file = await Fs.open(path, "a")
          try {
            reserved = (await file.stat()).size
            if (missing() <= 0) return
            try {
              await file.appendFile(Buffer.alloc(Math.ceil(missing() / step) * step))
              await file.datasync()
            } finally {
              // Without space for the whole step, a part of it may do.
              reserved = (await file.stat()).size
            }
          } finally {
            await file.close()
          }
        },
        catch: codeOf
      })
    ).pipe(
      Effect.catch((code) =>
        missing() <= 0
          ? Effect.void
          : new VaultStoreError({ message: `the vault file cannot be written: ${code}` })
      )
    )

    const ensure = Effect.suspend(() =>
      missing() <= 0
        ? Effect.void
        : semaphore.withPermits(1)(Effect.suspend(() => missing() <= 0 ? Effect.void : extend))
    )

    return {
      reserve: (size, write) => {
        // The old value stays until the end of the transaction, and a value has pages of its own.
        const cost = size + perWrite
        return Effect.acquireUseRelease(
          Effect.sync(() => {
            pending += cost
          }),
          () => Effect.andThen(ensure, write),
          () =>
            Effect.sync(() => {
              pending -= cost
            })
        )
      }
    }
  })
