/**
 * The file `.agentcore.json`, as the Python SDK reads and writes it: a JSON object with two members. Its other members
 * stay. A file that cannot be parsed is not changed.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { codeOf } from "../../internal/errorCode.js"
import { loadPackage } from "../../internal/loadPackage.js"
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

const File = Schema.Struct({
  workload_identity_name: Schema.optional(Schema.NullOr(Schema.String)),
  user_id: Schema.optional(Schema.NullOr(Schema.String))
})

/** The members of the caller. As in the Python SDK, null and the empty string count as missing. */
export interface Members {
  readonly workloadName?: string | undefined
  readonly userId?: string | undefined
}

interface Content {
  readonly text: string
  /** Undefined if there is no file. */
  readonly mode: number | undefined
  readonly members: Members
}

const decode = (path: string, text: string): Result.Result<Members, LocalDevelopmentError> =>
  Result.try({ try: (): unknown => JSON.parse(text), catch: () => broken(path, "it is not JSON") }).pipe(
    Result.flatMap((value) =>
      Result.mapError(
        Schema.decodeUnknownResult(File)(value),
        () => broken(path, "it has to be an object whose `workload_identity_name` and `user_id` are strings")
      )
    ),
    Result.map(({ user_id, workload_identity_name }) => ({
      workloadName: workload_identity_name || undefined,
      userId: user_id || undefined
    }))
  )

const readContent = (path: string): Effect.Effect<Content, LocalDevelopmentError> =>
  Effect.gen(function*() {
    const found = yield* SafeFile.read(path, { follow: true }).pipe(
      Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed(undefined)),
      Effect.mapError(unusable(path, "read"))
    )
    if (found === undefined) return { text: "{}", mode: undefined, members: {} }
    const text = yield* Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(found.bytes),
      catch: () => broken(path, "it is not UTF-8")
    })
    return { text, mode: Number(found.stats.mode) & 0o7777, members: yield* Effect.fromResult(decode(path, text)) }
  })

/** Reads the file. A missing file has no members. */
export const read = (path: string): Effect.Effect<Members, LocalDevelopmentError> =>
  Effect.map(readContent(path), ({ members }) => members)

/**
 * Sets members. The layout stays, but for that of the member before a new one. A new file looks as the Python SDK
 * writes it.
 */
const edit = (path: string, text: string, added: Members): Effect.Effect<string, LocalDevelopmentError> =>
  Effect.gen(function*() {
    const { applyEdits, modify } = yield* Effect.orDie(
      loadPackage("jsonc-parser", "modify", () => import("jsonc-parser"))
    )
    const formattingOptions = {
      insertSpaces: !/^\t/m.test(text),
      tabSize: /^ +/m.exec(text)?.[0].length ?? 2,
      eol: text.includes("\r\n") ? "\r\n" : "\n"
    }
    const set = (text: string, name: keyof typeof File.Type, value: string | undefined) =>
      value === undefined ? text : applyEdits(text, modify(text, [name], value, { formattingOptions }))
    const edited = yield* Effect.try({
      try: () => set(set(text, "workload_identity_name", added.workloadName), "user_id", added.userId),
      // The parser calls itself for each level, and a stack has an end.
      catch: () => broken(path, "it is nested too deeply")
    })
    // Of two members with one name, the parser edits the first and JSON readers use the last.
    const { userId, workloadName } = yield* Effect.fromResult(decode(path, edited))
    return (added.workloadName ?? workloadName) === workloadName && (added.userId ?? userId) === userId
      ? edited
      : yield* broken(path, "it has a member twice")
  })

/** A link stays a link: its target is written, also if the target does not exist yet. */
const resolve = async (path: string): Promise<string> => {
  try {
    return await Fs.realpath(path)
  } catch (error) {
    const target = codeOf(error) === "ENOENT" ? await Fs.readlink(path).catch(() => undefined) : undefined
    return target === undefined
      ? Path.resolve(path)
      : resolve(Path.resolve(await Fs.realpath(Path.dirname(path)), target))
  }
}

/**
 * Reads the file, plans, and writes the members that the plan adds. A plan without members writes nothing. Processes
 * that come at the same time plan one after the other, so that all but the first find the added members.
 */
export const complete = <A, E>(
  path: string,
  plan: (found: Members) => Effect.Effect<{ readonly value: A; readonly added: Members }, E>
): Effect.Effect<A, E | LocalDevelopmentError> =>
  Effect.gen(function*() {
    const first = yield* Effect.flatMap(read(path), plan)
    if (Object.keys(first.added).length === 0) return first.value
    const target = yield* Effect.tryPromise({
      try: () => resolve(path),
      catch: (error) => unusable(path, "read")({ message: codeOf(error) })
    })
    const lock = `${target}.lock`
    const addMembers = Effect.gen(function*() {
      const { members, mode, text } = yield* readContent(path)
      const { added, value } = yield* plan(members)
      if (Object.keys(added).length > 0) {
        const edited = yield* edit(path, text, added)
        yield* Effect.mapError(SafeFile.write(target, edited, { mode }), unusable(path, "written"))
      }
      return value
    })
    return yield* Effect.mapError(withLock(lock, addMembers), (error) =>
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
