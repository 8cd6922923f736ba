/**
 * Functions over a list of all the declared credentials of a program. They check the setup at AWS, make the IAM policy,
 * and read what the current user has granted.
 *
 * {@link status} and {@link consentAll} ignore all credentials except those with the flow `USER_FEDERATION`.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ControlPlane, operations } from "./ControlPlane.js"
import { type AccessTokenError, type ConsentOptions, Identity } from "./Identity.js"
import type { RequiresUserConsent } from "./IdentityError.js"
import * as Check from "./internal/credentials/check.js"
import { type Credential, isUserCredential } from "./internal/credentials/credential.js"
import type { Policy, PolicyOptions } from "./internal/credentials/policy.js"
import * as Policies from "./internal/credentials/policy.js"
import type { Problem } from "./internal/credentials/problems.js"
import type { Status } from "./internal/credentials/status.js"
import * as Statuses from "./internal/credentials/status.js"
import type * as Operation from "./Operation.js"
import type { UserIdentifier } from "./UserIdentifier.js"
import type { WorkloadAccessToken, WorkloadAccessTokenError } from "./WorkloadAccessToken.js"

export type {
  /** @since 0.2.0 */
  Credential
} from "./internal/credentials/credential.js"
export type {
  /** @since 0.2.0 */
  Policy,
  /** @since 0.2.0 */
  PolicyOptions
} from "./internal/credentials/policy.js"
export type {
  /** @since 0.2.0 */
  Problem
} from "./internal/credentials/problems.js"
export type {
  /** @since 0.2.0 */
  Status
} from "./internal/credentials/status.js"

/** The caller of a run. The declarations of a program could not name a type of a private module. */
type Caller = {
  /** The name of the workload identity. */
  readonly name: string
  /** The user, by id or by JWT. */
  readonly user: UserIdentifier
}

/**
 * Checks the setup at the control plane: the workload identity, the kinds and states of the credential providers, and
 * the return URLs. Each problem says what to do. An empty list means that no problem was found. A `NotVisible` names
 * something that the caller has no permission to read.
 *
 * `check` only reads. A credential without a return URL uses `Consent.ReturnUrl`.
 *
 * @since 0.2.0
 * @category operations
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as ApiKey from "effect-agentcore-identity/ApiKey"
 * import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
 * import * as Credentials from "effect-agentcore-identity/Credentials"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *   returnUrl: "https://agent.example.com/consent"
 * }) {}
 *
 * class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}
 *
 * const program = Effect.gen(function*() {
 *   for (const problem of yield* Credentials.check([Calendar, Weather], { workload: "my-agent" })) {
 *     yield* Console.error(problem.message)
 *   }
 * }).pipe(Effect.provide(AwsPlanes.layer({ region: "us-west-2" })))
 */
export const check = (
  list: ReadonlyArray<Credential>,
  options: {
    /** The name of the workload identity. */
    readonly workload: string
  }
): Effect.Effect<
  ReadonlyArray<Problem>,
  // The others are problems.
  Exclude<
    Operation.Error<typeof operations.getOauth2CredentialProvider>,
    { readonly _tag: "AccessDeniedException" | "ResourceNotFoundException" }
  >,
  ControlPlane
> => Effect.withSpan(Check.check(list, options.workload), "Credentials.check")

