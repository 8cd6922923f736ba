/** Who a command acts for, and which credential it needs: from its flags, the environment, and `.agentcore.json`. */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/Config"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import type { Flow } from "../ConsentSession.js"
import type { AccessTokenCredential, ApiKeyCredential } from "../Identity.js"
import { ValidationException } from "../IdentityError.js"
import { type LocalDevelopmentError, read } from "../local/development/file.js"
import type { UserIdentifier } from "../UserIdentifier.js"

export interface CallerFlags {
  readonly workload?: string | undefined
  readonly user?: string | undefined
}

export interface Caller {
  readonly workload: string | undefined
  readonly user: UserIdentifier | undefined
}

const file = ".agentcore.json"

export class MissingCaller extends Data.TaggedError("MissingCaller")<{ readonly missing: "workload" | "user" }> {
  override get message(): string {
    return this.missing === "workload"
      ? `no workload identity is named: give --workload, AGENTCORE_WORKLOAD, or "workload_identity_name" in ${file}`
      : `no user is named, and the credential is one that a user grants: give --user, AGENTCORE_USER, AGENTCORE_USER_TOKEN, or "user_id" in ${file}`
  }
}

/** A JWT is a secret, so it has no option. */
const userToken = Config.option(Config.Redacted("AGENTCORE_USER_TOKEN"))

/** Finds the caller. The file is read, and never written. */
export const findCaller = (settings: CallerFlags): Effect.Effect<Caller, LocalDevelopmentError | ConfigError> =>
  Effect.gen(function*() {
    const token = yield* userToken
    // A JWT of the environment counts unless the command line names a user.
    if (settings.user === undefined && Option.isSome(token)) {
      return {
        workload: settings.workload ?? (yield* readFile).workloadName,
        user: { userToken: token.value }
      }
    }
    const found = settings.workload !== undefined && settings.user !== undefined ? {} : yield* readFile
    const userId = settings.user ?? found.userId
    return {
      workload: settings.workload ?? found.workloadName,
      user: userId === undefined ? undefined : { userId }
    }
  })

const readFile = read(file)

export const requireWorkload = ({ workload }: Caller): Effect.Effect<string, MissingCaller> =>
  workload === undefined ? new MissingCaller({ missing: "workload" }) : Effect.succeed(workload)

export const requireUser = ({ user }: Caller): Effect.Effect<UserIdentifier, MissingCaller> =>
  user === undefined ? new MissingCaller({ missing: "user" }) : Effect.succeed(user)

/** Names the user. A JWT is not shown. */
export const describeUser = (user: UserIdentifier | undefined): string =>
  user === undefined ? "no user" : user.userId === undefined ? "the user of a JWT" : `user ${user.userId}`

export interface AccessTokenFlags {
  readonly provider: string
  readonly flow: Flow
  readonly scope?: ReadonlyArray<string> | undefined
  readonly resource?: ReadonlyArray<string> | undefined
  readonly audience?: ReadonlyArray<string> | undefined
  readonly parameter?: ReadonlyArray<string> | undefined
  readonly returnUrl?: string | undefined
}

export class InvalidOption extends Data.TaggedError("InvalidOption")<{ readonly message: string }> {}

const parseParameters = (parameters: ReadonlyArray<string>) =>
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
  options: AccessTokenFlags
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
