import { assert, describe, it } from "@effect/vitest"
import { operations } from "effect-agentcore-identity/ControlPlane"
import { operations as dataPlane } from "effect-agentcore-identity/DataPlane"
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Validation from "../../src/internal/validation.js"
import { secret } from "../utils.js"

const missing = "Member must not be null"
const wrongType = "Member must have the type that the service model gives it"
const badName = "Member must satisfy regular expression pattern: ^[a-zA-Z0-9\\-_]+$"

type Said = Record<string, string>

const said = (error: ValidationException): Said =>
  Object.fromEntries((error.fieldList ?? []).map(({ message, name }) => [name, message]))

/** What is said of a request in a program, and of the same request on the wire. */
const faults = (operation: keyof typeof operations, program: object, wire: object = program): Said => {
  const { request }: Operation.Any = operations[operation]
  const inProgram = said(Effect.runSync(Effect.flip(Validation.validate(request)(program))))
  const onWire = said(Effect.runSync(Effect.flip(Validation.decode(request)(wire))))
  assert.deepStrictEqual(onWire, inProgram)
  return inProgram
}

const apiKey = (request: object, key = "key") =>
  faults("createApiKeyCredentialProvider", { ...request, apiKey: secret(key) }, { ...request, apiKey: key })

const external = (request: object) =>
  faults("createApiKeyCredentialProvider", { name: "weather", apiKeySecretSource: "EXTERNAL", ...request })

const oauth2 = (request: object) => faults("createOauth2CredentialProvider", { name: "provider", ...request })

describe("a request of one shape", () => {
  it("is told all that is wrong with it", () => {
    assert.deepStrictEqual(faults("createWorkloadIdentity", { allowedResourceOauth2ReturnUrls: ["no url"] }), {
      name: missing,
      "allowedResourceOauth2ReturnUrls.0": "Member must satisfy regular expression pattern: ^\\w+:(\\/?\\/?)[^\\s]+$"
    })
  })
})

