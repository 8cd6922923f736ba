import { assert, describe, it } from "@effect/vitest"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import { backend, LocalBackend } from "./support/localBackend.js"
import { secret } from "./support/utils.js"

class WarehouseToken extends Context.Service<WarehouseToken, Redacted.Redacted>()("WarehouseToken") {}

const audience = "https://warehouse.example.com"

/** A token named after its audience. */
const telling = ScriptedPlanes.layer({
  getWebIdentityToken: (request, index) =>
    Effect.succeed({
      webIdentityToken: secret(`${request.audience.join("+")}-${index}`),
      expiration: DateTime.makeUnsafe(0)
    })
})

const spend = <Id>(tag: Context.Key<Id, Redacted.Redacted>) => Effect.map(tag, Redacted.value)

/** The requests to the service. */
const requested = (options: IamAccessToken.IamAccessTokenRequest) =>
  Effect.gen(function*() {
    yield* IamAccessToken.withIamAccessToken(Effect.void, options)
    const { callsOf } = yield* ScriptedPlanes.ScriptedPlanes
    return (yield* callsOf("getWebIdentityToken")).map(({ request }) => request)
  }).pipe(Effect.provide(telling))

describe("withIamAccessToken", () => {
  it.effect("provides the default tag or another one, data first and in a pipe", () =>
    Effect.gen(function*() {
      const program = spend(IamAccessToken.IamAccessToken)
      assert.strictEqual(yield* IamAccessToken.withIamAccessToken(program, { audience: "a" }), "a-0")
      assert.strictEqual(yield* program.pipe(IamAccessToken.withIamAccessToken({ audience: "b" })), "b-1")
      const both = yield* Effect.all([spend(WarehouseToken), spend(IamAccessToken.IamAccessToken)]).pipe(
        IamAccessToken.withIamAccessToken({ audience: "c", into: WarehouseToken }),
        IamAccessToken.withIamAccessToken({ audience: "d" })
      )
      assert.deepStrictEqual(both, ["c-3", "d-2"])
    }).pipe(Effect.provide(telling)))

  it.effect("obtains a token in each run, and not before", () =>
    Effect.gen(function*() {
      const { calls } = yield* ScriptedPlanes.ScriptedPlanes
      const program = spend(IamAccessToken.IamAccessToken).pipe(IamAccessToken.withIamAccessToken({ audience: "a" }))
      assert.lengthOf(yield* calls, 0)
      assert.deepStrictEqual([yield* program, yield* program], ["a-0", "a-1"])
    }).pipe(Effect.provide(telling)))

  it.effect("has defaults, and accepts one audience or several", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* requested({ audience }), [
        { audience: [audience], signingAlgorithm: "ES384", durationSeconds: undefined, tags: undefined }
      ])
      assert.deepStrictEqual(
        yield* requested({
          audience: ["a", "b"],
          signingAlgorithm: "RS256",
          duration: "10 minutes",
          tags: { team: "billing" }
        }),
        [{ audience: ["a", "b"], signingAlgorithm: "RS256", durationSeconds: 600, tags: { team: "billing" } }]
      )
    }))

  it.effect("accepts a duration in any unit", () =>
    Effect.gen(function*() {
      for (
        const [duration, seconds] of [
          [Duration.minutes(1), 60],
          [61_000, 61],
          [[90, 0], 90],
          ["0.7 hours", 2520],
          ["1 hour", 3600]
        ] as const
      ) {
        assert.strictEqual((yield* requested({ audience, duration }))[0]?.durationSeconds, seconds)
      }
    }))

  it.effect("rejects a duration that exceeds the limits, or has a fraction of a second", () =>
    Effect.gen(function*() {
      for (const duration of ["59 seconds", "3601 seconds", 0, "60500 millis", Duration.infinity, "1 day"] as const) {
        const error = yield* Effect.flip(requested({ audience, duration }))
        assert(error._tag === "ValidationException", error._tag)
        assert.strictEqual(error.fieldList?.[0]?.name, "duration")
      }
    }))

  it.effect("needs nothing but a SecurityTokenService, as in a user's own tests", () =>
    Effect.gen(function*() {
      const token = yield* spend(IamAccessToken.IamAccessToken).pipe(IamAccessToken.withIamAccessToken({ audience }))
      assert.strictEqual(token, "from-a-mock")
    }).pipe(Effect.provide(Layer.mock(SecurityTokenService.SecurityTokenService, {
      getWebIdentityToken: () =>
        Effect.succeed({ webIdentityToken: secret("from-a-mock"), expiration: DateTime.makeUnsafe(0) })
    }))))
})

