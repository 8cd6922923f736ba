/**
 * The errors of obtaining and using a credential, as a closed set of tagged errors. The `_tag` of an exception of the
 * service is its name in the AWS documentation, IAM and CloudTrail.
 *
 * No error shows a token, a key, an authorization URL, or a response body. Secret properties are `Redacted`.
 *
 * @since 0.2.0
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ConsentSession } from "./ConsentSession.js"
import { isLoopback } from "./internal/models/urls.js"

const TypeId = "~effect-agentcore-identity/IdentityError"

/**
 * Whether a value is an {@link IdentityError}.
 *
 * @since 0.2.0
 * @category predicates
 * @example
 * import * as IdentityError from "effect-agentcore-identity/IdentityError"
 *
 * const error = new IdentityError.NoTokenOrUrl({ provider: "github" })
 *
 * console.log(IdentityError.isIdentityError(error)) // true
 * console.log(IdentityError.isIdentityError(new Error("other"))) // false
 */
export const isIdentityError = <E>(u: E): u is E & IdentityError => typeof u === "object" && u !== null && TypeId in u

/** Makes the class that an error of this module extends. */
const ErrorClass =
  <Self>() =>
  <Tag extends string, const Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields):
    & Schema.Class<Self, Schema.TaggedStruct<Tag, Fields>, Cause.YieldableError & { readonly [TypeId]: typeof TypeId }>
    & { readonly _tag: Tag } =>
  {
    // TypeScript does not know here that `Self` is a class.
    const Class = Schema.TaggedError<object>(`effect-agentcore-identity/${tag}`)(tag, fields) as unknown as new() =>
    object
    // Effect prints an error as its fields. `undefined` restores Node's form: message, stack and fields.
    Object.assign(Class.prototype, { [TypeId]: TypeId, name: tag, [Inspectable.NodeInspectSymbol]: undefined })
    return Object.assign(Class, { _tag: tag }) as never
  }

const serviceFields = {
  /** The AWS name of the operation, as in `GetResourceOauth2Token`. */
  operation: Schema.String,
  message: Schema.String,
  /** The service's request id. Absent if nothing was sent. */
  requestId: Schema.optional(Schema.String)
}

/** Makes the class of an exception without further members. */
const ServiceException = <Self>() => <Tag extends string>(tag: Tag) => ErrorClass<Self>()(tag, serviceFields)

/**
 * The request violates a limit of the service, or a rule of the flow. `fieldList` names the members and the constraints
 * that they violate. HTTP 400. The package raises it too, before it sends anything. Then there is no `requestId`.
 *
 * @since 0.2.0
 * @category errors
 */
export class ValidationException extends ErrorClass<ValidationException>()("ValidationException", {
  ...serviceFields,
  reason: Schema.optional(Schema.String),
  fieldList: Schema.optional(Schema.Array(Schema.Struct({ name: Schema.String, message: Schema.String })))
}) {}

/**
 * The workload access token is unknown, malformed or expired. HTTP 401.
 *
 * @since 0.2.0
 * @category errors
 */
export class UnauthorizedException extends ServiceException<UnauthorizedException>()("UnauthorizedException") {}

/**
 * The caller is not allowed to do this: an IAM policy is missing, another user than the original one completes an
 * authorization, or the workload identity of a workload access token does not exist. HTTP 403.
 *
 * @since 0.2.0
 * @category errors
 */
export class AccessDeniedException extends ServiceException<AccessDeniedException>()("AccessDeniedException") {}

/**
 * No workload identity, credential provider or vault has this name. HTTP 404.
 *
 * @since 0.2.0
 * @category errors
 */
export class ResourceNotFoundException
  extends ServiceException<ResourceNotFoundException>()("ResourceNotFoundException")
{}

/**
 * The calls exceed the quota of the service: 200 token requests per second, and 20 control plane requests per second
 * and operation (AWS documentation). HTTP 429.
 *
 * @since 0.2.0
 * @category errors
 */
export class ThrottlingException extends ServiceException<ThrottlingException>()("ThrottlingException") {}

/**
 * The service failed. HTTP 500.
 *
 * @since 0.2.0
 * @category errors
 */
export class InternalServerException extends ServiceException<InternalServerException>()("InternalServerException") {}

/**
 * Another request is changing the resource, or the state of the resource does not allow the change. HTTP 409.
 *
 * @since 0.2.0
 * @category errors
 */
export class ConflictException extends ServiceException<ConflictException>()("ConflictException") {}

/**
 * Another request changed the token vault at the same time. HTTP 409.
 *
 * @since 0.2.0
 * @category errors
 */
export class ConcurrentModificationException
  extends ServiceException<ConcurrentModificationException>()("ConcurrentModificationException")
{}

