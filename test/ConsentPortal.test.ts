import { assert, describe, it } from "@effect/vitest"
import * as ConsentPortal from "effect-agentcore-identity/ConsentPortal"
import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import type { ConsentPortalResponse, CreateConsentPortalRequest } from "effect-agentcore-identity/Models"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { backend, createProvider } from "./support/localBackend.js"
import * as Recorder from "./support/recorder.js"

const portal = (status: string, others: Partial<ConsentPortalResponse> = {}): ConsentPortalResponse => ({
  consentPortalId: "portal-0123456789",
  consentPortalArn: "arn:portal",
  name: "my-portal",
  sources: [{ identifier: "my-gateway-0123456789", type: "agentcore-gateway" }],
  status,
  portalUrl: null,
  createdAt: DateTime.makeUnsafe(0),
  updatedAt: DateTime.makeUnsafe(0),
  executionRoleArn: "arn:aws:iam::123456789012:role/portal",
  idpConfig: { credentialProviderArn: "arn:idp", scopes: [] },
  ...others
})

const notFound = Effect.fail(
  new IdentityError.ResourceNotFoundException({ operation: "GetConsentPortal", message: "not found" })
)

const states = (...portals: ReadonlyArray<ConsentPortalResponse>) =>
  ScriptedPlanes.layer({
    getConsentPortal: (_, index) => {
      const state = portals[index] ?? portals.at(-1)
      return state === undefined ? notFound : Effect.succeed(state)
    }
  })

const after = <A, E, R>(duration: "0 millis" | "4 seconds" | "10 minutes", effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(duration)
    return yield* Fiber.join(fiber)
  })

describe("ConsentPortal", () => {
  it.effect("awaitActive waits until the portal is ACTIVE", () =>
    Effect.gen(function*() {
      const active = yield* after("4 seconds", ConsentPortal.awaitActive("portal-0123456789"))
      assert.strictEqual(active.status, "ACTIVE")
      assert.deepStrictEqual(
        ConsentPortal.callbackUrl(active),
        Option.some("https://portal.example.com/p1/callback")
      )
      assert.deepStrictEqual(
        ConsentPortal.connectReturnUrl(active),
        Option.some("https://portal.example.com/p1/connect/callback")
      )
      assert.deepStrictEqual(ConsentPortal.callbackUrl(portal("CREATING")), Option.none())
      assert.deepStrictEqual(
        ConsentPortal.callbackUrl({ portalUrl: "p1.portal.example.com" }),
        Option.some("https://p1.portal.example.com/callback")
      )
    }).pipe(Effect.provide(states(
      portal("CREATING"),
      portal("CREATING"),
      portal("ACTIVE", { portalUrl: "https://portal.example.com/p1/" })
    ))))

  it.effect("awaitActive fails with the reason when a creation or update fails", () =>
    Effect.gen(function*() {
      for (const status of ["FAILED", "UPDATE_FAILED"]) {
        const error = yield* Effect.flip(ConsentPortal.awaitActive("portal-0123456789")).pipe(
          Effect.provide(states(portal(status, { statusReason: "no such gateway" })))
        )
        assert(error._tag === "ConsentPortalFailed")
        assert.strictEqual(error.message, `Consent portal 'my-portal' is ${status}: no such gateway`)
      }
    }))

  it.effect("awaitActive times out with the default and with a given schedule", () =>
    Effect.gen(function*() {
      const error = yield* after("10 minutes", Effect.flip(ConsentPortal.awaitActive("portal-0123456789")))
      assert(error._tag === "ConsentPortalTimedOut")
      assert.strictEqual(error.status, "UPDATING")
      const soon = yield* after(
        "0 millis",
        Effect.flip(ConsentPortal.awaitActive("portal-0123456789", Schedule.recurs(3)))
      )
      assert.strictEqual(soon._tag, "ConsentPortalTimedOut")
    }).pipe(Effect.provide(states(portal("UPDATING")))))
})

