/** PostgreSQL for the tests: a separate server in a temporary folder, behind a Unix socket. */
import type { PgClient } from "@effect/sql-pg"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { chownSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import * as Tools from "./tools.js"

/** The programs do not run as root. */
const user = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string) => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout)
  return { uid: idOf("-u"), gid: idOf("-g") }
}

export interface Server {
  /** The folder of the data, with the socket. */
  readonly folder: string
  /** The folder of the programs, such as `psql`. */
  readonly programs: string
  readonly client: PgClient.PgPoolConfig
  /** Until the scope closes or `proceed` runs, the server keeps its connections and does nothing. */
  readonly stall: Effect.Effect<void, never, Scope.Scope>
  readonly proceed: Effect.Effect<void>
}

/** A server that runs until the scope ends. */
export const make: Effect.Effect<Server, never, Scope.Scope | Tools.Tools> = Effect.gen(function*() {
  const programs = yield* Tools.pathOf("PostgreSQL")
  const identity = user()
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "postgres-"))
      if (identity !== undefined) chownSync(folder, identity.uid, identity.gid)
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  const made = spawnSync(
    join(programs, "initdb"),
    [
      "--pgdata",
      folder,
      "--username",
      "postgres",
      "--auth",
      "trust",
      "--no-sync",
      "--encoding",
      "UTF8",
      "--locale",
      "C"
    ],
    { encoding: "utf8", cwd: folder, ...identity }
  )
  if (made.status !== 0) return yield* Effect.die(new Error(`initdb failed: ${made.stderr}`))
  const server = yield* Effect.acquireRelease(
    Effect.callback<ChildProcess>((resume) => {
      const settings = { listen_addresses: "", unix_socket_directories: folder, fsync: "off", log_min_messages: "log" }
      const child = spawn(
        join(programs, "postgres"),
        ["-D", folder, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
        { stdio: ["ignore", "ignore", "pipe"], cwd: folder, ...identity }
      )
      child.on("error", (error) => resume(Effect.die(error)))
      child.on("exit", (code) => resume(Effect.die(new Error(`PostgreSQL ended with ${code}`))))
      createInterface(child.stderr).on("line", (line) => {
        if (line.includes("ready to accept connections")) resume(Effect.succeed(child))
      })
    }),
    (child) =>
      Effect.callback<void>((resume) => {
        if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
        child.once("exit", () => resume(Effect.void))
        // An immediate shutdown: nobody reads the data again.
        child.kill("SIGQUIT")
      })
  )
  // The server has a process for each connection. It cannot start another one while it is stopped.
  const signal = (name: "SIGSTOP" | "SIGCONT") =>
    Effect.sync(() => {
      server.kill(name)
      const children = spawnSync("pgrep", ["-P", String(server.pid)], { encoding: "utf8" }).stdout
      for (const child of children.split("\n")) {
        try {
          if (child !== "") process.kill(Number(child), name)
        } catch (error) {
          // The process has exited in the meantime.
          if (!hasProperty(error, "code") || error.code !== "ESRCH") throw error
        }
      }
    })
  const proceed = signal("SIGCONT")
  return {
    folder,
    programs,
    client: { host: folder, username: "postgres", database: "postgres", maxConnections: 4 },
    stall: Effect.asVoid(Effect.acquireRelease(signal("SIGSTOP"), () => proceed)),
    proceed
  }
})

/** A test that needs PostgreSQL: `it.live`. */
export const postgresTest = Tools.testWith("PostgreSQL")
