import { assert, describe } from "@effect/vitest"
import type * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type { CreateConsentPortalRequest } from "effect-agentcore-identity/models/ConsentPortal"
import type { CreateOauth2CredentialProviderRequest } from "effect-agentcore-identity/models/Oauth2CredentialProvider"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import {
  ask,
  asked,
  complete,
  consentAs,
  control,
  createProvider,
  createWorkload,
  customProvider,
  data,
  discoveryUrl,
  type Refusal,
  refuses,
  returnUrl,
  same,
  secret,
  setUp,
  type Subject,
  tester,
  tokenOfUser,
  tokenOfWorkload
} from "./utils.js"

const identityArn = "arn:aws:bedrock-agentcore:us-west-2:123456789012"
const vaultArn = `${identityArn}:token-vault/default`

const notFound = (operation: string, what: string, name: string): Refusal => ({
  tag: "ResourceNotFoundException",
  operation,
  message: `${what} with name '${name}' not found`
})

const invalid = (operation: string, message: string, field?: string): Refusal => ({
  tag: "ValidationException",
  operation,
  message,
  ...(field === undefined ? {} : { reason: "FieldValidationFailed", fieldList: [{ name: field, message }] })
})

const conflict = (operation: string, message: string): Refusal => ({ tag: "ConflictException", operation, message })

const settings = { secrets: { vendor: { key: secret("secret-by-reference"), other: secret("other-by-reference") } } }
const reference = { secretId: "vendor", jsonKey: "key" }
const missingSecret =
  "The local backend reads EXTERNAL secrets from its settings, and this one is not in there: add its id and key to `secrets`"

const createApiKey = (name = "weather", apiKey = "api-key-value") =>
  control((plane) => plane.createApiKeyCredentialProvider({ name, apiKey: secret(apiKey) }))

const createPayment = (name = "payments") =>
  control((plane) =>
    plane.createPaymentCredentialProvider({
      name,
      credentialProviderVendor: "CoinbaseCDP",
      providerConfigurationInput: {
        coinbaseCdpConfiguration: { apiKeyId: "key-1", apiKeySecret: secret("api-key-secret") }
      },
      tags: { team: "payments" }
    })
  )

const portal = (name = "portal", provider = "calendar"): CreateConsentPortalRequest => ({
  name,
  executionRoleArn: "arn:aws:iam::123456789012:role/portal",
  idpConfig: { credentialProviderArn: `${vaultArn}/oauth2credentialprovider/${provider}`, scopes: ["openid"] },
  sources: [{ identifier: "gateway-0123456789", type: "agentcore-gateway" }]
})

const createPortal = (name?: string) => control((plane) => plane.createConsentPortal(portal(name)))

const readKey = (resourceCredentialProviderName = "weather") =>
  Effect.flatMap(tokenOfWorkload(), (workloadIdentityToken) =>
    data((plane) => plane.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName })))

/** A user's token, all the way. */
const consented = (userId: string) =>
  Effect.gen(function*() {
    const token = yield* tokenOfUser(userId)
    const { sessionUri } = yield* asked(token)
    yield* consentAs(sessionUri, "code")
    yield* complete(sessionUri, { userId })
    const answer = yield* ask(token)
    assert(answer instanceof DataPlane.Issued)
    return answer
  })

const isIssued = (answer: DataPlane.TokenAnswer): boolean => answer instanceof DataPlane.Issued

