import { assert, describe, it } from "@effect/vitest"
import { operations } from "effect-agentcore-identity/ControlPlane"
import { operations as dataPlane } from "effect-agentcore-identity/DataPlane"
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import { operations as sts } from "effect-agentcore-identity/SecurityTokenService"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as FastCheck from "fast-check"
import { decode, Validation } from "../../support/decode.js"
import type * as Rows from "../../support/operation.js"
import { cpuTime, secret } from "../../support/utils.js"

const check = <A, I>(schema: Schema.Codec<A, I>) => Validation.check(schema, "Any")

const missing = "Member must not be null"
const wrongType = "Member must have another type"
const badName = "Member must satisfy regular expression pattern: [a-zA-Z0-9\\-_]+"

type Violations = Record<string, string>

const violationsOf = (error: ValidationException | undefined): Violations =>
  Object.fromEntries((error?.fieldList ?? []).map(({ message, name }) => [name, message]))

/** The violations of a request in a program, which are the same on the wire. */
const faults = (operation: keyof typeof operations, program: object, wire: object = program): Violations => {
  const { request }: Rows.Any = operations[operation]
  const inProgram = violationsOf(Result.getOrThrow(Result.flip(check(request)(program))))
  const onWire = violationsOf(Result.getOrThrow(Result.flip(decode(request)(wire))))
  assert.deepStrictEqual(onWire, inProgram)
  return inProgram
}

const apiKey = (request: object, key = "key") =>
  faults("createApiKeyCredentialProvider", { ...request, apiKey: secret(key) }, { ...request, apiKey: key })

const external = (request: object) =>
  faults("createApiKeyCredentialProvider", { name: "weather", apiKeySecretSource: "EXTERNAL", ...request })

const oauth2 = (request: object) => faults("createOauth2CredentialProvider", { name: "provider", ...request })

describe("violations of a struct", () => {
  it("are all reported", () => {
    assert.deepStrictEqual(faults("createWorkloadIdentity", { allowedResourceOauth2ReturnUrls: ["no url"] }), {
      name: missing,
      "allowedResourceOauth2ReturnUrls.0": "Member must satisfy regular expression pattern: \\w+:(\\/?\\/?)[^\\s]+"
    })
  })
})

