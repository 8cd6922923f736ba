import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Identity from "effect-agentcore-identity/Identity"
import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { answers, authorizationUrl, same, scripted, secret, sessionUri } from "../utils.js"
import * as ConsentCallbackExample from "./consent-callback.js"
import * as CustomSchedule from "./custom-schedule.js"
import * as QuickStart from "./quick-start.js"
import * as RequiresUserConsent from "./requires-user-consent.js"
import * as SetUp from "./set-up.js"
import * as TwoProviders from "./two-providers.js"
import * as WithAws from "./with-aws.js"

/** Environment variables for the time of an effect: the AWS SDK reads its own from the process. */
const withEnvironment = (variables: Readonly<Record<string, string>>) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
      Object.assign(process.env, variables)
      return before
    }),
    () => self,
    (before) =>
      Effect.sync(() => {
        for (const [name, value] of before) {
          if (value === undefined) {
            delete process.env[name]
          } else {
            process.env[name] = value
          }
        }
      })
  )

describe("the examples of the README", () => {
  it.live("quick start: a token on a laptop", () =>
    Effect.gen(function*() {
      assert.match(yield* QuickStart.program, /^a token of \d{3,} characters$/)
    }))

  it.live("with AWS: the same agent over the AWS SDK", () =>
    Effect.gen(function*() {
      const { environment } = yield* LocalServer.LocalServer
      yield* QuickStart.setUp
      assert.match(yield* withEnvironment(environment)(WithAws.program), /^a token of \d{3,} characters$/)
    }).pipe(Effect.provide(QuickStart.laptop)))

  it.effect("requires user consent: begin, and resume", () =>
    Effect.gen(function*() {
      const kept = new Map<string, string>()
      const store = Layer.succeed(RequiresUserConsent.Store, {
        put: (key, value) => Effect.sync(() => void kept.set(key, value)),
        get: (key) => Effect.succeed(kept.get(key) ?? "")
      })
      yield* Effect.gen(function*() {
        assert.deepStrictEqual(yield* RequiresUserConsent.begin, { done: false, showToUser: authorizationUrl })
        const error = yield* Effect.flip(RequiresUserConsent.resume)
        assert.strictEqual(error._tag, "RequiresUserConsent")
        assert.strictEqual(Redacted.value(yield* RequiresUserConsent.resume), "access-token")
        same(yield* RequiresUserConsent.begin, { done: true, token: secret("vault-token") })
      }).pipe(Effect.provide(store))
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: [answers.consent, answers.inProgress, answers.issued(), answers.issued("vault-token")]
    }))))

  it.effect("custom schedule: the user says no", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.flip(CustomSchedule.program))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fiber), "The user said no")
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [answers.consent, answers.failed] }))))

  it.effect("set up: as often as you like", () =>
    Effect.gen(function*() {
      const once = yield* SetUp.setUp
      assert.deepStrictEqual(once.map(({ outcome }) => outcome), ["Created", "Created"])
      const twice = yield* SetUp.setUp
      assert.deepStrictEqual(twice.map(({ outcome }) => outcome), ["Unchanged", "Unchanged"])
    }).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["GITHUB_CLIENT_SECRET", "from-the-environment"]]))),
      Effect.provide(Layer.provide(
        LocalBackend.layer({
          settings: { secrets: { "okta-client": { secret: Redacted.make("of-okta") } } }
        }),
        OAuthClient.layerScripted()
      ))
    ))

  it.effect("two providers: each in its own tag", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* TwoProviders.program, ["github-token", "slack-token", "weather-key"])
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: (request) => answers.issued(`${request.resourceCredentialProviderName}-token`),
      getResourceApiKey: (request) =>
        Effect.succeed({ apiKey: secret(`${request.resourceCredentialProviderName}-key`) })
    }))))

  it.scopedLive("consent callback: Alice comes back, and the token is there", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const comeBack = (cookie: string) =>
        client.execute(
          HttpClientRequest.get("/consent").pipe(
            HttpClientRequest.setUrlParam("session_id", sessionUri),
            HttpClientRequest.setHeader("cookie", `session=${cookie}`)
          )
        ).pipe(Effect.scoped)
      const token = yield* ConsentCallbackExample.forAlice(() => comeBack("alice"))
      assert.strictEqual(Redacted.value(token), "access-token")
      const error = yield* Effect.flip(ConsentCallbackExample.forAlice(() => Effect.fail("closed" as const)))
      assert.strictEqual(error, "closed")
    }).pipe(Effect.provide(
      ConsentCallbackExample.server.pipe(
        Layer.provide(Layer.succeed(ConsentCallbackExample.SignIn, {
          userOf: (cookie) => Effect.succeed(cookie ?? "nobody")
        })),
        Layer.provideMerge(Layer.mergeAll(
          Identity.layer.pipe(Layer.provideMerge(ScriptedPlanes.layer({
            completeResourceTokenAuth: [Effect.void],
            getResourceOauth2Token: [answers.consent, answers.issued(), answers.consent]
          }))),
          WorkloadAccessToken.layer(secret("workload-token")),
          NodeHttpServer.layerTest
        ))
      )
    )))
})
