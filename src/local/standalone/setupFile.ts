/**
 * The setup file of a local server. The server applies its resources when it starts. It reads the section `local` again
 * when the file has changed, so that a developer can add secrets and keys to a running server.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as SynchronizedRef from "effect/SynchronizedRef"
import { stat } from "node:fs/promises"
import * as IdentitySetup from "../../IdentitySetup.js"
import { type CannotReadFile, readText } from "../internal/readText.js"
import type { Environment } from "./server.js"

type Settings = NonNullable<IdentitySetup.IdentitySetup["local"]>

export interface SetupFile {
  /** The file at the start. */
  readonly setup: IdentitySetup.IdentitySetup
  /** The current section `local`, or the last valid one while the file cannot be used. */
  readonly settings: Effect.Effect<Settings>
}

/** Undefined for what can be read only once, such as a pipe, and for a file that is being replaced. */
const readVersion = (file: string): Effect.Effect<string | undefined> =>
  Effect.tryPromise(() => stat(file, { bigint: true })).pipe(
    Effect.map((stats) => stats.isFile() ? `${stats.ino} ${stats.size} ${stats.mtimeNs}` : undefined),
    Effect.orElseSucceed(() => undefined)
  )

/** Parses the text of a setup. Its references can name the variables of the server, and those of the process. */
export const parse = (
  text: string,
  options: { readonly file: string; readonly variables: Environment }
): Effect.Effect<IdentitySetup.IdentitySetup, IdentitySetup.SetupParseError> =>
  Effect.provideService(
    IdentitySetup.parse(text, options),
    ConfigProvider.ConfigProvider,
    ConfigProvider.orElse(
      ConfigProvider.fromEnv({ env: options.variables }),
      ConfigProvider.fromEnv()
    )
  )

/** Reads the file, and again whenever it has changed. */
export const load = (
  file: string,
  variables: Environment
): Effect.Effect<SetupFile, CannotReadFile | IdentitySetup.SetupParseError> =>
  Effect.gen(function*() {
    const read = Effect.flatMap(readText(file), (text) => parse(text, { file, variables }))
    // Before the text, so that a change in between is seen.
    const first = yield* readVersion(file)
    const setup = yield* read
    const current = yield* SynchronizedRef.make({ version: first, settings: setup.local ?? {} })

    const readAgain = (before: Settings) =>
      Effect.matchEffect(read, {
        onFailure: ({ message }) =>
          Effect.as(
            Effect.logWarning(`The settings stay as they were, because the file cannot be used:\n${message}`),
            before
          ),
        onSuccess: ({ local = {} }) => Effect.as(Effect.logInfo(`Read the settings of ${file} again`), local)
      })

    const refresh = SynchronizedRef.updateAndGetEffect(current, (before) =>
      Effect.flatMap(readVersion(file), (version) =>
        version === undefined || version === before.version
          ? Effect.succeed(before)
          : Effect.map(readAgain(before.settings), (settings) => ({ version, settings }))))

    return {
      setup,
      settings: first === undefined
        ? Effect.succeed(setup.local ?? {})
        : Effect.map(refresh, ({ settings }) =>
          settings)
    }
  })
