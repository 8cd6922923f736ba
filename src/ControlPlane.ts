/**
 * The control plane of AgentCore Identity: what a team sets up before an agent runs, as an interface that adapters
 * implement. Requests and answers are in `models/`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type {
  CommonError,
  ConcurrentModificationException,
  ConflictException,
  DecryptionFailure,
  EncryptionFailure,
  ResourceLimitExceededException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  UnauthorizedException
} from "./IdentityError.js"
import { operations } from "./internal/controlPlaneOperations.js"
import * as Paginate from "./internal/pagination.js"
import * as Plane from "./internal/plane.js"
import type * as ApiKeyCredentialProvider from "./models/ApiKeyCredentialProvider.js"
import type * as ConsentPortal from "./models/ConsentPortal.js"
import type * as Oauth2CredentialProvider from "./models/Oauth2CredentialProvider.js"
import type * as PaymentCredentialProvider from "./models/PaymentCredentialProvider.js"
import type * as ResourceTags from "./models/ResourceTags.js"
import type * as TokenVault from "./models/TokenVault.js"
import type * as WorkloadIdentity from "./models/WorkloadIdentity.js"

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * What most operations on one resource can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ResourceError = CommonError | UnauthorizedException | ResourceNotFoundException

/**
 * What a listing can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ListError = ResourceError

/**
 * What every operation on workload identities can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type WorkloadIdentityError = ResourceError

/**
 * What the creation of a credential provider can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type CreateCredentialProviderError =
  | ResourceError
  | ServiceQuotaExceededException
  | ResourceLimitExceededException
  | ConflictException
  | EncryptionFailure
  | DecryptionFailure

/**
 * What the reading of a credential provider can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type GetCredentialProviderError = ResourceError | DecryptionFailure

/**
 * What the update of a credential provider can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type UpdateCredentialProviderError =
  | ResourceError
  | ServiceQuotaExceededException
  | ConflictException
  | EncryptionFailure
  | DecryptionFailure

/**
 * What the deletion of an OAuth2 credential provider can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type DeleteOauth2CredentialProviderError = ResourceError | ConflictException

/**
 * What the deletion of a payment credential provider can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type DeletePaymentCredentialProviderError = ResourceError | ConflictException

/**
 * What a change of the vault's key can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type SetTokenVaultCmkError = ResourceError | ConcurrentModificationException

/**
 * What reading and removing tags can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type TagsError = CommonError | ResourceNotFoundException

/**
 * What adding tags can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type TagResourceError = TagsError | ServiceQuotaExceededException

/**
 * What the creation of a consent portal can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type CreateConsentPortalError = ResourceError | ConflictException | ServiceQuotaExceededException

/**
 * What the update, and the deletion, of a consent portal can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ChangeConsentPortalError = ResourceError | ConflictException

/**
 * What the listing of consent portals can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ListConsentPortalsError = CommonError | UnauthorizedException

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * Which part of a list, and how it is fetched.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions {
  /** How many are fetched at once. Default: the service's own. */
  readonly pageSize?: number | undefined
  /** Where to begin: the `nextToken` of a page that was seen before. Default: at the beginning. */
  readonly nextToken?: string | undefined
}

/**
 * The operations, named as AWS names them.
 *
 * @since 0.1.0
 * @category services
 */
