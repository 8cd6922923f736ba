/**
 * The file `.agentcore.json`, as the Python SDK reads and writes it: a JSON object with two members. Other members and the layout stay. A
 * file that cannot be parsed is not changed.
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
import { fileError, type LocalDevelopmentError } from "./error.js"

const File = Schema.Struct({
  workload_identity_name: Schema.optional(Schema.NullOr(Schema.String)),
  user_id: Schema.optional(Schema.NullOr(Schema.String))
})

/** The members of the caller. As in the Python SDK, null and the empty string count as missing. */
export interface Members {
  readonly workloadName?: string | undefined
  readonly userId?: string | undefined
}

/** A result, and the members that the file needs first. */
export interface Plan<A> {
  readonly value: A
  readonly added: Members
}

interface Content {
  /** Undefined if there is no file. */
  readonly text: string | undefined
  readonly mode: number | undefined
  readonly members: Members
}

const broken = (path: string, detail: string): LocalDevelopmentError =>
  fileError(path, "Broken", `${detail}. It was not changed: repair it, or remove it`)

const unusable = (path: string, verb: "read" | "written") => ({ message }: { readonly message: string }) =>
  fileError(path, "Unusable", `it cannot be ${verb}: ${message}`)

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

/** Errors name `path`. `target` is the file that its links lead to. */
const read = (path: string, target: string): Effect.Effect<Content, LocalDevelopmentError> =>
  Effect.gen(function*() {
    const found = yield* SafeFile.read(target).pipe(
      Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed(undefined)),
      Effect.mapError(unusable(path, "read"))
    )
    if (found === undefined) return { text: undefined, mode: undefined, members: {} }
    const text = yield* Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(found.bytes),
      catch: () => broken(path, "it is not UTF-8")
    })
    return {
      text,
      mode: Number(found.stats.mode) & 0o7777,
      members: yield* Effect.fromResult(decode(path, text))
    }
  })

type Jsonc = typeof import("jsonc-parser")

/** The start of the white space before an offset, including one line break. */
const lineStart = (text: string, offset: number): number => {
  let start = offset
  while (text[start - 1] === " " || text[start - 1] === "\t") start--
  if (text[start - 1] === "\n") start--
  if (text[start - 1] === "\r") start--
  return start
}

// A new member gets the layout of the last one: on a line of its own, or on the same line. `modify` of the parser would change the layout
// of the last one.
const set = ({ findNodeAtLocation, parseTree }: Jsonc, text: string, name: string, value: string): string => {
  const replace = (offset: number, length: number, content: string) =>
    text.slice(0, offset) + content + text.slice(offset + length)
  const root = parseTree(text)
  const found = root === undefined ? undefined : findNodeAtLocation(root, [name])
  const last = root?.children?.at(-1)
  if (found !== undefined) return replace(found.offset, found.length, JSON.stringify(value))
  if (last === undefined) {
    return replace(root?.offset ?? 0, root?.length ?? 0, JSON.stringify({ [name]: value }, null, 2))
  }
  const space = text.slice(lineStart(text, last.offset), last.offset)
  return replace(last.offset + last.length, 0, `,${space}${JSON.stringify(name)}: ${JSON.stringify(value)}`)
}

/** Sets members in the text and keeps the rest of it. A new text looks as the Python SDK writes it. */
const edit = (
  path: string,
  text: string,
  { userId, workloadName }: Members
): Effect.Effect<string, LocalDevelopmentError> =>
  Effect.gen(function*() {
    const jsonc = yield* Effect.orDie(loadPackage("jsonc-parser", "parseTree", () => import("jsonc-parser")))
    const edited = yield* Effect.try({
      try: () => {
        const named = workloadName === undefined ? text : set(jsonc, text, "workload_identity_name", workloadName)
        return userId === undefined ? named : set(jsonc, named, "user_id", userId)
      },
      // The parser calls itself for each level, and a stack has an end.
      catch: () => broken(path, "it is nested too deeply")
    })
    // Of two members with one name, the parser edits the first and JSON readers use the last.
    const seen = yield* Effect.fromResult(decode(path, edited))
    return (workloadName ?? seen.workloadName) === seen.workloadName && (userId ?? seen.userId) === seen.userId
      ? edited
      : yield* broken(path, "it has a member twice")
  })

// A link stays a link: its target is written, also if the target does not exist yet.
const resolve = (path: string): Effect.Effect<string, LocalDevelopmentError> =>
  Effect.tryPromise({
    try: async () => {
      let resolved = Path.resolve(path)
      for (;;) {
        try {
          return await Fs.realpath(resolved)
        } catch (error) {
          if (codeOf(error) !== "ENOENT") throw error
        }
        const target = await Fs.readlink(resolved).catch(() => undefined)
        if (target === undefined) return resolved
        resolved = Path.resolve(await Fs.realpath(Path.dirname(resolved)), target)
      }
    },
    catch: (error) => unusable(path, "read")({ message: codeOf(error) })
  })

/**
 * Reads the file, plans, and writes the members that the plan adds. A plan without members writes nothing. Processes that come at the
 * same time plan one after the other, so that all but the first find the added members.
 */
export const complete = <A, E>(
  path: string,
  plan: (found: Members) => Effect.Effect<Plan<A>, E>
): Effect.Effect<A, E | LocalDevelopmentError> =>
  Effect.gen(function*() {
    const target = yield* resolve(path)
    const lock = `${target}.lock`
    const readAndPlan = Effect.flatMap(read(path, target), ({ members, mode, text }) =>
      Effect.map(plan(members), ({ added, value }) => ({ added, mode, text, value })))
    const { added, value } = yield* readAndPlan
    if (Object.keys(added).length === 0) {
      return value
    }
    const addMembers = Effect.gen(function*() {
      const { added, mode, text, value } = yield* readAndPlan
      if (Object.keys(added).length > 0) {
        yield* Effect.mapError(
          SafeFile.write(target, yield* edit(path, text ?? "{}", added), { mode }),
          unusable(path, "written")
        )
      }
      return value
    })
    return yield* Effect.mapError(withLock(lock, addMembers), (error) =>
      !(error instanceof LockError)
        ? error
        : error.code === "EEXIST"
        ? fileError(
          path,
          "Locked",
          `another process has held ${lock} for 10 seconds. If no such process runs, remove that file, and ${lock}.recovery if it exists`
        )
        : fileError(path, "Unusable", `${lock} cannot be written: ${error.code}`))
  })
