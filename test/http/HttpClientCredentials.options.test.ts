import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import type { Identity } from "effect-agentcore-identity/Identity"
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import type { WorkloadAccessToken } from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import { scripted } from "../support/utils.js"

// A program in plain JavaScript can pass anything.
const untyped = (value: unknown) => value as never

class Calendar extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "calendar", flow: "M2M" }) {}

const origins = ["https://api.example.com"]

/** Returns the field that a request to an allowed origin reports. Neither it nor a call of a plane is sent. */
const reportedField = <E, R>(wrap: (self: HttpClient.HttpClient) => HttpClient.HttpClient.With<E, R>) =>
  Effect.gen(function*() {
    const api = wrap(HttpClient.make(() => Effect.die("sent")))
    // The requirements are not used: no call of a plane is sent.
    const error: unknown = yield* Effect.flip(
      api.get("https://api.example.com") as Effect.Effect<unknown, unknown, Identity | WorkloadAccessToken>
    )
    const { _tag, fieldList = [] } = error as ValidationException
    assert.strictEqual(_tag, "ValidationException")
    const [field, ...others] = fieldList
    assert.deepStrictEqual(others, [])
    const { calls } = yield* ScriptedPlanes.ScriptedPlanes
    assert.deepStrictEqual(yield* calls, [])
    return `${field?.name}: ${field?.message}`
  }).pipe(Effect.provide(scripted({})))

describe("an invalid option of a token", () => {
  it.effect("fails with the names of the program", () =>
    Effect.gen(function*() {
      const wrong = (options: object) =>
        reportedField(HttpClientCredentials.withAccessToken(Calendar, untyped({ origins, ...options })))
      assert.include(yield* wrong({ stepup: true }), "stepup: Member must have a known name, one of [provider, flow,")
      assert.strictEqual(
        yield* wrong({ consent: true }),
        "consent: Member must be a consent handler: a function from a session to an Effect, but is a boolean"
      )
    }))
})