export interface Operations {
  /**
   * Creates a workload identity. A name that exists already is a `ValidationException`.
   */
  readonly createWorkloadIdentity: (
    request: WorkloadIdentity.CreateWorkloadIdentityRequest
  ) => Effect.Effect<WorkloadIdentity.CreateWorkloadIdentityResponse, WorkloadIdentityError>
  /**
   * Reads a workload identity.
   */
  readonly getWorkloadIdentity: (
    request: WorkloadIdentity.GetWorkloadIdentityRequest
  ) => Effect.Effect<WorkloadIdentity.GetWorkloadIdentityResponse, WorkloadIdentityError>
  /**
   * Replaces the configuration of a workload identity: nothing is merged.
   */
  readonly updateWorkloadIdentity: (
    request: WorkloadIdentity.UpdateWorkloadIdentityRequest
  ) => Effect.Effect<WorkloadIdentity.GetWorkloadIdentityResponse, WorkloadIdentityError>
  /**
   * Deletes a workload identity.
   */
  readonly deleteWorkloadIdentity: (
    request: WorkloadIdentity.DeleteWorkloadIdentityRequest
  ) => Effect.Effect<void, WorkloadIdentityError>
  /**
   * One page of the workload identities.
   */
  readonly listWorkloadIdentities: (
    request: WorkloadIdentity.ListWorkloadIdentitiesRequest
  ) => Effect.Effect<WorkloadIdentity.ListWorkloadIdentitiesResponse, WorkloadIdentityError>
  /**
   * Creates an OAuth2 credential provider. A name that exists already is a `ValidationException`.
   */
  readonly createOauth2CredentialProvider: (
    request: Oauth2CredentialProvider.CreateOauth2CredentialProviderRequest
  ) => Effect.Effect<Oauth2CredentialProvider.CreateOauth2CredentialProviderResponse, CreateCredentialProviderError>
  /**
   * Reads an OAuth2 credential provider.
   */
  readonly getOauth2CredentialProvider: (
    request: Oauth2CredentialProvider.GetOauth2CredentialProviderRequest
  ) => Effect.Effect<Oauth2CredentialProvider.GetOauth2CredentialProviderResponse, GetCredentialProviderError>
  /**
   * Replaces the configuration of an OAuth2 credential provider: nothing is merged.
   */
  readonly updateOauth2CredentialProvider: (
    request: Oauth2CredentialProvider.UpdateOauth2CredentialProviderRequest
  ) => Effect.Effect<Oauth2CredentialProvider.UpdateOauth2CredentialProviderResponse, UpdateCredentialProviderError>
  /**
   * Deletes an OAuth2 credential provider.
   */
  readonly deleteOauth2CredentialProvider: (
    request: Oauth2CredentialProvider.DeleteOauth2CredentialProviderRequest
  ) => Effect.Effect<void, DeleteOauth2CredentialProviderError>
  /**
   * One page of the OAuth2 credential providers.
   */
  readonly listOauth2CredentialProviders: (
    request: Oauth2CredentialProvider.ListOauth2CredentialProvidersRequest
  ) => Effect.Effect<Oauth2CredentialProvider.ListOauth2CredentialProvidersResponse, ListError>
  /**
   * Creates an API-key credential provider. A name that exists already is a `ValidationException`.
   */
  readonly createApiKeyCredentialProvider: (
    request: ApiKeyCredentialProvider.CreateApiKeyCredentialProviderRequest
  ) => Effect.Effect<ApiKeyCredentialProvider.CreateApiKeyCredentialProviderResponse, CreateCredentialProviderError>
  /**
   * Reads an API-key credential provider.
   */
  readonly getApiKeyCredentialProvider: (
    request: ApiKeyCredentialProvider.GetApiKeyCredentialProviderRequest
  ) => Effect.Effect<ApiKeyCredentialProvider.GetApiKeyCredentialProviderResponse, GetCredentialProviderError>
  /**
   * Replaces the configuration of an API-key credential provider: nothing is merged.
   */
  readonly updateApiKeyCredentialProvider: (
    request: ApiKeyCredentialProvider.UpdateApiKeyCredentialProviderRequest
  ) => Effect.Effect<ApiKeyCredentialProvider.GetApiKeyCredentialProviderResponse, UpdateCredentialProviderError>
  /**
   * Deletes an API-key credential provider.
   */
  readonly deleteApiKeyCredentialProvider: (
    request: ApiKeyCredentialProvider.DeleteApiKeyCredentialProviderRequest
  ) => Effect.Effect<void, ResourceError>
  /**
   * One page of the API-key credential providers.
   */
  readonly listApiKeyCredentialProviders: (
    request: ApiKeyCredentialProvider.ListApiKeyCredentialProvidersRequest
  ) => Effect.Effect<ApiKeyCredentialProvider.ListApiKeyCredentialProvidersResponse, ListError>
  /**
   * Creates a payment credential provider. A name that exists already is a `ValidationException`.
   */
  readonly createPaymentCredentialProvider: (
    request: PaymentCredentialProvider.CreatePaymentCredentialProviderRequest
  ) => Effect.Effect<PaymentCredentialProvider.CreatePaymentCredentialProviderResponse, CreateCredentialProviderError>
  /**
   * Reads a payment credential provider.
   */
  readonly getPaymentCredentialProvider: (
    request: PaymentCredentialProvider.GetPaymentCredentialProviderRequest
  ) => Effect.Effect<PaymentCredentialProvider.GetPaymentCredentialProviderResponse, GetCredentialProviderError>
  /**
   * Replaces the configuration of a payment credential provider: nothing is merged.
   */
  readonly updatePaymentCredentialProvider: (
    request: PaymentCredentialProvider.UpdatePaymentCredentialProviderRequest
  ) => Effect.Effect<PaymentCredentialProvider.UpdatePaymentCredentialProviderResponse, UpdateCredentialProviderError>
  /**
   * Deletes a payment credential provider.
   */
  readonly deletePaymentCredentialProvider: (
    request: PaymentCredentialProvider.DeletePaymentCredentialProviderRequest
  ) => Effect.Effect<void, DeletePaymentCredentialProviderError>
  /**
   * One page of the payment credential providers.
   */
  readonly listPaymentCredentialProviders: (
    request: PaymentCredentialProvider.ListPaymentCredentialProvidersRequest
  ) => Effect.Effect<PaymentCredentialProvider.ListPaymentCredentialProvidersResponse, ListError>
  /**
   * Reads the token vault's encryption.
   */
  readonly getTokenVault: (
    request: TokenVault.GetTokenVaultRequest
  ) => Effect.Effect<TokenVault.TokenVaultResponse, ResourceError>
  /**
   * Sets the key that encrypts the token vault.
   */
  readonly setTokenVaultCmk: (
    request: TokenVault.SetTokenVaultCmkRequest
  ) => Effect.Effect<TokenVault.TokenVaultResponse, SetTokenVaultCmkError>
  /**
   * Adds tags to a resource, or replaces their values.
   */
  readonly tagResource: (
    request: ResourceTags.TagResourceRequest
  ) => Effect.Effect<void, TagResourceError>
  /**
   * Takes tags off a resource.
   */
  readonly untagResource: (
    request: ResourceTags.UntagResourceRequest
  ) => Effect.Effect<void, TagsError>
  /**
   * The tags of a resource.
   */
  readonly listTagsForResource: (
    request: ResourceTags.ListTagsForResourceRequest
  ) => Effect.Effect<ResourceTags.ListTagsForResourceResponse, TagsError>
  /**
   * Begins the creation of a consent portal: it is `CREATING` at first.
   */
  readonly createConsentPortal: (
    request: ConsentPortal.CreateConsentPortalRequest
  ) => Effect.Effect<ConsentPortal.ConsentPortalResponse, CreateConsentPortalError>
  /**
   * Reads a consent portal.
   */
  readonly getConsentPortal: (
    request: ConsentPortal.GetConsentPortalRequest
  ) => Effect.Effect<ConsentPortal.ConsentPortalResponse, ResourceError>
  /**
   * Begins an update of a consent portal.
   */
  readonly updateConsentPortal: (
    request: ConsentPortal.UpdateConsentPortalRequest
  ) => Effect.Effect<ConsentPortal.ConsentPortalResponse, ChangeConsentPortalError>
  /**
   * Begins the deletion of a consent portal.
   */
  readonly deleteConsentPortal: (
    request: ConsentPortal.DeleteConsentPortalRequest
  ) => Effect.Effect<void, ChangeConsentPortalError>
  /**
   * One page of the consent portals.
   */
  readonly listConsentPortals: (
    request: ConsentPortal.ListConsentPortalsRequest
  ) => Effect.Effect<ConsentPortal.ListConsentPortalsResponse, ListConsentPortalsError>
}

