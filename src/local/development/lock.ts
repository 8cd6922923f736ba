/**
 * A lock between the processes of one machine: a file that names its holder, beside the file that it protects. Node has no locks of
 * the operating system, so one that a process left behind when it was killed is told by its holder: that process is gone.
 *
 * It is for work of milliseconds, without network.
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

/** The code of the operating system: `EEXIST` where another process holds the lock. */
class LockError extends Data.TaggedError("LockError")<{ readonly code: string }> {}

const attempt = <A>(action: () => Promise<A>): Effect.Effect<A, LockError> =>
  Effect.tryPromise({ try: action, catch: (error) => new LockError({ code: codeOf(error) }) })

/** Where a process can be seen by its id: a machine, or a container, which may share the machine's name. */
const host = (): string =>
  Either.getOrElse(
    Either.try(() => `${hostname()} ${readlinkSync("/proc/self/ns/pid")}`),
    // Linux has it.
    () => hostname()
  )

// Written under another name, then linked: a process that is killed on the way never leaves a lock without a holder.
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

const holding = <A, E>(path: string, effect: Effect.Effect<A, E>): Effect.Effect<A, E | LockError> =>
  Effect.acquireUseRelease(create(path), () => effect, () => remove(path))

const isRunning = (pid: number): boolean =>
  Either.match(Either.try({ try: () => process.kill(pid, 0), catch: codeOf }), {
    // Any other code is of a process that runs, and belongs to somebody else.
    onLeft: (code) => code !== "ESRCH",
    onRight: () => true
  })

// A process of another machine or container cannot be seen from here, and what is no JSON is not ours.
const isAbandoned = (text: string): boolean =>
  Either.match(Either.try((): unknown => JSON.parse(text)), {
    onLeft: () => false,
    onRight: (holder) =>
      hasProperty(holder, "host") && holder.host === host()
      && hasProperty(holder, "pid") && typeof holder.pid === "number" && !isRunning(holder.pid)
  })

// Under a lock of its own: whoever looked before another one took the lock anew must not remove that one's.
const removeAbandoned = (path: string): Effect.Effect<void> =>
  attempt(() => Fs.readFile(path, "utf8")).pipe(
    Effect.flatMap((text) => isAbandoned(text) ? remove(path) : Effect.void),
    (recovery) => holding(`${path}.recovery`, recovery),
    Effect.ignore
  )

/**
 * Runs an effect while no other process does so under this path. It waits for at most 10 seconds, and fails with what becomes of the
 * code of the operating system: `EEXIST` where another process still holds the lock.
 *
 * @internal
 */
export const withLock = <A, E, E2>(
  path: string,
  effect: Effect.Effect<A, E>,
  onFailure: (code: string) => E2
): Effect.Effect<A, E | E2> => {
  const isHeld = (error: E | LockError) => error instanceof LockError && error.code === "EEXIST"
  return holding(path, effect).pipe(
    Effect.tapError((error) => isHeld(error) ? removeAbandoned(path) : Effect.void),
    Effect.retry({
      schedule: Schedule.spaced("25 millis").pipe(Schedule.jittered, Schedule.upTo("10 seconds")),
      while: isHeld
    }),
    Effect.mapError((error) => error instanceof LockError ? onFailure(error.code) : error)
  )
}
