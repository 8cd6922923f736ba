/**
 * `npx agentcore-identity local`: AgentCore Identity on this machine, for programs in any language.
 *
 * Stdout has the environment that points programs to the server: `export NAME=value` lines, `unset` of a profile, and
 * one blank line. Logs go to stderr. `eval "$(node_modules/.bin/agentcore-identity local &)"` sets the environment, and
 * `kill "$AGENTCORE_LOCAL_PID"` stops the server. (With `npx` the shell would wait: it keeps stdout open.) With
 * `--exec`, stdout is the program's: it gets the environment, and the server stops when it exits.
 */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { closeSync, fstatSync, openSync, rmSync, writeSync } from "node:fs"
import { constants } from "node:os"
import { codeOf } from "../internal/messages.js"
import { randomSecret } from "../internal/sealing.js"
import type { AuthorizationServerError } from "../local/AuthorizationServer.js"
import * as SafeFile from "../local/internal/safeFile.js"
import type { LocalServerError } from "../local/server/serverModels.js"
import * as SetupFile from "../local/standalone/setupFile.js"
import * as Standalone from "../local/standalone/standaloneServer.js"
import * as VaultFile from "../local/vault/vaultFile.js"
import * as VaultStore from "../local/vault/vaultStore.js"
import type { Flags } from "./localCommand.js"
import * as ShellText from "./shellText.js"
import * as StateFile from "./stateFile.js"

interface Settings extends Flags {
  readonly port: number
}

const authorizationServerPort = ({ authorizationServerPort, port }: Settings): number =>
  authorizationServerPort ?? (port === 0 ? 0 : port + 1)

const hasAuthorizationServer = ({ authorizationServer, offline }: Settings): boolean =>
  authorizationServer === true || offline === true

export class CannotStart extends Data.TaggedError("CannotStart")<{ readonly message: string }> {}

const portOf = (url: string | undefined): number | undefined => Number(URL.parse(url ?? "")?.port) || undefined

/** Names the server of this user that uses the port, and the flag that changes the port. */
const explainPort = Effect.fnUntraced(function*(message: string, flag: string, port: number) {
  const running = yield* Effect.orElseSucceed(StateFile.selected, () => [])
  const own = running.find(({ environment, url }) =>
    [url, environment["AGENTCORE_LOCAL_OAUTH_ISSUER"]].some((url) => portOf(url) === port)
  )
  if (own === undefined) return yield* new CannotStart({ message: `${message} with ${flag}` })
  const select = `--port ${portOf(own.url)}`
  return yield* new CannotStart({
    message: `Port ${port} is in use by the local server at ${own.url} (process ${own.pid}). `
      + `Use that server with 'eval "$(npx agentcore-identity env ${select})"', stop it with `
      + `'npx agentcore-identity stop ${select}', or give ${flag} 0 for a free port`
  })
})

const explain =
  (settings: Settings) => (error: AuthorizationServerError | LocalServerError): Effect.Effect<never, CannotStart> => {
    if (error.reason === "RemoteHost") {
      return new CannotStart({
        message: `On ${settings.host}, other machines can reach the local server and every credential in it. `
          + "Give --allow-remote to allow that."
      })
    }
    if (error.code !== "EADDRINUSE") return new CannotStart({ message: error.message })
    if (error._tag === "LocalServerError") return explainPort(error.message, "--port", settings.port)
    // By default, this port follows from --port.
    const flag = settings.authorizationServerPort === undefined ? "--port" : "--authorization-server-port"
    return explainPort(error.message, flag, authorizationServerPort(settings))
  }

// -----------------------------------------------------------------------------
// The access key of --signatures verify
// -----------------------------------------------------------------------------

const configuredKey = Config.all({
  accessKeyId: Config.String("AGENTCORE_LOCAL_ACCESS_KEY_ID"),
  secretAccessKey: Config.Redacted("AGENTCORE_LOCAL_SECRET_ACCESS_KEY"),
  sessionToken: Config.withDefault(Config.Redacted("AGENTCORE_LOCAL_SESSION_TOKEN"), undefined)
})

/** Reads the key from the environment, or generates one. The environment of the server has only a generated key. */
const readAccessKey = Effect.gen(function*() {
  const configured = yield* Effect.option(configuredKey)
  if (Option.isSome(configured)) return { key: configured.value, environment: {} }
  const secretAccessKey = yield* randomSecret
  const accessKeyId = `LOCAL${randomBytes(8).toString("hex").toUpperCase()}`
  return {
    key: { accessKeyId, secretAccessKey },
    environment: {
      AWS_ACCESS_KEY_ID: Redacted.make(accessKeyId),
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      // SDKs would also sign a session token of the shell.
      AWS_SESSION_TOKEN: Redacted.make("")
    }
  }
})