/**
 * The operations, and every list as a stream: pages are fetched when they are needed.
 *
 * @since 0.1.0
 * @category services
 */
export interface Service extends Operations {
  /**
   * All pages of `listWorkloadIdentities`, of at most 20 each.
   */
  readonly streamWorkloadIdentities: (
    options?: StreamOptions
  ) => Stream.Stream<WorkloadIdentity.WorkloadIdentitySummary, ListError>
  /**
   * All pages of `listOauth2CredentialProviders`, of at most 20 each.
   */
  readonly streamOauth2CredentialProviders: (
    options?: StreamOptions
  ) => Stream.Stream<Oauth2CredentialProvider.Oauth2CredentialProviderSummary, ListError>
  /**
   * All pages of `listApiKeyCredentialProviders`, of at most 100 each.
   */
  readonly streamApiKeyCredentialProviders: (
    options?: StreamOptions
  ) => Stream.Stream<ApiKeyCredentialProvider.ApiKeyCredentialProviderSummary, ListError>
  /**
   * All pages of `listPaymentCredentialProviders`, of at most 20 each.
   */
  readonly streamPaymentCredentialProviders: (
    options?: StreamOptions
  ) => Stream.Stream<PaymentCredentialProvider.PaymentCredentialProviderSummary, ListError>
  /**
   * All pages of `listConsentPortals`, of at most 100 each.
   */
  readonly streamConsentPortals: (
    options?: StreamOptions
  ) => Stream.Stream<ConsentPortal.ConsentPortalSummary, ListConsentPortalsError>
}