/**
 * A quota of the account is used up: 50 credential providers of each kind, or 11,000 workload identities (AWS
 * documentation). HTTP 402.
 *
 * @since 0.2.0
 * @category errors
 */
export class ServiceQuotaExceededException
  extends ServiceException<ServiceQuotaExceededException>()("ServiceQuotaExceededException")
{}

/**
 * The request exceeds a limit of a resource. HTTP 400.
 *
 * @since 0.2.0
 * @category errors
 */
export class ResourceLimitExceededException
  extends ServiceException<ResourceLimitExceededException>()("ResourceLimitExceededException")
{}

/**
 * The service could not encrypt the secret with the key of the token vault. HTTP 400.
 *
 * @since 0.2.0
 * @category errors
 */
export class EncryptionFailure extends ServiceException<EncryptionFailure>()("EncryptionFailure") {}

/**
 * The service could not decrypt the secret with the key of the token vault. HTTP 400.
 *
 * @since 0.2.0
 * @category errors
 */
export class DecryptionFailure extends ServiceException<DecryptionFailure>()("DecryptionFailure") {}

/**
 * An exception that is not in the service model, or an error of a proxy or load balancer before the service. `code` is
 * its name, `status` the HTTP status.
 *
 * @since 0.2.0
 * @category errors
 */
export class UnknownServiceError extends ErrorClass<UnknownServiceError>()("UnknownServiceError", {
  ...serviceFields,
  code: Schema.String,
  status: Schema.optional(Schema.Number)
}) {}

const transportAdvice = ({ host, kind, packageName, profile }: TransportError): string => {
  switch (kind) {
    case "connection":
      return `the connection${host === undefined ? "" : ` to ${host}`} failed or was lost. ${
        host !== undefined && isLoopback(host.replace(/:\d+$/, ""))
          ? "Is the local server running? Start it with: npx agentcore-identity local"
          : "Check the endpoint and the network"
      }`
    case "timeout":
      return `no response arrived in time${host === undefined ? "" : ` from ${host}`}`
    case "credentials":
      return `no usable AWS credentials were found${
        profile === undefined
          ? ". Sign in, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
          : ` for profile '${profile}', which takes precedence over AWS_ACCESS_KEY_ID. Sign in, or remove the profile`
      }`
    case "undecodable":
      return `the response${
        host === undefined ? "" : ` of ${host}`
      } could not be decoded. Check that the endpoint is the service itself and not a proxy before it`
    case "unloadable":
      return `the package ${
        packageName === undefined ? "of the AWS SDK" : `'${packageName}'`
      } could not be loaded. Check that it is installed, or part of the bundle`
  }
}

/**
 * The call has no readable response.
 *
 * - `connection`: the connection failed or was lost, or the host did not resolve
 * - `timeout`: no response in time
 * - `credentials`: the AWS credential chain found no credentials, so nothing was sent
 * - `undecodable`: the response does not follow the protocol, or has more than 8 MB; the error omits its body
 * - `unloadable`: the package `packageName` cannot be loaded: it is not installed, or the bundle lacks it
 *
 * `code` is the code or the name of the underlying error (`ECONNREFUSED`, `CredentialsProviderError`). `status` is the
 * HTTP status, if there was one. `host` (with the port), `region` and `profile` describe the target of the call, if
 * they are known. Without credentials there is no `host`. `cause` is the underlying error. It is `Redacted`, because
 * such errors can quote requests and responses.
 *
 * @since 0.2.0
 * @category errors
 */
export class TransportError extends ErrorClass<TransportError>()("TransportError", {
  operation: Schema.String,
  kind: Schema.Literals(["connection", "timeout", "credentials", "undecodable", "unloadable"]),
  code: Schema.optional(Schema.String),
  status: Schema.optional(Schema.Number),
  requestId: Schema.optional(Schema.String),
  host: Schema.optional(Schema.String),
  region: Schema.optional(Schema.String),
  profile: Schema.optional(Schema.String),
  packageName: Schema.optional(Schema.String),
  cause: Schema.optional(Schema.RedactedFromValue(Schema.Defect()))
}) {
  override get message(): string {
    const details = [
      this.code,
      this.status === undefined ? undefined : `status ${this.status}`,
      this.region === undefined ? undefined : `region ${this.region}`
    ].filter((detail) => detail !== undefined)
    return `${this.operation}: ${transportAdvice(this)}${details.length === 0 ? "" : ` (${details.join(", ")})`}`
  }
}

/**
 * The account does not issue JWTs for services outside of AWS: outbound web identity federation is disabled. The
 * message explains how to enable it. HTTP 403.
 *
 * @since 0.2.0
 * @category errors
 */
