/**
 * A lock between processes: a file that names its holder. Node has no file locks of the operating system.
 *
 * A killed process leaves its file behind. The next process removes it, if it is abandoned:
 *
 * | the holder ran | the file is abandoned |
 * | --- | --- |
 * | in this pid namespace | if no process has the holder's id and start time |
 * | on this host, before its last start | always |
 * | in another container or on another host | if the holder does not touch it for 15 seconds |
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { randomBytes } from "node:crypto"
import { readFileSync, readlinkSync } from "node:fs"
import * as Fs from "node:fs/promises"
import { hostname } from "node:os"
import { codeOf } from "../../internal/messages.js"
import * as SafeFile from "./safeFile.js"

/** A process and its start time, in clock ticks since the start of the machine. */
interface Process {
  readonly pid: number
  readonly startTime?: string | undefined
}

export const readStartTime = (pid: number): string | undefined => {
  const text = Result.getOrUndefined(Result.try(() => readFileSync(`/proc/${pid}/stat`, "utf8")))
  // The name of the program, in parentheses, may contain spaces.
  const fields = text?.split(") ").at(-1)?.split(" ")
  // A killed process is a zombie until its parent reads its status.
  return fields?.[0] === "Z" ? undefined : fields?.[19]
}

export const isRunning = ({ pid, startTime }: Process): boolean =>
  Result.match(Result.try({ try: () => process.kill(pid, 0), catch: codeOf }), {
    // Any other code means that the process runs as another user.
    onFailure: (code) => code !== "ESRCH",
    // Another process may have the id now.
    onSuccess: () => startTime === undefined || startTime === readStartTime(pid)
  })

const Holder = Schema.Struct({
  pid: Schema.Number,
  /** Only Linux has it, `boot` and `pidNamespace`, in `/proc`. */
  startTime: Schema.optional(Schema.String),
  host: Schema.String,
  boot: Schema.optional(Schema.String),
  pidNamespace: Schema.optional(Schema.String),
  /** Random, so that two locks of one process differ. */
  nonce: Schema.optional(Schema.String)
})

type Holder = typeof Holder.Type

const encodeHolder = Schema.encodeSync(Schema.fromJsonString(Holder))
const decodeHolder = Schema.decodeOption(Schema.fromJsonString(Holder))

/**
 * The lock file cannot be created. `code` is the code of the operating system: `EEXIST` if another process holds the
 * lock. `holder` names that process, if its file can be read.
 */
export class LockError extends Data.TaggedError("LockError")<{
  readonly code: string
  readonly holder?: string | undefined
}> {}

const attempt = <A>(action: () => Promise<A>): Effect.Effect<A, LockError> =>
  Effect.tryPromise({ try: action, catch: (error) => new LockError({ code: codeOf(error) }) })

const tryRead = (read: () => string): string | undefined => Result.getOrUndefined(Result.try(read))

const makeHolder = (): Holder => ({
  pid: process.pid,
  startTime: readStartTime(process.pid),
  host: hostname(),
  boot: tryRead(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
  pidNamespace: tryRead(() => readlinkSync("/proc/self/ns/pid")),
  nonce: randomBytes(6).toString("hex")
})

/** Returns `Unknown` if this process cannot see the holder. */
const judge = (holder: Holder): "Held" | "Abandoned" | "Unknown" => {
  const here = makeHolder()
  if (holder.host !== here.host) return "Unknown"
  if (holder.boot !== undefined && holder.boot !== here.boot) return "Abandoned"
  if (holder.pidNamespace !== here.pidNamespace) return "Unknown"
  return isRunning(holder) ? "Held" : "Abandoned"
}

const describe = ({ host, pid }: Holder): string =>
  host === hostname() ? `process ${pid}` : `process ${pid} on host ${host}`

interface Found {
  readonly text: string
  readonly holder: Holder | undefined
  readonly modified: bigint
}

/** Returns undefined if there is no file. A file of another program has no holder. */
const find = (path: string): Effect.Effect<Found | undefined, LockError> =>
  SafeFile.read(path).pipe(
    Effect.map(({ bytes, stats }) => {
      const text = bytes.toString("utf8")
      return { modified: stats.mtimeNs, text, holder: Option.getOrUndefined(decodeHolder(text)) }
    }),
    Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed(undefined)),
    Effect.mapError(({ code }) => new LockError({ code }))
  )

