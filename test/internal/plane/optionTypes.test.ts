import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import { ResourceNotFoundException, ValidationException } from "effect-agentcore-identity/IdentityError"
import * as IdentitySetup from "effect-agentcore-identity/IdentitySetup"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { responses, scripted, secret } from "../../support/utils.js"

type Run = (options: unknown) => Effect.Effect<unknown, unknown, Scope.Scope>

// A program in plain JavaScript can pass anything.
const untyped = (value: unknown) => value as never

const alice = { userId: "alice" }

const planes = scripted({
  getApiKeyCredentialProvider: () =>
    Effect.fail(new ResourceNotFoundException({ operation: "GetApiKeyCredentialProvider", message: "none" })),
  createApiKeyCredentialProvider: () =>
    Effect.succeed({ name: "weather", credentialProviderArn: "arn", apiKeySecretArn: { secretArn: "arn" } }),
  getWorkloadAccessToken: () => Effect.succeed({ workloadAccessToken: secret("token") }),
  getWorkloadAccessTokenForUserId: () => Effect.succeed({ workloadAccessToken: secret("token") }),
  getResourceOauth2Token: () => responses.consent
})

const getToken = Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, ({ get }) => get)

const build = <A, E>(layer: Layer.Layer<A, E, Layer.Success<typeof planes>>) =>
  Effect.asVoid(Layer.build(Layer.provide(layer, planes)))

const functions: { readonly [name: string]: { readonly run: Run; readonly valid: unknown; readonly typed: boolean } } =
  {
    "WorkloadAccessToken.layerWorkload": {
      run: (options) =>
        getToken.pipe(
          Effect.provide(WorkloadAccessToken.layerWorkload(untyped(options))),
          Effect.provide(planes)
        ),
      valid: { name: "agent", user: alice, renewAfter: "5 minutes" },
      typed: true
    },
    "CredentialCache.layer": {
      run: (options) => build(CredentialCache.layer(untyped(options))),
      valid: { skew: 0, opaqueTimeToLive: "10 minutes", apiKeyTimeToLive: Duration.infinity, capacity: Infinity },
      typed: false
    },
    "CredentialCache.layerStore": {
      run: (options) =>
        build(
          Layer.provide(CredentialCache.layerStore(untyped(options)), Layer.mock(CredentialCache.Store, {}))
        ),
      valid: { capacity: 1, storeTimeout: "1 second" },
      typed: false
    },
    "DataPlane.layerRateLimit": {
      run: (options) => build(DataPlane.layerRateLimit(untyped(options))),
      valid: { getResourceApiKey: 50 },
      typed: false
    },
    "ControlPlane.layerRateLimit": {
      run: (options) => build(ControlPlane.layerRateLimit(untyped(options))),
      valid: 10,
      typed: false
    },
    "IdentitySetup.apply": {
      run: (setup) => Effect.provide(IdentitySetup.apply(untyped(setup)), planes),
      valid: { apiKeyCredentialProviders: [{ name: "weather", apiKey: secret("key") }] },
      typed: false
    },
    "LocalIdentity.layerTest": {
      run: (options) => Effect.asVoid(Layer.build(LocalIdentity.layerTest(untyped(options)))),
      valid: { region: "eu-central-1", sessionLifetime: "5 minutes", settings: { secrets: { a: { b: secret("c") } } } },
      typed: false
    },
    "LocalIdentity.layerPlanes": {
      run: (options) => Effect.asVoid(Layer.build(LocalIdentity.layerPlanes(untyped(options)))),
      valid: { port: 0, signatures: "presence", settings: Effect.succeed({}) },
      typed: false
    },
    "AuthorizationServer.make": {
      run: (options) => AuthorizationServer.make(untyped(options)),
      valid: { port: 0, allowedHosts: [], accessTokenLifetime: "1 minute" },
      typed: false
    }
  }

const duration = "Member must be a number of milliseconds, or a Duration as in '10 minutes', but is"

