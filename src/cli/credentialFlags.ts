/** The caller and the credential of a command, from its flags, the environment and `.agentcore.json`. */
import * as Config from "effect/Config"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import * as AwsIdentity from "../aws/AwsIdentity.js"
import type { Flow } from "../ConsentSession.js"
import type { ValidationException } from "../IdentityError.js"
import { read } from "../local/development/file.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import type { Target } from "./target.js"

export interface CallerFlags {
  readonly workload?: string | undefined
  readonly user?: string | undefined
}

/** The caller that a command acts as, and where. */
export interface Caller {
  readonly target: Target
  readonly workload: string
  readonly user: UserIdentifier | undefined
}

const file = ".agentcore.json"

export class MissingCaller extends Data.TaggedError("MissingCaller")<{ readonly missing: "workload" | "user" }> {
  override get message(): string {
    return this.missing === "workload"
      ? `no workload identity is named: give --workload, AGENTCORE_WORKLOAD, or "workload_identity_name" in ${file}`
      : "no user is named, and a user has to grant this credential: "
        + `give --user, AGENTCORE_USER, AGENTCORE_USER_TOKEN, or "user_id" in ${file}`
  }
}

/** Finds the caller. It reads the file if the flags and the environment do not name the caller, and never writes it. */
export const findCaller = Effect.fnUntraced(function*(flags: CallerFlags) {
  // A JWT is a secret, so it has no flag. A user on the command line takes precedence.
  const token = Option.filter(
    yield* Config.option(Config.Redacted("AGENTCORE_USER_TOKEN")),
    () => flags.user === undefined
  )
  const isComplete = flags.workload !== undefined && (flags.user !== undefined || Option.isSome(token))
  const found = isComplete ? {} : yield* read(file)
  const userId = flags.user ?? found.userId
  return {
    workload: flags.workload ?? found.workloadName,
    user: Option.isSome(token) ? { userToken: token.value } : userId === undefined ? undefined : { userId }
  }
})

/** Fails if the flags, the environment and the file do not name this part of the caller. */
export const requireKnown = <A>(
  found: A | undefined,
  missing: MissingCaller["missing"]
): Effect.Effect<A, MissingCaller> => found === undefined ? new MissingCaller({ missing }) : Effect.succeed(found)

/** The services of AWS, and the workload access token of the caller. */
export const layer = (region: string | undefined, name: string, user: UserIdentifier | undefined) =>
  Layer.provideMerge(WorkloadAccessToken.layerWorkload({ name, user }), AwsIdentity.layer({ region }))

/** Names the user. It does not show a JWT. */
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

const parseParameter = (parameter: string) => {
  const index = parameter.indexOf("=")
  return index < 1
    ? new InvalidOption({ message: "--parameter has the form name=value, as in access_type=offline" })
    : Effect.succeed([parameter.slice(0, index), parameter.slice(index + 1)] as const)
}

/** Runs a function that throws only `ValidationException`s. */
export const declare = <A>(make: () => A): Effect.Effect<A, ValidationException> =>
  Effect.try({ try: make, catch: (error) => error as ValidationException })

export const accessToken = (
  { audience, flow, parameter = [], provider, resource, returnUrl, scope }: AccessTokenFlags
) =>
  Effect.flatMap(Effect.forEach(parameter, parseParameter), (parameters) =>
    declare(() =>
      AccessToken.Tag()(provider, {
        provider,
        flow,
        scopes: scope,
        resources: resource,
        audiences: audience,
        customParameters: Object.fromEntries(parameters),
        returnUrl
      })
    ))

export const apiKey = (provider: string) => declare(() => ApiKey.Tag()(provider, { provider }))
