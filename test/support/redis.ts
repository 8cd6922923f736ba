/** Redis for the tests, as a separate process that can be killed and restarted. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Redis } from "ioredis"
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import * as Folder from "./folder.js"
import * as NodeServer from "./server.js"
import * as Tools from "./tools.js"

export interface Server {
  readonly port: number
  /** Where `SAVE` writes. */
  readonly folder: string
  /** Starts an empty server on the same port. */
  readonly start: Effect.Effect<void>
  /** Simulates the loss of the machine. */
  readonly kill: Effect.Effect<void>
  /** The server accepts connections and never responds. */
  readonly stall: Effect.Effect<void>
  readonly proceed: Effect.Effect<void>
  /** A separate connection to inspect the data. */
  readonly client: Effect.Effect<Redis, never, Scope.Scope>
}

/** A server that has not started. Closing the scope stops it. */
export const make = (password?: string): Effect.Effect<Server, never, Scope.Scope | Tools.Tools> =>
  Effect.gen(function*() {
    const path = yield* Tools.pathOf("Redis")
    const port = yield* NodeServer.freePort
    const folder = yield* Folder.temporary
    let child: ChildProcess | undefined

    const start = Effect.callback<void>((resume) => {
      const settings = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
      // A compressed file could hide a secret.
      settings.push("--dir", folder, "--rdbcompression", "no")
      child = spawn(path, [...settings, ...(password === undefined ? [] : ["--requirepass", password])], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      child.on("error", (error) => resume(Effect.die(error)))
      let last = ""
      child.on("close", (code) => resume(Effect.die(new Error(`Redis ended with ${code}: ${last}`))))
      createInterface(child.stdout!).on("line", (line) => {
        last = line
        if (line.includes("Ready to accept connections")) resume(Effect.void)
      })
    })

    const kill = Effect.callback<void>((resume) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
      child.once("exit", () => resume(Effect.void))
      child.kill("SIGKILL")
    })

    yield* Effect.addFinalizer(() => kill)
    return {
      port,
      folder,
      start,
      kill,
      stall: Effect.sync(() => void child?.kill("SIGSTOP")),
      proceed: Effect.sync(() => void child?.kill("SIGCONT")),
      client: Effect.acquireRelease(
        Effect.sync(() => new Redis({ port, ...(password === undefined ? {} : { password }) })),
        (redis) => Effect.sync(() => redis.disconnect())
      )
    }
  })

/** A test that needs Redis: `it.live`. */
export const redisTest = Tools.testWith("Redis")
