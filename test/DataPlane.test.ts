import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Recorder from "./support/recorder.js"
import { responses, secret, sessionUri } from "./support/utils.js"

const request: Operation.Request<typeof DataPlane.operations.getResourceOauth2Token> = {
  workloadIdentityToken: secret("workload-token"),
  resourceCredentialProviderName: "github",
  scopes: [],
  oauth2Flow: "M2M"
}

type Patch = { readonly [K in keyof Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>]?: unknown }

const ask = (patch: Patch) =>
  Effect.flatMap(DataPlane.DataPlane, (dataPlane) =>
    // The checks are for requests that TypeScript has not checked.
    dataPlane.getResourceOauth2Token(
      { ...request, ...patch } as Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>
    ))

const planes = ScriptedPlanes.layer({ getResourceOauth2Token: () => responses.issued() })

const stringOf = (length: number) => "x".repeat(length)

const atLeast = (n: number) => `Member must have length greater than or equal to ${n}`
const atMost = (n: number) => `Member must have length less than or equal to ${n}`
const notNull = "Member must not be null"
const redacted = (actual: string) => `Member must be a Redacted string (Redacted.make), but is ${actual}`

describe("DataPlane.make", () => {
  const rejected: ReadonlyArray<readonly [patch: Patch, field: string, constraint: string]> = [
    [{ workloadIdentityToken: secret("") }, "workloadIdentityToken", atLeast(1)],
    [{ workloadIdentityToken: secret(stringOf(131073)) }, "workloadIdentityToken", atMost(131072)],
    [{ workloadIdentityToken: undefined }, "workloadIdentityToken", redacted("undefined")],
    [{ workloadIdentityToken: "not redacted" }, "workloadIdentityToken", redacted("a string")],
    [{ resourceCredentialProviderName: "" }, "resourceCredentialProviderName", atLeast(1)],
    [{ resourceCredentialProviderName: stringOf(129) }, "resourceCredentialProviderName", atMost(128)],
    [
      { resourceCredentialProviderName: "a b" },
      "resourceCredentialProviderName",
      "Member must satisfy regular expression pattern: [a-zA-Z0-9\\-_]+"
    ],
    [{ scopes: undefined }, "scopes", "Member must be a list of strings, but is undefined"],
    [{ scopes: ["ok", ""] }, "scopes.1", atLeast(1)],
    [{ scopes: [stringOf(129)] }, "scopes.0", atMost(128)],
    [
      { oauth2Flow: "PASSWORD" },
      "oauth2Flow",
      "Member must satisfy enum value set: [USER_FEDERATION, M2M, ON_BEHALF_OF_TOKEN_EXCHANGE]"
    ],
    [{ sessionUri: secret(`${sessionUri}${stringOf(1024)}`) }, "sessionUri", atMost(1024)],
    [
      { sessionUri: secret("urn:other") },
      "sessionUri",
      "Member must satisfy regular expression pattern: urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+"
    ],
    [
      { resourceOauth2ReturnUrl: "no url" },
      "resourceOauth2ReturnUrl",
      "Member must satisfy regular expression pattern: \\w+:(\\/?\\/?)[^\\s]+"
    ],
    [{ forceAuthentication: "yes" }, "forceAuthentication", "Member must be true or false, but is a string"],
    [{ customParameters: { access_type: "" } }, "customParameters.access_type", atLeast(1)],
    [{ customState: secret(stringOf(4097)) }, "customState", atMost(4096)],
    [{ resources: [stringOf(2049)] }, "resources.0", atMost(2048)],
    [{ audiences: [""] }, "audiences.0", atLeast(1)]
  ]

  const cases = rejected.map(([patch, field, constraint]) => ({ patch, field, constraint }))

  it.effect.each(cases)("rejects $field: $constraint", ({ constraint, field, patch }) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ask(patch))
      assert(error._tag === "ValidationException")
      assert.strictEqual(error.operation, "GetResourceOauth2Token")
      assert.deepStrictEqual(error.fieldList, [{ name: field, message: constraint }])
      assert.strictEqual(
        error.message,
        `1 validation error detected: Value at '${field}' failed to satisfy constraint: ${constraint}`
      )
      assert.deepStrictEqual(yield* Effect.flatMap(ScriptedPlanes.ScriptedPlanes, (planes) => planes.calls), [])
    }).pipe(Effect.provide(planes)))

  it.effect("names a missing member, and every violation at once", () =>
    Effect.gen(function*() {
      const dataPlane = yield* DataPlane.DataPlane
      // A request that TypeScript has not checked.
      const error = yield* Effect.flip(
        dataPlane.getResourceApiKey({} as Operation.Request<typeof DataPlane.operations.getResourceApiKey>)
      )
      assert(error._tag === "ValidationException")
      assert.deepStrictEqual(error.fieldList, [
        { name: "workloadIdentityToken", message: notNull },
        { name: "resourceCredentialProviderName", message: notNull }
      ])
      assert.match(error.message, /^2 validation errors detected: /)
    }).pipe(Effect.provide(planes)))

  it.effect("accepts values at the limits", () =>
    Effect.gen(function*() {
      yield* ask({ workloadIdentityToken: secret(stringOf(131072)), resourceCredentialProviderName: stringOf(128) })
      yield* ask({
        scopes: [stringOf(128), stringOf(1)],
        customState: secret(stringOf(4096)),
        resources: [stringOf(2048)]
      })
      yield* ask({ resourceOauth2ReturnUrl: "myapp:done", sessionUri: secret(sessionUri) })
      assert.lengthOf(yield* Effect.flatMap(ScriptedPlanes.ScriptedPlanes, (planes) => planes.calls), 3)
    }).pipe(Effect.provide(planes)))

  it.effect("rejects a user with two identifiers", () =>
    Effect.gen(function*() {
      const dataPlane = yield* DataPlane.DataPlane
      const both = { userId: "alice", userToken: secret("a.b.c") }
      const error = yield* Effect.flip(dataPlane.completeResourceTokenAuth({
        sessionUri: secret(sessionUri),
        // The types do not allow this.
        userIdentifier: both as unknown as { readonly userId: string }
      }))
      assert.strictEqual(error._tag, "ValidationException")
    }).pipe(Effect.provide(planes)))

  it.effect("never repeats a rejected value", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const sentinel = "sentinel-5f0c9b1e7a"
      const bad: ReadonlyArray<Patch> = [
        { workloadIdentityToken: secret(sentinel + stringOf(131072)) },
        { workloadIdentityToken: sentinel },
        { sessionUri: secret(sentinel) },
        { customState: secret(sentinel + stringOf(4096)) },
        { oauth2Flow: sentinel },
        { scopes: [sentinel + stringOf(128)] }
      ]
      for (const patch of bad) {
        const error = yield* Effect.flip(ask(patch)).pipe(Effect.provide(planes), Effect.provide(recorder.layer))
        Recorder.assertSecretFree([...Recorder.faces(error), ...(yield* recorder.everything)], [sentinel])
      }
      assert.isAbove((yield* recorder.spans).length, 0)
    }))
})

