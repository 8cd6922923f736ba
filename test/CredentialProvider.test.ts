import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Models from "effect-agentcore-identity/Models"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { ed25519Key, p256Key } from "./support/paymentKeys.js"
import * as Recorder from "./support/recorder.js"
import { same, secret } from "./support/utils.js"

const local = LocalIdentity.layerTest()

const sentinel = "sentinel-4be1c07d95"
const rotated = "rotated-9a03fd5e61"
const coinbaseKey = ed25519Key()
const privyKey = p256Key()

const client = { name: "provider", clientId: "my-agent", clientSecret: Redacted.make(sentinel) }

const endpoints = {
  issuer: "https://id.example.com",
  authorizationEndpoint: "https://id.example.com/authorize",
  tokenEndpoint: "https://id.example.com/token"
}

const hosted = { ...client, ...endpoints }

const all: ReadonlyArray<CredentialProvider.Definition> = [
  CredentialProvider.google({ ...client, offlineAccess: true }),
  CredentialProvider.github(client),
  CredentialProvider.slack(client),
  CredentialProvider.salesforce({ ...client, offlineAccess: true }),
  CredentialProvider.microsoft({ ...client, tenantId: "my-tenant" }),
  CredentialProvider.atlassian(client),
  CredentialProvider.linkedin(client),
  CredentialProvider.okta(hosted),
  CredentialProvider.auth0(hosted),
  CredentialProvider.cognito(hosted),
  CredentialProvider.oneLogin(hosted),
  CredentialProvider.pingOne(hosted),
  CredentialProvider.cyberArk(hosted),
  CredentialProvider.fusionAuth(hosted),
  CredentialProvider.x(client),
  CredentialProvider.dropbox(client),
  CredentialProvider.reddit(client),
  CredentialProvider.facebook(client),
  CredentialProvider.hubspot(client),
  CredentialProvider.notion(client),
  CredentialProvider.spotify(client),
  CredentialProvider.twitch(client),
  CredentialProvider.yandex(client),
  CredentialProvider.zoom(client),
  CredentialProvider.custom({ ...client, discovery: "https://id.example.com/.well-known/openid-configuration" }),
  CredentialProvider.custom({ ...client, metadata: endpoints, clientAuthenticationMethod: "CLIENT_SECRET_POST" }),
  CredentialProvider.apiKey({ name: "provider", apiKey: Redacted.make(sentinel) }),
  CredentialProvider.coinbase({ name: "provider", apiKeyId: "key-1", apiKeySecret: Redacted.make(coinbaseKey) }),
  CredentialProvider.stripePrivy({
    name: "provider",
    appId: "app-1",
    appSecret: Redacted.make(sentinel),
    authorizationId: "auth-1",
    authorizationPrivateKey: Redacted.make(privyKey)
  })
]

const others: ReadonlyArray<CredentialProvider.Definition> = [
  CredentialProvider.github({ ...client, clientSecret: { secretId: "github-secret", jsonKey: "secret" } }),
  CredentialProvider.apiKey({ name: "provider", apiKey: { secretId: "weather", jsonKey: "key" } }),
  CredentialProvider.custom({
    name: "provider",
    clientId: "my-agent",
    metadata: endpoints,
    privateKeyJwt: {
      kmsKeyArn: "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
      signingAlgorithm: "ES256"
    }
  }),
  CredentialProvider.custom({ name: "provider", awsIamIdTokenJwt: true, metadata: endpoints })
]

const label = ({ kind, request }: CredentialProvider.Definition) =>
  "credentialProviderVendor" in request ? request.credentialProviderVendor : kind

const schemaOf = (definition: CredentialProvider.Definition): Schema.Codec<unknown, unknown> => {
  const schemas = {
    oauth2: Models.CreateOauth2CredentialProviderRequest,
    apiKey: Models.CreateApiKeyCredentialProviderRequest,
    payment: Models.CreatePaymentCredentialProviderRequest
  }
  return schemas[definition.kind] as unknown as Schema.Codec<unknown, unknown>
}