describe("ensure", () => {
  const definition = (provider = "idp"): CreateConsentPortalRequest => ({
    name: "my-portal",
    executionRoleArn: "arn:aws:iam::123456789012:role/portal",
    idpConfig: {
      credentialProviderArn:
        `arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/oauth2credentialprovider/${provider}`,
      scopes: ["openid", "email"]
    },
    sources: [{ identifier: "my-gateway-0123456789", type: "agentcore-gateway" }]
  })

  const start = Effect.andThen(createProvider("idp"), ConsentPortal.ensure(definition()))

  it.effect("creates a missing portal, updates one that differs, and otherwise changes nothing", () =>
    Effect.gen(function*() {
      const created = yield* start
      assert.deepInclude(created, { outcome: "Created", changes: [] })
      yield* TestClock.adjust("1 second")
      const again = yield* ConsentPortal.ensure({
        ...definition(),
        idpConfig: { ...definition().idpConfig, scopes: ["email", "openid"] }
      })
      assert.strictEqual(again.outcome, "Unchanged")
      assert.strictEqual(again.portal.consentPortalId, created.portal.consentPortalId)

      yield* createProvider("other")
      const changed = yield* ConsentPortal.ensure({ ...definition("other"), description: "For the team" })
      assert.deepInclude(changed, { outcome: "Updated", changes: ["idpConfig", "description"] })
      const active = yield* after("4 seconds", ConsentPortal.awaitActive(changed.portal.consentPortalId))
      assert.strictEqual(active.description, "For the team")
      assert.strictEqual(active.idpConfig.credentialProviderArn, definition("other").idpConfig.credentialProviderArn)
      // Without a description in the definition, the portal keeps its own.
      assert.strictEqual((yield* ConsentPortal.ensure(definition("other"))).outcome, "Unchanged")
    }).pipe(Effect.provide(backend())))

  it.effect("fails when the source differs, or when the portal is changing", () =>
    Effect.gen(function*() {
      yield* start
      const other = {
        ...definition(),
        sources: [{ identifier: "other-0123456789", type: "agentcore-gateway" as const }]
      }
      const error = yield* Effect.flip(ConsentPortal.ensure(other))
      assert.strictEqual(error._tag, "ConsentPortalSourceSwitch")
      assert.include(
        error.message,
        "from 'my-gateway-0123456789' to 'other-0123456789': delete the portal and create it again"
      )
      const changing = yield* Effect.flip(ConsentPortal.ensure({ ...definition(), description: "changed" }))
      assert.strictEqual(changing._tag, "ConflictException")
    }).pipe(Effect.provide(backend())))

  it.effect("treats the ARN of a gateway like its id", () =>
    Effect.gen(function*() {
      const arn = "arn:aws:bedrock-agentcore:us-west-2:123456789012:gateway/my-gateway-0123456789"
      const returned = portal("ACTIVE", {
        ...definition(),
        sources: [{ identifier: arn, type: "agentcore-gateway" }]
      })
      const { outcome } = yield* ConsentPortal.ensure(definition()).pipe(
        Effect.provide(ScriptedPlanes.layer({
          listConsentPortals: () => Effect.succeed({ consentPortals: [returned] }),
          getConsentPortal: () => Effect.succeed(returned)
        }))
      )
      assert.strictEqual(outcome, "Unchanged")
    }))

  it.effect("accepts a portal that another process created meanwhile, and reports other errors", () =>
    Effect.gen(function*() {
      const returned = portal("CREATING", definition())
      const conflict = new IdentityError.ConflictException({ operation: "CreateConsentPortal", message: "exists" })
      const none = Effect.succeed({ consentPortals: [] })
      const found = yield* ConsentPortal.ensure(definition()).pipe(
        Effect.provide(ScriptedPlanes.layer({
          listConsentPortals: [none, Effect.succeed({ consentPortals: [returned] })],
          createConsentPortal: [Effect.fail(conflict)],
          getConsentPortal: [Effect.succeed(returned)]
        }))
      )
      assert.strictEqual(found.outcome, "Unchanged")
      const error = yield* Effect.flip(ConsentPortal.ensure(definition())).pipe(
        Effect.provide(ScriptedPlanes.layer({
          listConsentPortals: () => none,
          createConsentPortal: [Effect.fail(conflict)]
        }))
      )
      assert.strictEqual(error._tag, "ConflictException")
    }))
})

it.effect("has a span", () =>
  Effect.gen(function*() {
    const { layer, spans } = yield* Recorder.make
    yield* Effect.gen(function*() {
      yield* CredentialProvider.ensure(
        CredentialProvider.apiKey({ name: "weather", apiKey: Redacted.make("key") })
      )
      yield* WorkloadIdentity.ensure({ name: "my-agent" })
      yield* Effect.ignore(ConsentPortal.ensure({
        name: "my-portal",
        executionRoleArn: "arn:aws:iam::123456789012:role/portal",
        idpConfig: { credentialProviderArn: "arn:idp", scopes: ["openid"] },
        sources: [{ identifier: "my-gateway-0123456789", type: "agentcore-gateway" }]
      }))
    }).pipe(Effect.provide(backend()), Effect.provide(layer))
    const all = yield* spans
    const names = all.map(({ name }) => name)
    for (const name of ["CredentialProvider.ensure", "WorkloadIdentity.ensure", "ConsentPortal.ensure"]) {
      assert.include(names, name)
    }
    const created = all.find(({ name }) => name === "ControlPlane.createWorkloadIdentity")
    assert.strictEqual(
      Option.flatMap(created?.parent ?? Option.none(), (parent) =>
        parent._tag === "Span" ? Option.some(parent.name) : Option.none()).pipe(Option.getOrUndefined),
      "WorkloadIdentity.ensure"
    )
  }))
