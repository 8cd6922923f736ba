import type * as DataSdk from "@aws-sdk/client-bedrock-agentcore"
import type * as ControlSdk from "@aws-sdk/client-bedrock-agentcore-control"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import type * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Identity from "effect-agentcore-identity/Identity"
import type * as IdentityError from "effect-agentcore-identity/IdentityError"
import type * as ApiKey from "effect-agentcore-identity/models/ApiKeyCredentialProvider"
import type * as Portal from "effect-agentcore-identity/models/ConsentPortal"
import type * as Oauth2 from "effect-agentcore-identity/models/Oauth2CredentialProvider"
import type * as Payment from "effect-agentcore-identity/models/PaymentCredentialProvider"
import type * as Tags from "effect-agentcore-identity/models/ResourceTags"
import type * as TokenVault from "effect-agentcore-identity/models/TokenVault"
import type * as Workload from "effect-agentcore-identity/models/WorkloadIdentity"
import type * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { describe, expectTypeOf, it } from "vitest"
import { common, type Exceptions, newProvider, webIdentityToken } from "../../src/aws/internal/exceptions.js"

type ErrorOf<Method> = Method extends (request: never) => Effect.Effect<infer _A, infer E, infer _R> ? E : never

type Unmodelled = IdentityError.UnknownServiceError | IdentityError.TransportError

describe("error unions", () => {
  type Six =
    | IdentityError.ValidationException
    | IdentityError.UnauthorizedException
    | IdentityError.AccessDeniedException
    | IdentityError.ResourceNotFoundException
    | IdentityError.ThrottlingException
    | IdentityError.InternalServerException
  type NewProvider =
    | Six
    | IdentityError.ConflictException
    | IdentityError.ServiceQuotaExceededException
    | IdentityError.ResourceLimitExceededException
    | IdentityError.EncryptionFailure
    | IdentityError.DecryptionFailure

  it("the tables have exactly what the operations have", () => {
    expectTypeOf(common).toEqualTypeOf<Exceptions<Six>>()
    expectTypeOf(newProvider).toEqualTypeOf<Exceptions<NewProvider>>()
    expectTypeOf(webIdentityToken).toEqualTypeOf<
      Exceptions<Exclude<SecurityTokenService.SecurityTokenServiceError, Unmodelled>>
    >()
  })

  it("the operations have exactly what the service model has, and what comes without an answer", () => {
    expectTypeOf<ErrorOf<DataPlane.Service[DataPlane.Operation]>>().toEqualTypeOf<Six | Unmodelled>()
    expectTypeOf<ErrorOf<ControlPlane.Service["createWorkloadIdentity" | "getWorkloadIdentity"]>>().toEqualTypeOf<
      Six | Unmodelled
    >()
    expectTypeOf<
      ErrorOf<ControlPlane.Service["createOauth2CredentialProvider" | "createApiKeyCredentialProvider"]>
    >().toEqualTypeOf<NewProvider | Unmodelled>()
  })
})

/** The types of the SDK have mutable arrays, `undefined` in every member, and enumerations that know tomorrow's values. */
type Mutable<T> = T extends ReadonlyArray<infer Item> ? Array<Mutable<Item>>
  : T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> }
  : T