describe("DataPlane.decorate", () => {
  it.effect("wraps every call of Identity, and can inject faults", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<string>>([])
      const fault = new IdentityError.ThrottlingException({ operation: "GetResourceApiKey", message: "Rate exceeded" })
      const decorated = DataPlane.decorate((operation, effect) =>
        Ref.update(seen, (all) => [...all, operation]).pipe(
          Effect.andThen(operation === "getResourceApiKey" ? Effect.fail(fault) : effect)
        )
      )
      const live = Identity.layer.pipe(
        Layer.provide(decorated),
        Layer.provide(planes),
        Layer.merge(WorkloadAccessToken.layer(secret("workload-token")))
      )
      yield* Effect.gen(function*() {
        const identity = yield* Identity.Identity
        const token = yield* identity.getAccessToken({ provider: "github", flow: "M2M" })
        assert.strictEqual(Redacted.value(token), "access-token")
        const error = yield* Effect.flip(identity.getApiKey({ provider: "weather" }))
        assert.strictEqual(error.message, fault.message)
      }).pipe(Effect.provide(live))
      assert.deepStrictEqual(yield* Ref.get(seen), ["getResourceOauth2Token", "getResourceApiKey"])
    }))

  it.effect("wraps the control plane too", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<readonly [string, unknown]>>([])
      const decorated = ControlPlane.decorate((operation, effect, request) =>
        Effect.andThen(Ref.update(seen, (all) => [...all, [operation, request] as const]), effect)
      )
      const created = yield* Effect.flatMap(
        ControlPlane.ControlPlane,
        (plane) => plane.createWorkloadIdentity({ name: "my-agent" })
      ).pipe(Effect.provide(Layer.provide(
        decorated,
        ScriptedPlanes.layer({
          createWorkloadIdentity: [Effect.succeed({ name: "my-agent", workloadIdentityArn: "arn:aws:x" })]
        })
      )))
      assert.strictEqual(created.workloadIdentityArn, "arn:aws:x")
      assert.deepStrictEqual(yield* Ref.get(seen), [["createWorkloadIdentity", { name: "my-agent" }]])
    }))
})

describe("spans of DataPlane", () => {
  it.effect("are named after the operation", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* ask({}).pipe(Effect.provide(planes), Effect.provide(recorder.layer))
      const [span] = yield* recorder.spans
      assert.strictEqual(span?.name, "DataPlane.getResourceOauth2Token")
      assert.strictEqual(span?.attributes.get("rpc.method"), "GetResourceOauth2Token")
    }))
})
