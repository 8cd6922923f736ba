/** Loads the module of a program, which exports its declared credentials. */
import * as Arr from "effect/Array"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import { realpathSync } from "node:fs"
import { relative, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type * as Credentials from "../Credentials.js"
import type { Entry } from "../http/ForwardAuth.js"
import { isDeclared } from "../identity/credentials.js"
import { codeOf } from "../internal/messages.js"
import * as Terminal from "./terminal.js"

export class CannotLoadModule extends Data.TaggedError("CannotLoadModule")<{ readonly message: string }> {}

/** Whether Node does not run a module because it is TypeScript, or imports TypeScript. */
const needsCompiler = (file: string, code: string): boolean =>
  code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX" || code === "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING"
  || (code === "ERR_UNKNOWN_FILE_EXTENSION" && /\.([cm]?ts|[jt]sx)$/.test(file))

const explainTypeScript = (file: string, name: string): string => {
  const command = `${relative(process.cwd(), realpathSync(process.argv[1] ?? "."))} ${name}`
  return "it has syntax that Node cannot strip, such as an enum or JSX, or this Node strips no types. "
    + `Run 'npx tsx ${command} ${file}', or compile it, and name the JavaScript`
}

const isCredential = (value: unknown): value is Credentials.Credential =>
  isDeclared(value, "AccessToken") || isDeclared(value, "ApiKey") || isDeclared(value, "IamAccessToken")

/** Runs a module, and returns what it exports and `find` accepts, each value once. Errors name the command. */
const loadValues = <A>(
  file: string,
  command: string,
  find: (value: unknown) => value is A,
  missing: string
): Effect.Effect<Arr.NonEmptyReadonlyArray<A>, CannotLoadModule> =>
  Effect.tryPromise({
    try: (): Promise<object> => import(pathToFileURL(resolve(file)).href),
    catch: (error) => {
      const reason = needsCompiler(file, codeOf(error))
        ? explainTypeScript(file, command)
        : error instanceof Error
        ? error.message
        : String(error)
      return new CannotLoadModule({ message: `Cannot load ${file}: ${reason}` })
    }
  }).pipe(
    Effect.map((module) => [...new Set(Object.values(module).flat())].filter(find)),
    Effect.filterOrFail(
      Arr.isArrayNonEmpty,
      () => new CannotLoadModule({ message: `${file} exports no ${missing}` })
    )
  )

/** Loads the credentials of a program. */
export const load = (file: string, command: string) =>
  loadValues(
    file,
    command,
    isCredential,
    "declared credential. Export the classes that extend AccessToken.Tag, ApiKey.Tag or IamAccessToken.Tag"
  )

/** Loads the credentials of a program with their origins. */
export const loadEntries = (file: string, command: string) =>
  loadValues(
    file,
    command,
    (value): value is Entry => hasProperty(value, "credential") && isCredential(value.credential),
    "credential with its origins. Export an array of objects, as in "
      + "[{ credential: Calendar, origins: [\"https://www.googleapis.com\"] }]"
  )

/** Ends the process, because the module may have started something that keeps it alive. */
export const exit: Effect.Effect<never> = Effect.callback(() => Terminal.whenWritten(() => process.exit()))
