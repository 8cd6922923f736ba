/**
 * The state file. Other commands of the user find a running `npx agentcore-identity local` by it.
 *
 * `<directory>/<pid>.json` has the process id, the URL and the environment of the server, including the token of its
 * control. The directory is `agentcore-identity` in `$XDG_RUNTIME_DIR`, `$XDG_STATE_HOME`, `%LOCALAPPDATA%` (on
 * Windows) or `~/.local/state`. Other users cannot read it: the directory has mode 700, and the file 600. A file that
 * others can read, or that belongs to another user, is ignored. A file whose process has exited is removed.
 */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type BigIntStats, existsSync, mkdirSync, readdirSync, rmSync, type Stats, statSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { isRunning, readStartTime } from "../local/internal/processLock.js"
import * as SafeFile from "../local/internal/safeFile.js"

const Running = Schema.Struct({
  version: Schema.Literal(1),
  pid: Schema.Number,
  /** Distinguishes the process from a later one that reuses its pid. Linux only. */
  startTime: Schema.optional(Schema.String),
  startedAt: Schema.String,
  url: Schema.String,
  /** The variables that the server printed. */
  environment: Schema.Record(Schema.String, Schema.String)
})

export type Running = typeof Running.Type

export class NoServer extends Data.TaggedError("NoServer")<{ readonly message: string }> {}

/** Reads a variable of the environment. An empty one counts as missing. */
export const readVariable = (name: string): Effect.Effect<string | undefined> =>
  Effect.orElseSucceed(Config.NonEmptyString(name), () => undefined)

/** Returns undefined if the user has none of the directories. */
const findDirectory: Effect.Effect<string | undefined> = Effect.gen(function*() {
  const base = (yield* readVariable("XDG_RUNTIME_DIR"))
    ?? (yield* readVariable("XDG_STATE_HOME"))
    ?? (process.platform === "win32" ? yield* readVariable("LOCALAPPDATA") : undefined)
  if (base !== undefined) return join(base, "agentcore-identity")
  const home = homedir()
  return home === "" || !existsSync(home) ? undefined : join(home, ".local", "state", "agentcore-identity")
})

/** Whether only this user can read or replace a file. Windows has no modes, and keeps other users from the profile. */
const isPrivate = ({ mode, uid }: Pick<Stats | BigIntStats, "mode" | "uid">): boolean =>
  process.platform === "win32" || (Number(uid) === process.getuid?.() && (Number(mode) & 0o077) === 0)

/** Writes the file, and removes it when the scope closes. The server also runs without it. */
export const write = (
  server: Omit<Running, "version" | "pid" | "startTime">
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const directory = yield* findDirectory
    if (directory === undefined) return yield* Effect.fail("no directory")
    const isUsable = yield* Effect.try(() => {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      return isPrivate(statSync(directory))
    })
    if (!isUsable) return yield* Effect.fail("not private")
    const { pid } = process
    const file = join(directory, `${pid}.json`)
    const running: Running = { version: 1, pid, startTime: readStartTime(pid), ...server }
    yield* Effect.acquireRelease(
      SafeFile.write(file, JSON.stringify(running, null, 2)),
      () => Effect.sync(() => rmSync(file, { force: true }))
    )
  }).pipe(
    Effect.catch(() =>
      Effect.logDebug("Other commands find this server only by its environment: its state has no private directory")
    )
  )

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Running))

/** Returns undefined for a file that is not private or not valid, and for one that was removed meanwhile. */
const read = (file: string): Effect.Effect<Running | undefined> =>
  SafeFile.read(file).pipe(
    Effect.map(({ bytes, stats }) =>
      isPrivate(stats) ? Result.getOrUndefined(decode(bytes.toString("utf8"))) : undefined
    ),
    Effect.orElseSucceed(() => undefined)
  )

/** The servers of this user that run on this machine. Removes the files of processes that have exited. */
const list: Effect.Effect<ReadonlyArray<Running>> = Effect.gen(function*() {
  const directory = yield* findDirectory
  if (directory === undefined || !existsSync(directory) || !isPrivate(statSync(directory))) return []
  const files = readdirSync(directory).filter((name) => /^\d+\.json$/.test(name)).map((name) => join(directory, name))
  const found = yield* Effect.forEach(files, (file) =>
    Effect.map(read(file), (running) => {
      if (running === undefined || isRunning(running)) return running
      rmSync(file, { force: true })
      return undefined
    }))
  return found.filter((running) => running !== undefined)
})

/** The port of `--port`, which selects a server. */
export const SelectedPort = Context.Reference("effect-agentcore-identity/cli/SelectedPort", {
  defaultValue: (): number | undefined => undefined
})

/** The selected servers, or all. */
export const selected: Effect.Effect<readonly [Running, ...Array<Running>], NoServer> = Effect.gen(function*() {
  const port = yield* SelectedPort
  const [first, ...others] = (yield* list).filter(({ url }) => port === undefined || Number(new URL(url).port) === port)
  if (first !== undefined) return [first, ...others] as const
  const which = port === undefined ? "" : ` on port ${port}`
  return yield* new NoServer({
    message:
      `No local server runs${which}. Start one with 'npx agentcore-identity local', or set AGENTCORE_LOCAL_TOKEN and `
      + "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE to those of a server."
  })
})

/** The only selected server. If there are several, the one of the environment. */
export const findRunning: Effect.Effect<Running, NoServer> = Effect.gen(function*() {
  const running = yield* selected
  if (running.length === 1) return running[0]
  const token = yield* readVariable("AGENTCORE_LOCAL_TOKEN")
  const own = running.find(({ environment }) => token !== undefined && environment["AGENTCORE_LOCAL_TOKEN"] === token)
  return own ?? (yield* new NoServer({
    message: `Several local servers run: ${running.map(({ pid, url }) => `${url} (process ${pid})`).join(", ")}. `
      + "Choose one with --port."
  }))
})

/** The server of the environment, or the only one that runs. */
export const find = Effect.gen(function*() {
  const port = yield* SelectedPort
  const token = yield* readVariable("AGENTCORE_LOCAL_TOKEN")
  const url = yield* readVariable("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE")
  if (port === undefined && token !== undefined && url !== undefined) {
    const environment: Running["environment"] = {}
    return { url, token, environment }
  }
  const { environment, pid, url: ownUrl } = yield* findRunning
  if (port === undefined && token === undefined) yield* Console.error(`The local server at ${ownUrl}, process ${pid}:`)
  return { url: ownUrl, token: environment["AGENTCORE_LOCAL_TOKEN"] ?? "", environment }
})
