import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as Identity from "effect-agentcore-identity/Identity"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { responses, scripted, secret } from "./support/utils.js"

class GithubToken extends Context.Service<GithubToken, Redacted.Redacted>()("GithubToken") {}
class GoogleToken extends Context.Service<GoogleToken, Redacted.Redacted>()("GoogleToken") {}

const github = { provider: "github", flow: "M2M" } as const

// A token named after its provider, its caller and the number of the call.
const telling: ScriptedPlanes.Script = {
  getResourceOauth2Token: (request, index) =>
    responses.issued(
      `${request.resourceCredentialProviderName}-${Redacted.value(request.workloadIdentityToken)}-${index}`
    ),
  getResourceApiKey: (request, index) =>
    Effect.succeed({ apiKey: secret(`${request.resourceCredentialProviderName}-key-${index}`) })
}

const spend = <Id>(tag: Context.Key<Id, Redacted.Redacted>) => Effect.map(tag, Redacted.value)

describe("withAccessToken", () => {
  it.effect("provides the default tag, data first and in a pipe", () =>
    Effect.gen(function*() {
      const program = spend(AccessToken.AccessToken)
      assert.strictEqual(yield* AccessToken.withAccessToken(program, github), "github-workload-token-0")
      assert.strictEqual(yield* program.pipe(AccessToken.withAccessToken(github)), "github-workload-token-1")
    }).pipe(Effect.provide(scripted(telling))))

  it.effect("provides tokens of two providers, each under its own tag", () =>
    Effect.gen(function*() {
      const tokens = yield* Effect.all([spend(GithubToken), spend(GoogleToken)]).pipe(
        AccessToken.withAccessToken({ ...github, into: GithubToken }),
        AccessToken.withAccessToken({ provider: "google", flow: "M2M", into: GoogleToken })
      )
      assert.deepStrictEqual(tokens, ["github-workload-token-1", "google-workload-token-0"])
    }).pipe(Effect.provide(scripted(telling))))

  it.effect("obtains a token in each run, for the caller of that run", () =>
    Effect.gen(function*() {
      const withAccessToken = yield* AccessToken.makeWithAccessToken
      const program = spend(AccessToken.AccessToken).pipe(withAccessToken(github))
      const as = (user: string) => Effect.provide(program, WorkloadAccessToken.layer(secret(user)))
      const tokens = yield* Effect.all([as("alice"), as("bob"), as("alice")], { concurrency: 3 })
      assert.deepStrictEqual(tokens.map((token) => token.split("-")[1]), ["alice", "bob", "alice"])
      assert.lengthOf(new Set(tokens), 3)
    }).pipe(Effect.provide(Layer.provide(Identity.layer, ScriptedPlanes.layer(telling)))))

  it.effect("works over any Identity, as in a user's own tests", () =>
    Effect.gen(function*() {
      const token = yield* spend(AccessToken.AccessToken).pipe(AccessToken.withAccessToken(github))
      assert.strictEqual(token, "from-a-mock")
    }).pipe(Effect.provide(Layer.merge(
      Layer.mock(Identity.Identity, { getAccessToken: () => Effect.succeed(secret("from-a-mock")) }),
      WorkloadAccessToken.layer(secret("workload-token"))
    ))))
})

describe("withApiKey", () => {
  it.effect("provides the default tag or another one", () =>
    Effect.gen(function*() {
      const withApiKey = yield* ApiKey.makeWithApiKey
      assert.strictEqual(yield* ApiKey.withApiKey(spend(ApiKey.ApiKey), { provider: "weather" }), "weather-key-0")
      assert.strictEqual(
        yield* spend(GithubToken).pipe(ApiKey.withApiKey({ provider: "weather", into: GithubToken })),
        "weather-key-1"
      )
      assert.strictEqual(yield* spend(ApiKey.ApiKey).pipe(withApiKey({ provider: "weather" })), "weather-key-2")
    }).pipe(Effect.provide(scripted(telling))))
})

class Calendar
  extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "calendar", flow: "USER_FEDERATION" })
{}
class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}

describe("get", () => {
  it.effect("returns the current credential, while a provided one does not change", () =>
    Effect.gen(function*() {
      const worker = Effect.gen(function*() {
        const atTheStart = yield* Calendar
        yield* TestClock.adjust("2 hours")
        return [atTheStart, yield* AccessToken.get(Calendar), yield* AccessToken.get(Calendar)].map(Redacted.value)
      })
      const tokens = yield* worker.pipe(AccessToken.withAccessToken(Calendar))
      // The cache serves the last one.
      assert.deepStrictEqual(tokens, [
        "calendar-workload-token-0",
        "calendar-workload-token-1",
        "calendar-workload-token-1"
      ])
      const key = yield* ApiKey.get(Weather)
      assert.strictEqual(Redacted.value(key), "weather-key-0")
      assert.strictEqual(Redacted.value(yield* ApiKey.get({ provider: "weather" })), "weather-key-0")
    }).pipe(Effect.provide(
      Identity.layer.pipe(
        Layer.provide(CredentialCache.layer({ opaqueTimeToLive: "1 hour" })),
        Layer.provide(ScriptedPlanes.layer(telling)),
        Layer.merge(WorkloadAccessToken.layer(secret("workload-token")))
      )
    )))
})

