/** Declared credentials of a command: by hand, from options, or those that a module exports. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import type { Flow } from "../ConsentSession.js"
import type { Credential } from "../Credentials.js"
import type { AccessTokenCredential, ApiKeyCredential } from "../Identity.js"
import { isDeclared } from "../identity/credentialTag.js"
import { ValidationException } from "../IdentityError.js"
import { codeOf } from "../internal/errorCode.js"

export interface AccessTokenOptions {
  readonly provider: string
  readonly flow: Flow
  readonly scope: ReadonlyArray<string>
  readonly resource: ReadonlyArray<string>
  readonly audience: ReadonlyArray<string>
  readonly parameter: ReadonlyArray<string>
  readonly returnUrl: string | undefined
}

export class InvalidOption extends Data.TaggedError("InvalidOption")<{ readonly message: string }> {}

const parseParameters = (
  parameters: ReadonlyArray<string>
): Effect.Effect<{ readonly [name: string]: string }, InvalidOption> =>
  Effect.map(
    Effect.forEach(parameters, (text) => {
      const index = text.indexOf("=")
      return index < 1
        ? new InvalidOption({ message: "--parameter has the form name=value, as in access_type=offline" })
        : Effect.succeed([text.slice(0, index), text.slice(index + 1)] as const)
    }),
    Object.fromEntries
  )

/** Runs what throws a `ValidationException` if it cannot be right. */
export const declare = <A>(make: () => A): Effect.Effect<A, ValidationException> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(make())
    } catch (error) {
      return error instanceof ValidationException ? Effect.fail(error) : Effect.die(error)
    }
  })

export const accessToken = (
  options: AccessTokenOptions
): Effect.Effect<AccessTokenCredential, InvalidOption | ValidationException> =>
  Effect.flatMap(
    parseParameters(options.parameter),
    (customParameters) =>
      declare(() =>
        AccessToken.Tag()(options.provider, {
          provider: options.provider,
          flow: options.flow,
          scopes: options.scope,
          resources: options.resource,
          audiences: options.audience,
          customParameters,
          returnUrl: options.returnUrl
        })
      )
  )

export const apiKey = (provider: string): Effect.Effect<ApiKeyCredential, ValidationException> =>
  declare(() => ApiKey.Tag()(provider, { provider }))

// -----------------------------------------------------------------------------
// Modules
// -----------------------------------------------------------------------------

export class CannotLoadModule extends Data.TaggedError("CannotLoadModule")<{ readonly message: string }> {}

/** Node 20 loads no TypeScript. Later versions load what needs no compiler. */
const needsCompiler = ["ERR_UNKNOWN_FILE_EXTENSION", "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"]

const describe = (error: unknown): string =>
  needsCompiler.includes(codeOf(error))
    ? "it is no plain ES module. Compile TypeScript first, and name the JavaScript"
    : error instanceof Error
    ? error.message
    : String(error)

const isCredential = (value: unknown): value is Credential =>
  isDeclared(value, "AccessToken") || isDeclared(value, "ApiKey") || isDeclared(value, "IamAccessToken")

/** The credentials that a module exports, each once. It runs the module. */
export const fromModule = (file: string): Effect.Effect<ReadonlyArray<Credential>, CannotLoadModule> =>
  Effect.tryPromise({
    try: (): Promise<object> => import(pathToFileURL(resolve(file)).href),
    catch: (error) => new CannotLoadModule({ message: `Cannot load ${file}: ${describe(error)}` })
  }).pipe(
    Effect.map((module) =>
      [...new Set(Object.values(module).flatMap((value) => Array.isArray(value) ? value : [value]))].filter(
        isCredential
      )
    ),
    Effect.filterOrFail(
      (credentials) => credentials.length > 0,
      () =>
        new CannotLoadModule({
          message:
            `${file} exports no declared credential, a class of AccessToken.Tag, ApiKey.Tag or IamAccessToken.Tag`
        })
    )
  )
