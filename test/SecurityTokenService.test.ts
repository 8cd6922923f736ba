import { assert, describe, it } from "@effect/vitest"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Recorder from "./support/recorder.js"
import { secret } from "./support/utils.js"

const request: Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken> = {
  audience: ["https://api.example.com"],
  signingAlgorithm: "ES384"
}

const expiration = DateTime.makeUnsafe(300_000)

const planes = ScriptedPlanes.layer({
  getWebIdentityToken: (_, index) =>
    Effect.succeed({ webIdentityToken: secret(`web-identity-token-${index}`), expiration })
})

type Patch = {
  readonly [K in keyof Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken>]?: unknown
}

const ask = (patch: Patch = {}) =>
  Effect.flatMap(SecurityTokenService.SecurityTokenService, (sts) =>
    // The checks are for requests that TypeScript has not checked.
    sts.getWebIdentityToken(
      { ...request, ...patch } as Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken>
    ))

const stringOf = (length: number) => "x".repeat(length)
const audiences = (count: number) => Array.from({ length: count }, (_, index) => `audience-${index}`)
const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, ""]))

const atLeast = (n: number) => `Member must have length greater than or equal to ${n}`
const atMost = (n: number) => `Member must have length less than or equal to ${n}`

describe("SecurityTokenService", () => {
  const rejected: ReadonlyArray<readonly [patch: Patch, field: string, constraint: string]> = [
    [{ audience: [] }, "audience", "Member must have length greater than or equal to 1"],
    [{ audience: audiences(11) }, "audience", "Member must have length less than or equal to 10"],
    [{ audience: "https://api.example.com" }, "audience", "Member must be a list of strings, but is a string"],
    [{ audience: ["ok", ""] }, "audience.1", atLeast(1)],
    [{ audience: [stringOf(1001)] }, "audience.0", atMost(1000)],
    [
      { signingAlgorithm: "HS256" },
      "signingAlgorithm",
      "Member must satisfy enum value set: [ES384, RS256]; did you mean 'RS256'?"
    ],
    [{ signingAlgorithm: undefined }, "signingAlgorithm", "Member must be one of [ES384, RS256], but is undefined"],
    [{ durationSeconds: 59 }, "durationSeconds", "Member must have value greater than or equal to 60"],
    [{ durationSeconds: 3601 }, "durationSeconds", "Member must have value less than or equal to 3600"],
    [{ durationSeconds: 60.5 }, "durationSeconds", "Member must be a whole number"],
    [{ durationSeconds: Infinity }, "durationSeconds", "Member must be a whole number"],
    [{ durationSeconds: NaN }, "durationSeconds", "Member must be a whole number"],
    [{ tags: tags(51) }, "tags", "Member must have length less than or equal to 50"],
    [{ tags: { key: stringOf(257) } }, "tags.key", atMost(256)],
    [{ tags: { "": "value" } }, "tags.", "Member must have length greater than or equal to 1"],
    [{ tags: { [stringOf(129)]: "value" } }, `tags.${stringOf(129)}`, atMost(128)]
  ]

  const cases = rejected.map(([patch, field, constraint]) => ({ patch, field, constraint }))

  it.effect.each(cases)("rejects $field: $constraint", ({ constraint, field, patch }) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ask(patch))
      assert(error._tag === "ValidationException")
      assert.strictEqual(error.operation, "GetWebIdentityToken")
      assert.deepStrictEqual(error.fieldList, [{ name: field, message: constraint }])
      assert.deepStrictEqual(yield* Effect.flatMap(ScriptedPlanes.ScriptedPlanes, (planes) => planes.calls), [])
    }).pipe(Effect.provide(planes)))

  it.effect("accepts values at the limits", () =>
    Effect.gen(function*() {
      const within: ReadonlyArray<Patch> = [
        { audience: audiences(10), signingAlgorithm: "RS256" },
        { audience: [stringOf(1), stringOf(1000)] },
        { durationSeconds: 60 },
        { durationSeconds: 3600 },
        { tags: tags(50) },
        { tags: { [stringOf(128)]: stringOf(256) } },
        { durationSeconds: undefined, tags: undefined }
      ]
      yield* Effect.forEach(within, ask)
      const { callsOf } = yield* ScriptedPlanes.ScriptedPlanes
      const calls = yield* callsOf("getWebIdentityToken")
      assert.deepStrictEqual(calls.map(({ request }) => request), within.map((patch) => ({ ...request, ...patch })))
    }).pipe(Effect.provide(planes)))
})

describe("spans of SecurityTokenService", () => {
  it.effect("are named after the operation, and show neither token nor claims", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* ask({ tags: { customer: "tag-of-a-customer" } }).pipe(
        Effect.tap(Effect.log),
        Effect.provide(planes),
        Effect.provide(recorder.layer)
      )
      const [span] = yield* recorder.spans
      assert.strictEqual(span?.name, "SecurityTokenService.getWebIdentityToken")
      assert.strictEqual(span?.attributes.get("rpc.method"), "GetWebIdentityToken")
      Recorder.assertSecretFree(yield* recorder.everything, ["web-identity-token-0", "tag-of-a-customer"])
    }))
})
