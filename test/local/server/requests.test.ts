/** Requests that few or no AWS clients send, and the rules of the protocol for them. */
import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { ed25519Key } from "../../support/paymentKeys.js"
import * as Recorder from "../../support/recorder.js"
import { operations } from "../../support/serviceModel.js"
import * as Wire from "../../support/wire.js"

const discoveryUrl = "https://issuer.example.com/.well-known/openid-configuration"
const client = { clientId: "id", clientSecret: "a secret" }
const custom = { ...client, oauthDiscovery: { discoveryUrl } }
const metadata = { issuer: "https://a", authorizationEndpoint: "https://a/authorize", tokenEndpoint: "https://a/token" }
const kmsKeyArn = "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
const privateKeyJwtConfig = { privateKeySource: { kmsKeySource: { kmsKeyArn } }, signingAlgorithm: "ES256" }

const createWith = (config: unknown, more: object = {}) =>
  Wire.call("/identities/CreateOauth2CredentialProvider", {
    name: "provider",
    credentialProviderVendor: "CustomOauth2",
    oauth2ProviderConfigInput: config,
    ...more
  })

const create = (config: object) => createWith({ customOauth2ProviderConfig: config })

/** Returns the only field of an error response, and its message. */
const field = (response: Wire.Response): readonly [name: unknown, message: unknown] => {
  const { fieldList, message, reason } = Wire.fails(response, 400, "ValidationException")
  assert.strictEqual(reason, "FieldValidationFailed")
  assert(Array.isArray(fieldList) && fieldList.length === 1, response.text)
  assert.strictEqual(
    message,
    `1 validation error detected: Value at '${fieldList[0].name}' failed to satisfy constraint: ${fieldList[0].message}`
  )
  return [fieldList[0].name, fieldList[0].message]
}

const input = "oauth2ProviderConfigInput"
const path = `${input}.customOauth2ProviderConfig`

const oneOf = (...names: ReadonlyArray<string>) => `Member must have exactly one of the members [${names.join(", ")}]`

describe("a member that is null", () => {
  it.live("counts as absent, at every place", () =>
    Effect.gen(function*() {
      const nulls = { privateKeyJwtConfig: null, clientSecretSource: null, privateEndpoint: null, unknown: null }
      const discovery = { discoveryUrl, authorizationServerMetadata: null }
      const config = {
        googleOauth2ProviderConfig: null,
        customOauth2ProviderConfig: { ...client, ...nulls, oauthDiscovery: discovery }
      }
      const { oauth2ProviderConfigOutput } = Wire.succeeds(yield* createWith(config, { tags: null }), 201)
      assert.deepStrictEqual(oauth2ProviderConfigOutput, {
        customOauth2ProviderConfig: {
          oauthDiscovery: { discoveryUrl },
          clientId: "id"
        }
      })
      const { workloadIdentityArn } = Wire.succeeds(
        yield* Wire.call("/identities/CreateWorkloadIdentity", {
          name: "agent",
          allowedResourceOauth2ReturnUrls: null,
          tags: { a: "b" }
        }),
        201
      )
      const { tags } = Wire.succeeds(
        yield* Effect.flatMap(Wire.url, (url) =>
          Wire.send(url, {
            method: "GET",
            path: `/tags/${encodeURIComponent(String(workloadIdentityArn))}`,
            headers: { authorization: Wire.authorization }
          }))
      )
      assert.deepStrictEqual(tags, { a: "b" })
      Wire.succeeds(yield* Wire.call("/identities/ListWorkloadIdentities", { nextToken: null, maxResults: null }))
    }).pipe(Effect.provide(Wire.server())))

  it.live("is missing when it is required", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        field(yield* Wire.call("/identities/CreateWorkloadIdentity", { name: null })),
        ["name", "Member must not be null"]
      )
      assert.deepStrictEqual(field(yield* createWith(null)), [input, "Member must not be null"])
      assert.deepStrictEqual(field(yield* createWith({ customOauth2ProviderConfig: null }))[0], input)
    }).pipe(Effect.provide(Wire.server())))

  it.live("has the wrong type in a list and in a map, at every place", () =>
    Effect.gen(function*() {
      const bodies: ReadonlyArray<readonly [path: string, body: object]> = [
        ["CreateWorkloadIdentity", { name: "agent", allowedResourceOauth2ReturnUrls: ["https://a.example", null] }],
        ["CreateWorkloadIdentity", { name: "agent", tags: { a: "b", team: null } }],
        ["CreateApiKeyCredentialProvider", { name: "key", apiKey: "a", tags: { tags: null } }],
        ["oauth2/token", { ...tokenRequest, scopes: [null] }],
        ["oauth2/token", { ...tokenRequest, customParameters: { audience: null } }]
      ]
      for (const [path, body] of bodies) {
        Wire.fails(yield* Wire.call(`/identities/${path}`, body), 400, "SerializationException")
      }
      const configs = [
        { privateKeyJwtConfig: { ...privateKeyJwtConfig, additionalHeaderClaims: { kid: null } } },
        { privateKeyJwtConfig: { ...privateKeyJwtConfig, additionalPayloadClaims: { a: null } } },
        { oauthDiscovery: { authorizationServerMetadata: { ...metadata, tokenEndpointAuthMethods: [null] } } },
        { oauthDiscovery: { authorizationServerMetadata: { ...metadata, responseTypes: [null] } } }
      ]
      for (const config of configs) {
        Wire.fails(yield* create({ ...custom, ...config }), 400, "SerializationException")
      }
    }).pipe(Effect.provide(Wire.server())))
})