const cases: { readonly [name: string]: ReadonlyArray<readonly [options: unknown, expected: string]> } = {
  "WorkloadAccessToken.layerWorkload": [
    [undefined, "request: Member must be an object, but is undefined"],
    ["agent", "request: Member must be an object, but is a string"],
    [{ name: 5 }, "name: Member must be a string, but is a number"],
    [{ name: "ab" }, "name: Member must have length greater than or equal to 3"],
    [{ workloadName: "agent" }, "workloadName: Member must have a known name; did you mean 'name'?"],
    [{ name: "agent", user: "alice" }, "user: Member must have exactly one of the members [userId, userToken]"],
    [
      { name: "agent", user: { userID: "alice" } },
      "user.userID: Member must have a known name; did you mean 'userId'?"
    ],
    [
      { name: "agent", user: { userToken: "a.b.c" } },
      "user.userToken: Member must be a Redacted string (Redacted.make), but is a string"
    ],
    [{ name: "agent", renewAfter: "soon" }, `renewAfter: ${duration} a string`]
  ],
  "CredentialCache.layer": [
    [null, "request: Member must be an object, but is null"],
    [{ skew: "a minute" }, `skew: ${duration} a string`],
    [
      { opaqueTTL: 1 },
      "opaqueTTL: Member must have a known name, one of [skew, timeToLive, opaqueTimeToLive, apiKeyTimeToLive, capacity, storeTimeout]"
    ],
    [{ apiKeyTimeTolive: 1 }, "apiKeyTimeTolive: Member must have a known name; did you mean 'apiKeyTimeToLive'?"],
    [{ capacity: "10" }, "capacity: Member must be a number, 0 or more, but is a string"]
  ],
  "CredentialCache.layerStore": [[
    { storeTimout: 1 },
    "storeTimout: Member must have a known name; did you mean 'storeTimeout'?"
  ]],
  "DataPlane.layerRateLimit": [
    [
      { getResourceOauthToken: 50 },
      "getResourceOauthToken: Member must have a known name; did you mean 'getResourceOauth2Token'?"
    ],
    [
      { getResourceApiKey: 0 },
      "getResourceApiKey: Member must be a number of calls per second, above 0, but is a number"
    ]
  ],
  "ControlPlane.layerRateLimit": [[
    "20",
    "quota: Member must be a number of calls per second, above 0, but is a string"
  ]],
  "IdentitySetup.apply": [
    [undefined, "request: Member must be an object, but is undefined"],
    [{ workloadIdentites: [] }, "workloadIdentites: Member must have a known name; did you mean 'workloadIdentities'?"],
    [{ workloadIdentities: {} }, "workloadIdentities: Member must be a list of objects, but is an object"],
    [
      { workloadIdentities: [{ nam: "my-agent" }] },
      "workloadIdentities.0.nam: Member must have a known name; did you mean 'name'?"
    ]
  ],
  "LocalIdentity.layerTest": [
    [{ sesionLifetime: 1 }, "sesionLifetime: Member must have a known name; did you mean 'sessionLifetime'?"],
    [
      { settings: { secrets: { a: { b: "c" } } } },
      "settings.secrets.a.b: Member must be a Redacted string (Redacted.make), but is a string"
    ]
  ],
  "LocalIdentity.layerPlanes": [
    [{ port: "4020" }, "port: Member must be a port, 0 to 65535, but is a string"],
    [
      { signatures: "Verify" },
      "signatures: Member must satisfy enum value set: [presence, verify, off]; did you mean 'verify'?"
    ]
  ],
  "AuthorizationServer.make": [
    [{ port: -1 }, "port: Member must be a port, 0 to 65535, but is a number"]
  ]
}

describe.each(Object.entries(functions).map(([name, row]) => ({ name, ...row })))(
  "the options of $name",
  ({ name, run, typed, valid }) => {
    it.live("are accepted", () => run(valid))

    it.live("are rejected with one typed error that names the member", () =>
      Effect.forEach(cases[name] ?? [], ([options, expected]) =>
        Effect.gen(function*() {
          const exit = yield* Effect.exit(run(options))
          assert(Exit.isFailure(exit), expected)
          // Either the types contain the error, or valid TypeScript cannot cause it.
          assert.strictEqual(exit.cause.reasons[0]?._tag, typed ? "Fail" : "Die", expected)
          const error: unknown = Cause.squash(exit.cause)
          assert(error instanceof ValidationException, String(error))
          const [field, ...others] = error.fieldList ?? []
          assert.deepStrictEqual(others, [])
          assert.include(`${field?.name}: ${field?.message}`, expected)
          assert.notStrictEqual(error.operation, "")
        })))
  }
)