describe("requests, as they are encoded, are what the SDK takes", () => {
  it("data plane", () => {
    expectTypeOf<Mutable<typeof DataPlane.GetWorkloadAccessTokenRequest.Encoded>>().toExtend<
      DataSdk.GetWorkloadAccessTokenCommandInput
    >()
    expectTypeOf<Mutable<typeof DataPlane.GetWorkloadAccessTokenForJwtRequest.Encoded>>().toExtend<
      DataSdk.GetWorkloadAccessTokenForJWTCommandInput
    >()
    expectTypeOf<Mutable<typeof DataPlane.GetWorkloadAccessTokenForUserIdRequest.Encoded>>().toExtend<
      DataSdk.GetWorkloadAccessTokenForUserIdCommandInput
    >()
    expectTypeOf<Mutable<typeof DataPlane.GetResourceOauth2TokenRequest.Encoded>>().toExtend<
      DataSdk.GetResourceOauth2TokenCommandInput
    >()
    expectTypeOf<Mutable<typeof DataPlane.GetResourceApiKeyRequest.Encoded>>().toExtend<
      DataSdk.GetResourceApiKeyCommandInput
    >()
    expectTypeOf<Mutable<typeof DataPlane.CompleteResourceTokenAuthRequest.Encoded>>().toExtend<
      DataSdk.CompleteResourceTokenAuthCommandInput
    >()
    expectTypeOf<Mutable<typeof DataPlane.GetResourcePaymentTokenRequest.Encoded>>().toExtend<
      DataSdk.GetResourcePaymentTokenCommandInput
    >()
  })

  it("control plane", () => {
    type Encoded<S extends { readonly Encoded: unknown }> = Mutable<S["Encoded"]>
    expectTypeOf<Encoded<typeof Workload.CreateWorkloadIdentityRequest>>().toExtend<
      ControlSdk.CreateWorkloadIdentityCommandInput
    >()
    expectTypeOf<Encoded<typeof Workload.GetWorkloadIdentityRequest>>().toExtend<
      ControlSdk.GetWorkloadIdentityCommandInput
    >()
    expectTypeOf<Encoded<typeof Workload.UpdateWorkloadIdentityRequest>>().toExtend<
      ControlSdk.UpdateWorkloadIdentityCommandInput
    >()
    expectTypeOf<Encoded<typeof Workload.ListWorkloadIdentitiesRequest>>().toExtend<
      ControlSdk.ListWorkloadIdentitiesCommandInput
    >()
    expectTypeOf<Encoded<typeof ApiKey.CreateApiKeyCredentialProviderRequest>>().toExtend<
      ControlSdk.CreateApiKeyCredentialProviderCommandInput
    >()
    expectTypeOf<Encoded<typeof ApiKey.UpdateApiKeyCredentialProviderRequest>>().toExtend<
      ControlSdk.UpdateApiKeyCredentialProviderCommandInput
    >()
    expectTypeOf<Encoded<typeof Oauth2.CreateOauth2CredentialProviderRequest>>().toExtend<
      ControlSdk.CreateOauth2CredentialProviderCommandInput
    >()
    expectTypeOf<Encoded<typeof Oauth2.UpdateOauth2CredentialProviderRequest>>().toExtend<
      ControlSdk.UpdateOauth2CredentialProviderCommandInput
    >()
    expectTypeOf<Encoded<typeof Payment.CreatePaymentCredentialProviderRequest>>().toExtend<
      ControlSdk.CreatePaymentCredentialProviderCommandInput
    >()
    expectTypeOf<Encoded<typeof Payment.UpdatePaymentCredentialProviderRequest>>().toExtend<
      ControlSdk.UpdatePaymentCredentialProviderCommandInput
    >()
    expectTypeOf<Encoded<typeof TokenVault.SetTokenVaultCmkRequest>>().toExtend<
      ControlSdk.SetTokenVaultCMKCommandInput
    >()
    expectTypeOf<Encoded<typeof Tags.TagResourceRequest>>().toExtend<ControlSdk.TagResourceCommandInput>()
    expectTypeOf<Encoded<typeof Tags.UntagResourceRequest>>().toExtend<ControlSdk.UntagResourceCommandInput>()
    expectTypeOf<Encoded<typeof Portal.CreateConsentPortalRequest>>().toExtend<
      ControlSdk.CreateConsentPortalCommandInput
    >()
    expectTypeOf<Encoded<typeof Portal.UpdateConsentPortalRequest>>().toExtend<
      ControlSdk.UpdateConsentPortalCommandInput
    >()
  })

  it("the vendors are those of the SDK", () => {
    expectTypeOf<Oauth2.Oauth2Vendor>().toEqualTypeOf<ControlSdk.CredentialProviderVendorType>()
    expectTypeOf<Payment.PaymentVendor>().toEqualTypeOf<ControlSdk.PaymentCredentialProviderVendorType>()
  })

  it("no member is sent that the SDK does not know: it would be dropped without a word", () => {
    type Extra<Ours, Theirs> = Exclude<keyof Ours, keyof Theirs>
    expectTypeOf<
      Extra<typeof DataPlane.GetResourceOauth2TokenRequest.Encoded, DataSdk.GetResourceOauth2TokenCommandInput>
    >().toEqualTypeOf<never>()
    expectTypeOf<
      Extra<typeof Workload.CreateWorkloadIdentityRequest.Encoded, ControlSdk.CreateWorkloadIdentityCommandInput>
    >().toEqualTypeOf<never>()
  })
})

declare const clientOfTheDataPlane: DataSdk.BedrockAgentCoreClient

describe("layers", () => {
  type AllPlanes = DataPlane.DataPlane | ControlPlane.ControlPlane | SecurityTokenService.SecurityTokenService

  it("AwsPlanes gives all planes", () => {
    type Planes = Layer.Layer<AllPlanes, ConfigError.ConfigError>
    expectTypeOf(AwsPlanes.layer()).toEqualTypeOf<Planes>()
    expectTypeOf(AwsPlanes.layerConfig({ region: Config.string("R"), maxAttempts: Config.integer("N") })).toEqualTypeOf<
      Planes
    >()
    expectTypeOf(AwsPlanes.layerConfig(Config.succeed({ region: "us-west-2" }))).toEqualTypeOf<Planes>()
  })

  it("AwsDataPlane gives the data plane alone, by the options of all planes less those of the others", () => {
    expectTypeOf(AwsDataPlane.layer()).toEqualTypeOf<Layer.Layer<DataPlane.DataPlane, ConfigError.ConfigError>>()
    AwsDataPlane.layer({ region: "us-west-2", dataPlane: { client: clientOfTheDataPlane } })
    // @ts-expect-error an option of another plane
    AwsDataPlane.layer({ sts: {} })
  })

  it("AwsIdentity gives Identity too", () => {
    expectTypeOf(AwsIdentity.layer()).toEqualTypeOf<
      Layer.Layer<Identity.Identity | AllPlanes, ConfigError.ConfigError>
    >()
  })

  it("secrets of the options are Redacted", () => {
    // @ts-expect-error a secret in clear
    AwsPlanes.layer({ credentials: { accessKeyId: "a", secretAccessKey: "b" } })
    // @ts-expect-error no such option
    AwsPlanes.layer({ regio: "us-west-2" })
    // @ts-expect-error the client of another plane
    AwsPlanes.layer({ sts: { client: clientOfTheDataPlane } })
    // A provider of the SDK.
    AwsPlanes.layer({ credentials: async () => ({ accessKeyId: "a", secretAccessKey: "b" }) })
  })
})