describe("unknown members", () => {
  it("are ignored on the wire, as at AWS, and rejected in code", () => {
    const { request }: Rows.Any = operations.createOauth2CredentialProvider
    const oauthDiscovery = { discoveryUrl: "https://a/.well-known/openid-configuration", other: {} }
    const wire = (clientSecret: unknown) => ({
      name: "provider",
      credentialProviderVendor: "CustomOauth2",
      oauth2ProviderConfigInput: { customOauth2ProviderConfig: { oauthDiscovery, clientId: "id", clientSecret } },
      otherMember: 1
    })
    const decoded = Result.getOrThrow(decode(request)(wire("secret")))
    assert.notProperty(decoded, "otherMember")
    const path = "oauth2ProviderConfigInput.customOauth2ProviderConfig.oauthDiscovery.other"
    const { [path]: inner, otherMember, ...rest } = violationsOf(
      Result.getOrThrow(Result.flip(check(request)(wire(secret("secret")))))
    )
    assert.strictEqual(
      inner,
      "Member must have a known name, one of [discoveryUrl, authorizationServerMetadata]"
    )
    assert.match(otherMember ?? "", /^Member must have a known name, one of \[name, /)
    assert.deepStrictEqual(rest, {})
  })
})

describe("violations of members that belong together", () => {
  it("name the wrong member of a managed API key", () => {
    assert.deepStrictEqual(apiKey({ name: "a.b" }), { name: badName })
    assert.deepStrictEqual(apiKey({ name: "a.b", apiKeySecretSource: "MANAGED" }), { name: badName })
    assert.deepStrictEqual(apiKey({ name: "weather" }, "k".repeat(65537)), {
      apiKey: "Member must have length less than or equal to 65536"
    })
  })

  it("name the wrong member of an external API key", () => {
    const apiKeySecretConfig = { secretId: "id", jsonKey: "key" }
    assert.deepStrictEqual(external({ name: "a.b", apiKeySecretConfig }), { name: badName })
    assert.deepStrictEqual(external({}), { apiKeySecretConfig: missing })
    assert.deepStrictEqual(external({ apiKeySecretConfig: { secretId: "id" } }), {
      "apiKeySecretConfig.jsonKey": missing
    })
  })

  it("follow the source that the request names", () => {
    const apiKeySecretConfig = { secretId: "id", jsonKey: "key" }
    assert.deepStrictEqual(apiKey({ name: "a.b", apiKeySecretSource: "EXTERNAL", apiKeySecretConfig }), {
      name: badName
    })
    assert.deepStrictEqual(apiKey({ name: "a.b", apiKeySecretSource: "MANAGED", apiKeySecretConfig }), {
      name: badName
    })
  })

  it("follow the vendor that the request names", () => {
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

  it("name an unknown vendor", () => {
    const fields = oauth2({ credentialProviderVendor: "MyspaceOauth2", oauth2ProviderConfigInput: {} })
    assert.include(Object.keys(fields), "credentialProviderVendor")
  })

  it("name the wrong member inside a union", () => {
    assert.deepStrictEqual(
      faults("setTokenVaultCmk", { kmsConfiguration: { keyType: "CustomerManagedKey" } }),
      { "kmsConfiguration.kmsKeyArn": missing }
    )
    const { request } = dataPlane.getResourcePaymentToken
    const error = Result.getOrThrow(Result.flip(
      decode(request)({
        workloadIdentityToken: "token",
        resourceCredentialProviderName: "payments",
        paymentTokenRequest: { stripePrivyTokenRequest: { requestPath: "/pay" } }
      })
    ))
    assert.deepStrictEqual(violationsOf(error), { "paymentTokenRequest.stripePrivyTokenRequest.requestBody": missing })
  })

  it("are of the whole request if it is not an object", () => {
    const { request }: Rows.Any = operations.setTokenVaultCmk
    const value = { kmsConfiguration: "ServiceManagedKey" }
    assert.deepStrictEqual(violationsOf(Result.getOrThrow(Result.flip(decode(request)(value)))), {
      kmsConfiguration: wrongType
    })
    assert.deepStrictEqual(violationsOf(Result.getOrThrow(Result.flip(check(request)(value)))), {
      kmsConfiguration: "Member must be an object, but is a string"
    })
  })
})

describe("large requests", () => {
  const ones = (count: number) => Array.from({ length: count }, () => 1)
  const entries = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, 1]))
  const scopes = (list: unknown, more: object = {}) => ({
    workloadIdentityToken: "token",
    resourceCredentialProviderName: "calendar",
    oauth2Flow: "M2M",
    scopes: list,
    ...more
  })
  const metadata = (responseTypes: ReadonlyArray<number>) => ({
    name: "provider",
    credentialProviderVendor: "CustomOauth2",
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: { oauthDiscovery: { authorizationServerMetadata: { responseTypes } } }
    }
  })
  const { createOauth2CredentialProvider, createWorkloadIdentity } = operations
  /** Requests with this number of invalid values, outside of lists and maps with a maximum. */
  const attacks: ReadonlyArray<readonly [string, Rows.Any, (count: number) => object]> = [
    [
      "return URLs",
      createWorkloadIdentity,
      (count) => ({ name: "agent", allowedResourceOauth2ReturnUrls: ones(count) })
    ],
    ["scopes", dataPlane.getResourceOauth2Token, (count) => scopes(ones(count))],
    ["response types", createOauth2CredentialProvider, (count) => metadata(ones(count))],
    [
      "custom parameters",
      dataPlane.getResourceOauth2Token,
      (count) => scopes([], { customParameters: entries(count) })
    ]
  ]
  const reject = ({ request }: Rows.Any, value: object) =>
    [check(request), decode(request)].map((check) => Result.getOrThrow(Result.flip(check(value))))

  const timeOf = (row: Rows.Any, value: object): number => {
    const times = Array.from({ length: 5 }, () => {
      const start = cpuTime()
      reject(row, value)
      return cpuTime() - start
    })
    return Math.min(...times)
  }

  it.each(attacks)("are checked in linear time: %s", (_, row, attack) => {
    const short = timeOf(row, attack(2000))
    const long = timeOf(row, attack(8 * 2000))
    // A quadratic time would grow 64 times.
    assert.isBelow(long, 24 * Math.max(short, 0.5))
  })

  it.each(attacks)("have at most 100 violations: %s", (_, row, attack) => {
    for (const bytes of [16_000, 400_000]) {
      for (const error of reject(row, attack(bytes / 8))) {
        assert.strictEqual(error.fieldList?.length, 100)
        assert.isBelow(error.message.length, 100_000)
      }
    }
  })

  it("report the size of a list or a map before its items", () => {
    const tooLong = "Member must have length less than or equal to"
    const tags = violationsOf(reject(createWorkloadIdentity, { name: "agent", tags: entries(50_000) })[0])
    assert.deepStrictEqual(tags, { tags: `${tooLong} 50` })
    const tagKeys = violationsOf(reject(operations.untagResource, { resourceArn: "", tagKeys: ones(50_000) })[1])
    assert.strictEqual(tagKeys["tagKeys"], `${tooLong} 200`)
  })

  it("are not repeated in the name of a field", () => {
    for (
      const error of reject(
        dataPlane.getResourceOauth2Token,
        scopes([], { customParameters: { ["k".repeat(1_000_000)]: "value" } })
      )
    ) {
      assert.deepInclude([...error.fieldList ?? []], {
        name: `${`customParameters.${"k".repeat(1000)}`.slice(0, 512)}…`,
        message: "Member must have length less than or equal to 256"
      })
      assert.isBelow(error.message.length, 1000)
    }
  })
})