const tokenRequest = {
  workloadIdentityToken: "token",
  resourceCredentialProviderName: "calendar",
  scopes: [],
  oauth2Flow: "M2M"
}

describe("a value of another JSON type", () => {
  it.live("is no wrong value of an enumeration, at every place", () =>
    Effect.gen(function*() {
      const places: ReadonlyArray<(wrong: unknown) => ReturnType<typeof create>> = [
        (wrong) => Wire.call("/identities/oauth2/token", { ...tokenRequest, oauth2Flow: wrong }),
        (wrong) => createWith({ customOauth2ProviderConfig: custom }, { credentialProviderVendor: wrong }),
        (wrong) => create({ ...custom, clientAuthenticationMethod: wrong }),
        (wrong) => create({ ...custom, clientSecretSource: wrong }),
        (wrong) => create({ ...custom, onBehalfOfTokenExchangeConfig: { grantType: wrong } }),
        (wrong) =>
          create({
            oauthDiscovery: { authorizationServerMetadata: { ...metadata, tokenEndpointAuthMethods: [wrong] } },
            ...client
          }),
        (wrong) =>
          create({
            ...custom,
            clientAuthenticationMethod: "PRIVATE_KEY_JWT",
            privateKeyJwtConfig: { ...privateKeyJwtConfig, signingAlgorithm: wrong }
          }),
        (wrong) =>
          Wire.call("/identities/CreateApiKeyCredentialProvider", {
            name: "key",
            apiKey: "a",
            apiKeySecretSource: wrong
          }),
        (wrong) =>
          Wire.call("/identities/CreatePaymentCredentialProvider", { name: "p", credentialProviderVendor: wrong }),
        (wrong) => Wire.call("/identities/set-token-vault-cmk", { kmsConfiguration: { keyType: wrong } })
      ]
      for (const [index, place] of places.entries()) {
        for (const wrong of [true, 1, [], ["a"], {}, { a: "b" }]) {
          const response = yield* place(wrong)
          assert.strictEqual(
            response.headers["x-amzn-errortype"],
            "SerializationException",
            `${index} ${JSON.stringify(wrong)} ${response.text}`
          )
        }
        Wire.fails(yield* place("another"), 400, "ValidationException")
      }
    }).pipe(Effect.provide(Wire.server())))
})

