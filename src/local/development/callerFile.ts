/**
 * The file `.agentcore.json`, as the Python SDK reads and writes it: a JSON object with two properties. Other
 * properties stay. A file that cannot be parsed is not changed.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { LockError, withLock } from "../internal/processLock.js"
import * as SafeFile from "../internal/safeFile.js"

export class LocalDevelopmentError extends Schema.TaggedError<LocalDevelopmentError>()("LocalDevelopmentError", {
  reason: Schema.Literals(["MissingWorkloadIdentity", "Broken", "Unusable", "Locked"]),
  path: Schema.String,
  message: Schema.String
}) {}

const fail = (path: string, reason: LocalDevelopmentError["reason"], detail: string) =>
  new LocalDevelopmentError({ reason, path, message: `${path} names no caller: ${detail}` })

const broken = (path: string, detail: string) =>
  fail(path, "Broken", `${detail}. It was not changed: repair it, or remove it`)

const unusable = (path: string, verb: "read" | "written") => ({ message }: { readonly message: string }) =>
  fail(path, "Unusable", `it cannot be ${verb}: ${message}`)

const File = Schema.fromJsonString(Schema.Struct({
  workload_identity_name: Schema.optional(Schema.NullOr(Schema.String)),
  user_id: Schema.optional(Schema.NullOr(Schema.String))
}))

/** The caller in the file. As in the Python SDK, null and the empty string count as missing. */
export interface StoredCaller {
  readonly workloadName?: string | undefined
  readonly userId?: string | undefined
}

const decode = (path: string, text: string): Effect.Effect<StoredCaller, LocalDevelopmentError> =>
  Effect.mapBoth(Schema.decodeEffect(File)(text), {
    onFailure: () =>
      broken(path, "it has to be a JSON object whose `workload_identity_name` and `user_id` are strings"),
    onSuccess: ({ user_id, workload_identity_name }) => ({
      workloadName: workload_identity_name || undefined,
      userId: user_id || undefined
    })
  })

/** Reads the file. A missing file has no mode. */
const readContent = Effect.fnUntraced(function*(path: string) {
  const found = yield* SafeFile.read(path, { follow: true }).pipe(
    Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.undefined),
    Effect.mapError(unusable(path, "read"))
  )
  if (found === undefined) return { text: "{}", mode: undefined, caller: {} }
  const text = yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(found.bytes),
    catch: () => broken(path, "it is not UTF-8")
  })
  return { text, mode: Number(found.stats.mode) & 0o7777, caller: yield* decode(path, text) }
})

/** Reads the file. A missing file names no caller. */
export const read = (path: string): Effect.Effect<StoredCaller, LocalDevelopmentError> =>
  Effect.map(readContent(path), ({ caller }) => caller)

/** Sets properties. The file then has the layout of the Python SDK. */
const edit = (text: string, { userId, workloadName }: StoredCaller): string =>
  JSON.stringify({ ...JSON.parse(text), workload_identity_name: workloadName, user_id: userId }, null, 2)

/**
 * Reads the file, plans, and writes the properties that the plan adds, if any. Concurrent processes plan one after the
 * other, so that all but the first find the added properties.
 */
export const complete = <A, E>(
  path: string,
  plan: (found: StoredCaller) => Effect.Effect<{ readonly value: A; readonly added: StoredCaller }, E>
): Effect.Effect<A, E | LocalDevelopmentError> =>
  Effect.gen(function*() {
    const first = yield* Effect.flatMap(read(path), plan)
    if (Object.keys(first.added).length === 0) return first.value
    // The target of a link is written, so that the link stays.
    const target = yield* Effect.orElseSucceed(Effect.tryPromise(() => Fs.realpath(path)), () => Path.resolve(path))
    const lock = `${target}.lock`
    const addProperties = Effect.gen(function*() {
      const { caller, mode, text } = yield* readContent(path)
      const { added, value } = yield* plan(caller)
      if (Object.keys(added).length > 0) {
        const edited = edit(text, { ...caller, ...added })
        yield* Effect.mapError(SafeFile.write(target, edited, { mode }), unusable(path, "written"))
      }
      return value
    })
    return yield* Effect.mapError(withLock(lock, addProperties), (error) =>
      !(error instanceof LockError)
        ? error
        : error.code === "EEXIST"
        ? fail(
          path,
          "Locked",
          `another process has held ${lock} for 10 seconds. If no such process runs, remove that file, and ${lock}.recovery if it exists`
        )
        : fail(path, "Unusable", `${lock} cannot be written: ${error.code}`))
  })