describe("constructors", () => {
  it.each([...all, ...others].map((definition) => ({ definition, label: label(definition) })))(
    "$label: the request conforms to the service model",
    ({ definition }) => {
      const checked = Schema.decodeUnknownSync(Schema.toType(schemaOf(definition)), {
        onExcessProperty: "error"
      })(definition.request)
      same(checked, definition.request)
    }
  )

  it("return the parameters that request refresh tokens", () => {
    const offline = { ...client, offlineAccess: true }
    assert.deepStrictEqual(CredentialProvider.google(client).authorizationParameters, {
      scopes: [],
      customParameters: {}
    })
    assert.deepStrictEqual(CredentialProvider.google(offline).authorizationParameters, {
      scopes: [],
      customParameters: { access_type: "offline" }
    })
    assert.deepStrictEqual(CredentialProvider.microsoft(offline).authorizationParameters, {
      scopes: ["offline_access"],
      customParameters: {}
    })
  })
})

describe("ensure", () => {
  it.effect.each(all.map((definition) => ({ definition, label: label(definition) })))(
    "$label: twice equals once",
    ({ definition }) =>
      Effect.gen(function*() {
        const first = yield* CredentialProvider.ensure(definition)
        assert.deepStrictEqual(first, { outcome: "Created", changes: [], notComparable: [] })
        const before = yield* CredentialProvider.awaitReady(definition)
        const second = yield* CredentialProvider.ensure(definition)
        assert.strictEqual(second.outcome, "Unchanged")
        assert.deepStrictEqual(second.changes, [])
        assert.isAbove(second.notComparable.length, 0)
        same(yield* CredentialProvider.awaitReady(definition), before)
      }).pipe(Effect.provide(local))
  )

  it.effect("returns the differences and updates them", () =>
    Effect.gen(function*() {
      const before = CredentialProvider.custom({
        ...client,
        discovery: "https://old.example.com/.well-known/openid-configuration"
      })
      const after = CredentialProvider.custom({
        ...client,
        clientId: "other-agent",
        discovery: "https://new.example.com/.well-known/openid-configuration"
      })
      yield* CredentialProvider.ensure(before)
      assert.deepStrictEqual(yield* CredentialProvider.ensure(after), {
        outcome: "Updated",
        changes: ["clientId", "oauthDiscovery.discoveryUrl"],
        notComparable: ["clientSecret"]
      })
      assert.strictEqual((yield* CredentialProvider.ensure(after)).outcome, "Unchanged")
    }).pipe(Effect.provide(local)))

  it.effect("sends secrets with rotateSecrets", () =>
    Effect.gen(function*() {
      const definition = CredentialProvider.apiKey({ name: "weather", apiKey: Redacted.make(sentinel) })
      yield* CredentialProvider.ensure(definition)
      const renewed = CredentialProvider.apiKey({ name: "weather", apiKey: Redacted.make(rotated) })
      assert.strictEqual((yield* CredentialProvider.ensure(renewed)).outcome, "Unchanged")
      assert.deepStrictEqual(yield* CredentialProvider.ensure(renewed, { rotateSecrets: true }), {
        outcome: "Updated",
        changes: ["apiKeySecret"],
        notComparable: []
      })
    }).pipe(Effect.provide(local)))

  it.effect("rejects an invalid definition even when its provider exists", () =>
    Effect.gen(function*() {
      const weather = { name: "weather", apiKey: Redacted.make(sentinel) }
      yield* CredentialProvider.ensure(CredentialProvider.apiKey(weather))
      // A program in plain JavaScript can do this. Without the check, nothing would be rotated.
      const plain = CredentialProvider.apiKey({ ...weather, apiKey: rotated as never })
      const error = yield* Effect.flip(CredentialProvider.ensure(plain, { rotateSecrets: true }))
      assert(error._tag === "ValidationException")
      assert.deepStrictEqual(error.fieldList?.map(({ name }) => name), ["apiKey"])
    }).pipe(Effect.provide(local)))

  it.effect("rejects a misspelled option of a custom server", () =>
    Effect.gen(function*() {
      const options = {
        ...client,
        discovery: "https://id.example.com/.well-known/openid-configuration",
        privateEndpont: { managedVpcResource: { vpcIdentifier: "vpc-1", subnetIds: ["subnet-1"] } }
      }
      const error = yield* Effect.flip(CredentialProvider.ensure(CredentialProvider.custom(options)))
      assert(error._tag === "ValidationException")
      assert.include(error.message, "did you mean 'privateEndpoint'?")
    }).pipe(Effect.provide(local)))

  it.effect("rejects a secret that is not Redacted, and does not quote it", () =>
    Effect.gen(function*() {
      // A program in plain JavaScript can pass anything.
      const text = sentinel as never
      for (
        const definition of [
          CredentialProvider.github({ ...client, clientSecret: text }),
          CredentialProvider.apiKey({ name: "weather", apiKey: text }),
          CredentialProvider.coinbase({ name: "pay", apiKeyId: "key", apiKeySecret: text })
        ]
      ) {
        const error = yield* Effect.flip(CredentialProvider.ensure(definition))
        assert(error._tag === "ValidationException")
        assert.include(error.message, "Member must be a Redacted string (Redacted.make), but is a string")
        assert.notInclude(error.message, sentinel)
      }
    }).pipe(Effect.provide(local)))

  it.effect("accepts a provider that was created concurrently, and reports an invalid request", () =>
    Effect.gen(function*() {
      const missing = new IdentityError.ResourceNotFoundException({ operation: "Get", message: "not found" })
      const exists = new IdentityError.ValidationException({ operation: "Create", message: "already exists" })
      const provider = {
        name: "weather",
        credentialProviderArn: "arn",
        apiKeySecretArn: { secretArn: "arn:secret" },
        createdTime: DateTime.makeUnsafe(0),
        lastUpdatedTime: DateTime.makeUnsafe(0)
      }
      const ensure = CredentialProvider.ensure(
        CredentialProvider.apiKey({ name: "weather", apiKey: Redacted.make(sentinel) })
      )
      const { outcome } = yield* Effect.provide(
        ensure,
        ScriptedPlanes.layer({
          getApiKeyCredentialProvider: [Effect.fail(missing), Effect.succeed(provider)],
          createApiKeyCredentialProvider: [Effect.fail(exists)]
        })
      )
      assert.strictEqual(outcome, "Unchanged")
      const error = yield* Effect.provide(
        Effect.flip(ensure),
        ScriptedPlanes.layer({
          getApiKeyCredentialProvider: () => Effect.fail(missing),
          createApiKeyCredentialProvider: [Effect.fail(exists)]
        })
      )
      assert.strictEqual(error._tag, "ValidationException")
    }))

  it.effect("fails when the source of a secret would switch", () =>
    Effect.gen(function*() {
      yield* CredentialProvider.ensure(CredentialProvider.github(client))
      const external = CredentialProvider.github({ ...client, clientSecret: { secretId: "s", jsonKey: "k" } })
      const error = yield* Effect.flip(CredentialProvider.ensure(external))
      assert(error._tag === "SecretSourceSwitch")
      assert.strictEqual(error.from, "MANAGED")
      assert.strictEqual(error.to, "EXTERNAL")
    }).pipe(Effect.provide(local)))

  it.effect("compares no secret when the client authenticates with a JWT, although the response has an ARN", () =>
    Effect.gen(function*() {
      const discovery = "https://id.example.com/.well-known/openid-configuration"
      const options = { name: "provider", discovery, awsIamIdTokenJwt: true } as const
      yield* CredentialProvider.ensure(CredentialProvider.custom({ ...options, clientId: "agent" }))
      const provider = yield* CredentialProvider.awaitReady({ kind: "oauth2", name: "provider" })
      assert.isString(provider.clientSecretArn?.secretArn)
      assert.deepStrictEqual(
        yield* CredentialProvider.ensure(CredentialProvider.custom({ ...options, clientId: "agent" })),
        { outcome: "Unchanged", changes: [], notComparable: [] }
      )
    }).pipe(Effect.provide(local)))

  it.effect("updates the key of a client", () =>
    Effect.gen(function*() {
      const kmsKeyArn = "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
      const privateKeyJwt = { kmsKeyArn, signingAlgorithm: "ES256", additionalHeaderClaims: { kid: "1" } } as const
      const options = { name: "provider", clientId: "agent", metadata: endpoints } as const
      yield* CredentialProvider.ensure(CredentialProvider.custom({ ...options, privateKeyJwt }))
      const changed = { ...privateKeyJwt, signingAlgorithm: "PS256" } as const
      assert.deepStrictEqual(
        yield* CredentialProvider.ensure(CredentialProvider.custom({ ...options, privateKeyJwt: changed })),
        { outcome: "Updated", changes: ["privateKeyJwtConfig.signingAlgorithm"], notComparable: [] }
      )
    }).pipe(Effect.provide(local)))
})

