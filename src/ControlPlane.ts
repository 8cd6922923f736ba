/**
 * The control plane of AgentCore Identity, which manages workload identities, credential providers and the token vault:
 * a table of its operations, and a service with a method for each. `Models` has the requests and responses.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
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
import { workloadName } from "./internal/generatedName.js"
import * as Rows from "./internal/plane/operation.js"
import * as OptionType from "./internal/plane/optionType.js"
import { addStreams } from "./internal/plane/pagination.js"
import * as Plane from "./internal/plane/plane.js"
import * as Validation from "./internal/plane/validation.js"
import * as RateLimiter from "./internal/rateLimiter.js"
import * as Models from "./Models.js"
import type * as Operation from "./Operation.js"

// What rows share. `quota`: calls per second of each operation (AWS documentation).
const commonRow = {
  errors: [ValidationException, AccessDeniedException, ThrottlingException, InternalServerException],
  quota: 20
} as const

const tagRow = { ...commonRow, errors: [...commonRow.errors, ResourceNotFoundException] } as const

const resourceRow = { ...commonRow, errors: [...tagRow.errors, UnauthorizedException] } as const

const changeRow = { ...commonRow, errors: [...resourceRow.errors, ConflictException] } as const

const getRow = { ...commonRow, errors: [...resourceRow.errors, DecryptionFailure] } as const

const updateRow = {
  ...commonRow,
  errors: [...changeRow.errors, ServiceQuotaExceededException, EncryptionFailure, DecryptionFailure]
} as const

const createRow = { ...commonRow, errors: [...updateRow.errors, ResourceLimitExceededException], status: 201 } as const

const noContent = { response: Rows.noResponse, status: 204 } as const

/**
 * The operations, one row each.
 *
 * @since 0.2.0
 * @category operations
 */
