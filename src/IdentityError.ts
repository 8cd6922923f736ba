/**
 * Everything that can go wrong, as a closed set of tagged errors. An exception of the service keeps its AWS name as `_tag`:
 * it is what the AWS documentation, IAM and CloudTrail call it.
 *
 * No error shows a token, a key, an authorization URL, or a body that the service sent: what has to be in one is `Redacted`.
 *
 * @since 0.1.0
 */
import { hasProperty } from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ConsentSession } from "./ConsentSession.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId = "~effect-agentcore-identity/IdentityError" as const

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Whether a value is one of this module's errors.
 *
 * @since 0.1.0
 * @category predicates
 * @example
 * import * as IdentityError from "effect-agentcore-identity/IdentityError"
 *
 * const error = new IdentityError.NoTokenOrUrl({ provider: "github" })
 *
 * console.log(IdentityError.isIdentityError(error)) // true
 * console.log(IdentityError.isIdentityError(new Error("other"))) // false
 */
export const isIdentityError = (u: unknown): u is IdentityError => hasProperty(u, TypeId)

// -----------------------------------------------------------------------------
// Exceptions of the service
// -----------------------------------------------------------------------------

// The plane knows which operation it performs: an implementation leaves the name out, and `make` of the plane adds it.
const operation = Schema.propertySignature(Schema.String).pipe(Schema.withConstructorDefault(() => ""))

const serviceFields = {
  /** The AWS name of the operation, as in `GetResourceOauth2Token`. Every error of a plane has it. */
  operation,
  message: Schema.String,
  /** The service's request id; absent when the error was raised before anything was sent. */
  requestId: Schema.optional(Schema.String)
}

/**
 * A member of a request, and the constraint that it breaks.
 *
 * @since 0.1.0
 * @category models
 */
export const ValidationExceptionField = Schema.Struct({ name: Schema.String, message: Schema.String })

/**
 * @since 0.1.0
 * @category models
 */
export type ValidationExceptionField = typeof ValidationExceptionField.Type

/**
 * The request breaks a limit of the service, or a rule of the flow. Raised by the service, and locally before anything
 * is sent (then without `requestId`): `fieldList` names the members and the constraints they break. HTTP 400.
 *
 * @since 0.1.0
 * @category errors
 */
export class ValidationException
  extends Schema.TaggedError<ValidationException>("effect-agentcore-identity/ValidationException")(
    "ValidationException",
    {
      ...serviceFields,
      reason: Schema.optional(Schema.String),
      fieldList: Schema.optional(Schema.Array(ValidationExceptionField))
    }
  )
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * The workload access token is unknown, malformed or expired. HTTP 401.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnauthorizedException
  extends Schema.TaggedError<UnauthorizedException>("effect-agentcore-identity/UnauthorizedException")(
    "UnauthorizedException",
    serviceFields
  )
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * The caller may not do this: an IAM policy is missing, or an authorization is completed with another identifier than
 * the one that it was started for. HTTP 403.
 *
 * @since 0.1.0
 * @category errors
 */
export class AccessDeniedException
  extends Schema.TaggedError<AccessDeniedException>("effect-agentcore-identity/AccessDeniedException")(
    "AccessDeniedException",
    serviceFields
  )
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * No workload identity, credential provider or vault has this name. HTTP 404.
 *
 * @since 0.1.0
 * @category errors
 */
export class ResourceNotFoundException
  extends Schema.TaggedError<ResourceNotFoundException>("effect-agentcore-identity/ResourceNotFoundException")(
    "ResourceNotFoundException",
    serviceFields
  )
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * More calls than the service's quota allows (200 token requests a second, 20 control plane requests a second and
 * operation: AWS documentation). HTTP 429.
 *
 * @since 0.1.0
 * @category errors
 */
export class ThrottlingException
  extends Schema.TaggedError<ThrottlingException>("effect-agentcore-identity/ThrottlingException")(
    "ThrottlingException",
    serviceFields
  )
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * The service failed. HTTP 500.
 *
 * @since 0.1.0
 * @category errors
 */
export class InternalServerException
  extends Schema.TaggedError<InternalServerException>("effect-agentcore-identity/InternalServerException")(
    "InternalServerException",
    serviceFields
  )
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * The resource is being changed by somebody else, or its state does not allow the change. HTTP 409.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConflictException
  extends Schema.TaggedError<ConflictException>("effect-agentcore-identity/ConflictException")(
    "ConflictException",
    serviceFields
  )
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * The token vault was changed at the same time. HTTP 409.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConcurrentModificationException extends Schema.TaggedError<ConcurrentModificationException>(
  "effect-agentcore-identity/ConcurrentModificationException"
)(
  "ConcurrentModificationException",
  serviceFields
) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * A quota of the account is used up (50 credential providers of each kind, 11,000 workload identities: AWS
 * documentation). HTTP 402.
 *
 * @since 0.1.0
 * @category errors
 */
export class ServiceQuotaExceededException
  extends Schema.TaggedError<ServiceQuotaExceededException>("effect-agentcore-identity/ServiceQuotaExceededException")(
    "ServiceQuotaExceededException",
    serviceFields
  )
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * A limit of a resource is exceeded. HTTP 400.
 *
 * @since 0.1.0
 * @category errors
 */