/** Creates the file and returns its text. A link makes it visible only when it names its holder. */
const create = (path: string): Effect.Effect<string, LockError> =>
  attempt(async () => {
    const temporary = `${path}.${randomBytes(6).toString("hex")}`
    const text = encodeHolder(makeHolder())
    try {
      await Fs.writeFile(temporary, text, { flag: "wx" })
      await Fs.link(temporary, path)
    } finally {
      await Fs.rm(temporary, { force: true })
    }
    return text
  })

/** Removes the file if it is the expected one. Another process may have replaced it. */
const removeIf = (path: string, isExpected: (found: Found) => boolean): Effect.Effect<void> =>
  find(path).pipe(
    Effect.flatMap((found) => found !== undefined && isExpected(found) ? attempt(() => Fs.unlink(path)) : Effect.void),
    Effect.ignore
  )

const remove = (path: string, text: string): Effect.Effect<void> => removeIf(path, (found) => found.text === text)

const isSame = (a: Found, b: Found): boolean => a.modified === b.modified && a.text === b.text

// A second lock makes the check and the removal one step. Otherwise a process could remove the lock that another
// process has just acquired.
const removeAbandoned = (path: string, abandoned: Found): Effect.Effect<void> =>
  Effect.ignore(Effect.acquireUseRelease(
    create(`${path}.recovery`),
    () => removeIf(path, (found) => isSame(found, abandoned)),
    (text) => remove(`${path}.recovery`, text)
  ))

/** Waits for at most 15 seconds until the holder touches the file. */
const watch = (path: string, before: Found): Effect.Effect<"Held" | "Abandoned", LockError> =>
  find(path).pipe(
    Effect.delay("1 second"),
    Effect.map((found) => found === undefined ? "Abandoned" : isSame(found, before) ? "Unknown" : "Held"),
    Effect.repeat({ until: (verdict) => verdict !== "Unknown", times: 14 }),
    Effect.map((verdict) => verdict === "Held" ? verdict : "Abandoned")
  )

/** Removes an abandoned file. Fails if its holder runs, and for a file of another program. */
const recover = Effect.fnUntraced(function*(path: string) {
  const found = yield* find(path)
  if (found === undefined) return
  const { holder } = found
  const first = holder === undefined ? "Held" : judge(holder)
  const verdict = first === "Unknown" ? yield* watch(path, found) : first
  if (verdict === "Held") return yield* new LockError({ code: "EEXIST", holder: holder && describe(holder) })
  yield* removeAbandoned(path, found)
})

/** The codes of a file that another program replaced. */
const lost: ReadonlyArray<string> = ["ELOOP", "EFTYPE", "EISDIR"]

/** Touches the file, so that other containers and hosts see that the holder runs. Returns false for a lost lock. */
const touch = (path: string, text: string): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const found = yield* find(path)
    if (found?.text !== text) return false
    // Any new time is a sign of life.
    const next = Number(found.modified / 1_000_000_000n) + 1
    yield* attempt(() => Fs.utimes(path, next, next))
    return true
  }).pipe(Effect.catch(({ code }) => Effect.succeed(!lost.includes(code))))

const isTaken = (error: unknown): error is LockError => error instanceof LockError && error.code === "EEXIST"

/**
 * Holds the lock until the scope closes. Fails if another holder still runs. `isHeld` returns false when the file is
 * gone, or belongs to another process.
 */
export const acquire = (path: string) => {
  const take = Effect.acquireRelease(
    Effect.map(create(path), (text) => {
      let held = true
      // It is not a fiber: other processes watch in real time, and a sleeping fiber would keep the program running.
      // oxlint-disable-next-line no-restricted-globals
      const timer = setInterval(async () => {
        held = await Effect.runPromise(touch(path, text))
      }, 1000)
      timer.unref()
      return { text, timer, isHeld: () => held }
    }),
    ({ text, timer }) => Effect.andThen(Effect.sync(() => clearInterval(timer)), remove(path, text))
  )
  return Effect.catchIf(take, isTaken, () => Effect.andThen(recover(path), take))
}

/**
 * Runs an effect while no other process runs one under this path. It waits for the lock for at most 10 seconds, or 15
 * if the holder ran elsewhere. So the effect must be short, and must not use the network.
 */
export const withLock = <A, E>(path: string, effect: Effect.Effect<A, E>): Effect.Effect<A, E | LockError> =>
  Effect.scoped(Effect.andThen(
    Effect.retry(acquire(path), {
      schedule: Schedule.spaced("25 millis").pipe(Schedule.jittered, Schedule.upTo({ duration: "10 seconds" })),
      while: isTaken
    }),
    effect
  ))