describe("a union", () => {
  it.live("has exactly one known member, whatever the others contain", () =>
    Effect.gen(function*() {
      const configs = /^Member must have exactly one of the members \[customOauth2ProviderConfig, google/
      for (
        const config of [
          { customOauth2ProviderConfig: custom, googleOauth2ProviderConfig: client },
          { customOauth2ProviderConfig: custom, googleOauth2ProviderConfig: {} },
          { customOauth2ProviderConfig: custom, googleOauth2ProviderConfig: 1 },
          {},
          { ofTomorrow: client }
        ]
      ) {
        const [name, message] = field(yield* createWith(config))
        assert.strictEqual(name, input)
        assert.match(String(message), configs)
      }
      for (const oauthDiscovery of [{ discoveryUrl, authorizationServerMetadata: metadata }, {}, { ofTomorrow: 1 }]) {
        assert.deepStrictEqual(field(yield* create({ ...client, oauthDiscovery })), [
          `${path}.oauthDiscovery`,
          oneOf("discoveryUrl", "authorizationServerMetadata")
        ])
      }
      const completion = (userIdentifier: object) =>
        Wire.call("/identities/CompleteResourceTokenAuth", {
          sessionUri: "urn:ietf:params:oauth:request_uri:a",
          userIdentifier
        })
      for (const user of [{ userId: "a", userToken: "a.b.c" }, { userId: "a", userToken: "" }, {}, { other: "a" }]) {
        assert.deepStrictEqual(field(yield* completion(user)), ["userIdentifier", oneOf("userId", "userToken")])
      }
      // An unknown member beside a known one is ignored, as at the top.
      Wire.succeeds(yield* createWith({ customOauth2ProviderConfig: custom, ofTomorrow: client }), 201)
    }).pipe(Effect.provide(Wire.server())))
})

describe("an invalid field", () => {
  it.live("is the only field in the error, in the words of AWS", () =>
    Effect.gen(function*() {
      const vendor = field(
        yield* createWith({ customOauth2ProviderConfig: custom }, { credentialProviderVendor: "My" })
      )
      assert.strictEqual(vendor[0], "credentialProviderVendor")
      assert.match(String(vendor[1]), /^Member must satisfy enum value set: \[GoogleOauth2, .*, CognitoOauth2\]$/)
      assert.deepStrictEqual(field(yield* create({ ...client, oauthDiscovery: { discoveryUrl: "https://a" } })), [
        `${path}.oauthDiscovery.discoveryUrl`,
        "Member must satisfy regular expression pattern: "
        + ".+/\\.well-known/(openid-configuration|oauth-authorization-server)"
      ])
      assert.deepStrictEqual(field(yield* create({ ...custom, clientAuthenticationMethod: "NONE" })), [
        `${path}.clientAuthenticationMethod`,
        "Member must satisfy enum value set: [CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, AWS_IAM_ID_TOKEN_JWT, PRIVATE_KEY_JWT]"
      ])
      const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, ""]))
      assert.deepStrictEqual(field(yield* createWith({ customOauth2ProviderConfig: custom }, { tags: many })), [
        "tags",
        "Member must have length less than or equal to 50"
      ])
      assert.deepStrictEqual(field(yield* createWith({ googleOauth2ProviderConfig: client })), [
        path,
        "Member must not be null"
      ])
      assert.deepStrictEqual(
        field(yield* Wire.call("/identities/GetConsentPortal", { consentPortalIdentifier: "nope" }))[0],
        "consentPortalIdentifier"
      )
    }).pipe(Effect.provide(Wire.server())))
})

