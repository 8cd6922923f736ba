/**
 * The control plane of AgentCore Identity, which manages workload identities, credential providers and the token vault.
 * The module has a table of the operations, and a service with a method for each. Adapters implement the service.
 * Requests and responses are in `models/`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  AccessDeniedException,
  ConcurrentModificationException,
  ConflictException,
  DecryptionFailure,
  EncryptionFailure,
  InternalServerException,
  ResourceLimitExceededException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ThrottlingException,
  UnauthorizedException,
  ValidationException
} from "./IdentityError.js"
import * as ApiKeyCredentialProvider from "./models/ApiKeyCredentialProvider.js"
import * as ConsentPortal from "./models/ConsentPortal.js"
import * as Oauth2CredentialProvider from "./models/Oauth2CredentialProvider.js"
import * as PaymentCredentialProvider from "./models/PaymentCredentialProvider.js"
import * as ResourceTags from "./models/ResourceTags.js"
import * as TokenVault from "./models/TokenVault.js"
import * as WorkloadIdentity from "./models/WorkloadIdentity.js"
import * as Operation from "./Operation.js"
import * as Plane from "./plane/make.js"
import { addStreams } from "./plane/pagination.js"

// -----------------------------------------------------------------------------
// Operations
// -----------------------------------------------------------------------------

const commonErrors = [
  ValidationException,
  AccessDeniedException,
  ThrottlingException,
  InternalServerException
] as const

const tagErrors = [...commonErrors, ResourceNotFoundException] as const

const resourceErrors = [...tagErrors, UnauthorizedException] as const

const changeErrors = [...resourceErrors, ConflictException] as const

const getErrors = [...resourceErrors, DecryptionFailure] as const

const updateErrors = [...changeErrors, ServiceQuotaExceededException, EncryptionFailure, DecryptionFailure] as const

const createErrors = [...updateErrors, ResourceLimitExceededException] as const

// Calls per second of each operation (AWS documentation).
const quota = 20

/**
 * The operations, one row each.
 *
 * @since 0.1.0
 * @category operations
 */
