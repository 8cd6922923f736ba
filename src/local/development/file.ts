/**
 * The file `.agentcore.json`, as the Python SDK reads and writes it: two members of a JSON object. Other members are left alone, as is
 * the form of what is there, and a file that cannot be understood is left as it is.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { randomBytes } from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { codeOf } from "../../internal/errorCode.js"
import { withLock } from "./lock.js"

/** @internal */
export class FileProblem extends Data.TaggedError("FileProblem")<{
  readonly reason: "Broken" | "Unusable" | "Locked"
  readonly message: string
}> {}

const File = Schema.Struct({
  workload_identity_name: Schema.optional(Schema.NullOr(Schema.String)),
  user_id: Schema.optional(Schema.NullOr(Schema.String))
})

/**
 * What the file says of the caller. Null and the empty text are no values, as to the Python SDK.
 *
 * @internal
 */
export interface Members {
  readonly workloadName?: string | undefined
  readonly userId?: string | undefined
}

/**
 * The value to give, and what has to be in the file for it.
 *
 * @internal
 */
export interface Plan<A> {
  readonly value: A
  readonly added: Members
}

interface Content {
  /** Absent where there is no file. */
  readonly text: string | undefined
  readonly mode: number | undefined
  readonly members: Members
}

const broken = (message: string): FileProblem =>
  new FileProblem({ reason: "Broken", message: `${message}. It was left as it is: mend it, or remove it` })

const attempt = <A>(verb: "read" | "written", action: () => Promise<A>): Effect.Effect<A, FileProblem> =>
  Effect.tryPromise({
    try: action,
    catch: (error) => new FileProblem({ reason: "Unusable", message: `it cannot be ${verb}: ${codeOf(error)}` })
  })

const decode = (text: string): Either.Either<Members, FileProblem> =>
  Either.try({ try: (): unknown => JSON.parse(text), catch: () => broken("it is not JSON") }).pipe(
    Either.flatMap((value) =>
      Either.mapLeft(
        Schema.decodeUnknownEither(File)(value),
        () => broken("it has to be an object whose `workload_identity_name` and `user_id` are texts")
      )
    ),
    Either.map(({ user_id, workload_identity_name }) => ({
      workloadName: workload_identity_name || undefined,
      userId: user_id || undefined
    }))
  )

const read = (path: string): Effect.Effect<Content, FileProblem> =>
  Effect.gen(function*() {
    const found = yield* attempt("read", async () => {
      try {
        const file = await Fs.open(path, "r")
        try {
          return { mode: (await file.stat()).mode, bytes: await file.readFile() }
        } finally {
          await file.close()
        }
      } catch (error) {
        if (codeOf(error) === "ENOENT") return undefined
        throw error
      }
    })
    if (found === undefined) return { text: undefined, mode: undefined, members: {} }
    const text = yield* Either.try({
      try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(found.bytes),
      catch: () => broken("it is not UTF-8")
    })
    return { text, mode: found.mode & 0o7777, members: yield* decode(text) }
  })

type Jsonc = typeof import("jsonc-parser")

/** Where the white space before an offset begins, with the line break before it. */
const lineStart = (text: string, offset: number): number => {
  let start = offset
  while (text[start - 1] === " " || text[start - 1] === "\t") start--
  if (text[start - 1] === "\n") start--
  if (text[start - 1] === "\r") start--
  return start
}

// A member that comes after others stands as the last of them does: on a line of its own, or on theirs. `modify` of the parser would
// lay out the last of them anew.
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

/** The text with these members in it, and else as it is; a new one is as the Python SDK writes it. */
const edit = (text: string, { userId, workloadName }: Members): Effect.Effect<string, FileProblem> =>
  Effect.gen(function*() {
    const jsonc = yield* Effect.promise(() => import("jsonc-parser"))
    const named = workloadName === undefined ? text : set(jsonc, text, "workload_identity_name", workloadName)
    const edited = userId === undefined ? named : set(jsonc, named, "user_id", userId)
    // Of two members of one name the parser finds the first, and readers see the last.
    const seen = yield* decode(edited)
    return (workloadName ?? seen.workloadName) === seen.workloadName && (userId ?? seen.userId) === seen.userId
      ? edited
      : yield* broken("a member is in it twice")
  })

/** Readers see the old text or the new one, and a crash leaves one of the two. */
const write = (path: string, text: string, mode: number | undefined): Effect.Effect<void, FileProblem> =>
  Effect.uninterruptible(attempt("written", async () => {
    // To take its place is to write to it.
    if (mode !== undefined) await Fs.access(path, Fs.constants.W_OK)
    const temporary = `${path}.${randomBytes(6).toString("hex")}`
    try {
      const file = await Fs.open(temporary, "wx")
      try {
        if (mode !== undefined) await file.chmod(mode)
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      await Fs.rename(temporary, path)
    } catch (error) {
      await Fs.rm(temporary, { force: true })
      throw error
    }
  }))

// A link stays one: its target is what is written, also one that is not there yet.
const resolve = (path: string): Effect.Effect<string, FileProblem> =>
  attempt("read", async () => {
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
  })

/**
 * Plans by what the file says, and adds to it what the plan has to add; a plan that adds nothing (no member) writes nothing. Processes
 * that come at once plan one after the other, so that all but the first find what it added.
 *
 * @internal
 */
export const complete = <A, E>(
  given: string,
  plan: (found: Members) => Effect.Effect<Plan<A>, E>
): Effect.Effect<A, E | FileProblem> =>
  Effect.gen(function*() {
    const path = yield* resolve(given)
    const lock = `${path}.lock`
    const planned = Effect.flatMap(read(path), ({ members, mode, text }) =>
      Effect.map(plan(members), ({ added, value }) => ({ added, mode, text, value })))
    const { added, value } = yield* planned
    if (Object.keys(added).length === 0) {
      return value
    }
    const written = Effect.gen(function*() {
      const { added, mode, text, value } = yield* planned
      if (Object.keys(added).length > 0) {
        yield* write(path, yield* edit(text ?? "{}", added), mode)
      }
      return value
    })
    return yield* withLock(lock, written, (code) =>
      new FileProblem(
        code === "EEXIST"
          ? {
            reason: "Locked",
            message:
              `another process has held ${lock} for 10 seconds. If there is none, remove that file, and ${lock}.recovery if it is there`
          }
          : { reason: "Unusable", message: `${lock} cannot be written: ${code}` }
      ))
  })