describe("an unknown member", () => {
  it("is ignored on the wire, as at AWS, and refused in code", () => {
    const { request }: Operation.Any = operations.createOauth2CredentialProvider
    const oauthDiscovery = { discoveryUrl: "https://a/.well-known/openid-configuration", other: {} }
    const wire = (clientSecret: unknown) => ({
      name: "provider",
      credentialProviderVendor: "CustomOauth2",
      oauth2ProviderConfigInput: { customOauth2ProviderConfig: { oauthDiscovery, clientId: "id", clientSecret } },
      otherMember: 1
    })
    const decoded = Effect.runSync(Validation.decode(request)(wire("secret")))
    assert.notProperty(decoded, "otherMember")
    const path = "oauth2ProviderConfigInput.customOauth2ProviderConfig.oauthDiscovery.other"
    const { [path]: inner, otherMember, ...rest } = said(
      Effect.runSync(Effect.flip(Validation.validate(request)(wire(secret("secret")))))
    )
    assert.strictEqual(
      inner,
      "Member must have a known name, one of [discoveryUrl, authorizationServerMetadata]"
    )
    assert.match(otherMember ?? "", /^Member must have a known name, one of \[name, /)
    assert.deepStrictEqual(rest, {})
  })
})

describe("a request of several shapes", () => {
  it("is told what is wrong with the shape that it has: an API key that is given", () => {
    assert.deepStrictEqual(apiKey({ name: "a.b" }), { name: badName })
    assert.deepStrictEqual(apiKey({ name: "a.b", apiKeySecretSource: "MANAGED" }), { name: badName })
    assert.deepStrictEqual(apiKey({ name: "weather" }, "k".repeat(65537)), {
      apiKey: "Member must have length less than or equal to 65536"
    })
  })

  it("is told what is wrong with the shape that it has: an API key by reference", () => {
    const apiKeySecretConfig = { secretId: "id", jsonKey: "key" }
    assert.deepStrictEqual(external({ name: "a.b", apiKeySecretConfig }), { name: badName })
    assert.deepStrictEqual(external({}), { apiKeySecretConfig: missing })
    assert.deepStrictEqual(external({ apiKeySecretConfig: { secretId: "id" } }), {
      "apiKeySecretConfig.jsonKey": missing
    })
  })

  it("is the one that it says it is, whatever else it has", () => {
    const apiKeySecretConfig = { secretId: "id", jsonKey: "key" }
    assert.deepStrictEqual(apiKey({ name: "a.b", apiKeySecretSource: "EXTERNAL", apiKeySecretConfig }), {
      name: badName
    })
    assert.deepStrictEqual(apiKey({ name: "a.b", apiKeySecretSource: "MANAGED", apiKeySecretConfig }), {
      name: badName
    })
  })

  it("is of the vendor that it names", () => {
    const config = (vendor: string, member: string, value: object) =>
      oauth2({ credentialProviderVendor: vendor, oauth2ProviderConfigInput: { [member]: value } })
    const reference = { clientSecretSource: "EXTERNAL", clientSecretConfig: { secretId: "id", jsonKey: "key" } }
    assert.deepStrictEqual(config("GithubOauth2", "githubOauth2ProviderConfig", reference), {
      "oauth2ProviderConfigInput.githubOauth2ProviderConfig.clientId": missing
    })
    assert.deepStrictEqual(config("GithubOauth2", "googleOauth2ProviderConfig", { clientId: "id", ...reference }), {
      "oauth2ProviderConfigInput.githubOauth2ProviderConfig": missing
    })
    assert.deepStrictEqual(config("OktaOauth2", "includedOauth2ProviderConfig", { clientId: "id", ...reference }), {
      "oauth2ProviderConfigInput.includedOauth2ProviderConfig.issuer": missing,
      "oauth2ProviderConfigInput.includedOauth2ProviderConfig.authorizationEndpoint": missing,
      "oauth2ProviderConfigInput.includedOauth2ProviderConfig.tokenEndpoint": missing
    })
  })

  it("is told of a vendor that there is none of", () => {
    const fields = oauth2({ credentialProviderVendor: "MyspaceOauth2", oauth2ProviderConfigInput: {} })
    assert.include(Object.keys(fields), "credentialProviderVendor")
  })

  it("is told of the union's member that it has", () => {
    assert.deepStrictEqual(
      faults("setTokenVaultCmk", { kmsConfiguration: { keyType: "CustomerManagedKey" } }),
      { "kmsConfiguration.kmsKeyArn": missing }
    )
    const { request } = dataPlane.getResourcePaymentToken
    const error = Effect.runSync(Effect.flip(
      Validation.decode(request)({
        workloadIdentityToken: "token",
        resourceCredentialProviderName: "payments",
        paymentTokenRequest: { stripePrivyTokenRequest: { requestPath: "/pay" } }
      })
    ))
    assert.deepStrictEqual(said(error), { "paymentTokenRequest.stripePrivyTokenRequest.requestBody": missing })
  })

  it("is of no shape when it is no object", () => {
    const { request }: Operation.Any = operations.setTokenVaultCmk
    const value = { kmsConfiguration: "ServiceManagedKey" }
    assert.deepStrictEqual(said(Effect.runSync(Effect.flip(Validation.decode(request)(value)))), {
      kmsConfiguration: wrongType
    })
    assert.deepStrictEqual(said(Effect.runSync(Effect.flip(Validation.validate(request)(value)))), {
      kmsConfiguration: "Member must be an object, but is a string"
    })
  })
})

describe("any value", () => {
  it("is refused in the words of the service model, and not repeated", () => {
    const rows: ReadonlyArray<Operation.Any> = [...Object.values(operations), ...Object.values(dataPlane)]
    const rowChecks = rows.map(({ request }) => [Validation.decode(request), Validation.validate(request)])
    const sentinel = "sentinel-5f0c9b1e7a"
    const values = FastCheck.oneof(
      FastCheck.constantFrom(sentinel, null, 1, [], {}, [sentinel], { [sentinel]: sentinel }),
      FastCheck.string().map((text) => `${sentinel}${text}`)
    )
    const members = FastCheck.dictionary(
      FastCheck.constantFrom("name", "tags", "apiKey", "oauth2ProviderConfigInput", "kmsConfiguration", "nextToken"),
      values
    )
    FastCheck.assert(
      FastCheck.property(members, (request) => {
        for (const checks of rowChecks) {
          for (const check of checks) {
            const result = check(request)
            if (result._tag === "Right") continue
            const { fieldList = [], message } = result.left
            assert.match(message, /^\d+ validation errors? detected: Value at '/)
            assert.isNotEmpty(fieldList)
            for (const field of fieldList) assert.match(field.message, /^Member must /)
            assert.notInclude(fieldList.map((field) => field.message).join(), sentinel)
          }
        }
      })
    )
  })
})