// -----------------------------------------------------------------------------
// The environment, on standard output and in the file of --write-env
// -----------------------------------------------------------------------------

const standardOutput = 1

/** Prints the environment and a blank line. Closes stdout, because `$(…)` waits for that. The reader may have gone. */
const printEnvironment = (environment: ShellText.Environment): Effect.Effect<void> =>
  Effect.ignore(Effect.try(() => {
    writeSync(standardOutput, `${ShellText.exportLines(environment)}\n`)
    const stats = fstatSync(standardOutput)
    if (process.platform === "win32" || !(stats.isFIFO() || stats.isSocket())) return
    closeSync(standardOutput)
    // Otherwise the next file that the process opens would have this descriptor.
    openSync("/dev/null", "w")
  }))

export class CannotWriteEnvFile extends Data.TaggedError("CannotWriteEnvFile")<{ readonly message: string }> {}

const mark = "# Written by 'npx agentcore-identity local', which removes it when it stops."

/** Returns undefined if there is no file. */
const readEnvFile = (file: string): Effect.Effect<string | undefined, SafeFile.SafeFileError> =>
  SafeFile.read(file).pipe(
    Effect.map(({ bytes }) => bytes.toString("utf8")),
    Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed(undefined))
  )

/** Writes the file for this user, until the scope closes. It replaces only a file that another server wrote. */
const writeEnvFile = (file: string, environment: ShellText.Environment) =>
  Effect.gen(function*() {
    const text = `${mark}\n${yield* Effect.fromResult(ShellText.format("dotenv", environment))}`
    const cannotWrite = ({ message }: SafeFile.SafeFileError) =>
      new CannotWriteEnvFile({ message: `Cannot write ${file}: ${message}` })
    const before = yield* Effect.mapError(readEnvFile(file), cannotWrite)
    if (before !== undefined && !before.startsWith(mark)) {
      return yield* new CannotWriteEnvFile({
        message:
          `${file} is not from 'npx agentcore-identity local', and was not replaced. Choose another name for --write-env.`
      })
    }
    yield* Effect.acquireRelease(
      Effect.mapError(SafeFile.write(file, text), cannotWrite),
      // Another server may have replaced it.
      () =>
        Effect.ignore(Effect.flatMap(readEnvFile(file), (found) => Effect.try(() => found === text && rmSync(file))))
    )
  })

// -----------------------------------------------------------------------------
// The program of --exec
// -----------------------------------------------------------------------------

export class CannotExecute extends Data.TaggedError("CannotExecute")<{ readonly message: string }> {}

const reasons: Readonly<Record<string, string>> = { ENOENT: "there is no such program", EACCES: "it is not executable" }

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/**
 * Runs the program until it exits, and sets its exit code, or 128 plus the number of the signal that ended it, as a
 * shell does. Forwards signals to the program, which decides whether to exit.
 */
const execute = (
  command: string,
  args: ReadonlyArray<string>,
  environment: ShellText.Environment
): Effect.Effect<void, CannotExecute> =>
  Effect.uninterruptible(Effect.callback((resume) => {
    const child = spawn(command, args, {
      stdio: "inherit",
      env: ShellText.forProgram(environment),
      // On Windows `npm` and others are scripts, which only a shell starts.
      shell: process.platform === "win32"
    })
    const forward = (signal: NodeJS.Signals) => {
      // A terminal sends SIGINT to both processes.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal)
    }
    const kill = () => child.kill()
    const end = (result: Effect.Effect<void, CannotExecute>) => {
      for (const signal of forwarded) process.removeListener(signal, forward)
      process.removeListener("exit", kill)
      resume(result)
    }
    for (const signal of forwarded) process.on(signal, forward)
    // The program is useless without its server, also if this process crashes.
    process.once("exit", kill)
    child.on("error", (error) => {
      // The program runs, and a signal could not be sent.
      if (child.pid !== undefined) return
      const code = codeOf(error)
      end(new CannotExecute({ message: `Cannot run ${command}: ${reasons[code] ?? code}` }))
    })
    child.once("exit", (code, signal) =>
      end(Effect.sync(() => {
        process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
      })))
  }))

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