describe("an unknown member", () => {
  const records = (url: string, token: Redacted.Redacted) =>
    Effect.map(
      Wire.send(url, {
        method: "GET",
        path: "/_local/requests",
        headers: { authorization: `Bearer ${Redacted.value(token)}` }
      }),
      ({ text }): ReadonlyArray<{ readonly operation: string; readonly reasons: ReadonlyArray<string> }> =>
        JSON.parse(text).requests
    )

  const ignored = (...paths: ReadonlyArray<string>) =>
    `the request has members that this version does not know, and ignores: ${paths.join(", ")}`

  const hostile = "\u001b]0;owned\u0007\u202e\n"

  it.live("is ignored, and named in the log and in the list of requests, without its value", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const value = "sentinel-0d7c2f94b8"
      const reasons = yield* Effect.gen(function*() {
        const { controlToken, url } = yield* LocalIdentity.LocalServer
        const certificates = { certificateConfigurations: [{ location: { secretsManager: { secretArn: value } } }] }
        Wire.succeeds(yield* create({ ...custom, ...certificates }), 201)
        Wire.fails(
          yield* Wire.call("/identities/CreateWorkloadIdentity", {
            name: "a b",
            nmae: value,
            __proto__: 1,
            [hostile]: 1
          }),
          400,
          "ValidationException"
        )
        const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`member-${index}`, value]))
        yield* Wire.call("/identities/ListWorkloadIdentities", many)
        yield* Wire.call("/identities/ListWorkloadIdentities", { ["n".repeat(100_000)]: value, absent: null })
        // The keys of a map are data.
        Wire.succeeds(
          yield* Wire.call("/identities/CreateWorkloadIdentity", { name: "agent", tags: { team: "a" } }),
          201
        )
        return (yield* records(url, controlToken)).map(({ operation, reasons }) => [operation, ...reasons]).reverse()
      }).pipe(Effect.provide(Wire.server()), Effect.provide(recorder.layer))
      assert.deepStrictEqual(reasons.slice(0, 2), [
        ["CreateOauth2CredentialProvider", ignored(`${path}.certificateConfigurations`)],
        ["CreateWorkloadIdentity", ignored("nmae", "\"\\u001b]0;owned\\u0007\\u202e\\n\"")]
      ])
      assert.strictEqual(reasons[2]?.[0], "ListWorkloadIdentities")
      assert.match(String(reasons[2]?.[1]), /ignores: member-0, member-1, .*, member-9, …$/)
      assert.match(String(reasons[3]?.[1]), /ignores: "n{64}"$/)
      assert.deepStrictEqual(reasons[4], ["CreateWorkloadIdentity"])
      const lines = (yield* recorder.everything).join("")
      for (const [operation, reason] of reasons.slice(0, 4)) {
        assert.include(lines, JSON.stringify(`${operation}: ${reason}`).slice(1, -1).slice(0, 60))
      }
      assert.notInclude(lines, value)
      assert.notInclude(lines, "n".repeat(65))
      assert.notInclude(lines, "\u202e")
    }))

  it("is found at every place", () => {
    const decode = Wire.WireRoutes.decodeRequest(ControlPlane.operations.createOauth2CredentialProvider.request)
    const find = (input: unknown) => decode(input).unknown
    const override = { domain: "a", more: 1, privateEndpoint: { managedVpcResource: { subnetIds: [], other: {} } } }
    assert.sameMembers(
      find({
        name: "a",
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            ...custom,
            oauthDiscovery: { discoveryUrl, query: 1 },
            clientSecret: { inner: 1 },
            privateEndpointOverrides: [override, "text", null],
            privateKeyJwtConfig: { additionalHeaderClaims: { kid: "1" }, extra: undefined, key: [] }
          },
          future: {}
        },
        tags: { any: { thing: 1 } }
      }),
      [
        `${path}.oauthDiscovery.query`,
        `${path}.privateEndpointOverrides.0.more`,
        `${path}.privateEndpointOverrides.0.privateEndpoint.managedVpcResource.other`,
        `${path}.privateKeyJwtConfig.extra`,
        `${path}.privateKeyJwtConfig.key`,
        "oauth2ProviderConfigInput.future"
      ]
    )
    // A request without members.
    assert.deepStrictEqual(
      Wire.WireRoutes.decodeRequest(SecurityTokenService.operations.getCallerIdentity.request)({ a: 1 }).unknown,
      [
        "a"
      ]
    )
    assert.deepStrictEqual(find(JSON.parse(`{"__proto__":1,"constructor":1,"name":"a"}`)), ["__proto__", "constructor"])
  })
})

const byName = new Map(operations.map((operation) => [operation.name, operation]))

/** Returns the required members that a response does not have. */
const missing = (name: string, response: unknown): ReadonlyArray<string> => {
  const operation = byName.get(name)
  if (operation === undefined) throw new Error(`no operation ${name}`)
  const { output, shapes } = operation
  const walk = (shape: (typeof shapes)[string] | undefined, value: unknown, at: string): ReadonlyArray<string> => {
    if (shape?.type === "list" && Array.isArray(value)) {
      return value.flatMap((item) => walk(shapes[shape.member?.shape ?? ""], item, `${at}[]`))
    }
    if (shape?.type !== "structure" || typeof value !== "object" || value === null) return []
    const members: Readonly<Record<string, unknown>> = { ...value }
    return [
      ...(shape.required ?? []).filter((member) => (members[member] ?? undefined) === undefined).map((member) =>
        `${at}.${member}`
      ),
      ...Object.entries(shape.members ?? {}).flatMap(([member, { shape }]) =>
        walk(shapes[shape], members[member], `${at}.${member}`)
      )
    ]
  }
  return walk(output, response, name)
}

