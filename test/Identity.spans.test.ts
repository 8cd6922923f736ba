import { assert, describe, it } from "@effect/vitest"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as Identity from "effect-agentcore-identity/Identity"
import type { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import type * as Tracer from "effect/Tracer"
import * as Recorder from "./support/recorder.js"
import { failures, responses, scripted, secret, sessionUri } from "./support/utils.js"

const calendar = { provider: "google", flow: "USER_FEDERATION", scopes: ["calendar"] } as const

const getAccessToken = <E = RequiresUserConsent, R = never>(request: Identity.AccessTokenRequest<E, R>) =>
  Effect.flatMap(Identity.Identity, (identity) => identity.getAccessToken(request))

const shown = (): Effect.Effect<void> => Effect.void

/** The spans of a program, which may fail. */
const spansOf = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<ReadonlyArray<Tracer.Span>, never, R> =>
  Effect.gen(function*() {
    const recorder = yield* Recorder.make
    yield* Effect.exit(program.pipe(Effect.provide(recorder.layer)))
    return yield* recorder.spans
  })

const identitySpans = <A, E, R>(
  program: Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyArray<Readonly<Record<string, unknown>>>, never, R> =>
  Effect.map(spansOf(program), (spans) =>
    spans.filter((span) => span.name.startsWith("Identity.")).map((span) => ({
      name: span.name,
      ...Object.fromEntries(span.attributes)
    })))

describe("the spans of Identity", () => {
  it.effect("record no provider whose name is invalid", () =>
    Effect.gen(function*() {
      const url = "https://sentinel.example.com/?key=of-a-user"
      const identity = yield* Identity.Identity
      const spans = yield* identitySpans(identity.getApiKey({ provider: url }))
      assert.deepStrictEqual(spans.map((span) => span["agentcore.provider"]), ["other"])
      Recorder.assertSecretFree(spans.map((span) => JSON.stringify(span)), [url])
    }).pipe(Effect.provide(scripted({}))))

  it.effect("record the name, the subject and the outcome of each operation", () =>
    Effect.gen(function*() {
      const spans = yield* identitySpans(Effect.gen(function*() {
        const identity = yield* Identity.Identity
        yield* identity.getAccessToken({ provider: "github", flow: "M2M" })
        const error = yield* Effect.flip(identity.getAccessToken(calendar))
        assert(error._tag === "RequiresUserConsent")
        yield* identity.resumeAccessToken(error.session)
        yield* identity.getApiKey({ provider: "weather" })
        yield* identity.getPaymentToken({
          provider: "coinbase",
          payment: { coinbaseCdpTokenRequest: { requestMethod: "POST", requestPath: "/x402" } }
        })
        yield* identity.completeAuthorization({ sessionUri: secret(sessionUri), user: { userId: "alice" } })
      }))
      const ok = { "agentcore.outcome": "ok", "agentcore.attempts": 1 }
      const google = { "agentcore.provider": "google", "agentcore.flow": "USER_FEDERATION" }
      assert.deepStrictEqual(spans, [
        { name: "Identity.getAccessToken", "agentcore.provider": "github", "agentcore.flow": "M2M", ...ok },
        { name: "Identity.getAccessToken", ...google, ...ok, "agentcore.outcome": "RequiresUserConsent" },
        { name: "Identity.resumeAccessToken", ...google, ...ok },
        { name: "Identity.getApiKey", "agentcore.provider": "weather", ...ok },
        { name: "Identity.getPaymentToken", "agentcore.provider": "coinbase", ...ok },
        { name: "Identity.completeAuthorization", ...ok }
      ])
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: [responses.issued(), responses.consent, responses.issued()],
      getResourceApiKey: [Effect.succeed({ apiKey: secret("the-key") })],
      getResourcePaymentToken: [
        Effect.succeed({ paymentTokenResponse: { coinbaseCdpTokenResponse: { bearerToken: secret("bearer") } } })
      ],
      completeResourceTokenAuth: [Effect.void]
    }))))

  it.effect("are children of the caller's span, and parents of the calls' spans", () =>
    Effect.gen(function*() {
      const spans = yield* spansOf(Effect.withSpan(getAccessToken(calendar), "agent"))
      const parents = spans.map((span) => [
        span.name,
        Option.getOrUndefined(Option.map(span.parent, (parent) => parent._tag === "Span" ? parent.name : "external"))
      ])
      assert.deepStrictEqual(parents, [
        ["agent", undefined],
        ["Identity.getAccessToken", "agent"],
        ["DataPlane.getResourceOauth2Token", "Identity.getAccessToken"]
      ])
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.issued()] }))))

  it.effect("count the polls", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(identitySpans(getAccessToken({ ...calendar, consent: shown })))
      yield* TestClock.adjust("15 seconds")
      const [span] = yield* Fiber.join(fiber)
      assert.strictEqual(span?.["agentcore.attempts"], 4)
      assert.strictEqual(span?.["agentcore.outcome"], "ok")
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: [responses.consent, responses.inProgress, failures.throttling, responses.issued()]
    }))))

  it.effect("count the repeated call with a renewed workload access token", () =>
    Effect.gen(function*() {
      const [span] = yield* identitySpans(getAccessToken(calendar))
      assert.strictEqual(span?.["agentcore.attempts"], 2)
    }).pipe(
      Effect.provide(Layer.provideMerge(
        WorkloadAccessToken.layerWorkload({ name: "my-agent" }),
        scripted({
          getWorkloadAccessToken: (_, index) => Effect.succeed({ workloadAccessToken: secret(`workload-${index}`) }),
          getResourceOauth2Token: [failures.unauthorized, responses.issued()]
        })
      ))
    ))

  it.effect("count no call when there is no workload access token", () =>
    Effect.gen(function*() {
      const [span] = yield* identitySpans(getAccessToken(calendar))
      assert.strictEqual(span?.["agentcore.attempts"], 0)
      assert.strictEqual(span?.["agentcore.outcome"], "AccessDeniedException")
    }).pipe(
      Effect.provide(Layer.provideMerge(
        WorkloadAccessToken.layerWorkload({ name: "my-agent" }),
        scripted({ getWorkloadAccessToken: [failures.denied] })
      ))
    ))

  it.effect("record whether the credential comes from a cache", () =>
    Effect.gen(function*() {
      const getApiKey = Effect.flatMap(Identity.Identity, (identity) => identity.getApiKey({ provider: "weather" }))
      const spans = yield* identitySpans(Effect.andThen(getApiKey, getApiKey))
      assert.deepStrictEqual(spans.map((span) => span["agentcore.cache"]), ["miss", "hit"])
    }).pipe(Effect.provide(
      Identity.layer.pipe(
        Layer.provide(CredentialCache.layer()),
        Layer.provide(ScriptedPlanes.layer({ getResourceApiKey: [Effect.succeed({ apiKey: secret("the-key") })] })),
        Layer.merge(WorkloadAccessToken.layer(secret("workload-token")))
      )
    )))

  it.effect("separate concurrent operations", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(identitySpans(
        Effect.forEach(["a-1", "a-2", "a-3"], (provider) => getAccessToken({ ...calendar, provider, consent: shown }), {
          concurrency: "unbounded"
        })
      ))
      yield* TestClock.adjust("1 minute")
      const spans = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        spans.map((span) => [span["agentcore.provider"], span["agentcore.attempts"]]),
        [["a-1", 2], ["a-2", 3], ["a-3", 4]]
      )
    }).pipe(Effect.provide(scripted({
      // Provider `a-n` issues its token at poll n.
      getResourceOauth2Token: (() => {
        const polls = new Map<string, number>()
        return ({ resourceCredentialProviderName: provider }) => {
          const n = polls.get(provider) ?? 0
          polls.set(provider, n + 1)
          return n === 0
            ? responses.consent
            : n === Number(provider.slice(2))
            ? responses.issued()
            : responses.inProgress
        }
      })()
    }))))

  describe("the outcome of an operation", () => {
    const outcomeOf = <A, E, R>(program: Effect.Effect<A, E, R>) =>
      Effect.map(identitySpans(program), ([span]) => span?.["agentcore.outcome"])

    it.effect("is the tag of an error of the service", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* outcomeOf(getAccessToken(calendar)), "AccessDeniedException")
      }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [failures.denied] }))))

    it.effect("is ValidationException when a request exceeds a limit", () =>
      Effect.gen(function*() {
        assert.strictEqual(
          yield* outcomeOf(getAccessToken({ ...calendar, provider: "no spaces" })),
          "ValidationException"
        )
      }).pipe(Effect.provide(scripted({}))))

    it.effect("is the tag of an error of the consent handler, or failure when it has none", () =>
      Effect.gen(function*() {
        const ending = (error: unknown) => outcomeOf(getAccessToken({ ...calendar, consent: () => Effect.fail(error) }))
        assert.strictEqual(yield* ending({ _tag: "ChatClosed" }), "ChatClosed")
        assert.strictEqual(yield* ending("chat closed"), "failure")
        assert.strictEqual(yield* ending({ _tag: 1 }), "failure")
      }).pipe(Effect.provide(scripted({ getResourceOauth2Token: () => responses.consent }))))

    it.effect("is defect when the program has a defect", () =>
      Effect.gen(function*() {
        assert.strictEqual(
          yield* outcomeOf(getAccessToken({ ...calendar, consent: () => Effect.die(new Error("a bug")) })),
          "defect"
        )
      }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.consent] }))))

    it.effect("is interrupted when the program is interrupted", () =>
      Effect.gen(function*() {
        const recorder = yield* Recorder.make
        const fiber = yield* Effect.forkChild(
          getAccessToken({ ...calendar, consent: shown }).pipe(Effect.provide(recorder.layer))
        )
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.interrupt(fiber)
        const span = (yield* recorder.spans).find((span) => span.name === "Identity.getAccessToken")
        assert.strictEqual(span?.attributes.get("agentcore.outcome"), "interrupted")
        assert.strictEqual(span?.attributes.get("agentcore.attempts"), 2)
      }).pipe(Effect.provide(scripted({
        getResourceOauth2Token: (_, index) => index === 0 ? responses.consent : responses.inProgress
      }))))
  })
})
