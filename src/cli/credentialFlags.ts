/** The caller and the credential of a command, from its flags, the environment and `.agentcore.json`. */
import * as Config from "effect/Config"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import * as AwsIdentity from "../aws/AwsIdentity.js"
import type { Flow } from "../ConsentSession.js"
import { ControlPlane } from "../ControlPlane.js"
import { ResourceNotFoundException, type TransportError, type ValidationException } from "../IdentityError.js"
import { boundedFetch } from "../internal/boundedFetch.js"
import { didYouMean } from "../internal/models/violation.js"
import { read } from "../local/development/callerFile.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import type { Target } from "./target.js"

export interface CallerFlags {
  readonly region?: string | undefined
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

export class MissingCaller extends Data.TaggedError("MissingCaller")<{ readonly message: string }> {}

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

const workloadFlags = `--workload, AGENTCORE_WORKLOAD, or "workload_identity_name" in ${file}`

export const onlyWorkload = (names: ReadonlyArray<string> | undefined, hasMore: boolean) => {
  const missing = (message: string) => new MissingCaller({ message })
  if (names === undefined) return missing(`no workload identity is named: give ${workloadFlags}`)
  const [first, ...others] = names
  if (first === undefined) {
    return missing(
      "there is no workload identity. Create one in code with WorkloadIdentity.ensure, or in the setup file under "
        + "workloadIdentities"
    )
  }
  if (others.length === 0 && !hasMore) return Effect.succeed(first)
  const all = `${names.join(", ")}${hasMore ? ", and more" : ""}`
  return missing(`there are several workload identities: ${all}. Choose one with ${workloadFlags}`)
}

/** Returns the workload identity that is named, or else the only one. */
export const requireWorkload = Effect.fnUntraced(function*(name: string | undefined) {
  if (name !== undefined) return name
  const { nextToken, workloadIdentities } = yield* Effect.catch(
    ControlPlane.use((plane) => plane.listWorkloadIdentities({})),
    (error) =>
      error._tag === "TransportError"
        ? Effect.fail(error)
        : Effect.succeed({ workloadIdentities: undefined, nextToken: undefined })
  )
  return yield* onlyWorkload(workloadIdentities?.map(({ name }) => name), nextToken !== undefined)
})

export const requireUser = (user: UserIdentifier | undefined): Effect.Effect<UserIdentifier, MissingCaller> =>
  user !== undefined ? Effect.succeed(user) : new MissingCaller({
    message: "no user is named, and a user has to grant this credential: "
      + `give --user, AGENTCORE_USER, AGENTCORE_USER_TOKEN, or "user_id" in ${file}. `
      + "For a token of the agent itself, give --flow M2M"
  })

const Discovery = Schema.Struct({
  oauth2ProviderConfigOutput: Schema.Struct({
    customOauth2ProviderConfig: Schema.Struct({ oauthDiscovery: Schema.Struct({ discoveryUrl: Schema.String }) })
  })
})

const Metadata = Schema.Struct({ grant_types_supported: Schema.Array(Schema.String) })

const withHint = (error: ResourceNotFoundException, hint: Effect.Effect<string, unknown, ControlPlane>) =>
  Effect.flatMap(
    Effect.orElseSucceed(hint, () => ""),
    (text) => new ResourceNotFoundException({ ...error, message: error.message + text })
  )

/** Adds the command for an API key of this name, or the name of the provider that was probably meant. */
const suggestProvider = (provider: string, error: ResourceNotFoundException) =>
  withHint(
    error,
    ControlPlane.use((plane) =>
      plane.getApiKeyCredentialProvider({ name: provider }).pipe(
        Effect.as(`. '${provider}' is an API key: use 'npx agentcore-identity api-key ${provider}'`),
        Effect.catch(() =>
          Effect.map(
            Stream.runCollect(plane.streamOauth2CredentialProviders()),
            (all) => didYouMean(provider, all.map(({ name }) => name))
          )
        )
      )
    )
  )

/** Adds the command for a token, if an OAuth2 provider has the name. */
export const suggestToken = (provider: string) => (error: ResourceNotFoundException) =>
  withHint(
    error,
    ControlPlane.use((plane) =>
      Effect.as(
        plane.getOauth2CredentialProvider({ name: provider }),
        `. '${provider}' is an OAuth2 provider: use 'npx agentcore-identity token ${provider}'`
      )
    )
  )

/** The grants that the authorization server of a provider advertises. Empty if they are unknown. */
const findGrants = (
  provider: string
): Effect.Effect<ReadonlyArray<string>, ResourceNotFoundException | TransportError, ControlPlane> =>
  ControlPlane.use((plane) => plane.getOauth2CredentialProvider({ name: provider })).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(Schema.toType(Discovery))),
    Effect.flatMap(({ oauth2ProviderConfigOutput: { customOauth2ProviderConfig: { oauthDiscovery } } }) =>
      Effect.tryPromise((signal) =>
        boundedFetch(oauthDiscovery.discoveryUrl, {}, { timeout: 5000, signal }).then((response) => response.json())
      )
    ),
    Effect.flatMap(Schema.decodeUnknownEffect(Metadata)),
    Effect.map(({ grant_types_supported }) => grant_types_supported),
    Effect.catch((error): ReturnType<typeof findGrants> =>
      error._tag === "ResourceNotFoundException"
        ? suggestProvider(provider, error)
        : error._tag === "TransportError"
        ? Effect.fail(error)
        : Effect.succeed([])
    )
  )

