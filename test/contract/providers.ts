import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { ed25519Key, p256Key } from "../support/paymentKeys.js"
import { consented, deniedSecret, invalid, isIssued, notFound, readKey, reference, settings } from "./setup.js"
import {
  backend,
  complete,
  consentAs,
  control,
  createProvider,
  createWorkload,
  customProvider,
  discoveryUrl,
  rejects,
  requestConsent,
  requestToken,
  same,
  secret,
  type Subject,
  tester,
  tokenOfUser
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
  })

  describe("existing API-key credential providers", () => {
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
  })
}
