/**
 * The file that names a running `agentcore-identity local` to the other commands of its user.
 *
 * `<directory>/<pid>.json` has the process id, the URL and the environment of the server, with the token of its
 * control. The directory is `$XDG_RUNTIME_DIR/agentcore-identity`, or else `agentcore-identity` in `$XDG_STATE_HOME`,
 * `~/.local/state`, or `%LOCALAPPDATA%` on Windows. Other users cannot read it: the directory has the mode 700, and the
 * file 600. A file that others can read, or that belongs to another user, is ignored. A file whose process is gone is
 * removed.
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type BigIntStats, mkdirSync, readdirSync, rmSync, type Stats, statSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { isRunning, readStartTime } from "../local/internal/processes.js"
import * as SafeFile from "../local/internal/safeFile.js"

const Running = Schema.Struct({
  version: Schema.Literal(1),
  pid: Schema.Number,
  /** Tells the process from a later one with its id. Only Linux has it. */
  startTime: Schema.optional(Schema.String),
  startedAt: Schema.String,
  url: Schema.String,
  /** All that the server printed. */
  environment: Schema.Record(Schema.String, Schema.String)
})

export type Running = typeof Running.Type

export class NoServer extends Data.TaggedError("NoServer")<{ readonly message: string }> {}

/** A variable of the environment. An empty one is like a missing one. */
export const readVariable = (name: string): Effect.Effect<string | undefined> =>
  Effect.orElseSucceed(Config.NonEmptyString(name), () => undefined)

/** Undefined where the user has no such place. */
const findDirectory: Effect.Effect<string | undefined> = Effect.gen(function*() {
  const candidates = [
    yield* readVariable("XDG_RUNTIME_DIR"),
    yield* readVariable("XDG_STATE_HOME"),
    process.platform === "win32" ? yield* readVariable("LOCALAPPDATA") : undefined
  ]
  const base = candidates.find((path) => path !== undefined)
  if (base !== undefined) return join(base, "agentcore-identity")
  const home = homedir()
  return home === "" || statSync(home, { throwIfNoEntry: false }) === undefined
    ? undefined
    : join(home, ".local", "state", "agentcore-identity")
})

/**
 * Whether other users cannot read or replace a file or directory. Windows has no modes, and a profile is its user's
 * own.
 */
const isPrivate = ({ mode, uid }: Pick<Stats | BigIntStats, "mode" | "uid">): boolean =>
  process.platform === "win32" || (Number(uid) === process.getuid?.() && (Number(mode) & 0o077) === 0)

/** Writes the file, and removes it at the end of the scope. A server runs without it, too. */
export const write = (
  server: Omit<Running, "version" | "pid" | "startTime">
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function*() {
      const directory = yield* findDirectory
      if (directory === undefined) return undefined
      const isUsable = yield* Effect.try(() => {
        mkdirSync(directory, { recursive: true, mode: 0o700 })
        return isPrivate(statSync(directory))
      })
      if (!isUsable) return undefined
      const file = join(directory, `${process.pid}.json`)
      const running: Running = {
        version: 1,
        pid: process.pid,
        startTime: readStartTime(process.pid),
        ...server
      }
      yield* SafeFile.write(file, JSON.stringify(running, null, 2))
      return file
    }).pipe(
      Effect.orElseSucceed(() => undefined),
      Effect.tap((file) =>
        file === undefined
          ? Effect.logDebug(
            "Other commands find this server by its environment only: there is no private directory for its state"
          )
          : Effect.void
      )
    ),
    (file) => Effect.sync(() => file === undefined ? undefined : rmSync(file, { force: true }))
  ).pipe(Effect.asVoid)

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Running))

/** Undefined for a file that cannot be trusted or read, and for one that was removed meanwhile. */
const read = (file: string): Effect.Effect<Running | undefined> =>
  SafeFile.read(file).pipe(
    Effect.map(({ bytes, stats }) =>
      isPrivate(stats) ? Result.getOrUndefined(decode(bytes.toString("utf8"))) : undefined
    ),
    Effect.orElseSucceed(() => undefined)
  )

/** The servers of this user that run on this machine. Files of processes that have ended are removed. */
export const list: Effect.Effect<ReadonlyArray<Running>> = Effect.gen(function*() {
  const directory = yield* findDirectory
  const stats = directory === undefined ? undefined : statSync(directory, { throwIfNoEntry: false })
  if (directory === undefined || stats === undefined || !isPrivate(stats)) return []
  const files = readdirSync(directory).filter((name) => /^\d+\.json$/.test(name)).map((name) => join(directory, name))
  const found = yield* Effect.forEach(files, (file) =>
    Effect.map(read(file), (running) => {
      if (running === undefined || isRunning(running)) return running
      rmSync(file, { force: true })
      return undefined
    }))
  return found.filter((running) => running !== undefined)
})

/** The server that the user means, by its process or its port. */
export interface Selected {
  readonly pid?: number | undefined
  readonly port?: number | undefined
}

export const Selection = Context.Reference<Selected>("effect-agentcore-identity/cli/Selection", {
  defaultValue: () => ({})
})

const isSelected = ({ pid, port }: Selected) => (running: Running): boolean =>
  (pid === undefined || running.pid === pid) && (port === undefined || Number(new URL(running.url).port) === port)

/** The servers of the selection, or all. */
export const selected: Effect.Effect<readonly [Running, ...Array<Running>], NoServer> = Effect.gen(function*() {
  const selection = yield* Selection
  const [first, ...others] = (yield* list).filter(isSelected(selection))
  if (first !== undefined) return [first, ...others] as const
  const { pid, port } = selection
  const what = `${pid === undefined ? "" : ` as process ${pid}`}${port === undefined ? "" : ` on port ${port}`}`
  return yield* new NoServer({
    message: `No local server runs${what}. Start one with 'agentcore-identity local', or set AGENTCORE_LOCAL_TOKEN and `
      + "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE to those of a server."
  })
})

/** The one server of the selection, the one of the environment, or the only one. */
export const findRunning: Effect.Effect<Running, NoServer> = Effect.gen(function*() {
  const running = yield* selected
  if (running.length === 1) return running[0]
  const token = yield* readVariable("AGENTCORE_LOCAL_TOKEN")
  const own = token === undefined
    ? undefined
    : running.find(({ environment }) => environment["AGENTCORE_LOCAL_TOKEN"] === token)
  return own ?? (yield* new NoServer({
    message: `Several local servers run: ${running.map(({ pid, url }) => `${url} (process ${pid})`).join(", ")}. `
      + "Choose one with --port or --pid."
  }))
})

/** A server, and the token of its control. */
export interface Controlled extends Pick<Running, "url" | "environment"> {
  readonly token: string
}

/** The server of the environment, or the only one that runs. */
export const find: Effect.Effect<Controlled, NoServer> = Effect.gen(function*() {
  const { pid, port } = yield* Selection
  const token = yield* readVariable("AGENTCORE_LOCAL_TOKEN")
  const url = yield* readVariable("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE")
  if (pid === undefined && port === undefined && token !== undefined && url !== undefined) {
    return { url, token, environment: {} }
  }
  const server = yield* findRunning
  return { url: server.url, token: server.environment["AGENTCORE_LOCAL_TOKEN"] ?? "", environment: server.environment }
})