describe("values that a parser cannot read", () => {
  const nest = (levels: number, open: string, end: string): unknown =>
    JSON.parse(`${open.repeat(levels)}1${end.repeat(levels)}`)
  const deep = [5000, 200_000].flatMap((levels) => [nest(levels, "[", "]"), nest(levels, "{\"name\":", "}")])
  const tables: ReadonlyArray<Rows.Table> = [operations, dataPlane, sts]
  const rows = tables.flatMap((table) => Object.values(table))

  const membersOf = ({ request }: Rows.Any): ReadonlyArray<string> => {
    // A request with several shapes has the members of one shape.
    const membersIn = (ast: AST.AST): ReadonlyArray<string> =>
      AST.isObjects(ast)
        ? ast.propertySignatures.map(({ name }) => String(name))
        : AST.isUnion(ast)
        ? [...new Set(ast.types.flatMap(membersIn))]
        : []
    return membersIn(AST.toType(request.ast))
  }

  const rejected = ({ request }: Rows.Any, value: unknown): ReadonlyArray<Violations> =>
    [check(request), decode(request)].map((check) => violationsOf(Result.getOrThrow(Result.flip(check(value)))))

  it("are rejected when they have too many levels, in whole and in every member", () => {
    const message = "Member must have at most 100 levels"
    for (const row of rows) {
      const members = membersOf(row)
      for (const value of deep) {
        for (const request of [value, ...[...members, "unknown"].map((name) => ({ [name]: value }))]) {
          assert.deepStrictEqual(rejected(row, request), [{ request: message }, { request: message }], row.name)
        }
      }
    }
  })

  it("are rejected when they cannot be converted to a string", () => {
    for (const value of [{ toString: 1, valueOf: 1 }, Object.create(null)]) {
      for (const row of rows) {
        for (const name of membersOf(row)) rejected(row, { [name]: value })
      }
    }
  })

  it("are rejected when they contain themselves", () => {
    const list: Array<unknown> = []
    list.push(list, list)
    for (const row of rows) {
      for (const name of membersOf(row)) rejected(row, { [name]: list })
    }
  })

  it("are read when they have 100 levels", () => {
    const request = { name: "agent", unknown: nest(98, "[", "]") }
    assert.isTrue(Result.isSuccess(decode(operations.getWorkloadIdentity.request)(request)))
  })
})