/**
 * Returns the minimal IAM policy for a program with these credentials. `JSON.stringify` turns it into the document.
 *
 * - `users: "userId"` lets the program act for every user of the workload, because it only needs a user's id. The `Sid`
 *   of the statement says so. To limit this, add a condition on the key `bedrock-agentcore:userid`.
 * - `users: "runtime"` has no statement for workload access tokens, because AgentCore Runtime supplies them. This holds
 *   for agents with its service-linked role. AWS's page on permissions of Runtime still lists the three actions.
 * - AgentCore uses the caller's permissions to read the secrets of providers (`secretsmanager:GetSecretValue`), to sign
 *   with KMS keys and to request AWS-signed JWTs. If a customer managed key encrypts a secret, the program also needs
 *   `kms:Decrypt` on that key.
 * - `sts:GetWebIdentityToken` has one resource, `arn:aws:sts::<account>:self`. Conditions limit it to the declared
 *   audience, algorithm and duration, but not for the JWTs of `AWS_IAM_ID_TOKEN_JWT`.
 *
 * Sources: AWS's Service Authorization Reference, "Client authentication methods" of the AgentCore developer guide, the
 * ARNs of secrets and the resource of STS as recorded from AWS in 2026, and reports of users that the caller needs
 * permission to read the secrets that AgentCore stores.
 *
 * Throws a `ValidationException` that names the property if an option is invalid, or if credentials that act for users
 * do not fit `users`.
 *
 * @since 0.2.0
 * @category constructors
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Credentials from "effect-agentcore-identity/Credentials"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"]
 * }) {}
 *
 * const policy = Credentials.policy([Calendar], {
 *   workload: "my-agent",
 *   account: "123456789012",
 *   region: "us-west-2",
 *   users: "jwt"
 * })
 *
 * console.log(JSON.stringify(policy, null, 2))
 */
export const policy = (list: ReadonlyArray<Credential>, options: PolicyOptions): Policy => Policies.make(list, options)

/**
 * Reads whether the current user has granted each `USER_FEDERATION` credential, in the order of the list.
 *
 * AgentCore has no operation for this, so `status` requests each credential. A request for a credential that is not
 * granted opens an authorization session, which expires unused after ten minutes. At most `concurrency` requests run at
 * the same time, and responses are remembered for a short time, by `Identity` and caller. A grant that the vendor has
 * revoked still counts, because AgentCore does not notice the revocation.
 *
 * It fails only if there is no workload access token. If the request for a credential fails, the status is `Unknown`,
 * and is not remembered.
 *
 * @since 0.2.0
 * @category operations
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Consent from "effect-agentcore-identity/Consent"
 * import * as Credentials from "effect-agentcore-identity/Credentials"
 * import * as Effect from "effect/Effect"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"]
 * }) {}
 *
 * const connections = Effect.map(
 *   Credentials.status([Calendar]),
 *   (all) => all.map(({ _tag, credential }) => `${credential.request.provider}: ${_tag}`)
 * )
 *
 * // Asks for those that are not granted.
 * const connect = Credentials.consentAll([Calendar], { consent: Consent.openBrowser })
 */
export const status = (
  list: ReadonlyArray<Credential>,
  { caller, concurrency = 3, remember = "30 seconds" }: {
    /**
     * The caller to remember responses for, by workload identity and user. Set it in a server that obtains a workload
     * access token for each request. By default, responses are remembered by workload access token, so nothing is
     * remembered for a new token of a user.
     */
    readonly caller?: Caller | undefined
    /** How long a response is remembered. Zero remembers nothing. Default: 30 seconds. */
    readonly remember?: Duration.Input | undefined
    /** The maximum number of concurrent requests. Default: 3. */
    readonly concurrency?: number | undefined
  } = {}
): Effect.Effect<ReadonlyArray<Status>, WorkloadAccessTokenError, Identity | WorkloadAccessToken> =>
  Effect.withSpan(
    Statuses.status(list.filter(isUserCredential), { caller, concurrency, remember }),
    "Credentials.status"
  )

/**
 * Asks the current user to consent to every `USER_FEDERATION` credential in the list that is not granted, in order.
 * Call it before a conversation starts. It stops at the first failure.
 *
 * @since 0.2.0
 * @category operations
 */
export const consentAll = <E = RequiresUserConsent, R = never>(
  list: ReadonlyArray<Credential>,
  { caller, ...consent }: ConsentOptions<E, R> & {
    /** The caller that {@link status} gets. After each consent, `status` forgets what it remembers about them. */
    readonly caller?: Caller | undefined
  } = {}
): Effect.Effect<void, AccessTokenError | E, Identity | WorkloadAccessToken | R> =>
  Effect.forEach(
    list.filter(isUserCredential),
    (credential) =>
      Identity.use((identity) => identity.getAccessToken(credential, consent)).pipe(
        Effect.andThen(Statuses.forget(caller))
      ),
    { discard: true }
  ).pipe(Effect.withSpan("Credentials.consentAll"))
