import { assert, describe } from "@effect/vitest"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import type { CreateOauth2CredentialProviderRequest } from "effect-agentcore-identity/Models"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { ed25519Key, p256Key } from "../support/paymentKeys.js"
import {
  conflict,
  consented,
  createApiKey,
  createPayment,
  createPortal,
  deniedSecret,
  invalid,
  isIssued,
  notFound,
  readKey,
  reference,
  settings,
  vaultArn
} from "./setup.js"
import {
  backend,
  complete,
  consentAs,
  control,
  createProvider,
  createWorkload,
  customProvider,
  data,
  discoveryUrl,
  rejects,
  requestConsent,
  requestToken,
  same,
  secret,
  type Subject,
  tester,
  tokenOfUser,
  tokenOfWorkload
} from "./utils.js"

/** Reads, updates and deletions of credential providers. */
export const providers = (subject: Subject): void => {
  const test = tester(subject)
  const withSettings = tester(subject, { settings })

  describe("existing OAuth2 credential providers", () => {
    const get = (name = "calendar") => control((plane) => plane.getOauth2CredentialProvider({ name }))
    const update = (config: object, name = "calendar") =>
      control((plane) => plane.updateOauth2CredentialProvider(customProvider(name, config)))

    test("are read and replaced: the callback URL stays, and no response has the secret", function*() {
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
      yield* rejects(
        subject,
        get("nothing"),
        notFound("GetOauth2CredentialProvider", "CredentialProvider not found")
      )
      yield* rejects(
        subject,
        update({}, "nothing"),
        notFound("UpdateOauth2CredentialProvider", "CredentialProvider not found")
      )
    })

    test("do not show the tenant of Microsoft", function*() {
      const request: CreateOauth2CredentialProviderRequest = {
        name: "microsoft",
        credentialProviderVendor: "MicrosoftOauth2",
        oauth2ProviderConfigInput: {
          microsoftOauth2ProviderConfig: {
            clientId: "id",
            clientSecret: secret("the client secret"),
            tenantId: "tenant-1"
          }
        }
      }
      yield* control((plane) => plane.createOauth2CredentialProvider(request))
      const { oauth2ProviderConfigOutput } = yield* get("microsoft")
      assert.hasAllKeys(oauth2ProviderConfigOutput, ["microsoftOauth2ProviderConfig"])
      assert.hasAllKeys(oauth2ProviderConfigOutput?.microsoftOauth2ProviderConfig, ["clientId", "oauthDiscovery"])
    })

    test("have the ARN of a secret, also without a secret", function*() {
      const config = { clientSecret: undefined, clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" }
      const { clientSecretArn, clientSecretSource } = yield* createProvider("calendar", config)
      same(clientSecretSource, undefined)
      assert.match(clientSecretArn?.secretArn ?? "", /^arn:aws:secretsmanager:.+\/oauth2\/calendar-\w{6}$/)
      same((yield* get()).clientSecretArn, clientSecretArn)
    })

    withSettings("have secrets by reference, and reject another source of the secret", function*() {
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
      yield* rejects(
        subject,
        update({}, "external"),
        invalid(operation, "The source of a secret cannot be changed from EXTERNAL to MANAGED", source)
      )
      yield* createProvider()
      yield* rejects(
        subject,
        update(external),
        invalid(operation, "The source of a secret cannot be changed from MANAGED to EXTERNAL", source)
      )
      // Secrets are read when they are used.
      yield* createWorkload()
      for (const secretId of ["constructor", "lost"]) {
        yield* createProvider(secretId, { ...external, clientSecretConfig: { secretId, jsonKey: "name" } })
        const operation = "GetResourceOauth2Token"
        const request = { resourceCredentialProviderName: secretId }
        const ofUser = yield* tokenOfUser("alice")
        yield* rejects(subject, requestToken(ofUser, request), deniedSecret(operation, secretId))
        yield* rejects(
          subject,
          requestToken(ofUser, { ...request, oauth2Flow: "M2M" }),
          deniedSecret(operation, secretId)
        )
      }
    })

    test("are deleted with the grants through them, and a new one has another callback URL", function*() {
      yield* createWorkload()
      const { callbackUrl } = yield* createProvider()
      yield* consented("alice")
      yield* createProvider("mail")
      const ofMail = { resourceCredentialProviderName: "mail" }
      const mail = yield* requestConsent(yield* tokenOfUser("alice"), ofMail)
      yield* backend((local) => local.approve(mail.sessionUri))
      const unopened = yield* requestConsent(yield* tokenOfUser("bob"))
      const opened = yield* requestConsent(yield* tokenOfUser("bob"), { scopes: [] })
      yield* consentAs(opened.sessionUri, "code")
      const remove = control((plane) => plane.deleteOauth2CredentialProvider({ name: "calendar" }))
      yield* remove
      yield* rejects(
        subject,
        remove,
        notFound("DeleteOauth2CredentialProvider", "CredentialProvider not found")
      )
      yield* rejects(
        subject,
        requestToken(yield* tokenOfUser("alice")),
        notFound("GetResourceOauth2Token", "CredentialProvider not found")
      )
      const again = yield* createProvider()
      assert.notStrictEqual(again.callbackUrl, callbackUrl)
      assert.isFalse(isIssued(yield* requestToken(yield* tokenOfUser("alice"))))
      // No earlier session serves the provider that has the name now.
      assert.notStrictEqual((yield* backend((local) => local.authorize(unopened.sessionUri)))._tag, "Redirect")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(complete(opened.sessionUri, { userId: "bob" }))))
      assert.isTrue(isIssued(yield* requestToken(yield* tokenOfUser("alice"), ofMail)))
    })

    tester(subject, { consentPortalDelay: 0 })(
      "cannot be deleted while a consent portal uses them",
      function*() {
        yield* createProvider()
        const { consentPortalId } = yield* createPortal()
        const remove = control((plane) => plane.deleteOauth2CredentialProvider({ name: "calendar" }))
        yield* rejects(
          subject,
          remove,
          conflict(
            "DeleteOauth2CredentialProvider",
            "The credential provider is used by the ConsentPortal with name 'portal'"
          )
        )
        yield* control((plane) => plane.deleteConsentPortal({ consentPortalIdentifier: consentPortalId }))
        yield* remove
      }
    )
  })

  describe("existing API-key credential providers", () => {
    test("are read, replaced and deleted", function*() {
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
      same(updated.lastUpdatedTime, lastUpdatedTime)
      same(yield* get, updated)
      same(yield* readKey(), { apiKey: secret("another") })
      const remove = control((plane) => plane.deleteApiKeyCredentialProvider({ name: "weather" }))
      yield* remove
      const gone = (operation: string) => notFound(operation, "ApiKeyCredentialProvider not found for weather")
      yield* rejects(subject, remove, gone("DeleteApiKeyCredentialProvider"))
      yield* rejects(subject, get, gone("GetApiKeyCredentialProvider"))
      yield* rejects(
        subject,
        control((plane) => plane.updateApiKeyCredentialProvider({ name: "weather", apiKey: secret("x") })),
        gone("UpdateApiKeyCredentialProvider")
      )
      yield* rejects(subject, readKey(), gone("GetResourceApiKey"))
    })

    withSettings("have keys by reference, and reject another source of the key", function*() {
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
      yield* rejects(
        subject,
        control((plane) => plane.updateApiKeyCredentialProvider({ name: "external", apiKey: secret("x") })),
        invalid(
          "UpdateApiKeyCredentialProvider",
          "The source of a secret cannot be changed from EXTERNAL to MANAGED",
          "apiKeySecretSource"
        )
      )
      // Secrets are read when they are used.
      yield* control((plane) =>
        plane.createApiKeyCredentialProvider({
          ...external,
          name: "lost",
          apiKeySecretConfig: { secretId: "vendor", jsonKey: "toString" }
        })
      )
      yield* rejects(subject, readKey("lost"), deniedSecret("GetResourceApiKey", "vendor"))
    })
  })

  describe("payment credential providers", () => {
    const path = "providerConfigurationInput.coinbaseCdpConfiguration"

    test("are created, read without their tags, replaced and deleted", function*() {
      const { providerConfigurationOutput, ...rest } = yield* createPayment()
      same(rest, {
        name: "payments",
        credentialProviderVendor: "CoinbaseCDP",
        credentialProviderArn: `${vaultArn}/paymentcredentialprovider/payments`
      })
      const { apiKeySecretArn, walletSecretArn, ...coinbase } = providerConfigurationOutput.coinbaseCdpConfiguration
        ?? {}
      // The service model requires an ARN, also of a missing secret.
      assert.match(walletSecretArn?.secretArn ?? "", /\/payment\/coinbasecdp\/payments-[0-9a-f]{8}\/wallet-\w{6}$/)
      same(coinbase, { apiKeyId: "key-1", apiKeySecretSource: "MANAGED" })
      assert.match(
        apiKeySecretArn?.secretArn ?? "",
        /^arn:aws:secretsmanager:.+\/payment\/coinbasecdp\/payments-[0-9a-f]{8}\/apikey-[A-Za-z0-9]{6}$/
      )
      yield* rejects(
        subject,
        createPayment(),
        invalid("CreatePaymentCredentialProvider", "Credential provider with name: payments already exists")
      )
      const get = control((plane) => plane.getPaymentCredentialProvider({ name: "payments" }))
      const read = yield* get
      assert.notProperty(read, "tags")
      same(read.providerConfigurationOutput, providerConfigurationOutput)
      const updated = yield* control((plane) =>
        plane.updatePaymentCredentialProvider({
          name: "payments",
          credentialProviderVendor: "CoinbaseCDP",
          providerConfigurationInput: {
            coinbaseCdpConfiguration: { apiKeyId: "key-2", apiKeySecret: secret(ed25519Key()) }
          }
        })
      )
      const { coinbaseCdpConfiguration } = updated.providerConfigurationOutput
      assert.strictEqual(coinbaseCdpConfiguration?.apiKeyId, "key-2")
      assert.match(
        coinbaseCdpConfiguration?.walletSecretArn?.secretArn ?? "",
        /\/payment\/coinbasecdp\/payments-[0-9a-f]{8}\/wallet-\w{6}$/
      )
      assert.notProperty(coinbaseCdpConfiguration, "walletSecretSource")
      assert.hasAllKeys(updated.providerConfigurationOutput, ["coinbaseCdpConfiguration"])
      same(updated.createdTime, read.createdTime)
      same(yield* get, updated)
      const remove = control((plane) => plane.deletePaymentCredentialProvider({ name: "payments" }))
      yield* remove
      const gone = (operation: string) => notFound(operation, "PaymentCredentialProvider not found")
      yield* rejects(subject, remove, gone("DeletePaymentCredentialProvider"))
      yield* rejects(subject, get, gone("GetPaymentCredentialProvider"))
    })

    withSettings("need their secrets, by value or by reference", function*() {
      const create = (config: object) =>
        control((plane) =>
          plane.createPaymentCredentialProvider({
            name: "payments",
            credentialProviderVendor: "CoinbaseCDP",
            providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId: "key-1", ...config } }
          })
        )
      const operation = "CreatePaymentCredentialProvider"
      yield* rejects(
        subject,
        create({}),
        invalid(operation, "Member must not be null for the secret source MANAGED", `${path}.apiKeySecret`)
      )
      yield* rejects(
        subject,
        create({ apiKeySecret: secret(ed25519Key()), walletSecretSource: "EXTERNAL" }),
        invalid(operation, "Member must not be null for the secret source EXTERNAL", `${path}.walletSecretConfig`)
      )
      const created = yield* create({
        apiKeySecretSource: "EXTERNAL",
        apiKeySecretConfig: reference,
        walletSecret: secret(p256Key())
      })
      const { coinbaseCdpConfiguration } = created.providerConfigurationOutput
      same(coinbaseCdpConfiguration?.apiKeySecretJsonKey, "key")
      same(coinbaseCdpConfiguration?.walletSecretSource, "MANAGED")
    })

    test("return tokens of their own vendor only", function*() {
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
        coinbaseCdpTokenRequest: { requestMethod: "GET", requestPath: "/v1" }
      }
      const operation = "GetResourcePaymentToken"
      yield* rejects(
        subject,
        token(other),
        invalid(operation, "The credential provider is one of StripePrivy", "paymentTokenRequest")
      )
      yield* rejects(subject, token(other, "nothing"), notFound(operation, "PaymentCredentialProvider not found"))
    })
  })
}