class GithubError extends Data.TaggedError("GithubError")<{ readonly status: number; readonly token: string }> {}

describe("AccessToken.use", () => {
  const accepting = (accepted: string, status = 401) => (token: Redacted.Redacted) =>
    Redacted.value(token) === accepted
      ? Effect.succeed(accepted)
      : Effect.fail(new GithubError({ status, token: Redacted.value(token) }))

  const rejected = (error: GithubError) => error.status === 401

  const counting: ScriptedPlanes.Script = { getResourceOauth2Token: (_, index) => responses.issued(`token-${index}`) }

  const stored: ScriptedPlanes.Script = {
    getResourceOauth2Token: ({ forceAuthentication }) =>
      responses.issued(forceAuthentication === true ? "forced" : "stored")
  }

  const forced = Effect.map(
    Effect.flatMap(ScriptedPlanes.ScriptedPlanes, ({ callsOf }) => callsOf("getResourceOauth2Token")),
    (calls) => calls.map(({ request }) => request.forceAuthentication === true)
  )

  it.effect("runs once with an accepted token", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* AccessToken.use(github, accepting("token-0"), { rejected }), "token-0")
      assert.deepStrictEqual(yield* forced, [false])
    }).pipe(Effect.provide(scripted(counting))))

  it.effect("runs once more with a new token when the first is rejected", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* AccessToken.use(github, accepting("token-1"), { rejected }), "token-1")
      const error = yield* Effect.flip(AccessToken.use(github, accepting("none"), { rejected }))
      assert.strictEqual(error._tag === "GithubError" && error.token, "token-3")
      assert.lengthOf(yield* forced, 4)
    }).pipe(Effect.provide(scripted(counting))))

  it.effect("fails with any other error", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(AccessToken.use(github, accepting("none", 500), { rejected }))
      assert.strictEqual(error._tag === "GithubError" && error.status, 500)
      assert.lengthOf(yield* forced, 1)
    }).pipe(Effect.provide(scripted(counting))))

  it.effect("fails with the first error when the new token is the same", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(AccessToken.use(github, accepting("forced"), { rejected }))
      assert.strictEqual(error._tag === "GithubError" && error.token, "stored")
      assert.deepStrictEqual(yield* forced, [false, false])
    }).pipe(Effect.provide(scripted(stored))))

  it.effect("forces authentication with reauthenticate only when a plain request returns the same token", () =>
    Effect.gen(function*() {
      const options = { rejected, reauthenticate: true }
      assert.strictEqual(yield* AccessToken.use(github, accepting("forced"), options), "forced")
      assert.deepStrictEqual(yield* forced, [false, false, true])
    }).pipe(Effect.provide(scripted(stored))))

  it.effect("passes the rejected credential to the cache", () =>
    Effect.gen(function*() {
      const use = AccessToken.use(github, accepting("token-1"), { rejected })
      assert.strictEqual(yield* use, "token-1")
      assert.strictEqual(yield* use, "token-1")
      // If the cache did not know the rejected token, it would return it again.
      assert.lengthOf(yield* forced, 2)
    }).pipe(Effect.provide(
      Identity.layer.pipe(
        Layer.provide(CredentialCache.layer({ opaqueTimeToLive: "1 hour" })),
        Layer.provideMerge(ScriptedPlanes.layer(counting)),
        Layer.merge(WorkloadAccessToken.layer(secret("workload-token")))
      )
    )))

  it.effect("runs once more when the API key has changed", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* ApiKey.use(Weather, accepting("key-0"), { rejected }), "key-0")
      assert.strictEqual(yield* ApiKey.use(Weather, accepting("key-2"), { rejected }), "key-2")
      const error = yield* Effect.flip(ApiKey.use(Weather, accepting("none", 500), { rejected }))
      assert.strictEqual(error._tag === "GithubError" && error.token, "key-3")
    }).pipe(Effect.provide(scripted({
      getResourceApiKey: (_, index) => Effect.succeed({ apiKey: secret(`key-${index}`) })
    }))))

  it.effect("fails with the first error when the key is the same, and bypasses the cache", () =>
    Effect.gen(function*() {
      yield* ApiKey.get(Weather)
      const error = yield* Effect.flip(ApiKey.use(Weather, accepting("another"), { rejected }))
      assert.strictEqual(error._tag === "GithubError" && error.token, "the-key")
      const planes = yield* ScriptedPlanes.ScriptedPlanes
      assert.lengthOf(yield* planes.callsOf("getResourceApiKey"), 2)
    }).pipe(Effect.provide(
      Identity.layer.pipe(
        Layer.provide(CredentialCache.layer()),
        Layer.provideMerge(
          ScriptedPlanes.layer({ getResourceApiKey: () => Effect.succeed({ apiKey: secret("the-key") }) })
        ),
        Layer.merge(WorkloadAccessToken.layer(secret("workload-token")))
      )
    )))
})