/**
 * The name of an operation of the control plane.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = keyof Operations

/**
 * @since 0.1.0
 * @category services
 * @example
 * import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const setUp = Effect.gen(function*() {
 *   const controlPlane = yield* ControlPlane.ControlPlane
 *   yield* controlPlane.createWorkloadIdentity({
 *     name: "my-agent",
 *     allowedResourceOauth2ReturnUrls: ["https://agent.example.com/consent"]
 *   })
 *   return yield* Stream.runCollect(controlPlane.streamWorkloadIdentities())
 * })
 */
export class ControlPlane extends Context.Tag("effect-agentcore-identity/ControlPlane")<ControlPlane, Service>() {}

const withStreams = (plane: Operations): Service => ({
  ...plane,
  streamWorkloadIdentities: (options) =>
    Paginate.stream(plane.listWorkloadIdentities, (page) => page.workloadIdentities, options),
  streamOauth2CredentialProviders: (options) =>
    Paginate.stream(plane.listOauth2CredentialProviders, (page) => page.credentialProviders, options),
  streamApiKeyCredentialProviders: (options) =>
    Paginate.stream(plane.listApiKeyCredentialProviders, (page) => page.credentialProviders, options),
  streamPaymentCredentialProviders: (options) =>
    Paginate.stream(plane.listPaymentCredentialProviders, (page) => page.credentialProviders, options),
  streamConsentPortals: (options) => Paginate.stream(plane.listConsentPortals, (page) => page.consentPortals, options)
})

/**
 * A control plane over an implementation of its operations: requests are checked against the limits of the service model
 * before the implementation sees them (a violation is a `ValidationException` that names the member), every call is a
 * span `ControlPlane.<operation>`, and lists become streams.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (implementation: Operations): Service =>
  withStreams(Plane.make("ControlPlane", operations, implementation))

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
 * Wraps every operation of the control plane in context, beneath its streams too: for spans, rate limits, faults in tests.
 *
 * @since 0.1.0
 * @category layers
 */
export const decorate = (decorator: Decorator): Layer.Layer<ControlPlane, never, ControlPlane> =>
  Layer.effect(
    ControlPlane,
    Effect.map(ControlPlane, (plane) => withStreams(Plane.decorate(operations, plane, decorator)))
  )
