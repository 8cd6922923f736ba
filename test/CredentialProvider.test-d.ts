import type {
  CredentialProviderVendorType,
  PaymentCredentialProviderVendorType
} from "@aws-sdk/client-bedrock-agentcore-control"
import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import type * as Models from "effect-agentcore-identity/Models"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { describe, expectTypeOf, test } from "vitest"

declare const clientSecret: Redacted.Redacted

const client = { name: "provider", clientId: "my-agent", clientSecret }

const endpoints = {
  issuer: "https://id.example.com",
  authorizationEndpoint: "https://id.example.com/authorize",
  tokenEndpoint: "https://id.example.com/token"
}

type ErrorOf<F> = F extends Effect.Effect<unknown, infer E, unknown> ? E extends { readonly _tag: infer T } ? T : never
  : never

type Common =
  | "ValidationException"
  | "UnauthorizedException"
  | "AccessDeniedException"
  | "ResourceNotFoundException"
  | "ThrottlingException"
  | "InternalServerException"
  | "UnknownServiceError"
  | "TransportError"

describe("constructors", () => {
  test("require endpoints exactly for the vendors that need them", () => {
    CredentialProvider.okta({ ...client, ...endpoints })
    CredentialProvider.github(client)
    // @ts-expect-error Okta's issuer differs from customer to customer
    CredentialProvider.okta(client)
    // @ts-expect-error the service knows GitHub's endpoints
    CredentialProvider.github({ ...client, issuer: "https://github.com" })
  })

  test("offer offlineAccess for the vendors that issue refresh tokens on request", () => {
    CredentialProvider.google({ ...client, offlineAccess: true })
    // @ts-expect-error GitHub enables refresh tokens in the settings of the app
    CredentialProvider.github({ ...client, offlineAccess: true })
  })

  test("accept secrets that are Redacted or references", () => {
    CredentialProvider.github({ ...client, clientSecret: { secretId: "s", jsonKey: "k" } })
    // @ts-expect-error not a plain string
    CredentialProvider.github({ ...client, clientSecret: "secret" })
  })

  test("require discovery or metadata, and one way to authenticate, for a custom server", () => {
    CredentialProvider.custom({ ...client, discovery: "https://id.example.com/.well-known/openid-configuration" })
    CredentialProvider.custom({ name: "provider", awsIamIdTokenJwt: true, metadata: endpoints })
    // @ts-expect-error neither discovery nor metadata
    CredentialProvider.custom(client)
    // @ts-expect-error no way to authenticate
    CredentialProvider.custom({ name: "provider", clientId: "my-agent", metadata: endpoints })
  })
})

describe("operations", () => {
  test("have exact errors", () => {
    const definition = CredentialProvider.github(client)
    expectTypeOf<ErrorOf<ReturnType<typeof CredentialProvider.awaitReady>>>().toEqualTypeOf<
      Common | "DecryptionFailure" | "CredentialProviderFailed" | "CredentialProviderTimedOut"
    >()
    expectTypeOf(CredentialProvider.ensure(definition)).toExtend<
      Effect.Effect<{ readonly outcome: "Created" | "Updated" | "Unchanged" }, unknown, unknown>
    >()
    expectTypeOf<ErrorOf<ReturnType<typeof CredentialProvider.ensure>>>().toEqualTypeOf<
      | Common
      | "ConflictException"
      | "ServiceQuotaExceededException"
      | "ResourceLimitExceededException"
      | "EncryptionFailure"
      | "DecryptionFailure"
      | "SecretSourceSwitch"
    >()
  })

  test("return the provider of the kind", () => {
    expectTypeOf(CredentialProvider.awaitReady({ kind: "apiKey", name: "weather" })).toExtend<
      Effect.Effect<Models.GetApiKeyCredentialProviderResponse, unknown, unknown>
    >()
  })
})

// The SDK's name of the vendor for each constructor: `oneLogin` is `OneLoginOauth2`.
type VendorOf<Name extends string> = `${Capitalize<Name>}Oauth2`

type Constructors = {
  readonly [
    Name in keyof typeof CredentialProvider as (typeof CredentialProvider)[Name] extends
      (options: never) => CredentialProvider.Definition<"oauth2"> ? Name : never
  ]: true
}

describe("vendors", () => {
  test("are those of the SDK, all of them", () => {
    expectTypeOf<Models.Oauth2Vendor>().toEqualTypeOf<CredentialProviderVendorType>()
    expectTypeOf<Models.CreatePaymentCredentialProviderRequest["credentialProviderVendor"]>().toEqualTypeOf<
      PaymentCredentialProviderVendorType
    >()
  })

  test("have a constructor each", () => {
    expectTypeOf<VendorOf<keyof Constructors & string>>().toEqualTypeOf<CredentialProviderVendorType>()
  })
})