describe("strings", () => {
  /** A request on the wire. */
  const unwrap = (request: object): object =>
    Object.fromEntries(
      Object.entries(request).map(([name, value]) => [name, Redacted.isRedacted(value) ? Redacted.value(value) : value])
    )
  const request = {
    workloadIdentityToken: secret("token"),
    resourceCredentialProviderName: "calendar",
    oauth2Flow: "M2M",
    scopes: []
  }

  it("are rejected when they are not well-formed Unicode", () => {
    const message = "Member must be well-formed Unicode"
    const { getResourceOauth2Token, getWorkloadAccessTokenForUserId } = dataPlane
    for (const string of ["\ud800", "a\udc00b", "\udc00\ud800", "alice\ud83d"]) {
      const cases: ReadonlyArray<readonly [Rows.Any, object, string]> = [
        [getWorkloadAccessTokenForUserId, { workloadName: "agent", userId: string }, "userId"],
        [
          dataPlane.completeResourceTokenAuth,
          { userIdentifier: { userId: string }, sessionUri: secret("urn:ietf:params:oauth:request_uri:a") },
          "userIdentifier.userId"
        ],
        [getResourceOauth2Token, { ...request, workloadIdentityToken: secret(string) }, "workloadIdentityToken"],
        [getResourceOauth2Token, { ...request, scopes: [string] }, "scopes.0"],
        [getResourceOauth2Token, { ...request, resources: [string] }, "resources.0"],
        [getResourceOauth2Token, { ...request, audiences: [string] }, "audiences.0"],
        [getResourceOauth2Token, { ...request, customState: secret(string) }, "customState"],
        [getResourceOauth2Token, { ...request, customParameters: { name: string } }, "customParameters.name"],
        [sts.getWebIdentityToken, { audience: [string], signingAlgorithm: "ES384" }, "audience.0"],
        [
          sts.getWebIdentityToken,
          { audience: ["a"], signingAlgorithm: "ES384", tags: { [string]: "" } },
          `tags.${string}`
        ],
        [operations.createApiKeyCredentialProvider, { name: "weather", apiKey: secret(string) }, "apiKey"]
      ]
      for (const [{ request }, value, field] of cases) {
        const error = Result.getOrThrow(Result.flip(check(request)(value)))
        assert.deepStrictEqual(violationsOf(error), { [field]: message })
        const onWire = Result.getOrThrow(Result.flip(decode(request)(unwrap(value))))
        assert.deepStrictEqual(violationsOf(onWire), { [field]: message })
      }
    }
    const alice = { workloadName: "agent", userId: "alice \u{1f600}" }
    assert.isTrue(Result.isSuccess(check(getWorkloadAccessTokenForUserId.request)(alice)))
  })

  it("may be keys that objects inherit", () => {
    const customParameters = JSON.parse("{\"__proto__\":\"a\",\"constructor\":\"b\",\"toString\":\"c\"}")
    const checked = Result.getOrThrow(
      decode(dataPlane.getResourceOauth2Token.request)({
        ...request,
        workloadIdentityToken: "token",
        customParameters
      })
    )
    assert.deepStrictEqual(
      Object.entries(checked.customParameters ?? {}),
      [["__proto__", "a"], ["constructor", "b"], ["toString", "c"]]
    )
  })
})

describe("arbitrary values", () => {
  it("are rejected with messages of the service model that do not repeat them", () => {
    const rows: ReadonlyArray<Rows.Any> = [...Object.values(operations), ...Object.values(dataPlane)]
    const rowChecks = rows.map(({ request }) => [decode(request), check(request)])
    const sentinel = "sentinel-5f0c9b1e7a"
    const values = FastCheck.oneof(
      FastCheck.constantFrom(sentinel, null, 1, [], {}, [sentinel], { [sentinel]: sentinel }),
      FastCheck.string().map((string) => `${sentinel}${string}`)
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
            if (result._tag === "Success") continue
            const { fieldList = [], message } = result.failure
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
