/** The servers of the fleet that can fail: Redis with a replica, and PostgreSQL on a small disk. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { appendFileSync, chownSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import * as RedisServer from "../../support/redis.js"
import * as Tools from "../../support/tools.js"

const run = promisify(execFile)

/** The two servers, of which one is the primary. */
export const makeRedis = Effect.gen(function*() {
  const servers = [yield* RedisServer.make(), yield* RedisServer.make()] as const
  let primary = 0
  const command = (index: number, ...words: ReadonlyArray<string>) =>
    Effect.scoped(
      Effect.flatMap(
        servers[index]!.client,
        (client) => Effect.promise(() => client.call(words[0]!, ...words.slice(1)))
      )
    )
  const follow = command(1, "REPLICAOF", "127.0.0.1", String(servers[0].port))
  yield* Effect.all([servers[0].start, servers[1].start])
  yield* follow
  return {
    port: () => servers[primary]!.port,
    command: (...words: ReadonlyArray<string>) => command(primary, ...words),
    stall: Effect.suspend(() => servers[primary]!.stall),
    proceed: Effect.suspend(() => servers[primary]!.proceed),
    /** The primary is lost, and its replica takes its place. The old one comes back as the replica. */
    promote: Effect.gen(function*() {
      const old = primary
      yield* servers[old]!.kill
      primary = 1 - old
      yield* command(primary, "REPLICAOF", "NO", "ONE")
      yield* Effect.forkDetach(
        Effect.andThen(servers[old]!.start, command(old, "REPLICAOF", "127.0.0.1", String(servers[primary]!.port)))
      )
    })
  }
})

/** The disk of PostgreSQL, a file system in memory. */
const disk = Effect.acquireRelease(
  Effect.promise(async () => {
    const folder = mkdtempSync(join(tmpdir(), "fleet-"))
    await run("mount", ["-t", "tmpfs", "-o", "size=1g", "tmpfs", folder])
    return folder
  }),
  (folder) =>
    Effect.promise(async () => {
      await run("umount", ["-l", folder])
      rmSync(folder, { recursive: true, force: true })
    })
)

const idOf = async (flag: string) => Number((await run("id", [flag, "postgres"])).stdout)

export interface Postgres {
  readonly socket: string
  readonly query: (sql: string) => Effect.Effect<string>
  readonly restart: Effect.Effect<void>
  /** Stops one process that serves a connection, until the effect that is returned. */
  readonly freezeOne: Effect.Effect<Effect.Effect<void>>
  /** Fills the disk, until the effect that is returned. */
  readonly fillDisk: Effect.Effect<Effect.Effect<void>>
}

export const makePostgres: Effect.Effect<Postgres, never, Scope.Scope | Tools.Tools> = Effect.gen(function*() {
  const programs = yield* Tools.pathOf("PostgreSQL")
  const root = yield* disk
  const identity = { uid: yield* Effect.promise(() => idOf("-u")), gid: yield* Effect.promise(() => idOf("-g")) }
  chownSync(root, identity.uid, identity.gid)
  const data = join(root, "data")
  const options = ["--username", "postgres", "--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C"]
  yield* Effect.promise(() => run(join(programs, "initdb"), ["--pgdata", data, ...options], { cwd: root, ...identity }))

  let child: ChildProcess | undefined
  let isStopping = false
  const settings = {
    listen_addresses: "",
    unix_socket_directories: root,
    max_connections: "300",
    max_wal_size: "200MB",
    min_wal_size: "80MB"
  }
  const start = Effect.callback<void>((resume) => {
    // Its server is dead. A server that found no space for the content of these files would not start again.
    for (const name of ["data/postmaster.pid", ".s.PGSQL.5432.lock"]) rmSync(join(root, name), { force: true })
    child = spawn(
      join(programs, "postgres"),
      ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      { stdio: ["ignore", "ignore", "pipe"], cwd: root, ...identity }
    )
    // A full disk can end the server. It is started again, as the system does.
    child.on("exit", () => isStopping || setTimeout(() => Effect.runFork(start), 1000))
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes("ready to accept connections")) resume(Effect.void)
    })
  })
  const stop = (signal: NodeJS.Signals) =>
    Effect.callback<void>((resume) => {
      isStopping = true
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
      child.once("exit", () => resume(Effect.void))
      child.kill(signal)
    })
  yield* Effect.acquireRelease(start, () => stop("SIGQUIT"))
  const query = (sql: string) =>
    Effect.promise(async () =>
      (await run(join(programs, "psql"), ["-h", root, "-U", "postgres", "-At", "-c", sql], { cwd: root })).stdout.trim()
    )
  const client = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
  return {
    socket: join(root, ".s.PGSQL.5432"),
    query,
    restart: Effect.gen(function*() {
      yield* stop("SIGINT")
      isStopping = false
      yield* start
    }),
    freezeOne: Effect.map(query(`${client} ORDER BY query_start DESC LIMIT 1`), (pid) => {
      process.kill(Number(pid), "SIGSTOP")
      return Effect.sync(() => void process.kill(Number(pid), "SIGCONT"))
    }),
    fillDisk: Effect.sync(() => {
      const ballast = join(root, "ballast")
      try {
        for (;;) appendFileSync(ballast, Buffer.alloc(2 ** 20))
      } catch {
        // It is full.
      }
      return Effect.sync(() => rmSync(ballast))
    })
  }
})