/**
 * Chooses a flow if `--flow` is not given: the one that the authorization server supports, or the one of the caller.
 * Returns it with the reason. A user has to grant the token unless the server advertises client credentials.
 */
export const chooseFlow = (provider: string, user: UserIdentifier | undefined) =>
  Effect.map(findGrants(provider), (grants): { readonly flow: Flow; readonly reason?: string } => {
    const hasUser = grants.includes("authorization_code")
    if (!grants.includes("client_credentials")) return { flow: "USER_FEDERATION" }
    if (!hasUser) return { flow: "M2M", reason: "The authorization server supports no other one" }
    return user === undefined
      ? { flow: "M2M", reason: "For a token of a user, give --user" }
      : { flow: "USER_FEDERATION", reason: "For a token of the agent itself, give --flow M2M" }
  })

export const layer = (region: string | undefined) => AwsIdentity.layer({ region })

/** Names the user. It does not show a JWT. */
export const describeUser = (user: UserIdentifier | undefined): string =>
  user === undefined ? "no user" : user.userId === undefined ? "the user of a JWT" : `user ${user.userId}`

export interface AccessTokenFlags {
  readonly provider: string
  readonly flow?: Flow | undefined
  readonly scope?: ReadonlyArray<string> | undefined
  readonly resource?: ReadonlyArray<string> | undefined
  readonly audience?: ReadonlyArray<string> | undefined
  readonly parameter?: Readonly<Record<string, string>> | undefined
  readonly returnUrl?: string | undefined
}

export class InvalidOption extends Data.TaggedError("InvalidOption")<{ readonly message: string }> {}

/** Runs a function that throws only `ValidationException`s. */
export const declare = <A>(make: () => A): Effect.Effect<A, ValidationException> =>
  Effect.try({ try: make, catch: (error) => error as ValidationException })

export const accessToken = ({ flow = "USER_FEDERATION", provider, returnUrl, ...flags }: AccessTokenFlags) =>
  declare(() =>
    AccessToken.Tag<unknown>()(provider, {
      provider,
      flow,
      scopes: flags.scope,
      resources: flags.resource,
      audiences: flags.audience,
      customParameters: flags.parameter,
      returnUrl
    })
  )

export const apiKey = (provider: string) => declare(() => ApiKey.Tag<unknown>()(provider, { provider }))
