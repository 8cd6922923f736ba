/**
 * The control plane of AgentCore Identity: what a team sets up before an agent runs, as an interface that adapters
 * implement.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type {
  CommonError,
  ConflictException,
  DecryptionFailure,
  EncryptionFailure,
  ResourceLimitExceededException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  UnauthorizedException
} from "./IdentityError.js"
import * as Constraint from "./internal/constraint.js"
import { ProviderName, ReturnUrl, Tags, WorkloadName } from "./internal/names.js"
import * as Oauth2Provider from "./internal/oauth2Provider.js"
import * as Plane from "./internal/plane.js"

// -----------------------------------------------------------------------------
// Workload identities. Limits: the AWS service model.
// -----------------------------------------------------------------------------

/**
 * `allowedResourceOauth2ReturnUrls`: where users may come back to after consent. A flow `USER_FEDERATION` needs one of them.
 *
 * @since 0.1.0
 * @category requests
 */
export const CreateWorkloadIdentityRequest = Schema.Struct({
  name: WorkloadName,
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(ReturnUrl)),
  tags: Constraint.optional(Tags)
})

/**
 * @since 0.1.0
 * @category requests
 */
export type CreateWorkloadIdentityRequest = typeof CreateWorkloadIdentityRequest.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const CreateWorkloadIdentityResponse = Schema.Struct({
  name: Schema.String,
  workloadIdentityArn: Schema.String,
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(Schema.String))
})

/**
 * @since 0.1.0
 * @category answers
 */
export type CreateWorkloadIdentityResponse = typeof CreateWorkloadIdentityResponse.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const GetWorkloadIdentityRequest = Schema.Struct({ name: WorkloadName })

/**
 * @since 0.1.0
 * @category requests
 */
export type GetWorkloadIdentityRequest = typeof GetWorkloadIdentityRequest.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const GetWorkloadIdentityResponse = Schema.Struct({
  ...CreateWorkloadIdentityResponse.fields,
  createdTime: Schema.DateTimeUtcFromDate,
  lastUpdatedTime: Schema.DateTimeUtcFromDate
})

/**
 * @since 0.1.0
 * @category answers
 */
export type GetWorkloadIdentityResponse = typeof GetWorkloadIdentityResponse.Type

// -----------------------------------------------------------------------------
// Credential providers
// -----------------------------------------------------------------------------

/**
 * The configuration follows the vendor: an own member for seven of them, `customOauth2ProviderConfig` for `CustomOauth2`,
 * `includedOauth2ProviderConfig` for the rest, with the endpoints where the service does not know them.
 *
 * @since 0.1.0
 * @category requests
 */
export const CreateOauth2CredentialProviderRequest = Oauth2Provider.CreateRequest

/**
 * @since 0.1.0
 * @category requests
 */
export type CreateOauth2CredentialProviderRequest = typeof CreateOauth2CredentialProviderRequest.Type

/**
 * A status that AWS adds later is kept as it is.
 *
 * @since 0.1.0
 * @category models
 */
export type CredentialProviderStatus =
  | "CREATING"
  | "CREATE_FAILED"
  | "UPDATING"
  | "UPDATE_FAILED"
  | "READY"
  | "DELETING"
  | "DELETE_FAILED"
  | (string & {})

const SecretArn = Schema.Struct({ secretArn: Schema.String })
const SecretSource = Constraint.openEnum<"MANAGED" | "EXTERNAL">()

/**
 * `callbackUrl` is what has to be registered as redirect URI at the authorization server.
 *
 * @since 0.1.0
 * @category answers
 */
export const CreateOauth2CredentialProviderResponse = Schema.Struct({
  clientSecretArn: Constraint.optional(SecretArn),
  clientSecretJsonKey: Constraint.optional(Schema.String),
  clientSecretSource: Constraint.optional(SecretSource),
  name: Schema.String,
  credentialProviderArn: Schema.String,
  callbackUrl: Constraint.optional(Schema.String),
  oauth2ProviderConfigOutput: Constraint.optional(Oauth2Provider.ConfigOutput),
  status: Constraint.optional(Constraint.openEnum<CredentialProviderStatus>())
})

/**
 * @since 0.1.0
 * @category answers
 */
export type CreateOauth2CredentialProviderResponse = typeof CreateOauth2CredentialProviderResponse.Type

/**
 * The key itself (`MANAGED`), or where it is in Secrets Manager (`EXTERNAL`).
 *
 * @since 0.1.0
 * @category requests
 */
export const CreateApiKeyCredentialProviderRequest = Schema.Union(
  Schema.Struct({
    name: ProviderName,
    apiKey: Constraint.secret(0, 65536),
    apiKeySecretSource: Constraint.optional(Schema.Literal("MANAGED")),
    tags: Constraint.optional(Tags)
  }),
  Schema.Struct({
    name: ProviderName,
    apiKeySecretConfig: Oauth2Provider.SecretReference,
    apiKeySecretSource: Schema.Literal("EXTERNAL"),
    tags: Constraint.optional(Tags)
  })
)

/**
 * @since 0.1.0
 * @category requests
 */
