import { assert, describe, it } from "@effect/vitest"
import * as Consent from "effect-agentcore-identity/Consent"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import { AuthorizationFailed } from "effect-agentcore-identity/IdentityError"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Local from "./support/localBackend.js"
import { responses, scripted } from "./support/utils.js"

const local = Identity.layer.pipe(
  Layer.merge(WorkloadAccessToken.layerWorkload({ name: "agent", user: { userId: "alice" } })),
  Layer.provideMerge(Local.backend())
)

const request = { provider: "calendar", flow: "USER_FEDERATION", scopes: ["read"] } as const

const ask = (returnUrl?: string) =>
  Effect.flatMap(Identity.Identity, (identity) => Effect.flip(identity.getAccessToken({ ...request, returnUrl })))

describe("a return URL that is not registered", () => {
  const text =
    "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow"

  it.effect("is explained: how to register it, in code and in the setup file", () =>
    Effect.gen(function*() {
      yield* Local.setup
      const other = "https://agent.example.com/other"
      const error = yield* ask(other)
      assert(error._tag === "ValidationException")
      assert.strictEqual(error.operation, "GetResourceOauth2Token")
      assert.strictEqual(
        error.message,
        `${text}: register '${other}' on the workload identity of the caller, in code with `
          + "WorkloadIdentity.ensure, or in the setup file under workloadIdentities as one of "
          + "allowedResourceOauth2ReturnUrls"
      )
      // The plane returns the message of AWS alone.
      const plain = yield* Effect.flip(Local.ask(yield* Local.tokenFor("alice"), { resourceOauth2ReturnUrl: other }))
      assert.strictEqual(plain.message, text)
      // The advice works.
      yield* WorkloadIdentity.ensure({ name: "agent", returnUrls: [other] }).pipe(Effect.forkChild)
      yield* Effect.yieldNow
      assert.strictEqual((yield* ask(other))._tag, "RequiresUserConsent")
    }).pipe(Effect.provide(local)))

  it.effect("is explained when none is registered", () =>
    Effect.gen(function*() {
      yield* Local.setup
      const error = yield* ask()
      assert.strictEqual(
        error.message,
        "You must provide a ResourceOauth2ReturnUrl to proceed with this flow: give the request a return URL "
          + "(returnUrl, or callbackUrl without Effect), or set Consent.ReturnUrl for the program. "
          + "Register the URL on the workload identity"
      )
      const next = yield* Effect.provideService(ask(), Consent.ReturnUrl, Option.some(Local.returnUrl))
      assert.strictEqual(next._tag, "RequiresUserConsent")
    }).pipe(Effect.provide(local)))

  it.effect("is not mentioned by the exception of a missing provider, which names it", () =>
    Effect.gen(function*() {
      yield* Local.createWorkload("agent")
      const error = yield* ask()
      assert(error._tag === "ResourceNotFoundException")
      const plane = yield* Effect.flip(Local.ask(yield* Local.tokenFor("alice")))
      assert.strictEqual(
        error.message,
        `${plane.message}: this account and region have no OAuth2 credential provider 'calendar'`
      )
    }).pipe(Effect.provide(local)))
})

describe("a workload identity that does not exist", () => {
  it.effect("is explained, because AWS does not name it", () =>
    Effect.gen(function*() {
      const error = yield* ask()
      assert(error._tag === "AccessDeniedException")
      const plane = yield* DataPlane.DataPlane
      const plain = yield* Effect.flip(
        plane.getWorkloadAccessTokenForUserId({ workloadName: "agent", userId: "alice" })
      )
      assert.strictEqual(
        error.message,
        `${plain.message}: this account and region have no workload identity 'agent'. Create it in code with `
          + "WorkloadIdentity.ensure, or in the setup file under workloadIdentities"
      )
      // The advice works.
      yield* WorkloadIdentity.ensure({ name: "agent" })
      assert.strictEqual((yield* ask())._tag, "ResourceNotFoundException")
    }).pipe(Effect.provide(local)))
})

describe("the message", () => {
  it.effect("of AuthorizationFailed has a reason, which is Failed when AWS reports none", () =>
    Effect.gen(function*() {
      const error = yield* ask()
      assert(error instanceof AuthorizationFailed)
      assert.strictEqual(error.reason, "Failed")
      assert.strictEqual(
        error.message,
        "The authorization at provider 'calendar' failed: the user denied consent, or the session expired"
      )
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.failed] }))))
})