describe("awaitReady", () => {
  const provider = (status: string, failureReason?: string): Models.GetOauth2CredentialProviderResponse => ({
    name: "provider",
    credentialProviderVendor: "GithubOauth2",
    credentialProviderArn: "arn",
    createdTime: DateTime.makeUnsafe(0),
    lastUpdatedTime: DateTime.makeUnsafe(0),
    status,
    ...(failureReason === undefined ? {} : { failureReason })
  })
  const target = { kind: "oauth2", name: "provider" } as const
  const states = (...all: ReadonlyArray<ReturnType<typeof provider>>) =>
    ScriptedPlanes.layer({
      getOauth2CredentialProvider: (_, index) => Effect.succeed(all[index] ?? all.at(-1) ?? provider("READY"))
    })

  it.effect("waits for READY", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(CredentialProvider.awaitReady(target))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "READY")
    }).pipe(Effect.provide(states(provider("CREATING"), provider("CREATING"), provider("READY")))))

  it.effect("fails with the reason of the service", () =>
    Effect.gen(function*() {
      for (const status of ["CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"]) {
        const error = yield* Effect.flip(CredentialProvider.awaitReady(target)).pipe(
          Effect.provide(states(provider(status, "no access to the key")))
        )
        assert(error._tag === "CredentialProviderFailed")
        assert.strictEqual(error.message, `Credential provider 'provider' is ${status}: no access to the key`)
      }
    }))

  it.effect("times out with the last status, even an unknown one", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(CredentialProvider.awaitReady(target)))
      yield* TestClock.adjust("3 minutes")
      const error = yield* Fiber.join(fiber)
      assert(error._tag === "CredentialProviderTimedOut")
      assert.strictEqual(error.status, "PONDERING")
    }).pipe(Effect.provide(states(provider("PONDERING")))))

  it.effect("returns at once for kinds without a status", () =>
    Effect.gen(function*() {
      const definition = CredentialProvider.apiKey({ name: "weather", apiKey: secret(sentinel) })
      yield* CredentialProvider.ensure(definition)
      assert.strictEqual((yield* CredentialProvider.awaitReady(definition)).name, "weather")
    }).pipe(Effect.provide(local)))
})

describe("secrets of CredentialProvider", () => {
  it.effect.each(all.map((definition) => ({ definition, label: label(definition) })))(
    "$label: are in no response, difference, error, log line or span",
    ({ definition }) =>
      Effect.gen(function*() {
        const recorder = yield* Recorder.make
        const responses = yield* Effect.gen(function*() {
          const created = yield* CredentialProvider.ensure(definition)
          const again = yield* CredentialProvider.ensure(definition, { rotateSecrets: true })
          const provider = yield* CredentialProvider.awaitReady(definition)
          const plane = yield* ControlPlane.ControlPlane
          const error = yield* Effect.flip(plane.getWorkloadIdentity({ name: "missing" }))
          yield* Effect.logInfo("Definition", definition, provider)
          return [created, again, provider, error, definition]
        }).pipe(Effect.provide(local), Effect.provide(recorder.layer))
        Recorder.assertSecretFree([...responses.flatMap(Recorder.faces), ...(yield* recorder.everything)], [
          sentinel,
          coinbaseKey,
          privyKey
        ])
      })
  )
})
