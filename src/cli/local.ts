/**
 * `agentcore-identity local`: AgentCore Identity on this machine, for programs in any language.
 *
 * Standard output is the environment that points programs to it: `export NAME=value` lines and one blank line. Logs go
 * to standard error. `eval "$(agentcore-identity local &)"` sets the environment, and `kill "$AGENTCORE_LOCAL_PID"` stops
 * the server. With `--exec` there is no such output: one program gets the environment, and the server stops after it.
 */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type { Lifetime } from "../internal/lifetime.js"
import type * as LocalServer from "../local/LocalServer.js"
import * as Standalone from "../local/standalone/server.js"
import * as SetupFile from "../local/standalone/setupFile.js"
import * as VaultFile from "../local/VaultFile.js"
import * as VaultStore from "../local/VaultStore.js"
import * as EnvFile from "./envFile.js"
import * as Exec from "./exec.js"
import * as AccessKeys from "./localCredentials.js"
import * as Output from "./output.js"
import type { Environment } from "./shellText.js"
import * as StateFile from "./stateFile.js"

export interface Settings {
  readonly host: string
  readonly port: number
  /** The program of `--exec`, and its arguments. */
  readonly exec: readonly [command: string, ...args: Array<string>] | undefined
  readonly envFile: string | undefined
  readonly authorizationServer: boolean
  readonly authorizationServerPort: number | undefined
  readonly authorizationServerScope: ReadonlyArray<string>
  readonly authorizationServerAudience: ReadonlyArray<string>
  readonly authorizationServerRedirectUri: ReadonlyArray<string>
  readonly trustIssuer: ReadonlyArray<string>
  readonly config: string | undefined
  readonly vault: string | undefined
  readonly signatures: LocalServer.Signatures
  readonly allowedHost: ReadonlyArray<string>
  readonly publicUrl: string | undefined
  readonly allowRemote: boolean
  readonly account: string | undefined
  readonly region: string | undefined
  readonly workloadTokenLifetime: Lifetime | undefined
}

export class CannotListen extends Data.TaggedError("CannotListen")<{ readonly message: string }> {}

/** Names the flag of a port that is in use. */
const explainPort = <E extends { readonly _tag: string; readonly message: string }>(error: E): E | CannotListen => {
  if (!("reason" in error) || error.reason !== "Listen" || !error.message.includes("EADDRINUSE")) return error
  const flag = error._tag === "AuthorizationServerError" ? "--authorization-server-port" : "--port"
  return new CannotListen({ message: `${error.message}: the port is in use, choose another one with ${flag}` })
}

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

const layerStore = (path: string | undefined) =>
  path === undefined ? VaultStore.layerMemory : VaultFile.layerConfig({ path })

/** Names the options that only the authorization server reads. */
const warnWithoutAuthorizationServer = (settings: Settings, users: object | undefined): Effect.Effect<void> => {
  const unused = [
    ...(settings.authorizationServerPort === undefined ? [] : ["--authorization-server-port"]),
    ...(settings.authorizationServerScope.length === 0 ? [] : ["--authorization-server-scope"]),
    ...(settings.authorizationServerAudience.length === 0 ? [] : ["--authorization-server-audience"]),
    ...(settings.authorizationServerRedirectUri.length === 0 ? [] : ["--authorization-server-redirect-uri"]),
    ...(settings.trustIssuer.length === 0 ? [] : ["--trust-issuer"]),
    ...(users === undefined ? [] : ["local.users of the setup file"])
  ]
  return settings.authorizationServer || unused.length === 0
    ? Effect.void
    : Effect.logWarning(`Without --authorization-server, this has no effect: ${unused.join(", ")}`)
}

/** Shows the URL to people. Its code is valid for a minute, so files and the logs of other programs do not get it. */
const printConsoleUrl = ({ consoleUrl }: LocalServer.Service): Effect.Effect<void> =>
  Effect.suspend(() =>
    process.stderr.isTTY
      ? Effect.flatMap(
        consoleUrl,
        (url) =>
          Console.error(
            `Console: ${Redacted.value(url)} (once, within a minute; later run: agentcore-identity console)`
          )
      )
      : Effect.void
  )

const start = (settings: Settings) =>
  Effect.gen(function*() {
    const accessKeys = yield* AccessKeys.readAccessKeys(settings.signatures)
    const { authorizationServer, environment: variables, server } = yield* Standalone.start({
      host: settings.host,
      port: settings.port,
      allowRemote: settings.allowRemote,
      allowedHosts: settings.allowedHost,
      signatures: settings.signatures,
      credentials: accessKeys.credentials,
      publicUrl: settings.publicUrl,
      accountId: settings.account,
      region: settings.region,
      workloadAccessTokenLifetime: settings.workloadTokenLifetime,
      secretEnvironment: Record.map(accessKeys.environment, (value) => Redacted.make(value)),
      authorizationServer: settings.authorizationServer
        ? {
          port: settings.authorizationServerPort ?? (settings.port === 0 ? 0 : settings.port + 1),
          scopes: settings.authorizationServerScope,
          audiences: settings.authorizationServerAudience,
          redirectUris: settings.authorizationServerRedirectUri,
          trustedIssuers: settings.trustIssuer
        }
        : undefined,
      load: (variables) =>
        Effect.gen(function*() {
          const loaded = settings.config === undefined
            ? { setup: undefined }
            : yield* SetupFile.load(settings.config, variables)
          yield* warnWithoutAuthorizationServer(settings, loaded.setup?.local?.users)
          return loaded
        })
    }).pipe(Effect.mapError(explainPort))

    yield* Effect.logInfo(`AgentCore Identity is ready at ${server.url}`).pipe(
      Effect.annotateLogs({
        signatures: settings.signatures,
        vault: settings.vault ?? "in memory",
        ...Option.match(authorizationServer, {
          onNone: () => ({}),
          onSome: ({ service }) => ({ authorizationServer: service.issuer })
        })
      })
    )
    const environment: Environment = {
      ...variables,
      AGENTCORE_LOCAL_PID: String(process.pid)
    }
    yield* StateFile.write({
      startedAt: DateTime.formatIso(yield* DateTime.now),
      url: server.url,
      environment
    })
    if (settings.envFile !== undefined) yield* EnvFile.write(settings.envFile, environment)
    if (settings.exec === undefined) yield* printConsoleUrl(server)
    return environment
  })

/** The exit code is that of the program, also after a signal. */
const execute = (command: string, args: ReadonlyArray<string>, environment: Environment) =>
  Effect.uninterruptible(Effect.map(Exec.run(command, args, environment), (code) => {
    process.exitCode = code
  }))

/** Runs the server until it is interrupted, or until the program of `--exec` ends. */
export const run = (settings: Settings) =>
  Effect.gen(function*() {
    const environment = yield* start(settings)
    if (settings.exec === undefined) {
      yield* Output.print(environment)
      return yield* Effect.never
    }
    const [command, ...args] = settings.exec
    yield* execute(command, args, environment)
  }).pipe(
    Effect.scoped,
    Effect.provide(layerStore(settings.vault))
  )
