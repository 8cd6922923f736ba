import { assert, describe, it } from "@effect/vitest"
import * as IdentitySetup from "effect-agentcore-identity/IdentitySetup"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { variables } from "./support/utils.js"

const parse = (text: string, environment?: Record<string, string>) =>
  Effect.provide(IdentitySetup.parse(text, { file: "setup.jsonc" }), variables(environment))

const lines = (text: string) =>
  Effect.map(Effect.flip(parse(text)), (error) => {
    assert.strictEqual(error._tag, "SetupParseError")
    assert.notInclude(error.message, "sentinel")
    assert.notInclude(JSON.stringify(error), "sentinel")
    return error.message.split("\n")
  })

const github = (config: string) =>
  `{
  "oauth2CredentialProviders": [
    {
      "name": "github",
      "credentialProviderVendor": "GithubOauth2",
      "oauth2ProviderConfigInput": { "githubOauth2ProviderConfig": ${config} }
    }
  ]
}`

const githubPath = "oauth2CredentialProviders[0].oauth2ProviderConfigInput.githubOauth2ProviderConfig"

describe("IdentitySetup.parse", () => {
  it.effect("reads JSON with comments, trailing commas and a byte order mark", () =>
    Effect.gen(function*() {
      const setup = yield* parse(`\uFEFF{
        // for editors
        "$schema": "./setup.schema.json",
        "tags": { "env": "prod" },
        "workloadIdentities": [
          { "name": "agent", "allowedResourceOauth2ReturnUrls": ["https://agent.example.com/consent"] },
        ],
        /* keys */
        "apiKeyCredentialProviders": [{ "name": "weather", "apiKey": "key" }],
        "local": { "secrets": { "arn:aws:x": { "password": "secret" } }, "kmsKeys": {}, "inboundIssuers": [] },
      }`)
      assert.deepStrictEqual(setup.tags, { env: "prod" })
      assert.strictEqual(setup.workloadIdentities?.[0]?.name, "agent")
      const [weather] = setup.apiKeyCredentialProviders ?? []
      assert.isTrue(weather !== undefined && "apiKey" in weather && Redacted.value(weather.apiKey) === "key")
      const secret = setup.local?.secrets?.["arn:aws:x"]?.["password"]
      assert.isTrue(secret !== undefined && Redacted.value(secret) === "secret")
      assert.notInclude(JSON.stringify(setup), "secret\"}")
    }))

  it.effect("reads the claims of users: any JSON, and strings from the environment", () =>
    Effect.gen(function*() {
      const claims = `{ "email": { "$env": "EMAIL" }, "groups": ["a", 1, null], "tenant": { "id": true } }`
      const setup = yield* parse(`{ "local": { "users": { "alice": ${claims}, "bob": {} } } }`, {
        EMAIL: "a@b.example"
      })
      assert.deepStrictEqual(setup.local?.users, {
        alice: { email: "a@b.example", groups: ["a", 1, null], tenant: { id: true } },
        bob: {}
      })
      assert.deepStrictEqual(yield* lines(`{ "local": { "users": { "alice": ["sentinel"] } } }`), [
        "setup.jsonc:1:34: local.users.alice: must be an object, but is a list"
      ])
    }))

  it.effect("reads an empty object as an empty setup", () =>
    Effect.map(parse("{}"), (setup) => assert.deepStrictEqual(setup, {})))

  it.effect("reads strings from the environment, even in a tag", () =>
    Effect.gen(function*() {
      const text = github(`{ "clientId": { "$env": "ID" }, "clientSecret": { "$env": "SECRET" } }`)
      const setup = yield* parse(text, { ID: "agent", SECRET: "sentinel" })
      assert.notInclude(JSON.stringify(setup), "sentinel")
      assert.include(JSON.stringify(setup), `"clientId":"agent"`)
      assert.deepStrictEqual((yield* parse(`{ "tags": { "a": { "$env": "ID" } } }`, { ID: "x" })).tags, { a: "x" })
    }))

  it.effect("names a variable that is not set", () =>
    Effect.gen(function*() {
      const text = github(`{ "clientId": "sentinel", "clientSecret": { "$env": "MY_SECRET" } }`)
      assert.deepStrictEqual(yield* lines(text), [
        `setup.jsonc:6:110: ${githubPath}.clientSecret: the environment variable MY_SECRET is not set`
      ])
    }))

  it.effect("reports the position of a syntax error", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* lines(""), ["setup.jsonc:1:1: value expected"])
      assert.deepStrictEqual(yield* lines("{\n  \"tags\": {"), ["setup.jsonc:2:12: close brace expected"])
      assert.deepStrictEqual(yield* lines("{\n  \"tags\": {}\r\n  \"local\": {}\n}"), [
        "setup.jsonc:3:3: comma expected"
      ])
      assert.deepStrictEqual(yield* lines("[\"sentinel\"]"), ["setup.jsonc:1:1: must be an object, but is a list"])
      assert.deepStrictEqual(yield* lines(`{ "tags": { "a": "sentinel", "a": "b" } }`), [
        "setup.jsonc:1:18: tags.a: is a duplicate"
      ])
    }))

  it.effect("rejects a file that is nested too deeply", () =>
    Effect.gen(function*() {
      for (const [open, end] of [["[", "]"], ["{\"a\":", "}"]] as const) {
        const file = (levels: number) => `{\n"tags": ${open.repeat(levels)}1${end.repeat(levels)}}`
        assert.deepStrictEqual(yield* lines(file(100_000)), ["setup.jsonc:1:1: is nested too deeply"])
        for (const levels of [10, 500, 3000]) {
          const [line = ""] = yield* lines(file(levels))
          assert.match(line, /^setup.jsonc:2:\d+: tags/)
        }
      }
    }))

  it.effect("reports at most 100 problems, in a time that grows linearly", () =>
    Effect.gen(function*() {
      const setup = { workloadIdentities: Array.from({ length: 20_000 }, () => ({ name: "agent" })) }
      assert.strictEqual((yield* lines(JSON.stringify(setup))).length, 100)
      const urls = { name: "agent", allowedResourceOauth2ReturnUrls: Array.from({ length: 50_000 }, () => 1) }
      assert.strictEqual((yield* lines(JSON.stringify({ workloadIdentities: [urls] }))).length, 100)
    }))

  it.effect("reports the path and the limit, and never the value", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* lines(`{ "workloadIdentities": [{ "name": "a" }, {}] }`), [
        "setup.jsonc:1:36: workloadIdentities[0].name: must have length greater than or equal to 3",
        "setup.jsonc:1:43: workloadIdentities[1].name: is missing"
      ])
      assert.deepStrictEqual(yield* lines(`{ "apiKeyCredentialProviders": [{ "name": "sentinel", "apiKey": 5 }] }`), [
        "setup.jsonc:1:65: apiKeyCredentialProviders[0].apiKey: must be a string, but is a number"
      ])
      assert.deepStrictEqual(
        yield* lines(`{ "tags": { "issuer": { "$env": "AGENTCORE_LOCAL_OAUTH_ISSUER" } } }`),
        [
          "setup.jsonc:1:23: tags.issuer: the environment variable AGENTCORE_LOCAL_OAUTH_ISSUER is not set. "
          + "A local server with an authorization server sets it: `npx agentcore-identity local --authorization-server`, which "
          + "`npx agentcore-identity env` prints for a shell, or `authorizationServer: true` in a program"
        ]
      )
      assert.deepStrictEqual(yield* lines(`{ "local": { "kmsKeys": { "arn:aws:kms": 1 } } }`), [
        "setup.jsonc:1:42: local.kmsKeys[\"arn:aws:kms\"]: must be a string, but is a number"
      ])
      assert.deepStrictEqual(
        yield* lines(`{ "workloadIdentities": [{ "name": "sentinel" }, { "name": "sentinel" }] }`),
        [
          "setup.jsonc:1:60: workloadIdentities[1].name: must be unique"
        ]
      )
      for (const lifetime of ["0 seconds", "1.5 minutes", "5 weeks", "60"]) {
        assert.deepStrictEqual(yield* lines(`{ "local": { "workloadAccessTokenLifetime": "${lifetime}" } }`), [
          "setup.jsonc:1:45: local.workloadAccessTokenLifetime: must satisfy regular expression pattern: "
          + "[1-9]\\d{0,8} (second|minute|hour|day)s?"
        ])
      }
      assert.deepStrictEqual(yield* lines(`{ "local": { "serviceLinked": ["runtime-a1", "?sentinel"] } }`), [
        "setup.jsonc:1:46: local.serviceLinked[1]: must satisfy regular expression pattern: [A-Za-z0-9_.-]+"
      ])
      const [line] = yield* lines(github(`{ "clientId": "sentinel", "clientSecret": 7 }`))
      assert.strictEqual(line, `setup.jsonc:6:110: ${githubPath}.clientSecret: must be a string, but is a number`)
    }))

  it.effect("reports unknown properties and values, and what was probably meant", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* lines(`{ "workloadIdentitys": [] }`), [
        "setup.jsonc:1:24: workloadIdentitys: is not a known property; did you mean 'workloadIdentities'?"
      ])
      assert.deepStrictEqual(
        yield* lines(github(`{ "clientId": "a", "clientSecret": "sentinel", "scope": "sentinel" }`)),
        [
          `setup.jsonc:6:124: ${githubPath}.scope: is not one of the known properties `
          + "[clientId, clientSecret, clientSecretSource, clientSecretConfig]"
        ]
      )
      assert.deepStrictEqual(yield* lines(github("{}").replace("GithubOauth2", "Github")), [
        "setup.jsonc:5:35: oauth2CredentialProviders[0].credentialProviderVendor: "
        + "is not a known value; did you mean 'GithubOauth2'?",
        `setup.jsonc:6:68: ${githubPath}.clientId: is missing`
      ])
      const [vendor] = yield* lines(github("{}").replace("GithubOauth2", "Sentinel"))
      assert.include(vendor, "credentialProviderVendor: must be one of [GoogleOauth2, GithubOauth2, ")
      assert.deepStrictEqual(
        yield* lines(`{ "local": { "vendorEndpoints": { "Github": {} }, "inboundJwt": "verfy" } }`),
        [
          "setup.jsonc:1:45: local.vendorEndpoints.Github: is not a known property; did you mean 'GithubOauth2'?",
          "setup.jsonc:1:65: local.inboundJwt: is not a known value; did you mean 'verify'?"
        ]
      )
      const [line] = yield* lines(`{ "local": { "vendorIssuers": { "okta.com": "http://127.0.0.1:4021" } } }`)
      assert.match(String(line), /^setup\.jsonc:1:\d+: local\.vendorIssuers.*okta\.com.*: must be an https URL, /)
    }))

  it.effect("reports unknown properties together with missing ones, in the order of the file", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* lines(github(`{ "scope": "sentinel", "clientId": "a" }`)), [
        `setup.jsonc:6:68: ${githubPath}.clientSecret: is missing`,
        `setup.jsonc:6:79: ${githubPath}.scope: is not one of the known properties `
        + "[clientId, clientSecret, clientSecretSource, clientSecretConfig]"
      ])
      // A misspelled name is not also missing, and its object has the right number of properties.
      assert.deepStrictEqual(yield* lines(github(`{ "clientId": "a", "clientSecrett": "sentinel" }`)), [
        `setup.jsonc:6:104: ${githubPath}.clientSecrett: is not a known property; did you mean 'clientSecret'?`
      ])
      const [unknown, ...others] = yield* lines(
        github("{}").replace("githubOauth2ProviderConfig", "githubProviderConfig")
      )
      assert.include(
        unknown,
        "githubProviderConfig: is not a known property; did you mean 'githubOauth2ProviderConfig'?"
      )
      assert.deepStrictEqual(others, [])
    }))
})
