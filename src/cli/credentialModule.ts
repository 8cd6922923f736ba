/** Loads the module of a program, which exports its declared credentials. */
import * as Arr from "effect/Array"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import { realpathSync } from "node:fs"
import { relative, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import type * as Credentials from "../Credentials.js"
import type { Entry } from "../http/forwardAuth/decide.js"
import type { ValidationException } from "../IdentityError.js"
import { isDeclared } from "../internal/identity/declared.js"
import { codeOf } from "../internal/messages.js"
import { isPlain } from "../internal/models/plainData.js"
import * as Config from "../promise/internal/config.js"
import * as Flags from "./credentialFlags.js"
import * as Terminal from "./terminal.js"

export class CannotLoadModule extends Data.TaggedError("CannotLoadModule")<{ readonly message: string }> {}

/** Whether Node does not run a module because it is TypeScript, or imports TypeScript. */
const needsCompiler = (file: string, code: string): boolean =>
  code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX" || code === "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING"
  || (code === "ERR_UNKNOWN_FILE_EXTENSION" && /\.([cm]?ts|[jt]sx)$/.test(file))

const explainTypeScript = (file: string, name: string): string => {
  const command = `${relative(process.cwd(), realpathSync(process.argv[1] ?? "."))} ${name}`
  return "it has syntax that Node cannot strip, such as an enum or JSX, or this Node strips no types. "
    + `Run 'npx tsx ${command} ${file}', or compile it, and give the JavaScript file`
}

const isCredential = (value: unknown): value is Credentials.Credential =>
  isDeclared(value, "AccessToken") || isDeclared(value, "ApiKey") || isDeclared(value, "IamAccessToken")

/** Runs a module, and returns its exports. Errors name the command. */
const runModule = (file: string, command: string): Effect.Effect<object, CannotLoadModule> =>
  Effect.tryPromise({
    try: (): Promise<object> => import(pathToFileURL(resolve(file)).href),
    catch: (error) => {
      const isTypeScript = needsCompiler(file, codeOf(error))
      const reason = isTypeScript ? explainTypeScript(file, command) : Terminal.messageOf(error)
      return new CannotLoadModule({ message: `Cannot load ${file}: ${reason}` })
    }
  })

const requireAny = <A>(
  file: string,
  found: ReadonlyArray<A>,
  missing: string
): Effect.Effect<Arr.NonEmptyReadonlyArray<A>, CannotLoadModule> =>
  Arr.isReadonlyArrayNonEmpty(found)
    ? Effect.succeed(found)
    : new CannotLoadModule({ message: `${file} exports no ${missing}` })

/** A configuration of the functions of `promise/Identity`, or of a credential of `promise/Connect`. */
const isConfig = (value: unknown): value is object => isPlain(value) && hasProperty(value, "providerName")

/** The credentials and configurations in a value, by name: those of a list or of an object with names, too. */
const collect = (name: string, value: unknown, levels = 3): ReadonlyArray<readonly [name: string, value: unknown]> => {
  if (isCredential(value) || isConfig(value)) return [[name, value]]
  if (levels === 0 || !(Array.isArray(value) || isPlain(value))) return []
  return Object.entries(value).flatMap(([key, one]) => collect(Array.isArray(value) ? name : key, one, levels - 1))
}

const declare = (
  [name, value]: readonly [name: string, value: unknown]
): Effect.Effect<Credentials.Credential, CannotLoadModule | ValidationException> => {
  if (!isConfig(value)) return Effect.succeed(value as Credentials.Credential)
  const isToken = hasProperty(value, "authFlow") || hasProperty(value, "scopes")
  const problem = (isToken ? Config.checkAccessTokenConfig : Config.checkApiKeyConfig)(value)
  if (problem !== undefined) {
    return new CannotLoadModule({ message: `The configuration '${name}' is invalid: ${problem.message}` })
  }
  return Flags.declare((): Credentials.Credential =>
    isToken
      ? AccessToken.Tag<unknown>()(name, Config.toDeclaration(value as Config.OAuth2WrapperConfig))
      : ApiKey.Tag<unknown>()(name, { provider: (value as Config.ApiKeyWrapperConfig).providerName })
  )
}

export const load = Effect.fnUntraced(function*(file: string, command: string) {
  const found = Object.entries(yield* runModule(file, command)).flatMap(([name, value]) => collect(name, value))
  // A value that is exported twice is one credential.
  const named = Array.from(
    new Map(found.map(([name, value]) => [value, name])),
    ([value, name]) => [name, value] as const
  )
  yield* requireAny(
    file,
    named,
    "credential. Export the classes that extend AccessToken.Tag, ApiKey.Tag or IamAccessToken.Tag, or configurations such "
      + "as { providerName, scopes, authFlow }. Or give a setup file"
  )
  return yield* Effect.forEach(named, declare)
})

/** Loads the credentials of a program with their origins. */
export const loadEntries = Effect.fnUntraced(function*(file: string, command: string) {
  const values = new Set<unknown>(Object.values(yield* runModule(file, command)).flat())
  return yield* requireAny(
    file,
    [...values].filter((value): value is Entry => hasProperty(value, "credential") && isCredential(value.credential)),
    "credential with its origins. Export an array of objects, as in "
      + "[{ credential: Calendar, origins: [\"https://www.googleapis.com\"] }]"
  )
})

/** Ends the process, because the module may have started something that keeps it alive. */
export const exit: Effect.Effect<never> = Effect.callback(() => Terminal.whenWritten(() => process.exit()))