export class OutboundWebIdentityFederationDisabledException
  extends ServiceException<OutboundWebIdentityFederationDisabledException>()(
    "OutboundWebIdentityFederationDisabledException"
  )
{}

/**
 * The token would outlive the session of the caller's credentials. HTTP 403.
 *
 * @since 0.2.0
 * @category errors
 */
export class SessionDurationEscalationException
  extends ServiceException<SessionDurationEscalationException>()("SessionDurationEscalationException")
{}

/**
 * Audiences and tags make the token too large. HTTP 400.
 *
 * @since 0.2.0
 * @category errors
 */
export class JWTPayloadSizeExceededException
  extends ServiceException<JWTPayloadSizeExceededException>()("JWTPayloadSizeExceededException")
{}

/**
 * The user has to consent first. Give the request a consent handler, such as `Consent.openBrowser` or
 * `Connect.handler`. Or use `session` as data: show its `authorizationUrl` to this user, store the session, and
 * continue with `Identity.resumeAccessToken`.
 *
 * Agent frameworks put the message of an error into the prompt. The message is therefore safe for a model: it has no
 * link and no advice to developers. Node's `inspect`, and so `console.log`, adds the advice as `nextStep`.
 * `Consent.fromError` finds the error in those of a framework.
 *
 * The encoded form of the schema has the session in clear, so that another process can continue it. Encode it for a
 * store of secrets only. `effect/ai` and MCP servers encode the failure of a tool for the model, so this class must not
 * be the `failure` of a tool with `failureMode: "return"`: use `ai/CredentialTool`, or fail with the message.
 *
 * @since 0.2.0
 * @category errors
 */
export class RequiresUserConsent
  extends ErrorClass<RequiresUserConsent>()("RequiresUserConsent", { session: ConsentSession })
{
  /** The credential provider that requires consent. */
  get provider(): string {
    return this.session.provider
  }
  /** The page to show to the user, and to no other person. */
  get authorizationUrl(): Redacted.Redacted {
    return this.session.authorizationUrl
  }
  override get message(): string {
    return `The user has to connect '${this.provider}' first.`
  }
  /** What the developer does next. It is not part of the message, because models read messages. */
  get nextStep(): string {
    return "give the request a consent handler, or show the user the link and resume the session"
  }
  /** Node's form of the error, and the next step of the developer. */
  // `Effect` types it as a method without parameters. Node passes these.
  override [Inspectable.NodeInspectSymbol](...args: ReadonlyArray<unknown>): unknown {
    const [depth, options, inspect] = args as [number, object, (value: unknown, options: object) => string]
    const copy = Object.create(Object.getPrototypeOf(this), {
      ...Object.getOwnPropertyDescriptors(this),
      stack: { value: this.stack },
      nextStep: { value: this.nextStep, enumerable: true },
      [Inspectable.NodeInspectSymbol]: { value: undefined }
    })
    return inspect(copy, { ...options, depth })
  }
}

const noTokens = {
  AuthorizationUrl: "has an authorization URL instead of a token, but without the flow USER_FEDERATION no user can "
    + "open it. Check that the provider supports the flow of the request",
  Failed: "has the status FAILED: the authorization server issued no token. Check that the provider supports the flow "
    + "of the request, its client, and the scopes"
}

/**
 * The response of the service has no token, nor an authorization URL. With flows other than `USER_FEDERATION`, `reason`
 * is what it has instead: an authorization URL, which no user can open, or the status `FAILED`.
 *
 * @since 0.2.0
 * @category errors
 */
export class NoTokenOrUrl extends ErrorClass<NoTokenOrUrl>()("NoTokenOrUrl", {
  provider: Schema.String,
  reason: Schema.optional(Schema.Literals(Record.keys(noTokens)))
}) {
  override get message(): string {
    const { provider, reason } = this
    const what = reason === undefined ? "has neither a token nor an authorization URL" : noTokens[reason]
    return `The response for provider '${provider}' ${what}`
  }
}

const authorizationFailures = {
  Failed: "the user denied consent, or the session expired",
  Denied: "the user did not allow access",
  NotCompleted: "the page after consent could not complete it. Its log has the reason",
  AccountUnknown: "the vendor did not say whose account it is, and the application needs to know. Try again later",
  RevokedAtVendor: "the vendor no longer accepts the token. The user has to reconnect",
  WrongAccount: "AgentCore keeps the token of an account that the application does not allow"
}