class Warehouse extends IamAccessToken.Tag<Warehouse>()("test/Warehouse", { audience, duration: "10 minutes" }) {}

class Rejected extends Data.TaggedError("Rejected")<{ readonly status: number; readonly token: string }> {}

const accepting = (accepted: string) => (token: Redacted.Redacted) =>
  Redacted.value(token) === accepted
    ? Effect.succeed(accepted)
    : Effect.fail(new Rejected({ status: 401, token: Redacted.value(token) }))

const rejected = ({ status }: Rejected) => status === 401

describe("IamAccessToken.use", () => {
  it.effect("renews a rejected token once", () =>
    Effect.gen(function*() {
      const use = (accepted: string) => IamAccessToken.use(Warehouse, accepting(accepted), { rejected })
      assert.strictEqual(yield* use(`${audience}-0`), `${audience}-0`)
      assert.strictEqual(yield* use(`${audience}-2`), `${audience}-2`)
      const error = yield* Effect.flip(use("none"))
      assert.strictEqual(error._tag === "Rejected" && error.token, `${audience}-4`)
    }).pipe(Effect.provide(telling)))

  it.effect("never returns the rejected token from the cache", () =>
    Effect.gen(function*() {
      assert.strictEqual(Redacted.value(yield* IamAccessToken.get(Warehouse)), `${audience}-0`)
      const use = IamAccessToken.use(Warehouse, accepting(`${audience}-1`), { rejected })
      assert.deepStrictEqual([yield* use, yield* use], [`${audience}-1`, `${audience}-1`])
      const { callsOf } = yield* ScriptedPlanes.ScriptedPlanes
      assert.lengthOf(yield* callsOf("getWebIdentityToken"), 2)
    }).pipe(Effect.provide(
      CredentialCache.layerSecurityTokenService.pipe(
        Layer.provide(CredentialCache.layer()),
        Layer.provideMerge(ScriptedPlanes.layer({
          getWebIdentityToken: (request, index) =>
            Effect.succeed({
              webIdentityToken: secret(`${request.audience.join("+")}-${index}`),
              expiration: DateTime.makeUnsafe(3_600_000)
            })
        }))
      )
    )))
})

describe("makeWithIamAccessToken", () => {
  it.effect("provides the token over the service in context", () =>
    Effect.gen(function*() {
      const withIamAccessToken = yield* Effect.provide(IamAccessToken.makeWithIamAccessToken, telling)
      const program = spend(WarehouseToken).pipe(withIamAccessToken({ audience: "a", into: WarehouseToken }))
      assert.deepStrictEqual([yield* program, yield* program], ["a-0", "a-1"])
    }))
})

describe("over the local backend", () => {
  it.live("returns a JWT that a service outside of AWS can verify with the issuer's keys", () =>
    Effect.gen(function*() {
      const { issuer } = yield* LocalBackend.LocalBackend
      const token = yield* spend(IamAccessToken.IamAccessToken).pipe(
        IamAccessToken.withIamAccessToken({ audience, duration: "1 minute", tags: { team: "billing" } })
      )
      const keys = yield* issuer.keySet
      const { payload } = yield* Effect.promise(() =>
        Jose.jwtVerify(token, Jose.createLocalJWKSet(keys), { audience, issuer: "http://127.0.0.1:4020" })
      )
      assert.strictEqual((payload.exp ?? 0) - (payload.iat ?? 0), 60)
      assert.deepInclude(payload["https://sts.amazonaws.com/"], { request_tags: { team: "billing" } })
    }).pipe(Effect.provide(backend())))
})
