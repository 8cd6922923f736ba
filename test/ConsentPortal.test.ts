import { assert, describe, it } from "@effect/vitest"
import * as ConsentPortal from "effect-agentcore-identity/ConsentPortal"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import type { ConsentPortalResponse } from "effect-agentcore-identity/models/ConsentPortal"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"

const portal = (status: string, others: Partial<ConsentPortalResponse> = {}): ConsentPortalResponse => ({
  consentPortalId: "portal-0123456789",
  consentPortalArn: "arn:portal",
  name: "my-portal",
  sources: [{ identifier: "my-gateway-0123456789", type: "agentcore-gateway" }],
  status,
  portalUrl: null,
  createdAt: DateTime.unsafeMake(0),
  updatedAt: DateTime.unsafeMake(0),
  executionRoleArn: "arn:role",
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
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(duration)
    return yield* Fiber.join(fiber)
  })

describe("ConsentPortal", () => {
  it.effect("awaits ACTIVE", () =>
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

  it.effect("fails with the reason of a failed creation or update", () =>
    Effect.gen(function*() {
      for (const status of ["FAILED", "UPDATE_FAILED"]) {
        const error = yield* Effect.flip(ConsentPortal.awaitActive("portal-0123456789")).pipe(
          Effect.provide(states(portal(status, { statusReason: "no such gateway" })))
        )
        assert(error._tag === "ConsentPortalFailed")
        assert.strictEqual(error.message, `Consent portal 'my-portal' is ${status}: no such gateway`)
      }
    }))

  it.effect("times out with the default and with a given schedule", () =>
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

  it.effect("awaits the deletion", () =>
    Effect.gen(function*() {
      yield* after("4 seconds", ConsentPortal.awaitDeleted("portal-0123456789")).pipe(
        Effect.provide(ScriptedPlanes.layer({
          getConsentPortal: [Effect.succeed(portal("DELETING")), Effect.succeed(portal("DELETING")), notFound]
        }))
      )
      const error = yield* after("10 minutes", Effect.flip(ConsentPortal.awaitDeleted("portal-0123456789"))).pipe(
        Effect.provide(states(portal("DELETING")))
      )
      assert.strictEqual(error._tag, "ConsentPortalTimedOut")
    }))
})