/** Warns about options that only the authorization server reads. */
const warnWithoutAuthorizationServer = (settings: Settings, users: object | undefined): Effect.Effect<void> => {
  const options = {
    "--authorization-server-port": settings.authorizationServerPort,
    "--authorization-server-scope": settings.authorizationServerScope,
    "--authorization-server-audience": settings.authorizationServerAudience,
    "--authorization-server-redirect-uri": settings.authorizationServerRedirectUri,
    "--trust-issuer": settings.trustIssuer,
    "local.users of the setup file": users
  }
  const unused = Object.entries(options).flatMap(([name, value]) => value === undefined ? [] : [name])
  return hasAuthorizationServer(settings) || unused.length === 0
    ? Effect.void
    : Effect.logWarning(`Without --authorization-server, this has no effect: ${unused.join(", ")}`)
}

const readPolicy = Effect.fnUntraced(function*({ policy, signatures }: Settings) {
  if (policy === undefined) return undefined
  if (signatures !== "verify") return yield* SetupFile.loadPolicy(policy)
  return yield* new CannotStart({
    message: "--policy verifies the signatures of its own access key. With --signatures verify, give the policies of "
      + "AGENTCORE_LOCAL_ACCESS_KEY_ID in the file of --config, as local.policies"
  })
})

/** Reads the setup file of `--config`, which can use the variables of the server. */
const readSetup = Effect.fnUntraced(function*(settings: Settings, variables: ShellText.Environment) {
  if (settings.offline === true) {
    // A warning, so that it is also shown with --exec.
    yield* Effect.logWarning(
      `Offline: ${variables["AGENTCORE_LOCAL_OAUTH_ISSUER"]} stands in for all vendors and for all authorization `
        + "servers on other machines"
    )
  }
  const loaded = settings.config === undefined
    ? { setup: undefined }
    : yield* SetupFile.load(settings.config, variables)
  yield* warnWithoutAuthorizationServer(settings, loaded.setup?.local?.users)
  return loaded
})

const startServers = Effect.fnUntraced(function*(settings: Settings) {
  const policy = yield* readPolicy(settings)
  const { accountId, region } = SetupFile.placeOf(policy)
  const accessKey = settings.signatures === "verify" ? yield* readAccessKey : undefined
  const authorizationServer = {
    port: authorizationServerPort(settings),
    scopes: settings.authorizationServerScope,
    audiences: settings.authorizationServerAudience,
    redirectUris: settings.authorizationServerRedirectUri,
    trustedIssuers: settings.trustIssuer
  }
  return yield* Standalone.start({
    host: settings.host,
    port: settings.port,
    allowRemote: settings.allowRemote,
    allowedHosts: settings.allowedHost,
    signatures: settings.signatures,
    credentials: accessKey === undefined ? [] : [accessKey.key],
    publicUrl: settings.publicUrl,
    accountId: settings.account ?? accountId,
    region: settings.region ?? region,
    policy,
    secretEnvironment: accessKey?.environment,
    authorizationServer: hasAuthorizationServer(settings) ? authorizationServer : undefined,
    offline: settings.offline,
    load: (variables) => readSetup(settings, variables)
  }).pipe(Effect.catchTag(["AuthorizationServerError", "LocalServerError"], explain(settings)))
})

/** Starts the servers. Other commands and programs find them by the environment, until the scope closes. */
const start = Effect.fnUntraced(function*(settings: Settings) {
  const { authorizationServer, environment: variables, server } = yield* startServers(settings)
  yield* Effect.logInfo(`AgentCore Identity is ready at ${server.url}`).pipe(
    Effect.annotateLogs({
      signatures: settings.signatures,
      vault: settings.vault ?? "in memory",
      ...(Option.isSome(authorizationServer) ? { authorizationServer: authorizationServer.value.service.issuer } : {})
    })
  )
  const environment: ShellText.Environment = { ...variables, AGENTCORE_LOCAL_PID: String(process.pid) }
  yield* StateFile.write({ startedAt: DateTime.formatIso(yield* DateTime.now), url: server.url, environment })
  if (settings.writeEnv !== undefined) yield* writeEnvFile(settings.writeEnv, environment)
  return { environment, server }
})

/** Runs the server until it is interrupted, or until the program of `--exec` exits. */
export const run = (settings: Settings, [command, ...args]: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { environment, server } = yield* start(settings)
    if (command !== undefined) return yield* execute(command, args, environment)
    // Only on a terminal: files and the logs of other programs must not have the code in the URL.
    if (process.stderr.isTTY) {
      const url = Redacted.value(yield* server.consoleUrl)
      yield* Console.error(`Console: ${url} (works once, within a minute; later run: npx agentcore-identity console)`)
    }
    yield* printEnvironment(environment)
    return yield* Effect.never
  }).pipe(
    Effect.scoped,
    Effect.provide(
      settings.vault === undefined ? VaultStore.layerMemory : VaultFile.layerConfig({ path: settings.vault })
    )
  )