export class ResourceLimitExceededException extends Schema.TaggedError<ResourceLimitExceededException>(
  "effect-agentcore-identity/ResourceLimitExceededException"
)(
  "ResourceLimitExceededException",
  serviceFields
) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * The secret could not be encrypted with the key of the token vault. HTTP 400.
 *
 * @since 0.1.0
 * @category errors
 */
export class EncryptionFailure
  extends Schema.TaggedError<EncryptionFailure>("effect-agentcore-identity/EncryptionFailure")(
    "EncryptionFailure",
    serviceFields
  )
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * The secret could not be decrypted with the key of the token vault. HTTP 400.
 *
 * @since 0.1.0
 * @category errors
 */
export class DecryptionFailure
  extends Schema.TaggedError<DecryptionFailure>("effect-agentcore-identity/DecryptionFailure")(
    "DecryptionFailure",
    serviceFields
  )
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * An exception that the service model does not have, or an answer of something in front of the service (a proxy, a load
 * balancer). `code` is the name that it was sent under, `status` the HTTP status.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownServiceError extends Schema.TaggedError<UnknownServiceError>(
  "effect-agentcore-identity/UnknownServiceError"
)("UnknownServiceError", {
  ...serviceFields,
  code: Schema.String,
  status: Schema.optional(Schema.Number)
}) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

// -----------------------------------------------------------------------------
// No answer
// -----------------------------------------------------------------------------

const transportAdvice = {
  connection: "the connection failed or was lost. Check the endpoint and the network",
  timeout: "no answer came in time",
  credentials: "no usable AWS credentials were found. Sign in, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
  undecodable: "the answer could not be read. Check that the endpoint is the service itself and not a proxy before it"
}

/**
 * The service gave no answer that can be read.
 *
 * - `connection`: refused, reset, not resolved, or cut off
 * - `timeout`: no answer in time
 * - `credentials`: the AWS credential chain gave none, so nothing was sent
 * - `undecodable`: an answer that is not of the protocol; of its body nothing is kept
 *
 * `code` is the code or the name of the underlying error (`ECONNREFUSED`, `CredentialsProviderError`), `status` the HTTP
 * status where there was one. `cause` is the underlying error, `Redacted`, because such errors can quote what was sent or received.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransportError extends Schema.TaggedError<TransportError>("effect-agentcore-identity/TransportError")(
  "TransportError",
  {
    operation,
    kind: Schema.Literal("connection", "timeout", "credentials", "undecodable"),
    code: Schema.optional(Schema.String),
    status: Schema.optional(Schema.Number),
    requestId: Schema.optional(Schema.String),
    cause: Schema.optional(Schema.Redacted(Schema.Defect))
  }
) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
  override get message(): string {
    const facts = [this.code, this.status === undefined ? undefined : `status ${this.status}`].filter((fact) =>
      fact !== undefined
    )
    return `${this.operation}: ${transportAdvice[this.kind]}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`
  }
}

// -----------------------------------------------------------------------------
// Exceptions of STS
// -----------------------------------------------------------------------------

/**
 * The account does not issue JWTs to the outside: outbound web identity federation is off. The message says how to turn it on.
 * HTTP 403.
 *
 * @since 0.1.0
 * @category errors
 */
export class OutboundWebIdentityFederationDisabledException
  extends Schema.TaggedError<OutboundWebIdentityFederationDisabledException>(
    "effect-agentcore-identity/OutboundWebIdentityFederationDisabledException"
  )("OutboundWebIdentityFederationDisabledException", serviceFields)
{
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * The token would live longer than the session of the credentials that ask for it. HTTP 403.
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionDurationEscalationException extends Schema.TaggedError<SessionDurationEscalationException>(
  "effect-agentcore-identity/SessionDurationEscalationException"
)("SessionDurationEscalationException", serviceFields) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * Audiences and tags make the token too large. HTTP 400.
 *
 * @since 0.1.0
 * @category errors
 */
export class JWTPayloadSizeExceededException extends Schema.TaggedError<JWTPayloadSizeExceededException>(
  "effect-agentcore-identity/JWTPayloadSizeExceededException"
)("JWTPayloadSizeExceededException", serviceFields) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

// -----------------------------------------------------------------------------
// The flow
// -----------------------------------------------------------------------------

/**
 * The user has to consent first. `session` is data: show its `authorizationUrl` to that user, keep the session, and go on
 * with `Identity.resumeAccessToken`.
 *
 * @since 0.1.0
 * @category errors
 */
export class RequiresUserConsent extends Schema.TaggedError<RequiresUserConsent>(
  "effect-agentcore-identity/RequiresUserConsent"
)("RequiresUserConsent", { session: ConsentSession }) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
  /**
   * The credential provider that asks for consent.
   *
   * @since 0.1.0
   */
  get provider(): string {
    return this.session.provider
  }
  /**
   * The page to show to the user, and to nobody else.
   *
   * @since 0.1.0
   */
  get authorizationUrl(): Redacted.Redacted {
    return this.session.authorizationUrl
  }
  override get message(): string {
    return `Provider '${this.provider}' requires the user's consent: show the session's authorizationUrl to the user, then resume the session`
  }
}