export const operations = {
  /** Creates a workload identity. A name that exists already is a `ValidationException`. */
  createWorkloadIdentity: Operation.make("CreateWorkloadIdentity", {
    request: WorkloadIdentity.CreateWorkloadIdentityRequest,
    response: WorkloadIdentity.CreateWorkloadIdentityResponse,
    errors: resourceErrors,
    status: 201,
    quota
  }),
  /** Reads a workload identity. */
  getWorkloadIdentity: Operation.make("GetWorkloadIdentity", {
    request: WorkloadIdentity.GetWorkloadIdentityRequest,
    response: WorkloadIdentity.GetWorkloadIdentityResponse,
    errors: resourceErrors,
    quota
  }),
  /** Replaces the configuration of a workload identity: nothing is merged. */
  updateWorkloadIdentity: Operation.make("UpdateWorkloadIdentity", {
    request: WorkloadIdentity.UpdateWorkloadIdentityRequest,
    response: WorkloadIdentity.GetWorkloadIdentityResponse,
    errors: resourceErrors,
    quota
  }),
  /** Deletes a workload identity. */
  deleteWorkloadIdentity: Operation.make("DeleteWorkloadIdentity", {
    request: WorkloadIdentity.DeleteWorkloadIdentityRequest,
    response: Operation.noResponse,
    errors: resourceErrors,
    status: 204,
    quota
  }),
  /** Returns one page of the workload identities. */
  listWorkloadIdentities: Operation.make("ListWorkloadIdentities", {
    request: WorkloadIdentity.ListWorkloadIdentitiesRequest,
    response: WorkloadIdentity.ListWorkloadIdentitiesResponse,
    errors: resourceErrors,
    quota
  }),
  /** Creates an OAuth2 credential provider. A name that exists already is a `ValidationException`. */
  createOauth2CredentialProvider: Operation.make("CreateOauth2CredentialProvider", {
    request: Oauth2CredentialProvider.CreateOauth2CredentialProviderRequest,
    response: Oauth2CredentialProvider.CreateOauth2CredentialProviderResponse,
    errors: createErrors,
    status: 201,
    quota
  }),
  /** Reads an OAuth2 credential provider. */
  getOauth2CredentialProvider: Operation.make("GetOauth2CredentialProvider", {
    request: Oauth2CredentialProvider.GetOauth2CredentialProviderRequest,
    response: Oauth2CredentialProvider.GetOauth2CredentialProviderResponse,
    errors: getErrors,
    quota
  }),
  /** Replaces the configuration of an OAuth2 credential provider. Only `privateKeyJwtConfig` is merged. */
  updateOauth2CredentialProvider: Operation.make("UpdateOauth2CredentialProvider", {
    request: Oauth2CredentialProvider.UpdateOauth2CredentialProviderRequest,
    response: Oauth2CredentialProvider.UpdateOauth2CredentialProviderResponse,
    errors: updateErrors,
    quota
  }),
  /** Deletes an OAuth2 credential provider. */
  deleteOauth2CredentialProvider: Operation.make("DeleteOauth2CredentialProvider", {
    request: Oauth2CredentialProvider.DeleteOauth2CredentialProviderRequest,
    response: Operation.noResponse,
    errors: changeErrors,
    status: 204,
    quota
  }),
  /** Returns one page of the OAuth2 credential providers. */
  listOauth2CredentialProviders: Operation.make("ListOauth2CredentialProviders", {
    request: Oauth2CredentialProvider.ListOauth2CredentialProvidersRequest,
    response: Oauth2CredentialProvider.ListOauth2CredentialProvidersResponse,
    errors: resourceErrors,
    quota
  }),
  /** Creates an API-key credential provider. A name that exists already is a `ValidationException`. */
  createApiKeyCredentialProvider: Operation.make("CreateApiKeyCredentialProvider", {
    request: ApiKeyCredentialProvider.CreateApiKeyCredentialProviderRequest,
    response: ApiKeyCredentialProvider.CreateApiKeyCredentialProviderResponse,
    errors: createErrors,
    status: 201,
    quota
  }),
  /** Reads an API-key credential provider. */
  getApiKeyCredentialProvider: Operation.make("GetApiKeyCredentialProvider", {
    request: ApiKeyCredentialProvider.GetApiKeyCredentialProviderRequest,
    response: ApiKeyCredentialProvider.GetApiKeyCredentialProviderResponse,
    errors: getErrors,
    quota
  }),
  /** Replaces the configuration of an API-key credential provider: nothing is merged. */
  updateApiKeyCredentialProvider: Operation.make("UpdateApiKeyCredentialProvider", {
    request: ApiKeyCredentialProvider.UpdateApiKeyCredentialProviderRequest,
    response: ApiKeyCredentialProvider.GetApiKeyCredentialProviderResponse,
    errors: updateErrors,
    quota
  }),
  /** Deletes an API-key credential provider. */
  deleteApiKeyCredentialProvider: Operation.make("DeleteApiKeyCredentialProvider", {
    request: ApiKeyCredentialProvider.DeleteApiKeyCredentialProviderRequest,
    response: Operation.noResponse,
    errors: resourceErrors,
    status: 204,
    quota
  }),
  /** Returns one page of the API-key credential providers. */
  listApiKeyCredentialProviders: Operation.make("ListApiKeyCredentialProviders", {
    request: ApiKeyCredentialProvider.ListApiKeyCredentialProvidersRequest,
    response: ApiKeyCredentialProvider.ListApiKeyCredentialProvidersResponse,
    errors: resourceErrors,
    quota
  }),
  /** Creates a payment credential provider. A name that exists already is a `ValidationException`. */
  createPaymentCredentialProvider: Operation.make("CreatePaymentCredentialProvider", {
    request: PaymentCredentialProvider.CreatePaymentCredentialProviderRequest,
    response: PaymentCredentialProvider.CreatePaymentCredentialProviderResponse,
    errors: createErrors,
    status: 201,
    quota
  }),
  /** Reads a payment credential provider. */
  getPaymentCredentialProvider: Operation.make("GetPaymentCredentialProvider", {
    request: PaymentCredentialProvider.GetPaymentCredentialProviderRequest,
    response: PaymentCredentialProvider.GetPaymentCredentialProviderResponse,
    errors: getErrors,
    quota
  }),
  /** Replaces the configuration of a payment credential provider: nothing is merged. */
  updatePaymentCredentialProvider: Operation.make("UpdatePaymentCredentialProvider", {
    request: PaymentCredentialProvider.UpdatePaymentCredentialProviderRequest,
    response: PaymentCredentialProvider.UpdatePaymentCredentialProviderResponse,
    errors: updateErrors,
    quota
  }),
  /** Deletes a payment credential provider. */
  deletePaymentCredentialProvider: Operation.make("DeletePaymentCredentialProvider", {
    request: PaymentCredentialProvider.DeletePaymentCredentialProviderRequest,
    response: Operation.noResponse,
    errors: resourceErrors,
    status: 204,
    quota
  }),
  /** Returns one page of the payment credential providers. */
  listPaymentCredentialProviders: Operation.make("ListPaymentCredentialProviders", {
    request: PaymentCredentialProvider.ListPaymentCredentialProvidersRequest,
    response: PaymentCredentialProvider.ListPaymentCredentialProvidersResponse,
    errors: resourceErrors,
    quota
  }),
  /** Reads the token vault's encryption. */
  getTokenVault: Operation.make("GetTokenVault", {
    request: TokenVault.GetTokenVaultRequest,
    response: TokenVault.TokenVaultResponse,
    errors: resourceErrors,
    path: "/identities/get-token-vault",
    quota
  }),
  /** Sets the key that encrypts the token vault. */
  setTokenVaultCmk: Operation.make("SetTokenVaultCMK", {
    request: TokenVault.SetTokenVaultCmkRequest,
    response: TokenVault.TokenVaultResponse,
    errors: [...resourceErrors, ConcurrentModificationException],
    path: "/identities/set-token-vault-cmk",
    quota
  }),
  /** Adds tags to a resource, or replaces their values. */
  tagResource: Operation.make("TagResource", {
    request: ResourceTags.TagResourceRequest,
    response: Operation.noResponse,
    errors: [...tagErrors, ServiceQuotaExceededException],
    path: "/tags/{resourceArn}",
    status: 204,
    quota
  }),
  /** Removes tags from a resource. */
  untagResource: Operation.make("UntagResource", {
    request: ResourceTags.UntagResourceRequest,
    response: Operation.noResponse,
    errors: tagErrors,
    method: "DELETE",
    path: "/tags/{resourceArn}",
    status: 204,
    quota
  }),
  /** Returns the tags of a resource. */
  listTagsForResource: Operation.make("ListTagsForResource", {
    request: ResourceTags.ListTagsForResourceRequest,
    response: ResourceTags.ListTagsForResourceResponse,
    errors: tagErrors,
    method: "GET",
    path: "/tags/{resourceArn}",
    quota
  }),
  /** Starts the creation of a consent portal, which is `CREATING` at first. */
  createConsentPortal: Operation.make("CreateConsentPortal", {
    request: ConsentPortal.CreateConsentPortalRequest,
    response: ConsentPortal.ConsentPortalResponse,
    errors: [...changeErrors, ServiceQuotaExceededException],
    status: 202,
    quota
  }),
  /** Reads a consent portal. */
  getConsentPortal: Operation.make("GetConsentPortal", {
    request: ConsentPortal.GetConsentPortalRequest,
    response: ConsentPortal.ConsentPortalResponse,
    errors: resourceErrors,
    quota
  }),
  /** Starts an update of a consent portal. */
  updateConsentPortal: Operation.make("UpdateConsentPortal", {
    request: ConsentPortal.UpdateConsentPortalRequest,
    response: ConsentPortal.ConsentPortalResponse,
    errors: changeErrors,
    status: 202,
    quota
  }),
  /** Starts the deletion of a consent portal. */
  deleteConsentPortal: Operation.make("DeleteConsentPortal", {
    request: ConsentPortal.DeleteConsentPortalRequest,
    response: Operation.noResponse,
    errors: changeErrors,
    status: 204,
    quota
  }),
  /** Returns one page of the consent portals. */
  listConsentPortals: Operation.make("ListConsentPortals", {
    request: ConsentPortal.ListConsentPortalsRequest,
    response: ConsentPortal.ListConsentPortalsResponse,
    errors: [...commonErrors, UnauthorizedException],
    quota
  })
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * The errors of most operations on one resource.
 *
 * @since 0.1.0
 * @category errors
 */
export type ResourceError = Operation.Error<typeof operations.getWorkloadIdentity>

/**
 * The errors of listing resources.
 *
 * @since 0.1.0
 * @category errors
 */
export type ListError = Operation.Error<typeof operations.listWorkloadIdentities>

/**
 * The errors of every operation on workload identities.
 *
 * @since 0.1.0
 * @category errors
 */
export type WorkloadIdentityError = Operation.Error<typeof operations.createWorkloadIdentity>

/**
 * The errors of creating a credential provider.
 *
 * @since 0.1.0
 * @category errors
 */
export type CreateCredentialProviderError = Operation.Error<typeof operations.createOauth2CredentialProvider>

/**
 * The errors of reading a credential provider.
 *
 * @since 0.1.0
 * @category errors
 */
export type GetCredentialProviderError = Operation.Error<typeof operations.getOauth2CredentialProvider>

/**
 * The errors of updating a credential provider.
 *
 * @since 0.1.0
 * @category errors
 */
export type UpdateCredentialProviderError = Operation.Error<typeof operations.updateOauth2CredentialProvider>

/**
 * The errors of deleting an OAuth2 credential provider.
 *
 * @since 0.1.0
 * @category errors
 */
export type DeleteOauth2CredentialProviderError = Operation.Error<typeof operations.deleteOauth2CredentialProvider>

/**
 * The errors of deleting a payment credential provider.
 *
 * @since 0.1.0
 * @category errors
 */
export type DeletePaymentCredentialProviderError = Operation.Error<typeof operations.deletePaymentCredentialProvider>

/**
 * The errors of changing the vault's key.
 *
 * @since 0.1.0
 * @category errors
 */
export type SetTokenVaultCmkError = Operation.Error<typeof operations.setTokenVaultCmk>

/**
 * The errors of reading and removing tags.
 *
 * @since 0.1.0
 * @category errors
 */
export type TagsError = Operation.Error<typeof operations.listTagsForResource>

/**
 * The errors of adding tags.
 *
 * @since 0.1.0
 * @category errors
 */
export type TagResourceError = Operation.Error<typeof operations.tagResource>

/**
 * The errors of creating a consent portal.
 *
 * @since 0.1.0
 * @category errors
 */
export type CreateConsentPortalError = Operation.Error<typeof operations.createConsentPortal>

/**
 * The errors of updating and deleting a consent portal.
 *
 * @since 0.1.0
 * @category errors
 */
export type ChangeConsentPortalError = Operation.Error<typeof operations.updateConsentPortal>

/**
 * The errors of listing consent portals.
 *
 * @since 0.1.0
 * @category errors
 */
export type ListConsentPortalsError = Operation.Error<typeof operations.listConsentPortals>

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * Where a stream starts, and the size of its pages.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions extends Operation.StreamOptions {}

/**
 * The operations as methods.
 *
 * @since 0.1.0
 * @category services
 */
export interface Operations extends Operation.Plane<typeof operations> {}

/**
 * The operations, and each list of resources as a stream over all its pages: `listX` as `streamX`. A page is fetched
 * when its first item is pulled. A page has at most 100 API-key credential providers or consent portals, and at most 20
 * of the other resources.
 *
 * @since 0.1.0
 * @category services
 */
// `Streams` renames members, which loses their documentation. So it is repeated here.
export interface Service extends Operations, Operation.Streams<typeof operations> {
  /** Streams all workload identities, in pages of at most 20. A page is fetched when its first item is pulled. */
  readonly streamWorkloadIdentities: Operation.Streams<typeof operations>["streamWorkloadIdentities"]
  /**
   * Streams all OAuth2 credential providers, in pages of at most 20. A page is fetched when its first item is pulled.
   */
  readonly streamOauth2CredentialProviders: Operation.Streams<typeof operations>["streamOauth2CredentialProviders"]
  /**
   * Streams all API-key credential providers, in pages of at most 100. A page is fetched when its first item is pulled.
   */
  readonly streamApiKeyCredentialProviders: Operation.Streams<typeof operations>["streamApiKeyCredentialProviders"]
  /**
   * Streams all payment credential providers, in pages of at most 20. A page is fetched when its first item is pulled.
   */
  readonly streamPaymentCredentialProviders: Operation.Streams<typeof operations>["streamPaymentCredentialProviders"]
  /** Streams all consent portals, in pages of at most 100. A page is fetched when its first item is pulled. */
  readonly streamConsentPortals: Operation.Streams<typeof operations>["streamConsentPortals"]
}

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
export class ControlPlane extends Context.Service<ControlPlane, Service>()("effect-agentcore-identity/ControlPlane") {}

/**
 * A control plane over an implementation of its operations. It checks requests against the limits of the service model
 * before it calls the implementation. A violation is a `ValidationException` that names the member. Errors without the
 * operation's name get it. Every call is a span `ControlPlane.<operation>`. It adds `streamX` for each `listX`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (implementation: Operations): Service =>
  addStreams(operations, Plane.make("ControlPlane", operations, implementation))

/**
 * Wraps one call. It gets the operation's name, the call and the request, and returns the call that replaces it.
 *
 * @since 0.1.0
 * @category models
 */
export type Decorator = Operation.Decorator<typeof operations>

/**
 * Wraps every operation of the control plane in context, and the pages of its streams: for example with spans, rate
 * limits, or faults in tests.
 *
 * @since 0.1.0
 * @category layers
 */
export const decorate = (decorator: Decorator): Layer.Layer<ControlPlane, never, ControlPlane> =>
  Layer.effect(
    ControlPlane,
    Effect.map(ControlPlane, (plane) => addStreams(operations, Plane.decorate(operations, plane, decorator)))
  )
