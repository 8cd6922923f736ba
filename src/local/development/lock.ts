/**
 * A lock between the processes of one machine: a file beside the protected file, which contains the process id of the holder. Node has no
 * file locks of the operating system. A lock whose holder does not run any more is removed.
 *
 * The lock is for work of milliseconds, without network.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { hasProperty } from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { randomBytes } from "node:crypto"
import { readlinkSync } from "node:fs"
import * as Fs from "node:fs/promises"
import { hostname } from "node:os"
import { codeOf } from "../../internal/errorCode.js"

/**
 * The lock file cannot be created. `code` is the code of the operating system: `EEXIST` if another process holds the lock.
 *
 * @internal
 */
export class LockError extends Data.TaggedError("LockError")<{ readonly code: string }> {}

const attempt = <A>(action: () => Promise<A>): Effect.Effect<A, LockError> =>
  Effect.tryPromise({ try: action, catch: (error) => new LockError({ code: codeOf(error) }) })

/** The scope of process ids: a machine, or a container, which may have the name of its machine. */
const host = (): string =>
  Either.getOrElse(
    Either.try(() => `${hostname()} ${readlinkSync("/proc/self/ns/pid")}`),
    // Only Linux has this link.
    () => hostname()
  )

// The file is written under a temporary name, then linked: a process that is killed never leaves a lock without a holder.
const create = (path: string): Effect.Effect<void, LockError> =>
  attempt(async () => {
    const temporary = `${path}.${randomBytes(6).toString("hex")}`
    try {
      await Fs.writeFile(temporary, JSON.stringify({ pid: process.pid, host: host() }), { flag: "wx" })
      await Fs.link(temporary, path)
    } finally {
      await Fs.rm(temporary, { force: true })
    }
  })

const remove = (path: string): Effect.Effect<void> => Effect.ignore(attempt(() => Fs.unlink(path)))

const hold = <A, E>(path: string, effect: Effect.Effect<A, E>): Effect.Effect<A, E | LockError> =>
  Effect.acquireUseRelease(create(path), () => effect, () => remove(path))

const isRunning = (pid: number): boolean =>
  Either.match(Either.try({ try: () => process.kill(pid, 0), catch: codeOf }), {
    // Any other code means that the process runs, for another user.
    onLeft: (code) => code !== "ESRCH",
    onRight: () => true
  })

// A process of another machine or container is not visible here. A file that is not JSON is not a lock of this module.
const isAbandoned = (text: string): boolean =>
  Either.match(Either.try((): unknown => JSON.parse(text)), {
    onLeft: () => false,
    onRight: (holder) =>
      hasProperty(holder, "host") && holder.host === host()
      && hasProperty(holder, "pid") && typeof holder.pid === "number" && !isRunning(holder.pid)
  })

// A second lock makes the check and the removal one step. Otherwise a process could remove the lock that another one has just taken.
const removeAbandoned = (path: string): Effect.Effect<void> =>
  attempt(() => Fs.readFile(path, "utf8")).pipe(
    Effect.flatMap((text) => isAbandoned(text) ? remove(path) : Effect.void),
    (recovery) => hold(`${path}.recovery`, recovery),
    Effect.ignore
  )

/**
 * Runs an effect while no other process runs one under this path. It waits for the lock for 10 seconds at most.
 *
 * @internal
 */
export const withLock = <A, E>(path: string, effect: Effect.Effect<A, E>): Effect.Effect<A, E | LockError> => {
  const isHeld = (error: E | LockError) => error instanceof LockError && error.code === "EEXIST"
  return hold(path, effect).pipe(
    Effect.tapError((error) => isHeld(error) ? removeAbandoned(path) : Effect.void),
    Effect.retry({
      schedule: Schedule.spaced("25 millis").pipe(Schedule.jittered, Schedule.upTo("10 seconds")),
      while: isHeld
    })
  )
}
