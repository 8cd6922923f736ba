import { assert, describe, it } from "@effect/vitest"
import { getLanguageService, TextDocument } from "vscode-json-languageservice"
import * as SetupSchema from "../../.ci/setupSchema.js"

const uri = "https://example.com/setup.schema.json"

/** The language service of VS Code, for a file that names the schema. */
const service = () => {
  const service = getLanguageService({
    schemaRequestService: () => Promise.resolve(JSON.stringify(SetupSchema.make()))
  })
  service.configure({ allowComments: true, schemas: [] })
  return service
}

const open = (text: string) => {
  const document = TextDocument.create("file:///setup.jsonc", "jsonc", 1, text)
  const own = service()
  return { document, own, json: own.parseJSONDocument(document) }
}

/** The labels at the mark `|`. */
const complete = async (text: string): Promise<ReadonlyArray<string>> => {
  const { document, json, own } = open(text.replace("|", ""))
  const list = await own.doComplete(document, document.positionAt(text.indexOf("|")), json)
  return list?.items.map(({ label }) => label) ?? []
}

const problems = async (text: string): Promise<ReadonlyArray<string>> => {
  const { document, json, own } = open(text)
  const found = await own.doValidation(document, json, { comments: "ignore", trailingCommas: "ignore" })
  return found.map(({ message }) => String(message))
}

const start = `{ "$schema": "${uri}",`

const setup = `${start}
  // An agent and its providers.
  "tags": { "team": "agents" },
  "workloadIdentities": [
    { "name": "my-agent", "allowedResourceOauth2ReturnUrls": ["https://agent.example.com/consent"] }
  ],
  "oauth2CredentialProviders": [{
    "name": "github",
    "credentialProviderVendor": "GithubOauth2",
    "oauth2ProviderConfigInput": {
      "githubOauth2ProviderConfig": { "clientId": "my-agent", "clientSecret": { "$env": "GITHUB_CLIENT_SECRET" } }
    }
  }],
  "apiKeyCredentialProviders": [{ "name": "weather", "apiKey": { "$env": "WEATHER_API_KEY" } }],
  "paymentCredentialProviders": [{
    "name": "pay",
    "credentialProviderVendor": "CoinbaseCDP",
    "providerConfigurationInput": { "coinbaseCdpConfiguration": { "apiKeyId": "key-1", "apiKeySecret": "secret" } }
  }],
  "local": {
    "secrets": { "arn:aws:x": { "password": "secret" } },
    "vendorEndpoints": {
      "GithubOauth2": {
        "issuer": { "$env": "AGENTCORE_LOCAL_OAUTH_ISSUER" },
        "authorizationEndpoint": "http://127.0.0.1:4021/auth",
        "tokenEndpoint": "http://127.0.0.1:4021/token"
      }
    },
    "vendorIssuers": { "https://dev-1.okta.com": { "$env": "AGENTCORE_LOCAL_OAUTH_ISSUER" } },
    "onBehalfOfVendors": ["OktaOauth2"],
    "users": {
      "alice": { "email": { "$env": "EMAIL_OF_ALICE" }, "email_verified": true, "groups": ["a"], "tenant": { "id": 1 } },
      "bob": {}
    },
    "inboundJwt": "decode",
    "serviceLinked": ["runtime-a1"],
    "workloadAccessTokenLifetime": "90 seconds"
  },
}`

describe("the JSON Schema of the setup file", () => {
  it("accepts what the command accepts", async () => {
    assert.deepStrictEqual(await problems(setup), [])
    assert.deepStrictEqual(await problems("{}"), [])
  })

  it("rejects unknown properties, missing properties, and values beyond the limits", async () => {
    assert.deepStrictEqual(await problems(`${start} "workloadIdentity": [] }`), [
      "Property workloadIdentity is not allowed."
    ])
    assert.deepStrictEqual(await problems(`${start} "workloadIdentities": [{}] }`), ["Missing property \"name\"."])
    assert.lengthOf(await problems(`${start} "workloadIdentities": [{ "name": "x" }] }`), 1)
    assert.lengthOf(await problems(`${start} "tags": { "team": 1 } }`), 1)
    assert.lengthOf(await problems(`${start} "local": { "inboundJwt": "never" } }`), 1)
    assert.lengthOf(await problems(`${start} "local": { "users": { "alice": "alice@example.com" } } }`), 1)
    assert.lengthOf(await problems(`${start} "local": { "onBehalfOfVendors": ["GithubOauth2"] } }`), 1)
    assert.lengthOf(await problems(`${start} "local": { "serviceLinked": ["x"] } }`), 1)
    assert.lengthOf(await problems(`${start} "local": { "vendorIssuers": { "https://dev-1.okta.com": "okta" } } }`), 1)
    assert.lengthOf(await problems(`${start} "local": { "workloadAccessTokenLifetime": "soon" } }`), 1)
  })

  it("completes properties and values in an editor", async () => {
    const properties = await complete(`${start} | }`)
    for (const name of ["tags", "workloadIdentities", "oauth2CredentialProviders", "local"]) {
      assert.include(properties, name)
    }
    assert.include(await complete(`${start} "workloadIdentities": [{ | }] }`), "allowedResourceOauth2ReturnUrls")
    for (const name of ["users", "onBehalfOfVendors", "vendorEndpoints", "vendorIssuers"]) {
      assert.include(await complete(`${start} "local": { | } }`), name)
    }
    const provider = `${start} "oauth2CredentialProviders": [{ `
    assert.include(await complete(`${provider} "credentialProviderVendor": | }] }`), "\"GithubOauth2\"")
    assert.include(await complete(`${provider} "oauth2ProviderConfigInput": { | } }] }`), "githubOauth2ProviderConfig")
    assert.include(
      await complete(`${provider} "oauth2ProviderConfigInput": { "githubOauth2ProviderConfig": { | } } }] }`),
      "clientSecret"
    )
  })
})