/**
 * The service answered with neither a token nor an authorization URL.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoTokenOrUrl extends Schema.TaggedError<NoTokenOrUrl>("effect-agentcore-identity/NoTokenOrUrl")(
  "NoTokenOrUrl",
  { provider: Schema.String }
) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
  override get message(): string {
    return `Provider '${this.provider}' answered with neither a token nor an authorization URL`
  }
}

/**
 * The authorization ended without a token: the user refused, the session expired at the service, or the authorization
 * server would not give a token. The service does not say which.
 *
 * @since 0.1.0
 * @category errors
 */
export class AuthorizationFailed extends Schema.TaggedError<AuthorizationFailed>(
  "effect-agentcore-identity/AuthorizationFailed"
)("AuthorizationFailed", { provider: Schema.String }) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
  override get message(): string {
    return `The authorization at provider '${this.provider}' failed: consent was refused, or the session expired`
  }
}

/**
 * Nobody consented for as long as the wait went on. The session may still be alive: `Identity.resumeAccessToken` goes on with it.
 *
 * @since 0.1.0
 * @category errors
 */
export class AuthorizationTimedOut extends Schema.TaggedError<AuthorizationTimedOut>(
  "effect-agentcore-identity/AuthorizationTimedOut"
)("AuthorizationTimedOut", { session: ConsentSession }) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
  override get message(): string {
    return `The wait for consent at provider '${this.session.provider}' ended without a token`
  }
}

/**
 * There is no workload access token to call with.
 *
 * @since 0.1.0
 * @category errors
 */
export class MissingWorkloadAccessToken extends Schema.TaggedError<MissingWorkloadAccessToken>(
  "effect-agentcore-identity/MissingWorkloadAccessToken"
)("MissingWorkloadAccessToken", { message: Schema.String }) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
}

/**
 * The resource asks for more scopes than the token has (`insufficient_scope`, RFC 6750): `required` are those that it named, none
 * if it named none, `requested` those that the token was asked with. Ask for their union to step up.
 *
 * @since 0.1.0
 * @category errors
 */
export class InsufficientScope extends Schema.TaggedError<InsufficientScope>(
  "effect-agentcore-identity/InsufficientScope"
)("InsufficientScope", {
  provider: Schema.String,
  required: Schema.Array(Schema.String),
  requested: Schema.Array(Schema.String)
}) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
  override get message(): string {
    return `The resource asks for ${
      this.required.length === 0 ? "more scopes" : `the scopes '${this.required.join(" ")}'`
    }; the token of provider '${this.provider}' was requested with '${this.requested.join(" ")}'`
  }
}

const rejections = {
  StillRejected: "a new one was rejected as well",
  Unchanged: "asking again gave the same one",
  BodyNotRepeatable: "the request cannot be sent again, because its body is a stream that may have been used up"
}

/**
 * The resource rejected a credential (401, or `invalid_token` of RFC 6750), and that could not be mended:
 *
 * - `StillRejected`: it rejected the new one too
 * - `Unchanged`: the service gave the same one again. A token that its authorization server has revoked stays in the token vault
 *   until it is asked for with `forceAuthentication`
 * - `BodyNotRepeatable`: a new one is at hand, but the body of the request was a stream, which is not sent twice
 *
 * `status` is that of the last answer.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialRejected extends Schema.TaggedError<CredentialRejected>(
  "effect-agentcore-identity/CredentialRejected"
)("CredentialRejected", {
  provider: Schema.String,
  reason: Schema.Literal("StillRejected", "Unchanged", "BodyNotRepeatable"),
  status: Schema.Number
}) {
  /**
   * @since 0.1.0
   */
  readonly [TypeId] = TypeId
  override get message(): string {
    return `The resource rejected the credential of provider '${this.provider}' (status ${this.status}): ${
      rejections[this.reason]
    }`
  }
}

/**
 * What every operation of both planes can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type CommonError =
  | ValidationException
  | AccessDeniedException
  | ThrottlingException
  | InternalServerException
  | UnknownServiceError
  | TransportError

/**
 * The closed union of every error of this package.
 *
 * @since 0.1.0
 * @category errors
 */
export type IdentityError =
  | ValidationException
  | UnauthorizedException
  | AccessDeniedException
  | ResourceNotFoundException
  | ThrottlingException
  | InternalServerException
  | ConflictException
  | ConcurrentModificationException
  | ServiceQuotaExceededException
  | ResourceLimitExceededException
  | EncryptionFailure
  | DecryptionFailure
  | UnknownServiceError
  | TransportError
  | RequiresUserConsent
  | NoTokenOrUrl
  | AuthorizationFailed
  | AuthorizationTimedOut
  | MissingWorkloadAccessToken
  | InsufficientScope
  | CredentialRejected
  | OutboundWebIdentityFederationDisabledException
  | SessionDurationEscalationException
  | JWTPayloadSizeExceededException