/** The operations on what is set up before an agent runs. */
export const controlPlane = (subject: Subject): void => {
  const test = tester(subject)

  describe("workload identities, once they are there", () => {
    test(
      "are replaced by an update, which changes the time, and nothing else",
      Effect.gen(function*() {
        yield* createWorkload("agent", [returnUrl, "my_app:/back"])
        const before = yield* control((plane) => plane.getWorkloadIdentity({ name: "agent" }))
        const update = (urls?: ReadonlyArray<string>) =>
          control((plane) => plane.updateWorkloadIdentity({ name: "agent", allowedResourceOauth2ReturnUrls: urls }))
        const updated = yield* update(["https://other.example.com/"])
        same(updated.allowedResourceOauth2ReturnUrls, ["https://other.example.com/"])
        same(updated.workloadIdentityArn, before.workloadIdentityArn)
        same(updated.createdTime, before.createdTime)
        assert.isTrue(DateTime.greaterThanOrEqualTo(updated.lastUpdatedTime, before.lastUpdatedTime))
        same(yield* control((plane) => plane.getWorkloadIdentity({ name: "agent" })), updated)
        same((yield* update()).allowedResourceOauth2ReturnUrls, [])
        yield* refuses(
          subject,
          control((plane) => plane.updateWorkloadIdentity({ name: "nobody" })),
          notFound("UpdateWorkloadIdentity", "WorkloadIdentity", "nobody")
        )
      })
    )

    test(
      "are gone after their deletion, with what was granted to them",
      Effect.gen(function*() {
        yield* setUp
        yield* consented("alice")
        const pending = yield* asked(yield* tokenOfUser("bob"))
        yield* consentAs(pending.sessionUri, "code")
        const remove = control((plane) => plane.deleteWorkloadIdentity({ name: "agent" }))
        const removed: void = yield* remove
        assert.isUndefined(removed)
        const gone = (operation: string) => notFound(operation, "WorkloadIdentity", "agent")
        yield* refuses(subject, remove, gone("DeleteWorkloadIdentity"))
        yield* refuses(
          subject,
          control((plane) => plane.getWorkloadIdentity({ name: "agent" })),
          gone("GetWorkloadIdentity")
        )
        yield* refuses(subject, tokenOfWorkload(), gone("GetWorkloadAccessToken"))
        yield* createWorkload()
        assert.isFalse(isIssued(yield* ask(yield* tokenOfUser("alice"))))
        // What was begun for the one that is gone does not end in a token of the new one.
        assert.isTrue((yield* Effect.exit(complete(pending.sessionUri, { userId: "bob" })))._tag === "Failure")
        assert.isFalse(isIssued(yield* ask(yield* tokenOfUser("bob"))))
      })
    )
  })

  describe("OAuth2 credential providers, once they are there", () => {
    const get = (name = "calendar") => control((plane) => plane.getOauth2CredentialProvider({ name }))
    const update = (config: object, name = "calendar") =>
      control((plane) => plane.updateOauth2CredentialProvider(customProvider(name, config)))

    test(
      "are read and replaced; the callback URL stays, the secret is told to nobody",
      Effect.gen(function*() {
        const created = yield* createProvider()
        const before = yield* get()
        const { createdTime, credentialProviderVendor, lastUpdatedTime, ...rest } = before
        same(rest, created)
        same(credentialProviderVendor, "CustomOauth2")
        same(createdTime, lastUpdatedTime)
        const updated = yield* update({ clientId: "another-client", clientAuthenticationMethod: "CLIENT_SECRET_POST" })
        same(updated.callbackUrl, before.callbackUrl)
        same(updated.clientSecretArn, before.clientSecretArn)
        same(updated.createdTime, createdTime)
        same(updated.oauth2ProviderConfigOutput, {
          customOauth2ProviderConfig: {
            oauthDiscovery: { discoveryUrl },
            clientId: "another-client",
            clientAuthenticationMethod: "CLIENT_SECRET_POST"
          }
        })
        same(yield* get(), updated)
        assert.notInclude(JSON.stringify(updated), "secret-of-the-client")
        yield* refuses(subject, get("nothing"), notFound("GetOauth2CredentialProvider", "Oauth2CredentialProvider", "nothing"))
        yield* refuses(
          subject,
          update({}, "nothing"),
          notFound("UpdateOauth2CredentialProvider", "Oauth2CredentialProvider", "nothing")
        )
      })
    )

    test(
      "do not tell the tenant of Microsoft",
      Effect.gen(function*() {
        const request: CreateOauth2CredentialProviderRequest = {
          name: "microsoft",
          credentialProviderVendor: "MicrosoftOauth2",
          oauth2ProviderConfigInput: {
            microsoftOauth2ProviderConfig: { clientId: "id", clientSecret: secret("the client secret"), tenantId: "tenant-1" }
          }
        }
        yield* control((plane) => plane.createOauth2CredentialProvider(request))
        const { oauth2ProviderConfigOutput } = yield* get("microsoft")
        assert.hasAllKeys(oauth2ProviderConfigOutput, ["microsoftOauth2ProviderConfig"])
        assert.hasAllKeys(oauth2ProviderConfigOutput?.microsoftOauth2ProviderConfig, ["clientId", "oauthDiscovery"])
      })
    )

    test(
      "have secrets by reference, and keep to one source",
      Effect.gen(function*() {
        const external = { clientSecret: undefined, clientSecretSource: "EXTERNAL", clientSecretConfig: reference }
        const created = yield* createProvider("external", external)
        same(created.clientSecretSource, "EXTERNAL")
        same(created.clientSecretJsonKey, "key")
        assert.match(
          created.clientSecretArn?.secretArn ?? "",
          /^arn:aws:secretsmanager:us-west-2:123456789012:secret:vendor-\w{6}$/
        )
        const again = yield* update({ ...external, clientSecretConfig: { ...reference, jsonKey: "other" } }, "external")
        same(again.clientSecretArn, created.clientSecretArn)
        same(again.clientSecretJsonKey, "other")
        const operation = "UpdateOauth2CredentialProvider"
        const source = "oauth2ProviderConfigInput.customOauth2ProviderConfig.clientSecretSource"
        yield* refuses(
          subject,
          update({}, "external"),
          invalid(operation, "The source of a secret cannot be changed from EXTERNAL to MANAGED", source)
        )
        yield* createProvider()
        yield* refuses(
          subject,
          update(external),
          invalid(operation, "The source of a secret cannot be changed from MANAGED to EXTERNAL", source)
        )
        yield* refuses(
          subject,
          createProvider("lost", { ...external, clientSecretConfig: { secretId: "constructor", jsonKey: "name" } }),
          invalid(
            "CreateOauth2CredentialProvider",
            missingSecret,
            "oauth2ProviderConfigInput.customOauth2ProviderConfig.clientSecretConfig"
          )
        )
      }),
      undefined,
      { settings }
    )

    test(
      "are gone after their deletion, with what was granted through them; a new one has another callback URL",
      Effect.gen(function*() {
        yield* createWorkload()
        const { callbackUrl } = yield* createProvider()
        yield* consented("alice")
        const remove = control((plane) => plane.deleteOauth2CredentialProvider({ name: "calendar" }))
        yield* remove
        yield* refuses(
          subject,
          remove,
          notFound("DeleteOauth2CredentialProvider", "Oauth2CredentialProvider", "calendar")
        )
        yield* refuses(
          subject,
          ask(yield* tokenOfUser("alice")),
          notFound("GetResourceOauth2Token", "Oauth2CredentialProvider", "calendar")
        )
        const again = yield* createProvider()
        assert.notStrictEqual(again.callbackUrl, callbackUrl)
        assert.isFalse(isIssued(yield* ask(yield* tokenOfUser("alice"))))
      })
    )

    test(
      "stay while a consent portal uses them",
      Effect.gen(function*() {
        yield* createProvider()
        const { consentPortalId } = yield* createPortal()
        const remove = control((plane) => plane.deleteOauth2CredentialProvider({ name: "calendar" }))
        yield* refuses(
          subject,
          remove,
          conflict(
            "DeleteOauth2CredentialProvider",
            "The credential provider is used by the ConsentPortal with name 'portal'"
          )
        )
        yield* control((plane) => plane.deleteConsentPortal({ consentPortalIdentifier: consentPortalId }))
        yield* remove
      }),
      undefined,
      { consentPortalDelay: 0 }
    )
  })

  describe("API-key credential providers, once they are there", () => {
    test(
      "are read, replaced and deleted",
      Effect.gen(function*() {
        yield* createWorkload()
        const created = yield* createApiKey()
        const get = control((plane) => plane.getApiKeyCredentialProvider({ name: "weather" }))
        const { createdTime, lastUpdatedTime, ...rest } = yield* get
        same(rest, created)
        same(createdTime, lastUpdatedTime)
        const updated = yield* control((plane) =>
          plane.updateApiKeyCredentialProvider({ name: "weather", apiKey: secret("another") })
        )
        same(updated.apiKeySecretArn, created.apiKeySecretArn)
        same(yield* get, updated)
        same(yield* readKey(), { apiKey: secret("another") })
        const remove = control((plane) => plane.deleteApiKeyCredentialProvider({ name: "weather" }))
        yield* remove
        const gone = (operation: string) => notFound(operation, "ApiKeyCredentialProvider", "weather")
        yield* refuses(subject, remove, gone("DeleteApiKeyCredentialProvider"))
        yield* refuses(subject, get, gone("GetApiKeyCredentialProvider"))
        yield* refuses(
          subject,
          control((plane) => plane.updateApiKeyCredentialProvider({ name: "weather", apiKey: secret("x") })),
          gone("UpdateApiKeyCredentialProvider")
        )
        yield* refuses(subject, readKey(), gone("GetResourceApiKey"))
      })
    )

    test(
      "have keys by reference, and keep to one source",
      Effect.gen(function*() {
        yield* createWorkload()
        const external = { name: "external", apiKeySecretSource: "EXTERNAL", apiKeySecretConfig: reference } as const
        const created = yield* control((plane) => plane.createApiKeyCredentialProvider(external))
        same(created.apiKeySecretSource, "EXTERNAL")
        same(created.apiKeySecretJsonKey, "key")
        same(yield* readKey("external"), { apiKey: secret("secret-by-reference") })
        yield* control((plane) =>
          plane.updateApiKeyCredentialProvider({
            ...external,
            apiKeySecretConfig: { secretId: "vendor", jsonKey: "other" }
          })
        )
        same(yield* readKey("external"), { apiKey: secret("other-by-reference") })
        yield* refuses(
          subject,
          control((plane) => plane.updateApiKeyCredentialProvider({ name: "external", apiKey: secret("x") })),
          invalid(
            "UpdateApiKeyCredentialProvider",
            "The source of a secret cannot be changed from EXTERNAL to MANAGED",
            "apiKeySecretSource"
          )
        )
        yield* refuses(
          subject,
          control((plane) =>
            plane.createApiKeyCredentialProvider({
              ...external,
              name: "lost",
              apiKeySecretConfig: { secretId: "vendor", jsonKey: "toString" }
            })
          ),
          invalid("CreateApiKeyCredentialProvider", missingSecret, "apiKeySecretConfig")
        )
      }),
      undefined,
      { settings }
    )
  })

  describe("payment credential providers", () => {
    const path = "providerConfigurationInput.coinbaseCdpConfiguration"

    test(
      "are created, read with their tags, replaced and deleted",
      Effect.gen(function*() {
        const { providerConfigurationOutput, ...rest } = yield* createPayment()
        same(rest, {
          name: "payments",
          credentialProviderVendor: "CoinbaseCDP",
          credentialProviderArn: `${vaultArn}/paymentcredentialprovider/payments`
        })
        const { apiKeySecretArn, ...coinbase } = providerConfigurationOutput.coinbaseCdpConfiguration ?? {}
        same(coinbase, { apiKeyId: "key-1", apiKeySecretSource: "MANAGED" })
        assert.match(apiKeySecretArn?.secretArn ?? "", /^arn:aws:secretsmanager:.+\/payment\/payments-apiKeySecret-\w{6}$/)
        yield* refuses(
          subject,
          createPayment(),
          invalid("CreatePaymentCredentialProvider", "Credential provider with name: payments already exists")
        )
        const get = control((plane) => plane.getPaymentCredentialProvider({ name: "payments" }))
        const read = yield* get
        same(read.tags, { team: "payments" })
        same(read.providerConfigurationOutput, providerConfigurationOutput)
        const updated = yield* control((plane) =>
          plane.updatePaymentCredentialProvider({
            name: "payments",
            credentialProviderVendor: "StripePrivy",
            providerConfigurationInput: {
              stripePrivyConfiguration: { appId: "app", appSecret: secret("app-secret"), authorizationId: "auth-1" }
            }
          })
        )
        assert.hasAllKeys(updated.providerConfigurationOutput, ["stripePrivyConfiguration"])
        same(updated.createdTime, read.createdTime)
        same(yield* get, { ...updated, tags: { team: "payments" } })
        const remove = control((plane) => plane.deletePaymentCredentialProvider({ name: "payments" }))
        yield* remove
        const gone = (operation: string) => notFound(operation, "PaymentCredentialProvider", "payments")
        yield* refuses(subject, remove, gone("DeletePaymentCredentialProvider"))
        yield* refuses(subject, get, gone("GetPaymentCredentialProvider"))
      })
    )

    test(
      "need their secrets, by value or by reference",
      Effect.gen(function*() {
        const create = (config: object) =>
          control((plane) =>
            plane.createPaymentCredentialProvider({
              name: "payments",
              credentialProviderVendor: "CoinbaseCDP",
              providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId: "key-1", ...config } }
            })
          )
        const operation = "CreatePaymentCredentialProvider"
        yield* refuses(
          subject,
          create({}),
          invalid(operation, "Member must not be null for the secret source MANAGED", `${path}.apiKeySecret`)
        )
        yield* refuses(
          subject,
          create({ apiKeySecret: secret("s"), walletSecretSource: "EXTERNAL" }),
          invalid(operation, "Member must not be null for the secret source EXTERNAL", `${path}.walletSecretConfig`)
        )
        const created = yield* create({
          apiKeySecretSource: "EXTERNAL",
          apiKeySecretConfig: reference,
          walletSecret: secret("wallet")
        })
        const { coinbaseCdpConfiguration } = created.providerConfigurationOutput
        same(coinbaseCdpConfiguration?.apiKeySecretJsonKey, "key")
        same(coinbaseCdpConfiguration?.walletSecretSource, "MANAGED")
      }),
      undefined,
      { settings }
    )

    test(
      "give tokens, of their own vendor only",
      Effect.gen(function*() {
        yield* createWorkload()
        yield* control((plane) =>
          plane.createPaymentCredentialProvider({
            name: "privy",
            credentialProviderVendor: "StripePrivy",
            providerConfigurationInput: {
              stripePrivyConfiguration: { appId: "app-1", appSecret: secret("app-secret"), authorizationId: "auth-1" }
            }
          })
        )
        const token = (paymentTokenRequest: DataPlane.PaymentTokenRequest, provider = "privy") =>
          Effect.flatMap(tokenOfWorkload(), (workloadIdentityToken) =>
            data((plane) =>
              plane.getResourcePaymentToken({
                workloadIdentityToken,
                resourceCredentialProviderName: provider,
                paymentTokenRequest
              })
            ))
        same(yield* token({ stripePrivyTokenRequest: { requestPath: "/v1/wallets", requestBody: secret("{}") } }), {
          paymentTokenResponse: {
            stripePrivyTokenResponse: {
              appId: "app-1",
              basicAuthToken: secret(Buffer.from("app-1:app-secret").toString("base64"))
            }
          }
        })
        const other: DataPlane.PaymentTokenRequest = {
          coinbaseCdpTokenRequest: { requestMethod: "GET", requestPath: "/" }
        }
        const operation = "GetResourcePaymentToken"
        yield* refuses(
          subject,
          token(other),
          invalid(operation, "The credential provider is one of StripePrivy", "paymentTokenRequest")
        )
        yield* refuses(subject, token(other, "nothing"), notFound(operation, "PaymentCredentialProvider", "nothing"))
      })
    )
  })

  describe("the token vault", () => {
    test(
      "has a key of the service, or of the customer",
      Effect.gen(function*() {
        const get = control((plane) => plane.getTokenVault({}))
        const before = yield* get
        same(before.tokenVaultId, "default")
        same(before.kmsConfiguration, { keyType: "ServiceManagedKey" })
        same(yield* get, before)
        const kmsConfiguration = { keyType: "CustomerManagedKey", kmsKeyArn: "arn:aws:kms:us-west-2:1:key/k" } as const
        const set = yield* control((plane) => plane.setTokenVaultCmk({ tokenVaultId: "default", kmsConfiguration }))
        same(set.kmsConfiguration, kmsConfiguration)
        assert.isTrue(DateTime.greaterThanOrEqualTo(set.lastModifiedDate, before.lastModifiedDate))
        same(yield* control((plane) => plane.getTokenVault({ tokenVaultId: "default" })), set)
        yield* refuses(
          subject,
          control((plane) => plane.getTokenVault({ tokenVaultId: "other" })),
          notFound("GetTokenVault", "TokenVault", "other")
        )
        yield* refuses(
          subject,
          control((plane) => plane.setTokenVaultCmk({ tokenVaultId: "other", kmsConfiguration })),
          notFound("SetTokenVaultCMK", "TokenVault", "other")
        )
      })
    )
  })

  describe("tags", () => {
    test(
      "are put on everything that has an ARN, added to, and taken off",
      Effect.gen(function*() {
        const longName = "w".repeat(255)
        const workload = yield* control((plane) => plane.createWorkloadIdentity({ name: longName, tags: { a: "1" } }))
        const arns = [
          workload.workloadIdentityArn,
          (yield* createProvider()).credentialProviderArn,
          (yield* createApiKey()).credentialProviderArn,
          (yield* createPayment()).credentialProviderArn,
          (yield* createPortal()).consentPortalArn
        ]
        const list = (resourceArn: string) => control((plane) => plane.listTagsForResource({ resourceArn }))
        same(yield* list(workload.workloadIdentityArn), { tags: { a: "1" } })
        for (const resourceArn of arns) {
          const before = (yield* list(resourceArn)).tags ?? {}
          const tags = { "проект & co/=": "агент 🔑", empty: "" }
          const added: void = yield* control((plane) => plane.tagResource({ resourceArn, tags }))
          assert.isUndefined(added)
          same((yield* list(resourceArn)).tags, { ...before, ...tags })
          yield* control((plane) => plane.tagResource({ resourceArn, tags: { empty: "no more" } }))
          yield* control((plane) =>
            plane.untagResource({ resourceArn, tagKeys: ["проект & co/=", "not there", ...Object.keys(before)] })
          )
          same(yield* list(resourceArn), { tags: { empty: "no more" } })
        }
      })
    )

    test(
      "are at most 50, and not on what is not there",
      Effect.gen(function*() {
        const { workloadIdentityArn: resourceArn } = yield* createWorkload()
        const many = (prefix: string, count: number) =>
          Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}-${index}`, ""]))
        const tag = (tags: Record<string, string>, arn = resourceArn) =>
          control((plane) => plane.tagResource({ resourceArn: arn, tags }))
        yield* tag(many("a", 50))
        yield* tag({ "a-0": "again" })
        yield* refuses(subject, tag({ b: "" }), {
          tag: "ServiceQuotaExceededException",
          operation: "TagResource",
          message: "A resource cannot have more than 50 tags"
        })
        const unknown = `${resourceArn}x`
        const gone = (operation: string): Refusal => ({
          tag: "ResourceNotFoundException",
          operation,
          message: `Resource with ARN '${unknown}' not found`
        })
        yield* refuses(subject, tag({}, unknown), gone("TagResource"))
        yield* refuses(
          subject,
          control((plane) => plane.untagResource({ resourceArn: unknown, tagKeys: ["a"] })),
          gone("UntagResource")
        )
        yield* refuses(
          subject,
          control((plane) => plane.listTagsForResource({ resourceArn: unknown })),
          gone("ListTagsForResource")
        )
      })
    )
  })

  describe("consent portals", () => {
    const get = (consentPortalIdentifier: string) =>
      control((plane) => plane.getConsentPortal({ consentPortalIdentifier }))
    const update = (consentPortalIdentifier: string, description: string) =>
      control((plane) => plane.updateConsentPortal({ consentPortalIdentifier, description }))
    const remove = (consentPortalIdentifier: string) =>
      control((plane) => plane.deleteConsentPortal({ consentPortalIdentifier }))
    const gone = (operation: string, identifier: string): Refusal => ({
      tag: "ResourceNotFoundException",
      operation,
      message: `ConsentPortal '${identifier}' not found`
    })

    test(
      "are being created, and until then neither changed nor deleted",
      Effect.gen(function*() {
        yield* createProvider()
        const { consentPortalArn, consentPortalId, createdAt, portalUrl, updatedAt, ...rest } = yield* createPortal()
        same(rest, { ...portal(), status: "CREATING" })
        // The AWS SDK leaves a null out.
        same(portalUrl ?? null, null)
        same(createdAt, updatedAt)
        assert.match(consentPortalId, /^portal-[A-Za-z0-9]{10}$/)
        same(consentPortalArn, `${identityArn}:consent-portal/${consentPortalId}`)
        const busy = (operation: string) =>
          conflict(operation, "ConsentPortal 'portal' is in status CREATING: wait until it is ACTIVE")
        yield* refuses(subject, update(consentPortalId, "new"), busy("UpdateConsentPortal"))
        yield* refuses(subject, remove(consentPortalArn), busy("DeleteConsentPortal"))
        yield* refuses(
          subject,
          createPortal(),
          conflict("CreateConsentPortal", "ConsentPortal with name 'portal' already exists")
        )
      }),
      undefined,
      { consentPortalDelay: "1 hour" }
    )

    test(
      "are then read by id and ARN, changed in parts, listed and deleted",
      Effect.gen(function*() {
        yield* createProvider()
        const { consentPortalArn, consentPortalId } = yield* createPortal()
        const active = yield* get(consentPortalId)
        same(active.status, "ACTIVE")
        assert.match(active.portalUrl ?? "", /^http:\/\/127\.0\.0\.1:\d+\/\S+$/)
        same(yield* get(consentPortalArn), active)
        const updated = yield* update(consentPortalArn, "Für alle")
        same(updated.description, "Für alle")
        same(updated.idpConfig, active.idpConfig)
        const { executionRoleArn, idpConfig, ...summary } = updated
        same(executionRoleArn, portal().executionRoleArn)
        same(idpConfig, portal().idpConfig)
        same(yield* control((plane) => plane.listConsentPortals({})), { consentPortals: [summary] })
        yield* remove(consentPortalId)
        yield* refuses(subject, get(consentPortalId), gone("GetConsentPortal", consentPortalId))
        yield* refuses(subject, update(consentPortalId, ""), gone("UpdateConsentPortal", consentPortalId))
        yield* refuses(subject, remove(consentPortalId), gone("DeleteConsentPortal", consentPortalId))
        same(yield* control((plane) => plane.listConsentPortals({})), { consentPortals: [] })
        assert.notStrictEqual((yield* createPortal()).consentPortalId, consentPortalId)
      }),
      undefined,
      { consentPortalDelay: 0 }
    )

    test(
      "need an OAuth2 credential provider",
      Effect.gen(function*() {
        yield* createProvider()
        const { consentPortalId } = yield* createPortal()
        const message = "Member must be the ARN of an OAuth2 credential provider"
        const field = "idpConfig.credentialProviderArn"
        yield* refuses(
          subject,
          control((plane) => plane.createConsentPortal(portal("other", "nothing"))),
          invalid("CreateConsentPortal", message, field)
        )
        yield* refuses(
          subject,
          control((plane) =>
            plane.updateConsentPortal({
              consentPortalIdentifier: consentPortalId,
              idpConfig: { ...portal().idpConfig, credentialProviderArn: "arn:aws:x" }
            })
          ),
          invalid("UpdateConsentPortal", message, field)
        )
      }),
      undefined,
      { consentPortalDelay: 0 }
    )
  })

  describe("lists", () => {
    type List = {
      readonly operation: string
      readonly create: (
        name: string
      ) => Effect.Effect<unknown, unknown, ControlPlane.ControlPlane>
      readonly page: (
        request: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined }
      ) => Effect.Effect<
        { readonly names: ReadonlyArray<string>; readonly nextToken?: string | null | undefined },
        { readonly _tag: string },
        ControlPlane.ControlPlane
      >
      readonly stream: (pageSize: number) => Stream.Stream<{ readonly name: string }, unknown, ControlPlane.ControlPlane>
    }

    const names = (items: ReadonlyArray<{ readonly name: string }>) => items.map(({ name }) => name)

    const lists: ReadonlyArray<List> = [
      {
        operation: "ListWorkloadIdentities",
        create: (name) => createWorkload(name),
        page: (request) =>
          control((plane) =>
            Effect.map(plane.listWorkloadIdentities(request), ({ nextToken, workloadIdentities }) => ({
              names: names(workloadIdentities),
              nextToken
            }))
          ),
        stream: (pageSize) => Stream.unwrap(control((plane) => Effect.succeed(plane.streamWorkloadIdentities({ pageSize }))))
      },
      {
        operation: "ListOauth2CredentialProviders",
        create: (name) => createProvider(name),
        page: (request) =>
          control((plane) =>
            Effect.map(plane.listOauth2CredentialProviders(request), ({ credentialProviders, nextToken }) => ({
              names: names(credentialProviders),
              nextToken
            }))
          ),
        stream: (pageSize) =>
          Stream.unwrap(control((plane) => Effect.succeed(plane.streamOauth2CredentialProviders({ pageSize }))))
      },
      {
        operation: "ListApiKeyCredentialProviders",
        create: (name) => createApiKey(name),
        page: (request) =>
          control((plane) =>
            Effect.map(plane.listApiKeyCredentialProviders(request), ({ credentialProviders, nextToken }) => ({
              names: names(credentialProviders),
              nextToken
            }))
          ),
        stream: (pageSize) =>
          Stream.unwrap(control((plane) => Effect.succeed(plane.streamApiKeyCredentialProviders({ pageSize }))))
      },
      {
        operation: "ListPaymentCredentialProviders",
        create: (name) => createPayment(name),
        page: (request) =>
          control((plane) =>
            Effect.map(plane.listPaymentCredentialProviders(request), ({ credentialProviders, nextToken }) => ({
              names: names(credentialProviders),
              nextToken
            }))
          ),
        stream: (pageSize) =>
          Stream.unwrap(control((plane) => Effect.succeed(plane.streamPaymentCredentialProviders({ pageSize }))))
      },
      {
        operation: "ListConsentPortals",
        create: (name) => Effect.zipRight(Effect.ignore(createProvider()), createPortal(name)),
        page: (request) =>
          control((plane) =>
            Effect.map(plane.listConsentPortals(request), ({ consentPortals, nextToken }) => ({
              names: names(consentPortals),
              nextToken
            }))
          ),
        stream: (pageSize) => Stream.unwrap(control((plane) => Effect.succeed(plane.streamConsentPortals({ pageSize }))))
      }
    ]

    for (const { create, operation, page, stream } of lists) {
      test(
        `${operation}: in the order of names, page by page, whatever comes in between`,
        Effect.gen(function*() {
          same(yield* page({}), { names: [], nextToken: undefined })
          yield* Effect.forEach(["nnn", "aaa", "zzz", "mmm", "Bbb"], create)
          const sorted = ["Bbb", "aaa", "mmm", "nnn", "zzz"]
          same(yield* page({}), { names: sorted, nextToken: undefined })
          same((yield* page({ maxResults: 5 })).nextToken, undefined)
          const first = yield* page({ maxResults: 2 })
          same(first.names, ["Bbb", "aaa"])
          assert.isString(first.nextToken)
          // One before the place that is gone on from, and one after it.
          yield* create("AAA")
          yield* create("mm1")
          const second = yield* page({ maxResults: 2, nextToken: first.nextToken ?? "" })
          same(second.names, ["mm1", "mmm"])
          same((yield* page({ nextToken: second.nextToken ?? "" })).names, ["nnn", "zzz"])
          for (const pageSize of [1, 3, 20]) {
            const all = yield* Stream.runCollect(stream(pageSize))
            same(names(Chunk.toReadonlyArray(all)), ["AAA", "Bbb", "aaa", "mm1", "mmm", "nnn", "zzz"])
          }
        })
      )

      test(
        `${operation}: takes its own tokens alone`,
        Effect.gen(function*() {
          yield* Effect.forEach(["aaa", "bbb"], create)
          const { nextToken } = yield* page({ maxResults: 1 })
          const foreign = lists.find((list) => list.operation !== operation)!
          yield* Effect.forEach(["xxx", "yyy"], foreign.create)
          const strange = (yield* foreign.page({ maxResults: 1 })).nextToken
          for (const token of ["x", "[]", `${nextToken}=`, `${nextToken}AA`, strange ?? "", "eyJhIjoxfQ", "ünï"]) {
            yield* refuses(subject, page({ nextToken: token }), invalid(operation, "Invalid nextToken", "nextToken"))
          }
        })
      )
    }
  })

  describe("quotas", () => {
    test(
      "50 providers of each kind",
      Effect.gen(function*() {
        const message = "An account cannot have more than 50 credential providers of a kind"
        const create: ReadonlyArray<readonly [string, (name: string) => Effect.Effect<unknown, { readonly _tag: string }, ControlPlane.ControlPlane>]> = [
          ["CreateOauth2CredentialProvider", (name) => createProvider(name)],
          ["CreateApiKeyCredentialProvider", (name) => createApiKey(name)],
          ["CreatePaymentCredentialProvider", (name) => createPayment(name)]
        ]
        for (const [operation, one] of create) {
          for (let index = 0; index < 50; index++) yield* one(`provider-${index}`)
          yield* refuses(subject, one("one-more"), { tag: "ServiceQuotaExceededException", operation, message })
        }
        yield* control((plane) => plane.deleteApiKeyCredentialProvider({ name: "provider-7" }))
        yield* createApiKey("one-more")
      })
    )
  })

  describe("secrets", () => {
    test(
      "are in no answer",
      Effect.gen(function*() {
        yield* createProvider()
        yield* createApiKey()
        yield* createPayment()
        const answers = [
          yield* control((plane) => plane.getOauth2CredentialProvider({ name: "calendar" })),
          yield* control((plane) => plane.getApiKeyCredentialProvider({ name: "weather" })),
          yield* control((plane) => plane.getPaymentCredentialProvider({ name: "payments" })),
          yield* control((plane) => plane.listOauth2CredentialProviders({}))
        ]
        const text = JSON.stringify(answers, (_, value: unknown) => Redacted.isRedacted(value) ? Redacted.value(value) : value)
        for (const value of ["secret-of-the-client", "api-key-value", "api-key-secret"]) {
          assert.notInclude(text.replaceAll("payments-apiKeySecret", ""), value)
        }
      })
    )
  })
}
