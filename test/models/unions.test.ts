import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Effect from "effect/Effect"
import { untyped } from "../contract/utils.js"
import { secret } from "../support/utils.js"

// No request is sent, because each is rejected before.
const controlPlane = ControlPlane.make(untyped({}))
const dataPlane = DataPlane.make(untyped({}))

type Fields = Readonly<Record<string, string>>

const fieldsOf = (call: Effect.Effect<unknown, { readonly _tag: string }>): Fields => {
  const error = Effect.runSync(Effect.flip(call))
  assert.strictEqual(error._tag, "ValidationException")
  const { fieldList = [] } = error as { readonly fieldList?: ReadonlyArray<{ name: string; message: string }> }
  return Object.fromEntries(fieldList.map(({ message, name }) => [name, message]))
}

const oauth2 = (request: object): Fields =>
  fieldsOf(controlPlane.createOauth2CredentialProvider(untyped({ name: "provider", ...request })))

const input = "oauth2ProviderConfigInput"
const client = { clientId: "id", clientSecret: secret("secret") }
const discovery = { discoveryUrl: "https://id.example.com/.well-known/openid-configuration" }

const metadata = {
  issuer: "https://id.example.com",
  authorizationEndpoint: "https://id.example.com/authorize",
  tokenEndpoint: "https://id.example.com/token"
}

const custom = (config: object): Fields => {
  const fields = oauth2({
    credentialProviderVendor: "CustomOauth2",
    [input]: { customOauth2ProviderConfig: { ...client, oauthDiscovery: discovery, ...config } }
  })
  return Object.fromEntries(
    Object.entries(fields).map(([name, message]) => [name.replace(`${input}.customOauth2ProviderConfig.`, ""), message])
  )
}

const missing = "Member must not be null"
const exactlyOne = (...names: ReadonlyArray<string>) =>
  `Member must have exactly one of the members [${names.join(", ")}]`

describe("violations of unions", () => {
  it("name a configuration with two members, with none, and with another vendor's", () => {
    const members = (...names: ReadonlyArray<string>) =>
      oauth2({
        credentialProviderVendor: "GithubOauth2",
        [input]: Object.fromEntries(names.map((name) => [name, client]))
      })
    for (
      const fields of [
        members("githubOauth2ProviderConfig", "googleOauth2ProviderConfig"),
        members()
      ]
    ) {
      assert.deepStrictEqual(Object.keys(fields), [input])
      assert.match(
        fields[input] ?? "",
        /^Member must have exactly one of the members \[customOauth2ProviderConfig, google/
      )
    }
    const unknown = members("other")
    assert.deepStrictEqual(Object.keys(unknown), [`${input}.other`])
    assert.match(Object.values(unknown).join(), /^Member must have a known name, one of \[customOauth2ProviderConfig, /)
    assert.deepStrictEqual(members("githubOauth2ProviderConfg"), {
      [`${input}.githubOauth2ProviderConfg`]:
        "Member must have a known name; did you mean 'githubOauth2ProviderConfig'?"
    })
    assert.deepStrictEqual(members("googleOauth2ProviderConfig"), { [`${input}.githubOauth2ProviderConfig`]: missing })
  })

  it("name an unknown vendor, and list the known ones", () => {
    for (const config of [{ githubOauth2ProviderConfig: client }, { includedOauth2ProviderConfig: client }]) {
      const fields = oauth2({ credentialProviderVendor: "MyspaceOauth2", [input]: config })
      assert.deepStrictEqual(Object.keys(fields), ["credentialProviderVendor"])
      assert.match(
        fields["credentialProviderVendor"] ?? "",
        /^Member must satisfy enum value set: \[GoogleOauth2, Github/
      )
    }
  })

  it("name the wrong member of an authorization server", () => {
    const both = exactlyOne("discoveryUrl", "authorizationServerMetadata")
    assert.deepStrictEqual(custom({ oauthDiscovery: { ...discovery, authorizationServerMetadata: metadata } }), {
      oauthDiscovery: both
    })
    assert.deepStrictEqual(custom({ oauthDiscovery: {} }), { oauthDiscovery: both })
    assert.match(
      custom({ oauthDiscovery: { discoveryUrl: "https://a" } })["oauthDiscovery.discoveryUrl"] ?? "",
      /pattern/
    )
    assert.lengthOf(Object.keys(custom({ oauthDiscovery: { discoveryUrl: "https://a" } })), 1)
    assert.deepStrictEqual(
      custom({ oauthDiscovery: { authorizationServerMetadata: { ...metadata, issuer: undefined } } }),
      {
        "oauthDiscovery.authorizationServerMetadata.issuer": "Member must be a string, but is undefined"
      }
    )
    assert.deepStrictEqual(custom({ privateEndpoint: { managedVpcResource: undefined } }), {
      privateEndpoint: exactlyOne("selfManagedLatticeResource", "managedVpcResource")
    })
  })

  it("name the wrong member of a client", () => {
    assert.deepStrictEqual(custom({ clientSecretSource: "EXTERNAL" }), { clientSecretConfig: missing })
    assert.deepStrictEqual(custom({ clientSecret: undefined }), { clientSecret: missing })
    const byKey = { clientAuthenticationMethod: "PRIVATE_KEY_JWT", clientSecret: undefined }
    assert.deepStrictEqual(custom(byKey), { privateKeyJwtConfig: missing })
    assert.deepStrictEqual(custom({ clientAuthenticationMethod: "OTHER" }), {
      clientAuthenticationMethod:
        "Member must satisfy enum value set: [CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, AWS_IAM_ID_TOKEN_JWT, PRIVATE_KEY_JWT]"
    })
  })

  it("name the wrong member of a payment configuration", () => {
    const payment = (config: object) =>
      fieldsOf(controlPlane.createPaymentCredentialProvider(untyped({
        name: "provider",
        credentialProviderVendor: "StripePrivy",
        providerConfigurationInput: config
      })))
    const coinbaseCdpConfiguration = { apiKeyId: "id" }
    assert.deepStrictEqual(payment({ coinbaseCdpConfiguration }), {
      "providerConfigurationInput.stripePrivyConfiguration": missing
    })
    assert.deepStrictEqual(
      payment({ coinbaseCdpConfiguration, stripePrivyConfiguration: { appId: "id", authorizationId: "id" } }),
      { providerConfigurationInput: exactlyOne("coinbaseCdpConfiguration", "stripePrivyConfiguration") }
    )
    const requestPath = "/v1"
    assert.deepStrictEqual(
      fieldsOf(dataPlane.getResourcePaymentToken(untyped({
        workloadIdentityToken: secret("token"),
        resourceCredentialProviderName: "provider",
        paymentTokenRequest: {
          coinbaseCdpTokenRequest: { requestMethod: "GET", requestPath },
          stripePrivyTokenRequest: { requestPath, requestBody: secret("{}") }
        }
      }))),
      { paymentTokenRequest: exactlyOne("coinbaseCdpTokenRequest", "stripePrivyTokenRequest") }
    )
  })
})

describe("large lists and maps", () => {
  it("are rejected before their items are read", () => {
    const untag = (tagKeys: ReadonlyArray<unknown>) =>
      fieldsOf(controlPlane.untagResource(untyped({
        resourceArn: "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default",
        tagKeys
      })))
    assert.deepStrictEqual(untag(Array.from({ length: 100_000 }, () => 1)), {
      tagKeys: "Member must have length less than or equal to 200"
    })
    assert.lengthOf(Object.keys(untag([1, 2])), 2)
  })
})