export type CreateApiKeyCredentialProviderRequest = typeof CreateApiKeyCredentialProviderRequest.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const CreateApiKeyCredentialProviderResponse = Schema.Struct({
  apiKeySecretArn: SecretArn,
  apiKeySecretJsonKey: Constraint.optional(Schema.String),
  apiKeySecretSource: Constraint.optional(SecretSource),
  name: Schema.String,
  credentialProviderArn: Schema.String
})

/**
 * @since 0.1.0
 * @category answers
 */
export type CreateApiKeyCredentialProviderResponse = typeof CreateApiKeyCredentialProviderResponse.Type

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * What every operation on workload identities can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type WorkloadIdentityError = CommonError | UnauthorizedException | ResourceNotFoundException

/**
 * What the creation of a credential provider can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type CreateCredentialProviderError =
  | CommonError
  | UnauthorizedException
  | ResourceNotFoundException
  | ConflictException
  | ServiceQuotaExceededException
  | ResourceLimitExceededException
  | EncryptionFailure
  | DecryptionFailure

/**
 * The operations, named as AWS names them.
 *
 * @since 0.1.0
 * @category services
 */
export interface Service {
  /**
   * Creates a workload identity. A name that exists already is a `ValidationException`.
   */
  readonly createWorkloadIdentity: (
    request: CreateWorkloadIdentityRequest
  ) => Effect.Effect<CreateWorkloadIdentityResponse, WorkloadIdentityError>
  /**
   * Reads a workload identity.
   */
  readonly getWorkloadIdentity: (
    request: GetWorkloadIdentityRequest
  ) => Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError>
  /**
   * Creates an OAuth2 credential provider. A name that exists already is a `ValidationException`.
   */
  readonly createOauth2CredentialProvider: (
    request: CreateOauth2CredentialProviderRequest
  ) => Effect.Effect<CreateOauth2CredentialProviderResponse, CreateCredentialProviderError>
  /**
   * Creates an API-key credential provider. A name that exists already is a `ValidationException`.
   */
  readonly createApiKeyCredentialProvider: (
    request: CreateApiKeyCredentialProviderRequest
  ) => Effect.Effect<CreateApiKeyCredentialProviderResponse, CreateCredentialProviderError>
}

/**
 * The name of an operation of the control plane.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = keyof Service

/**
 * @since 0.1.0
 * @category services
 * @example
 * import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
 * import * as Effect from "effect/Effect"
 *
 * const setUp = Effect.gen(function*() {
 *   const controlPlane = yield* ControlPlane.ControlPlane
 *   return yield* controlPlane.createWorkloadIdentity({
 *     name: "my-agent",
 *     allowedResourceOauth2ReturnUrls: ["https://agent.example.com/consent"]
 *   })
 * })
 */
export class ControlPlane extends Context.Tag("effect-agentcore-identity/ControlPlane")<ControlPlane, Service>() {}

/**
 * A control plane over an implementation of its operations: requests are checked against the limits of the service model
 * before the implementation sees them (a violation is a `ValidationException` that names the member), and every call is a
 * span `ControlPlane.<operation>`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (implementation: Service): Service => {
  const operation = Plane.operation("ControlPlane")
  return ControlPlane.of({
    createWorkloadIdentity: operation(
      "createWorkloadIdentity",
      "CreateWorkloadIdentity",
      CreateWorkloadIdentityRequest,
      implementation.createWorkloadIdentity
    ),
    getWorkloadIdentity: operation(
      "getWorkloadIdentity",
      "GetWorkloadIdentity",
      GetWorkloadIdentityRequest,
      implementation.getWorkloadIdentity
    ),
    createOauth2CredentialProvider: operation(
      "createOauth2CredentialProvider",
      "CreateOauth2CredentialProvider",
      CreateOauth2CredentialProviderRequest,
      implementation.createOauth2CredentialProvider
    ),
    createApiKeyCredentialProvider: operation(
      "createApiKeyCredentialProvider",
      "CreateApiKeyCredentialProvider",
      CreateApiKeyCredentialProviderRequest,
      implementation.createApiKeyCredentialProvider
    )
  })
}

/**
 * Wraps one call: gets the operation's name, the call, and the request, and returns what is called in its place.
 *
 * @since 0.1.0
 * @category models
 */
export type Decorator = <A, E>(
  operation: Operation,
  effect: Effect.Effect<A, E | CommonError>,
  request: unknown
) => Effect.Effect<A, E | CommonError>

/**
 * Wraps every operation of the control plane in context: for spans, rate limits, faults in tests.
 *
 * @since 0.1.0
 * @category layers
 */
export const decorate = (decorator: Decorator): Layer.Layer<ControlPlane, never, ControlPlane> =>
  Layer.effect(
    ControlPlane,
    Effect.map(ControlPlane, (plane) =>
      ControlPlane.of({
        createWorkloadIdentity: (request) =>
          decorator("createWorkloadIdentity", plane.createWorkloadIdentity(request), request),
        getWorkloadIdentity: (request) => decorator("getWorkloadIdentity", plane.getWorkloadIdentity(request), request),
        createOauth2CredentialProvider: (request) =>
          decorator("createOauth2CredentialProvider", plane.createOauth2CredentialProvider(request), request),
        createApiKeyCredentialProvider: (request) =>
          decorator("createApiKeyCredentialProvider", plane.createApiKeyCredentialProvider(request), request)
      }))
  )