describe("a response", () => {
  it.live("has every member that the service model requires", () =>
    Effect.gen(function*() {
      const requests: ReadonlyArray<readonly [name: string, request: object, status?: number, path?: string]> = [
        ["CreateWorkloadIdentity", { name: "agent" }, 201],
        ["GetWorkloadIdentity", { name: "agent" }],
        ["UpdateWorkloadIdentity", { name: "agent", allowedResourceOauth2ReturnUrls: [] }],
        ["ListWorkloadIdentities", {}],
        ["CreateApiKeyCredentialProvider", { name: "key", apiKey: "" }, 201],
        ["GetApiKeyCredentialProvider", { name: "key" }],
        ["UpdateApiKeyCredentialProvider", { name: "key", apiKey: "key" }],
        ["ListApiKeyCredentialProviders", {}],
        ...[
          ["CustomOauth2", { customOauth2ProviderConfig: custom }],
          ["CustomOauth2", {
            customOauth2ProviderConfig: {
              oauthDiscovery: { authorizationServerMetadata: metadata },
              clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT",
              onBehalfOfTokenExchangeConfig: {
                grantType: "TOKEN_EXCHANGE",
                tokenExchangeGrantTypeConfig: { actorTokenContent: "NONE" }
              },
              privateEndpoint: {
                managedVpcResource: {
                  vpcIdentifier: "vpc-01234567",
                  subnetIds: ["subnet-01234567"],
                  endpointIpAddressType: "IPV4"
                }
              }
            }
          }],
          ["GithubOauth2", { githubOauth2ProviderConfig: client }],
          ["XOauth2", { includedOauth2ProviderConfig: client }]
        ].flatMap(([credentialProviderVendor, oauth2ProviderConfigInput], index) => {
          const request = { name: `oauth2-${index}`, credentialProviderVendor, oauth2ProviderConfigInput }
          return [
            ["CreateOauth2CredentialProvider", request, 201],
            ["GetOauth2CredentialProvider", { name: request.name }],
            ["UpdateOauth2CredentialProvider", request]
          ] as const
        }),
        ["ListOauth2CredentialProviders", {}],
        ...[
          ["CoinbaseCDP", { coinbaseCdpConfiguration: { apiKeyId: "id", apiKeySecret: ed25519Key() } }],
          ["StripePrivy", { stripePrivyConfiguration: { appId: "id", appSecret: "secret", authorizationId: "id" } }]
        ].flatMap(([credentialProviderVendor, providerConfigurationInput], index) => {
          const request = { name: `payment-${index}`, credentialProviderVendor, providerConfigurationInput }
          return [
            ["CreatePaymentCredentialProvider", request, 201],
            ["GetPaymentCredentialProvider", { name: request.name }],
            ["UpdatePaymentCredentialProvider", request]
          ] as const
        }),
        ["ListPaymentCredentialProviders", {}],
        ["GetTokenVault", {}, 200, "/identities/get-token-vault"],
        [
          "SetTokenVaultCMK",
          { kmsConfiguration: { keyType: "CustomerManagedKey", kmsKeyArn } },
          200,
          "/identities/set-token-vault-cmk"
        ],
        ["CreateConsentPortal", {
          name: "portal",
          executionRoleArn: "arn:aws:iam::123456789012:role/portal",
          idpConfig: {
            credentialProviderArn:
              "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/oauth2credentialprovider/oauth2-0",
            scopes: ["openid"]
          },
          sources: [{ identifier: "gateway-0123456789", type: "agentcore-gateway" }]
        }, 202],
        ["ListConsentPortals", {}],
        ["GetWorkloadAccessToken", { workloadName: "agent" }],
        ["GetWorkloadAccessTokenForUserId", { workloadName: "agent", userId: "alice" }]
      ]
      for (const [name, request, status = 200, path = `/identities/${name}`] of requests) {
        assert.deepStrictEqual(missing(name, Wire.succeeds(yield* Wire.call(path, request), status)), [], name)
      }
    }).pipe(Effect.provide(Wire.server())))
})