/**
 * The authorization ended without a token:
 *
 * - `Failed`: the user denied consent, the session expired at the service, or the authorization server issued no token.
 *   The service does not report which
 * - `Denied`: the browser came back with the error `access_denied`
 * - `NotCompleted`: an IAM policy does not allow the page after consent to call `CompleteResourceTokenAuth`
 * - `AccountUnknown`, `RevokedAtVendor`, `WrongAccount`: AgentCore has a token, and the option `accounts` of
 *   `http/Connect` withholds it. The vendor did not say whose account it is. Or it did not accept the token, or named
 *   an account that is not allowed, and AgentCore did not drop the token. A wait does not fail, it goes on
 *
 * The callback page reports `Denied` at once, in the same process or through a shared store of consents. A wait with a
 * link of `Connect` fails with `Failed` if a session that its page opened has failed.
 *
 * @since 0.2.0
 * @category errors
 */
export class AuthorizationFailed extends ErrorClass<AuthorizationFailed>()("AuthorizationFailed", {
  provider: Schema.String,
  reason: Schema.Literals(Record.keys(authorizationFailures)).pipe(
    Schema.withConstructorDefault(Effect.succeed("Failed"))
  )
}) {
  override get message(): string {
    return `The authorization at provider '${this.provider}' failed: ${authorizationFailures[this.reason]}`
  }
}

/**
 * The wait ended before the user consented. The session may still be valid: continue it with
 * `Identity.resumeAccessToken`.
 *
 * The encoded form of the schema has the session in clear, as that of {@link RequiresUserConsent}.
 *
 * @since 0.2.0
 * @category errors
 */
export class AuthorizationTimedOut
  extends ErrorClass<AuthorizationTimedOut>()("AuthorizationTimedOut", { session: ConsentSession })
{
  override get message(): string {
    return `The wait for consent at provider '${this.session.provider}' ended without a token`
  }
}

/**
 * There is no workload access token for the call.
 *
 * @since 0.2.0
 * @category errors
 */
export class MissingWorkloadAccessToken
  extends ErrorClass<MissingWorkloadAccessToken>()("MissingWorkloadAccessToken", { message: Schema.String })
{}

/**
 * The resource requires more scopes than the token has (`insufficient_scope`, RFC 6750). `required` has the scopes that
 * the resource named, if any. `requested` has the scopes of the token request. To step up, request their union.
 *
 * @since 0.2.0
 * @category errors
 */
export class InsufficientScope extends ErrorClass<InsufficientScope>()("InsufficientScope", {
  provider: Schema.String,
  required: Schema.Array(Schema.String),
  requested: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `The resource requires ${
      this.required.length === 0 ? "more scopes" : `the scopes '${this.required.join(" ")}'`
    }; the token of provider '${this.provider}' was requested with '${this.requested.join(" ")}'`
  }
}

const rejections = {
  StillRejected: "the resource rejected a new one too",
  Unchanged: "the service returned the same one again",
  BodyNotRepeatable: "the request cannot be sent again, because its body is a stream that may be used up"
}

/**
 * The resource rejected a credential (401, or `invalid_token` of RFC 6750), and a retry was not possible or failed:
 *
 * - `StillRejected`: the resource rejected the new credential too
 * - `Unchanged`: the service returned the same credential again. A token that its authorization server has revoked
 *   stays in the token vault until a request with `forceAuthentication`
 * - `BodyNotRepeatable`: there is a new credential, but the body of the request is a stream, which is not sent twice
 *
 * `status` is the status of the last response. `provider` is the credential provider, or `sts:GetWebIdentityToken` for
 * an AWS-signed JWT.
 *
 * @since 0.2.0
 * @category errors
 */
export class CredentialRejected extends ErrorClass<CredentialRejected>()("CredentialRejected", {
  provider: Schema.String,
  reason: Schema.Literals(Record.keys(rejections)),
  status: Schema.Number
}) {
  override get message(): string {
    return `The resource rejected the credential of provider '${this.provider}' (status ${this.status}): ${
      rejections[this.reason]
    }`
  }
}

/**
 * All errors of this module: errors of the operations of AWS, of `Identity` and `WorkloadAccessToken`, and of
 * credentials on HTTP clients.
 *
 * Setup, consent callbacks, stores and the local server have other errors: those of `CredentialProvider`,
 * `WorkloadIdentity.ReturnUrlsContended`, the errors of `IdentitySetup`, `PendingConsents.ConsentNotPending`, and the
 * errors of `persistence/` and `local/`.
 *
 * @since 0.2.0
 * @category errors
 */
export type IdentityError =
  | ValidationException
  | AccessDeniedException
  | ThrottlingException
  | InternalServerException
  | UnknownServiceError
  | TransportError
  | UnauthorizedException
  | ResourceNotFoundException
  | ConflictException
  | ConcurrentModificationException
  | ServiceQuotaExceededException
  | ResourceLimitExceededException
  | EncryptionFailure
  | DecryptionFailure
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
