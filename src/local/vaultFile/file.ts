/**
 * The file itself: opened after it was found to be sound, read once as a whole, and written through.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { RootDatabase } from "lmdb"
import * as Fs from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { codeOf } from "../../internal/errorCode.js"
import { VaultStoreError } from "../VaultStore.js"
import * as Key from "./key.js"
import * as Probe from "./probe.js"
import { type Problem, problem } from "./problem.js"
import * as Seal from "./seal.js"

const formatKey = "format"

/** The layout of names and values described in `seal.ts`. */
const format = 1

/** What the sealed part of the format record says: that the key is the right one. */
const check: Seal.Entry = { collection: "format", key: "check", value: "effect-agentcore-identity" }

/** @internal */
export interface VaultFile {
  /** What was there when the file was opened. */
  readonly entries: ReadonlyArray<Seal.Entry>
  /** Each is on the disk when it succeeds. */
  readonly put: (entry: Seal.Entry) => Effect.Effect<void, VaultStoreError>
  readonly remove: (collection: string, key: string) => Effect.Effect<void, VaultStoreError>
}

const missingPackage = problem(
  "MissingPackage",
  "it needs the package 'lmdb', which cannot be loaded. Install it with: npm install lmdb@3"
)

const load: Effect.Effect<{ readonly lmdb: typeof import("lmdb"); readonly location: string }, Problem> = Effect
  .tryPromise({
    try: async () => ({ lmdb: await import("lmdb"), location: createRequire(import.meta.url).resolve("lmdb") }),
    catch: () => missingPackage
  })

/** Whether the file is empty. It is made where there is none, for its owner alone; LMDB would make it for everybody. */
const touch = (path: string): Effect.Effect<boolean, Problem> =>
  Effect.tryPromise({
    try: async () => {
      const file = await Fs.open(path, "a+", 0o600)
      try {
        const stats = await file.stat()
        return { isFile: stats.isFile(), isEmpty: stats.size === 0 }
      } finally {
        await file.close()
      }
    },
    catch: (error): Problem => {
      const code = codeOf(error)
      return problem(
        "Unusable",
        code === "EISDIR"
          ? `${path} is a directory, and has to be a file`
          : code === "ENOENT"
          ? `there is no directory ${dirname(path)}`
          : `${path} cannot be opened for writing: ${code}`
      )
    }
  }).pipe(
    Effect.flatMap(({ isEmpty, isFile }) =>
      isFile ? Effect.succeed(isEmpty) : Effect.fail(problem("Unusable", `${path} has to be an ordinary file`))
    )
  )

const openDatabase = (
  lmdb: typeof import("lmdb"),
  path: string
): Effect.Effect<RootDatabase<string, string>, Problem> =>
  Effect.try({
    // Without `overlappingSync` a put is on the disk when its promise is fulfilled.
    try: () => lmdb.open({ path, noSubdir: true, encoding: "string", overlappingSync: false, maxDbs: 1 }),
    catch: (error) => problem("Unusable", `LMDB does not open it: ${codeOf(error)}`)
  })

const written = <A>(action: () => Promise<A>): Effect.Effect<A, VaultStoreError> =>
  Effect.tryPromise({
    try: action,
    catch: (error) => new VaultStoreError({ message: `the vault file cannot be written: ${codeOf(error)}` })
  })

const damaged = problem("Damaged", "an entry of it was changed by something else. It was left as it is")

const parseFormat = (text: string): Either.Either<{ readonly version: unknown; readonly check: unknown }, void> =>
  Either.flatMap(
    Either.try({ try: (): unknown => JSON.parse(text), catch: () => undefined }),
    (record) =>
      hasProperty(record, "version") && hasProperty(record, "check") ? Either.right(record) : Either.left(undefined)
  )

/** The format record, checked; or written, where there is nothing at all. */
const checkFormat = Effect.fnUntraced(function*(
  db: RootDatabase<string, string>,
  seal: Seal.Seal
): Effect.fn.Return<void, Problem> {
  const text = db.get(formatKey)
  if (text === undefined) {
    if (db.getKeysCount() > 0) return yield* Effect.fail(problem("Damaged", "it is not a vault of the local backend"))
    const record = JSON.stringify({ version: format, check: yield* seal.close(check) })
    yield* Effect.mapError(written(() => db.put(formatKey, record)), ({ message }) => problem("Unusable", message))
    return
  }
  const record = yield* Either.mapLeft(parseFormat(text), () => damaged)
  if (record.version !== format) {
    return yield* Effect.fail(
      problem(
        "UnknownFormat",
        `its format is ${
          typeof record.version === "number" ? record.version : "unknown"
        }, and this program knows ${format}: `
          + "it was written by another version of the package"
      )
    )
  }
  yield* Effect.mapError(
    seal.open(seal.nameOf(check.collection, check.key), String(record.check)),
    () => problem("WrongKey", "it was written under another key")
  )
})

const readAll = (
  db: RootDatabase<string, string>,
  seal: Seal.Seal
): Effect.Effect<ReadonlyArray<Seal.Entry>, Problem> =>
  Effect.forEach(
    [...db.getRange()].filter(({ key }) => key !== formatKey),
    ({ key, value }) => seal.open(key, value),
    { concurrency: 64 }
  ).pipe(Effect.mapError(() => damaged))

/**
 * Nothing is written before everything in it is known to be right.
 *
 * @internal
 */
export const open = Effect.fnUntraced(function*(
  path: string,
  given: Redacted.Redacted | undefined
): Effect.fn.Return<VaultFile, Problem, Scope.Scope> {
  // First: without the package, nothing is left behind.
  const { lmdb, location } = yield* load
  const givenKey = given === undefined ? undefined : yield* Key.parse(Redacted.value(given), "The key")
  const isNew = yield* touch(path)
  // Also LMDB's own: over one that it cannot open, it ends the process.
  yield* touch(`${path}-lock`)
  if (!isNew) yield* Probe.run(location, path)
  const key = givenKey ?? (yield* Key.load(`${path}.key`, isNew))
  const seal = yield* Seal.make(Key.derive(Redacted.make(key)))
  const db = yield* Effect.acquireRelease(openDatabase(lmdb, path), (db) => Effect.promise(() => db.close()))
  yield* checkFormat(db, seal)
  const entries = yield* readAll(db, seal)
  return {
    entries,
    put: (entry) =>
      Effect.flatMap(
        seal.close(entry),
        (sealed) => Effect.asVoid(written(() => db.put(seal.nameOf(entry.collection, entry.key), sealed)))
      ),
    remove: (collection, key) => Effect.asVoid(written(() => db.remove(seal.nameOf(collection, key))))
  }
})
