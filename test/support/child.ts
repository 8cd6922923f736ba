/**
 * Programs that tests run in processes of their own. They report values over descriptor 3, with `report.mjs`. Logs go
 * to their standard output and standard error, which nothing parses.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { Readable } from "node:stream"
import { compileCache } from "./build.mjs"

type Report = Readonly<Record<string, unknown>>

export interface Child {
  readonly pid: number | undefined
  /** The reports that were not read yet, until the program ends. */
  readonly reports: Stream.Stream<Report>
  /** The next report. It is a defect if the program ends before. */
  readonly next: Effect.Effect<Report>
  /** The property of the next report, as a string. */
  readonly told: (name: string) => Effect.Effect<string>
  /** Writes a line to its standard input. */
  readonly tell: Effect.Effect<void>
  /** Waits for its end. Returns the signal, or the exit code. */
  readonly ended: Effect.Effect<NodeJS.Signals | number | null>
  /** The same, after SIGKILL. */
  readonly kill: Effect.Effect<NodeJS.Signals | number | null>
  /** Its standard output and standard error. */
  readonly output: () => string
}

/** Starts a program of Node, or another command. The end of the scope kills it. */
export const start = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {},
  command: string = process.execPath
): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.gen(function*() {
    const reports = yield* Queue.unbounded<Report, Cause.Done>()
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(command, args, {
          env: {
            PATH: process.env["PATH"],
            AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
            ...compileCache,
            ...environment
          },
          stdio: ["pipe", "pipe", "pipe", "pipe"]
        })
      ),
      (child) => Effect.sync(() => void child.kill("SIGKILL"))
    )
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => output += text)

    const channel = child.stdio[3]
    if (!(channel instanceof Readable)) return yield* Effect.die("a piped descriptor is readable")
    let last = ""
    channel.setEncoding("utf8").on("data", (text) => {
      const lines = `${last}${text}`.split("\n")
      // A kill may cut off the last line. Then it does not count.
      last = lines.pop() ?? ""
      for (const line of lines) Queue.offerUnsafe(reports, JSON.parse(line))
    })

    // `close` comes after all output.
    const closed = new Promise<NodeJS.Signals | number | null>((resolve) => {
      child.on("error", (error) => {
        output += String(error)
        resolve(null)
      })
      child.on("close", (code, signal) => resolve(signal ?? code))
    })
    void closed.then(() => Queue.endUnsafe(reports))
    const ended = Effect.promise(() => closed)

    const next = Queue.take(reports).pipe(
      Effect.catch(() => Effect.flatMap(ended, (code) => Effect.die(new Error(`It ended with ${code}: ${output}`))))
    )
    return {
      pid: child.pid,
      reports: Stream.fromQueue(reports),
      next,
      told: (name) => Effect.map(next, (report) => String(report[name])),
      tell: Effect.sync(() => void child.stdin.write("\n")),
      ended,
      kill: Effect.suspend(() => {
        child.kill("SIGKILL")
        return ended
      }),
      output: () => output
    }
  })
