/** The credentials that flags of a command describe. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import type { Flow } from "../ConsentSession.js"
import type { AccessTokenCredential, ApiKeyCredential } from "../Identity.js"
import { ValidationException } from "../IdentityError.js"

export interface AccessTokenOptions {
  readonly provider: string
  readonly flow: Flow
  readonly scope?: ReadonlyArray<string> | undefined
  readonly resource?: ReadonlyArray<string> | undefined
  readonly audience?: ReadonlyArray<string> | undefined
  readonly parameter?: ReadonlyArray<string> | undefined
  readonly returnUrl?: string | undefined
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
    parseParameters(options.parameter ?? []),
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
