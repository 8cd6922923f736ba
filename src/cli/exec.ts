/**
 * The program of `agentcore-identity local --exec`: it runs with the environment of the server, on the same terminal.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { constants } from "node:os"
import { codeOf } from "../internal/errorCode.js"
import type { Environment } from "./shellText.js"

export class CannotExecute extends Data.TaggedError("CannotExecute")<{ readonly message: string }> {}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such program",
  EACCES: "it is not executable"
}

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/**
 * Runs the program until it ends, and returns its exit code, or 128 and the number of the signal that ended it, as a shell does.
 * Signals to this process go to the program, which decides whether to end.
 */
export const run = (
  command: string,
  args: ReadonlyArray<string>,
  environment: Environment
): Effect.Effect<number, CannotExecute> =>
  Effect.uninterruptible(Effect.callback((resume) => {
    const child = spawn(command, args, {
      stdio: "inherit",
      env: { ...process.env, ...environment },
      // `npm` and others are scripts there, which only a shell starts.
      shell: process.platform === "win32"
    })
    const forward = (signal: NodeJS.Signals) => {
      // A terminal has sent it to both.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal)
    }
    const kill = () => child.kill()
    const end = (result: Effect.Effect<number, CannotExecute>) => {
      for (const signal of forwarded) process.removeListener(signal, forward)
      process.removeListener("exit", kill)
      resume(result)
    }
    for (const signal of forwarded) process.on(signal, forward)
    // Without its server the program has nothing to do, also if this process crashes.
    process.once("exit", kill)
    child.on("error", (error) => {
      // It started, and a signal could not be sent.
      if (child.pid !== undefined) return
      const code = codeOf(error)
      end(new CannotExecute({ message: `Cannot run ${command}: ${reasons[code] ?? code}` }))
    })
    child.once("exit", (code, signal) =>
      end(Effect.succeed(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))))
  }))
