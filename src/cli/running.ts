/** `npx agentcore-identity env`, `status` and `stop`, for the running local servers of this user. */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { boundedFetch } from "../internal/boundedFetch.js"
import { codeOf } from "../internal/messages.js"
import { isRunning } from "../local/internal/processLock.js"
import * as Table from "./printTable.js"
import * as ShellText from "./shellText.js"
import * as StateFile from "./stateFile.js"
import * as Terminal from "./terminal.js"

/** Prints lines for a shell. The last line break is the console's. */
const printExactly = (lines: string) => Terminal.printExactly(lines.trimEnd())

export class NothingToUnset extends Data.TaggedError("NothingToUnset")<{ readonly message: string }> {}

export const print = (form: ShellText.Form) =>
  Effect.gen(function*() {
    const { environment } = yield* StateFile.findRunning
    yield* printExactly(yield* Effect.fromResult(ShellText.format(form, environment)))
  })

/** The variables that a server can print. */
const names = [
  "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE",
  "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL",
  "AWS_ENDPOINT_URL_STS",
  "BEDROCK_AGENTCORE_DP_ENDPOINT",
  "BEDROCK_AGENTCORE_CP_ENDPOINT",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_EC2_METADATA_DISABLED",
  "AGENTCORE_LOCAL_OAUTH_ISSUER",
  "AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL",
  "AGENTCORE_LOCAL_OAUTH_AUTHORIZATION_ENDPOINT",
  "AGENTCORE_LOCAL_OAUTH_TOKEN_ENDPOINT",
  "AGENTCORE_LOCAL_OAUTH_AUDIENCE",
  "AGENTCORE_LOCAL_OAUTH_CLIENT_ID",
  "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET",
  "AGENTCORE_LOCAL_TOKEN",
  "AGENTCORE_LOCAL_PID"
]

/** Works without a running server. A shell without the token got its variables elsewhere, and keeps them. */
export const unset = (shell: "bash" | "fish") =>
  Effect.gen(function*() {
    if ((yield* StateFile.readVariable("AGENTCORE_LOCAL_TOKEN")) === undefined) {
      return yield* new NothingToUnset({ message: "This shell does not have the environment of a local server." })
    }
    const present = yield* Effect.filter(
      names,
      // The server can print an empty session token, which a `ConfigProvider` does not distinguish from a missing one.
      (name) => name === "AWS_SESSION_TOKEN" ? Effect.succeed(true) : Effect.isSuccess(Config.String(name))
    )
    yield* printExactly(ShellText.formatUnset(shell, present))
    yield* Console.error(
      "What this shell had in these variables and in AWS_PROFILE before is lost: open a new one for AWS."
    )
  })

const isResponding = (url: string) =>
  Effect.tryPromise((signal) => boundedFetch(`${url}/health`, {}, { timeout: 2_000, signal })).pipe(
    Effect.map(({ ok }) => ok),
    Effect.orElseSucceed(() => false)
  )

export class NoResponse extends Data.TaggedError("NoResponse")<{ readonly message: string }> {}

export const status = (json: boolean) =>
  Effect.gen(function*() {
    const servers = yield* StateFile.selected
    const rows = yield* Effect.forEach(
      servers,
      ({ environment, pid, startedAt, url }) =>
        Effect.map(isResponding(url), (isResponding) => ({
          url,
          console: `${url}/_local/console`,
          pid,
          startedAt,
          // Scripts read this name.
          answers: isResponding,
          authorizationServer: environment["AGENTCORE_LOCAL_OAUTH_ISSUER"]
        })),
      { concurrency: "unbounded" }
    )
    yield* json
      ? Table.printJson(rows)
      : Console.log(
        Table.align([
          ["url", "pid", "started", "responds", "authorization server"],
          ...rows.map((row) => [row.url, row.pid, row.startedAt, row.answers ? "yes" : "no", row.authorizationServer])
        ]).concat(
          "",
          rows.map((row) =>
            `Console: ${row.console} ('npx agentcore-identity console --port ${new URL(row.url).port}' opens it)`
          )
        ).join("\n")
      )
    const silent = rows.filter(({ answers }) => !answers).map(({ pid, url }) => `${url} (process ${pid})`)
    if (silent.length > 0) return yield* new NoResponse({ message: `No response from ${silent.join(", ")}` })
  })

export class CannotStop extends Data.TaggedError("CannotStop")<{ readonly message: string }> {}

const stopOne = (server: StateFile.Running) =>
  Effect.gen(function*() {
    const { pid, url } = server
    yield* Effect.try({
      try: () => process.kill(pid, "SIGTERM"),
      catch: (error) => new CannotStop({ message: `Cannot stop process ${pid}: ${codeOf(error)}` })
    })
    yield* Effect.sync(() => isRunning(server)).pipe(
      Effect.repeat({ while: (runs) => runs, schedule: Schedule.spaced("20 millis") }),
      Effect.timeoutOrElse({
        duration: "10 seconds",
        orElse: () =>
          Effect.fail(new CannotStop({ message: `Process ${pid} did not exit within 10 seconds of SIGTERM` }))
      })
    )
    yield* Console.log(`Stopped ${url} (process ${pid}).`)
  })

export const stop = (all: boolean) =>
  all
    ? Effect.flatMap(StateFile.selected, (servers) => Effect.forEach(servers, stopOne, { discard: true }))
    : Effect.flatMap(StateFile.findRunning, stopOne)