export const operations = {
  /** Creates a workload identity. A name that exists already is a `ValidationException`. */
  createWorkloadIdentity: Rows.make("CreateWorkloadIdentity", {
    ...resourceRow,
    request: Models.CreateWorkloadIdentityRequest,
    response: Models.CreateWorkloadIdentityResponse,
    status: 201
  }),
  /** Reads a workload identity. */
  getWorkloadIdentity: Rows.make("GetWorkloadIdentity", {
    ...resourceRow,
    request: Models.GetWorkloadIdentityRequest,
    response: Models.GetWorkloadIdentityResponse
  }),
  /** Replaces the configuration of a workload identity: nothing is merged. */
  updateWorkloadIdentity: Rows.make("UpdateWorkloadIdentity", {
    ...resourceRow,
    request: Models.UpdateWorkloadIdentityRequest,
    response: Models.GetWorkloadIdentityResponse
  }),
  /** Deletes a workload identity. */
  deleteWorkloadIdentity: Rows.make("DeleteWorkloadIdentity", {
    ...resourceRow,
    ...noContent,
    request: Models.GetWorkloadIdentityRequest
  }),
  /** Returns one page of the workload identities. */
  listWorkloadIdentities: Rows.make("ListWorkloadIdentities", {
    ...resourceRow,
    request: Models.ListWorkloadIdentitiesRequest,
    response: Models.ListWorkloadIdentitiesResponse
  }),
  /** Creates an OAuth2 credential provider. A name that exists already is a `ValidationException`. */
  createOauth2CredentialProvider: Rows.make("CreateOauth2CredentialProvider", {
    ...createRow,
    request: Models.CreateOauth2CredentialProviderRequest,
    response: Models.CreateOauth2CredentialProviderResponse
  }),
  /** Reads an OAuth2 credential provider. */
  getOauth2CredentialProvider: Rows.make("GetOauth2CredentialProvider", {
    ...getRow,
    request: Models.GetOauth2CredentialProviderRequest,
    response: Models.GetOauth2CredentialProviderResponse
  }),
  /** Replaces the configuration of an OAuth2 credential provider. Only `privateKeyJwtConfig` is merged. */
  updateOauth2CredentialProvider: Rows.make("UpdateOauth2CredentialProvider", {
    ...updateRow,
    request: Models.UpdateOauth2CredentialProviderRequest,
    response: Models.UpdateOauth2CredentialProviderResponse
  }),
  /** Deletes an OAuth2 credential provider. */
  deleteOauth2CredentialProvider: Rows.make("DeleteOauth2CredentialProvider", {
    ...changeRow,
    ...noContent,
    request: Models.GetOauth2CredentialProviderRequest
  }),
  /** Returns one page of the OAuth2 credential providers. */
  listOauth2CredentialProviders: Rows.make("ListOauth2CredentialProviders", {
    ...resourceRow,
    request: Models.ListOauth2CredentialProvidersRequest,
    response: Models.ListOauth2CredentialProvidersResponse
  }),
  /** Creates an API-key credential provider. A name that exists already is a `ValidationException`. */
  createApiKeyCredentialProvider: Rows.make("CreateApiKeyCredentialProvider", {
    ...createRow,
    request: Models.CreateApiKeyCredentialProviderRequest,
    response: Models.CreateApiKeyCredentialProviderResponse
  }),
  /** Reads an API-key credential provider. */
  getApiKeyCredentialProvider: Rows.make("GetApiKeyCredentialProvider", {
    ...getRow,
    request: Models.GetApiKeyCredentialProviderRequest,
    response: Models.GetApiKeyCredentialProviderResponse
  }),
  /** Replaces the configuration of an API-key credential provider: nothing is merged. */
  updateApiKeyCredentialProvider: Rows.make("UpdateApiKeyCredentialProvider", {
    ...updateRow,
    request: Models.UpdateApiKeyCredentialProviderRequest,
    response: Models.GetApiKeyCredentialProviderResponse
  }),
  /** Deletes an API-key credential provider. */
  deleteApiKeyCredentialProvider: Rows.make("DeleteApiKeyCredentialProvider", {
    ...resourceRow,
    ...noContent,
    request: Models.GetApiKeyCredentialProviderRequest
  }),
  /** Returns one page of the API-key credential providers. */
  listApiKeyCredentialProviders: Rows.make("ListApiKeyCredentialProviders", {
    ...resourceRow,
    request: Models.ListApiKeyCredentialProvidersRequest,
    response: Models.ListApiKeyCredentialProvidersResponse
  }),
  /** Creates a payment credential provider. A name that exists already is a `ValidationException`. */
  createPaymentCredentialProvider: Rows.make("CreatePaymentCredentialProvider", {
    ...createRow,
    request: Models.CreatePaymentCredentialProviderRequest,
    response: Models.CreatePaymentCredentialProviderResponse
  }),
  /** Reads a payment credential provider. */
  getPaymentCredentialProvider: Rows.make("GetPaymentCredentialProvider", {
    ...getRow,
    request: Models.GetPaymentCredentialProviderRequest,
    response: Models.GetPaymentCredentialProviderResponse
  }),
  /** Replaces the configuration of a payment credential provider: nothing is merged. */
  updatePaymentCredentialProvider: Rows.make("UpdatePaymentCredentialProvider", {
    ...updateRow,
    request: Models.UpdatePaymentCredentialProviderRequest,
    response: Models.UpdatePaymentCredentialProviderResponse
  }),
  /** Deletes a payment credential provider. */
  deletePaymentCredentialProvider: Rows.make("DeletePaymentCredentialProvider", {
    ...resourceRow,
    ...noContent,
    request: Models.GetPaymentCredentialProviderRequest
  }),
  /** Returns one page of the payment credential providers. */
  listPaymentCredentialProviders: Rows.make("ListPaymentCredentialProviders", {
    ...resourceRow,
    request: Models.ListPaymentCredentialProvidersRequest,
    response: Models.ListPaymentCredentialProvidersResponse
  }),
  /** Reads which key encrypts the token vault. */
  getTokenVault: Rows.make("GetTokenVault", {
    ...resourceRow,
    request: Models.GetTokenVaultRequest,
    response: Models.TokenVaultResponse,
    path: "/identities/get-token-vault"
  }),
  /** Sets the key that encrypts the token vault. */
  setTokenVaultCmk: Rows.make("SetTokenVaultCMK", {
    ...resourceRow,
    request: Models.SetTokenVaultCmkRequest,
    response: Models.TokenVaultResponse,
    errors: [...resourceRow.errors, ConcurrentModificationException],
    path: "/identities/set-token-vault-cmk"
  }),
  /** Adds tags to a resource, or replaces their values. */
  tagResource: Rows.make("TagResource", {
    ...tagRow,
    ...noContent,
    request: Models.TagResourceRequest,
    errors: [...tagRow.errors, ServiceQuotaExceededException],
    path: "/tags/{resourceArn}"
  }),
  /** Removes tags from a resource. */
  untagResource: Rows.make("UntagResource", {
    ...tagRow,
    ...noContent,
    request: Models.UntagResourceRequest,
    method: "DELETE",
    path: "/tags/{resourceArn}"
  }),
  /** Returns the tags of a resource. */
  listTagsForResource: Rows.make("ListTagsForResource", {
    ...tagRow,
    request: Models.ListTagsForResourceRequest,
    response: Models.ListTagsForResourceResponse,
    method: "GET",
    path: "/tags/{resourceArn}"
  }),
  /** Starts the creation of a consent portal, which is `CREATING` at first. */
  createConsentPortal: Rows.make("CreateConsentPortal", {
    ...changeRow,
    request: Models.CreateConsentPortalRequest,
    response: Models.ConsentPortalResponse,
    errors: [...changeRow.errors, ServiceQuotaExceededException],
    status: 202
  }),
  /** Reads a consent portal. */
  getConsentPortal: Rows.make("GetConsentPortal", {
    ...resourceRow,
    request: Models.GetConsentPortalRequest,
    response: Models.ConsentPortalResponse
  }),
  /** Starts an update of a consent portal. */
  updateConsentPortal: Rows.make("UpdateConsentPortal", {
    ...changeRow,
    request: Models.UpdateConsentPortalRequest,
    response: Models.ConsentPortalResponse,
    status: 202
  }),
  /** Starts the deletion of a consent portal. */
  deleteConsentPortal: Rows.make("DeleteConsentPortal", {
    ...changeRow,
    ...noContent,
    request: Models.GetConsentPortalRequest
  }),
  /** Returns one page of the consent portals. */
  listConsentPortals: Rows.make("ListConsentPortals", {
    ...commonRow,
    request: Models.ListConsentPortalsRequest,
    response: Models.ListConsentPortalsResponse,
    errors: [...commonRow.errors, UnauthorizedException]
  })
}

