/**
 * The setup file of a local server. The server applies its resources at the start. It reads the section `local` again
 * when the file has changed, so that a developer can add secrets and keys to a running server.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as SynchronizedRef from "effect/SynchronizedRef"
import { stat } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import * as IdentitySetup from "../../IdentitySetup.js"
import * as IamPolicy from "../../internal/iamPolicy.js"
import { makeParser } from "../../internal/identitySetup/parser.js"
import { readText } from "../internal/safeFile.js"
import type { Environment } from "./standaloneServer.js"

type Settings = NonNullable<IdentitySetup.IdentitySetup["local"]>

/** Returns undefined for anything that can be read only once, such as a pipe, and for a file that is being replaced. */
const readVersion = (file: string): Effect.Effect<string | undefined> =>
  Effect.tryPromise(() => stat(file, { bigint: true })).pipe(
    Effect.map((stats) => stats.isFile() ? `${stats.ino} ${stats.size} ${stats.mtimeNs}` : undefined),
    Effect.orElseSucceed(() => undefined)
  )

/** The paths in a setup file are relative to its folder. */
const resolveFiles = (file: string) => (setup: IdentitySetup.IdentitySetup): IdentitySetup.IdentitySetup => {
  const files = setup.local?.certificateAuthorities
  return files === undefined
    ? setup
    : { ...setup, local: { ...setup.local, certificateAuthorities: files.map((path) => resolve(dirname(file), path)) } }
}

/** Parses a setup. Its references can name variables of the server and of the process. */
export const parse = (
  text: string,
  options: { readonly file: string; readonly variables: Environment }
): Effect.Effect<IdentitySetup.IdentitySetup, IdentitySetup.SetupParseError> =>
  Effect.provideService(
    Effect.map(IdentitySetup.parse(text, options), resolveFiles(options.file)),
    ConfigProvider.ConfigProvider,
    ConfigProvider.orElse(ConfigProvider.fromEnv({ env: options.variables }), ConfigProvider.fromEnv())
  )

/** Parses an IAM policy. Takes the text, and the name of its file. Like AWS, it rejects comments. */
export const parsePolicy = makeParser(IamPolicy.Policy, { isJson: true })

export const loadPolicy = (file: string) => Effect.flatMap(readText(file), (text) => parsePolicy(text, file))

/** The account and the region that all ARNs of a policy name. Another account would be denied everything. */
export const placeOf = (policy: IamPolicy.Policy | undefined) => {
  const arns = [...JSON.stringify(policy ?? {}).matchAll(/"arn:aws:bedrock-agentcore:([a-z\d-]+):(\d{12}):/g)]
  const only = (part: 1 | 2) => {
    const [first, ...others] = new Set(arns.map((arn) => arn[part]))
    return others.length === 0 ? first : undefined
  }
  return { accountId: only(2), region: only(1) }
}

/** Reads the file now, and again whenever it has changed. */
export const load = (file: string, variables: Environment) =>
  Effect.gen(function*() {
    const read = Effect.flatMap(readText(file), (text) => parse(text, { file, variables }))
    // Read before the text, so that a change in between counts as a change.
    const first = yield* readVersion(file)
    const setup = yield* read
    const current = yield* SynchronizedRef.make({ version: first, settings: setup.local ?? {} })

    const readAgain = (before: Settings) =>
      read.pipe(
        Effect.map(({ local = {} }) => local),
        Effect.tap(Effect.logInfo(`Read the section 'local' of ${file} again`)),
        Effect.catch(({ message }) =>
          Effect.as(
            Effect.logWarning(`The settings stay as they were, because the file cannot be used:\n${message}`),
            before
          )
        )
      )

    const refresh = SynchronizedRef.updateAndGetEffect(current, (before) =>
      Effect.flatMap(readVersion(file), (version) =>
        // The first version is undefined for a pipe.
        first === undefined || version === undefined || version === before.version
          ? Effect.succeed(before)
          : Effect.map(readAgain(before.settings), (settings) => ({ version, settings }))))

    return {
      setup,
      settings: Effect.map(refresh, ({ settings }) =>
        settings)
    }
  })