/**
 * The control plane: one method for each operation. `AwsPlanes.layer()` provides it at AWS,
 * `LocalIdentity.layer()` on this machine.
 *
 * @since 0.2.0
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
export class ControlPlane extends Context.Service<
  ControlPlane,
  Operation.Plane<typeof operations> & Operation.Streams<typeof operations> & {
    /**
     * Creates a workload identity. A name that exists already is a `ValidationException`. Without a name it generates
     * one, `workload-` and 8 hexadecimal digits, as the AgentCore SDK for Python does.
     */
    readonly createWorkloadIdentity: (
      request: Omit<Models.CreateWorkloadIdentityRequest, "name"> & {
        /** The name of the workload identity, 3 to 255 characters. Default: a generated one. */
        readonly name?: string | undefined
      }
    ) => ReturnType<Operation.Plane<typeof operations>["createWorkloadIdentity"]>
    /** Streams all workload identities, in pages of at most 20, each fetched when its first item is pulled. */
    readonly streamWorkloadIdentities: Operation.Streams<typeof operations>["streamWorkloadIdentities"]
    /** Streams all OAuth2 credential providers, in pages of at most 20, each fetched when its first item is pulled. */
    readonly streamOauth2CredentialProviders: Operation.Streams<typeof operations>["streamOauth2CredentialProviders"]
    /** Streams all API-key credential providers, in pages of at most 100. A page is fetched with its first item. */
    readonly streamApiKeyCredentialProviders: Operation.Streams<typeof operations>["streamApiKeyCredentialProviders"]
    /** Streams all payment credential providers, in pages of at most 20, each fetched when its first item is pulled. */
    readonly streamPaymentCredentialProviders: Operation.Streams<typeof operations>["streamPaymentCredentialProviders"]
    /** Streams all consent portals, in pages of at most 100, each fetched when its first item is pulled. */
    readonly streamConsentPortals: Operation.Streams<typeof operations>["streamConsentPortals"]
  }
>()("effect-agentcore-identity/ControlPlane") {}

const complete = (plane: Operation.Plane<typeof operations>): ControlPlane["Service"] => ({
  ...addStreams(operations, plane),
  createWorkloadIdentity: (request) =>
    Effect.flatMap(
      request.name === undefined ? workloadName : Effect.succeed(request.name),
      (name) => plane.createWorkloadIdentity({ ...request, name })
    )
})

/**
 * A control plane over an implementation of its operations, checked and traced as `DataPlane.make` does. It adds
 * `streamX` for each `listX`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (implementation: Operation.Plane<typeof operations>): ControlPlane["Service"] =>
  complete(Plane.make("ControlPlane", operations, implementation))

/**
 * Wraps every operation of the control plane in context, and the pages of its streams: for example with spans, rate
 * limits, or faults in tests.
 *
 * @since 0.2.0
 * @category layers
 */
export const decorate = (
  decorator: Operation.Decorator<typeof operations>
): Layer.Layer<ControlPlane, never, ControlPlane> =>
  Layer.fresh(Layer.effect(
    ControlPlane,
    Effect.map(ControlPlane, (plane) => complete(Plane.decorate(operations, plane, decorator)))
  ))

/**
 * Keeps the control plane in context within its quota, a number of calls per second for each operation, as
 * `DataPlane.layerRateLimit` does. Default: 20 (AWS documentation).
 *
 * @since 0.2.0
 * @category layers
 */
export const layerRateLimit = (
  quota: number = operations.getTokenVault.quota
): Layer.Layer<ControlPlane, never, ControlPlane> =>
  Layer.fresh(
    Validation.makeLayer(
      Validation.makeCheck("ControlPlane.layerRateLimit", () => ({ quota: OptionType.Rate })),
      { quota },
      ({ quota }) =>
        Layer.suspend(() => {
          const limiters = Record.map(operations, () => RateLimiter.make(quota))
          return decorate((operation, effect) => Effect.andThen(limiters[operation]("normal"), effect))
        })
    )
  )
