import { assert, describe, it } from "@effect/vitest"
import * as Consent from "effect-agentcore-identity/Consent"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as Identity from "effect-agentcore-identity/Identity"
import { AuthorizationTimedOut, type RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Rejected } from "../src/internal/identity/renewal.js"
import {
  authorizationUrl,
  failures,
  responses,
  same,
  scripted,
  secret,
  sessionUntil,
  sessionUri
} from "./support/utils.js"

const calendar = { provider: "google", flow: "USER_FEDERATION", scopes: ["calendar"] } as const

const getAccessToken = <E = RequiresUserConsent, R = never>(request: Identity.AccessTokenRequest<E, R>) =>
  Effect.flatMap(Identity.Identity, (identity) => identity.getAccessToken(request))

const shown = (): Effect.Effect<void> => Effect.void

const tokenCalls = Effect.flatMap(ScriptedPlanes.ScriptedPlanes, (planes) => planes.callsOf("getResourceOauth2Token"))

const pollTimes = Effect.map(tokenCalls, (calls) => calls.slice(1).map((call) => call.at))

const session = new ConsentSession({
  ...sessionUntil(10 * 60_000),
  ...calendar,
  returnUrl: "https://agent.example.com/consent"
})

describe("Identity.getAccessToken", () => {
  it.effect("returns the token of the first response without asking the user", () =>
    Effect.gen(function*() {
      const token = yield* getAccessToken({ ...calendar, consent: () => Effect.die(new Error("must not be shown")) })
      assert.strictEqual(Redacted.value(token), "access-token")
      assert.lengthOf(yield* tokenCalls, 1)
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.issued()] }))))

  it.effect("always sends scopes, and sends other lists and maps only when they are not empty", () =>
    Effect.gen(function*() {
      yield* getAccessToken({ provider: "github", flow: "M2M", resources: [], audiences: [], customParameters: {} })
      yield* getAccessToken({
        provider: "github",
        flow: "USER_FEDERATION",
        scopes: ["repo"],
        resources: ["https://api.example.com"],
        audiences: ["api"],
        customParameters: { access_type: "offline" },
        customState: secret("my-state"),
        returnUrl: "https://agent.example.com/consent",
        forceAuthentication: false
      })
      const [bare, full] = (yield* tokenCalls).map(({ request }) =>
        Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))
      )
      same(bare, {
        workloadIdentityToken: secret("workload-token"),
        resourceCredentialProviderName: "github",
        oauth2Flow: "M2M",
        scopes: []
      })
      same(full, {
        workloadIdentityToken: secret("workload-token"),
        resourceCredentialProviderName: "github",
        oauth2Flow: "USER_FEDERATION",
        scopes: ["repo"],
        resources: ["https://api.example.com"],
        audiences: ["api"],
        customParameters: { access_type: "offline" },
        customState: secret("my-state"),
        resourceOauth2ReturnUrl: "https://agent.example.com/consent",
        forceAuthentication: false
      })
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.issued(), responses.issued()] }))))

  it.effect("fails with the session when there is no handler", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(getAccessToken(calendar))
      assert(error._tag === "RequiresUserConsent")
      assert.strictEqual(error.provider, "google")
      assert.strictEqual(Redacted.value(error.authorizationUrl), authorizationUrl)
      assert.strictEqual(Redacted.value(error.session.sessionUri), sessionUri)
      assert.strictEqual(DateTime.toEpochMillis(error.session.expiresAt), 10 * 60_000)
      assert.lengthOf(yield* tokenCalls, 1)
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.consent] }))))

  it.effect("shows the session once, waits first, and repeats the required parameters in its polls", () =>
    Effect.gen(function*() {
      const sessions = yield* Ref.make<ReadonlyArray<ConsentSession>>([])
      const fiber = yield* Effect.forkChild(getAccessToken({
        ...calendar,
        forceAuthentication: true,
        customState: secret("my-state"),
        returnUrl: "https://agent.example.com/consent",
        consent: (session) => Ref.update(sessions, (all) => [...all, session])
      }))
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(yield* pollTimes, [])
      yield* TestClock.adjust("10001 millis")
      assert.strictEqual(Redacted.value(yield* Fiber.join(fiber)), "access-token")
      assert.deepStrictEqual(yield* pollTimes, [5_000, 10_000, 15_000])
      assert.lengthOf(yield* Ref.get(sessions), 1)
      const [first, ...polls] = (yield* tokenCalls).map((call) => call.request)
      assert.isTrue(first?.forceAuthentication)
      assert.isUndefined(first?.sessionUri)
      for (const poll of polls) {
        assert.isUndefined(poll.forceAuthentication)
        same(poll.sessionUri, secret(sessionUri))
        same(poll.customState, secret("my-state"))
        assert.strictEqual(poll.resourceOauth2ReturnUrl, "https://agent.example.com/consent")
        assert.deepStrictEqual(poll.scopes, ["calendar"])
      }
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: [responses.consent, responses.inProgress, responses.consent, responses.issued()]
    }))))

  it.effect.each([
    { tag: "AuthorizationFailed", response: responses.failed },
    { tag: "AccessDeniedException", response: failures.denied }
  ])(
    "ends the wait at the first poll whose status is FAILED, or with any other error: $tag",
    ({ response, tag }) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Effect.flip(getAccessToken({ ...calendar, consent: shown })))
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, tag)
        assert.deepStrictEqual(yield* pollTimes, [5_000, 10_000])
      }).pipe(Effect.provide(scripted({
        getResourceOauth2Token: [responses.consent, responses.inProgress, response]
      })))
  )

  it.effect("fails at once when the status of the first response is FAILED or missing", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(getAccessToken(calendar)))._tag, "AuthorizationFailed")
      assert.strictEqual((yield* Effect.flip(getAccessToken(calendar)))._tag, "NoTokenOrUrl")
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.failed, responses.inProgress] }))))

  it.effect.each([{ flow: "M2M" }, { flow: "ON_BEHALF_OF_TOKEN_EXCHANGE" }] as const)(
    "fails with NoTokenOrUrl when the response for $flow has no token, and says what it has instead",
    ({ flow }) =>
      Effect.gen(function*() {
        const shown: Array<string> = []
        const consent = ({ provider }: ConsentSession) => Effect.sync(() => shown.push(provider))
        const messages = yield* Effect.replicateEffect(
          Effect.map(Effect.flip(getAccessToken({ provider: "reports", flow, consent })), (error) => {
            assert.strictEqual(error._tag, "NoTokenOrUrl")
            return error.message
          }),
          3
        )
        assert.deepStrictEqual(messages, [
          "The response for provider 'reports' has an authorization URL instead of a token, but without the flow "
          + "USER_FEDERATION no user can open it. Check that the provider supports the flow of the request",
          "The response for provider 'reports' has the status FAILED: the authorization server issued no token. Check "
          + "that the provider supports the flow of the request, its client, and the scopes",
          "The response for provider 'reports' has neither a token nor an authorization URL"
        ])
        assert.isEmpty(shown)
      }).pipe(Effect.provide(scripted({
        getResourceOauth2Token: [responses.consent, responses.failed, responses.inProgress]
      })))
  )

  it.effect("survives throttling, server errors and lost connections while it polls", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(getAccessToken({ ...calendar, consent: shown }))
      yield* TestClock.adjust("35 seconds")
      assert.strictEqual(Redacted.value(yield* Fiber.join(fiber)), "access-token")
      assert.lengthOf(yield* pollTimes, 7)
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: [
        responses.consent,
        failures.throttling,
        failures.internal,
        failures.lost,
        failures.timeout,
        failures.badGateway,
        failures.unavailable,
        responses.issued()
      ]
    }))))

  it.effect("reports the same failures when they meet the first call", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(getAccessToken(calendar)))._tag, "ThrottlingException")
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [failures.throttling] }))))

  it.effect("times out after ten minutes", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(getAccessToken({ ...calendar, consent: shown })))
      yield* TestClock.adjust("599999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert(error._tag === "AuthorizationTimedOut")
      assert.strictEqual(Redacted.value(error.session.sessionUri), sessionUri)
      yield* TestClock.adjust("1 hour")
      assert.isTrue((yield* pollTimes).every((at) => at <= 600_000))
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: (_, index) => index === 0 ? responses.consent : responses.inProgress
    }))))

  it.effect("accepts a schedule, whose input is the session and the number of the attempt", () =>
    Effect.gen(function*() {
      type PollState = { readonly session: ConsentSession; readonly attempt: number }
      const states = yield* Ref.make<ReadonlyArray<PollState>>([])
      const poll = Schedule.exponential("1 second").pipe(
        Schedule.setInputType<PollState>(),
        Schedule.tap(({ input }) => Ref.update(states, (all) => [...all, input])),
        Schedule.upTo({ times: 3 })
      )
      const fiber = yield* Effect.forkChild(Effect.flip(getAccessToken({ ...calendar, consent: shown, poll })))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "AuthorizationTimedOut")
      assert.deepStrictEqual(yield* pollTimes, [1_000, 3_000, 7_000])
      assert.deepStrictEqual((yield* Ref.get(states)).map((state) => state.attempt), [0, 1, 2, 3])
      assert.isTrue((yield* Ref.get(states)).every((state) => state.session.provider === "google"))
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: (_, index) => index === 0 ? responses.consent : responses.inProgress
    }))))

  it.effect("accepts a poller instead of a schedule", () =>
    Effect.gen(function*() {
      const back = yield* Deferred.make<void>()
      const poll: TokenPoller.TokenPoller = ({ poll, session }) =>
        Deferred.await(back).pipe(
          Effect.andThen(poll),
          Effect.flatMap(Option.match({
            onNone: () => Effect.fail(new AuthorizationTimedOut({ session })),
            onSome: Effect.succeed
          }))
        )
      const fiber = yield* Effect.forkChild(getAccessToken({ ...calendar, consent: shown, poll }))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* pollTimes, [])
      yield* Deferred.succeed(back, undefined)
      assert.strictEqual(Redacted.value(yield* Fiber.join(fiber)), "access-token")
      assert.deepStrictEqual(yield* pollTimes, [60_000])
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.consent, responses.issued()] }))))

  it.effect("ends a poller that would never end when the session expires", () =>
    Effect.gen(function*() {
      const poll: TokenPoller.TokenPoller = () => Effect.never
      const fiber = yield* Effect.forkChild(Effect.flip(getAccessToken({ ...calendar, consent: shown, poll })))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "AuthorizationTimedOut")
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.consent] }))))

  it.effect("ends with the failure of the handler, and does not poll", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        getAccessToken({ ...calendar, consent: () => Effect.fail("chat closed" as const) })
      )
      assert.strictEqual(error, "chat closed")
      yield* TestClock.adjust("1 hour")
      assert.lengthOf(yield* tokenCalls, 1)
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.consent] }))))

  it.effect("stops calling when it is interrupted, and interrupts the call in flight", () =>
    Effect.gen(function*() {
      const aborted = yield* Deferred.make<void>()
      const planes = scripted({
        getResourceOauth2Token: (_, index) =>
          index === 0
            ? responses.consent
            : index === 1
            ? responses.inProgress
            : Effect.onInterrupt(Effect.never, () => Deferred.succeed(aborted, undefined))
      })
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(getAccessToken({ ...calendar, consent: shown }))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
        yield* Deferred.await(aborted)
        yield* TestClock.adjust("1 hour")
        assert.lengthOf(yield* tokenCalls, 3)
      }).pipe(Effect.provide(planes))
    }))

  for (const name of ["a function", "a waiting handler"]) {
    it.effect(`hides the rejected credential from ${name} that shows the session`, () =>
      Effect.gen(function*() {
        const seen = yield* Deferred.make<Option.Option<Redacted.Redacted>>()
        const show = () => Effect.flatMap(Rejected, (rejected) => Deferred.succeed(seen, rejected))
        const waiting: Consent.WaitingHandler = {
          show,
          wait: ({ poll, poller, session, shown }) => Effect.andThen(shown, poller({ session, poll }))
        }
        yield* getAccessToken({ ...calendar, consent: name === "a function" ? show : waiting }).pipe(
          Effect.provideService(Rejected, Option.some(secret("rejected"))),
          Effect.forkChild
        )
        assert.isTrue(Option.isNone(yield* Deferred.await(seen)))
      }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.consent, responses.issued()] }))))
  }

  it.effect("reads its defaults from the context of the caller", () =>
    Effect.gen(function*() {
      const sessions = yield* Ref.make(0)
      const fiber = yield* getAccessToken(calendar).pipe(
        Effect.provideService(Consent.Handler, () => Ref.update(sessions, (n) => n + 1)),
        Effect.provideService(Consent.ReturnUrl, Option.some("https://agent.example.com/consent")),
        Effect.provideService(TokenPoller.TokenPoller, TokenPoller.schedule(Schedule.spaced("1 second"))),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(Redacted.value(yield* Fiber.join(fiber)), "access-token")
      assert.strictEqual(yield* Ref.get(sessions), 1)
      const requests = (yield* tokenCalls).map((call) => call.request.resourceOauth2ReturnUrl)
      assert.deepStrictEqual(requests, ["https://agent.example.com/consent", "https://agent.example.com/consent"])
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.consent, responses.issued()] }))))

  it.effect("prefers the return URL of the request", () =>
    Effect.gen(function*() {
      yield* getAccessToken({ ...calendar, returnUrl: "https://agent.example.com/mine" }).pipe(
        Effect.provideService(Consent.ReturnUrl, Option.some("https://agent.example.com/default"))
      )
      assert.strictEqual((yield* tokenCalls)[0]?.request.resourceOauth2ReturnUrl, "https://agent.example.com/mine")
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.issued()] }))))
})

describe("Identity.resumeAccessToken", () => {
  const resume = <E = RequiresUserConsent, R = never>(
    session: ConsentSession,
    options?: Identity.ConsentOptions<E, R>
  ) => Effect.flatMap(Identity.Identity, (identity) => identity.resumeAccessToken(session, options))

  it.effect("polls at once", () =>
    Effect.gen(function*() {
      assert.strictEqual(Redacted.value(yield* resume(session)), "access-token")
      const [call] = yield* tokenCalls
      same(call?.request.sessionUri, secret(sessionUri))
      assert.strictEqual(call?.request.resourceOauth2ReturnUrl, "https://agent.example.com/consent")
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.issued()] }))))

  it.effect("polls once, then fails with the session again when there is no handler", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(resume(session))
      assert.strictEqual(error._tag, "RequiresUserConsent")
      assert.lengthOf(yield* tokenCalls, 1)
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.inProgress] }))))

  it.effect("continues a session that another process saved", () =>
    Effect.gen(function*() {
      const saved = JSON.stringify(yield* Schema.encodeEffect(ConsentSession)(session))
      const restored = yield* Schema.decodeEffect(Schema.fromJsonString(ConsentSession))(saved)
      const fiber = yield* Effect.forkChild(resume(restored, { consent: shown }))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(Redacted.value(yield* Fiber.join(fiber)), "access-token")
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.inProgress, responses.issued()] }))))

  it.effect("waits no longer than the session lives", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("9 minutes")
      const fiber = yield* Effect.forkChild(Effect.flip(resume(session, { consent: shown })))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "AuthorizationTimedOut")
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: () => responses.inProgress }))))

  it.effect("polls once for an expired session, and does not show it", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("10 minutes")
      const consent = () => Effect.die(new Error("must not be shown"))
      assert.strictEqual((yield* Effect.flip(resume(session, { consent })))._tag, "AuthorizationTimedOut")
      assert.strictEqual((yield* Effect.flip(resume(session, { consent })))._tag, "AuthorizationFailed")
      assert.strictEqual(Redacted.value(yield* resume(session, { consent })), "late-token")
      assert.lengthOf(yield* tokenCalls, 3)
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: [responses.inProgress, responses.failed, responses.issued("late-token")]
    }))))
})

describe("Identity and the workload access token", () => {
  const workload = (script: ScriptedPlanes.Script) =>
    Layer.merge(Identity.layer, WorkloadAccessToken.layerWorkload({ name: "my-agent" })).pipe(
      Layer.provideMerge(ScriptedPlanes.layer(script))
    )

  const numbered: ScriptedPlanes.Script = {
    getWorkloadAccessToken: (_, index) => Effect.succeed({ workloadAccessToken: secret(`workload-${index + 1}`) })
  }

  it.effect("renews a rejected token and repeats the call once", () =>
    Effect.gen(function*() {
      assert.strictEqual(Redacted.value(yield* getAccessToken(calendar)), "access-token")
      const tokens = (yield* tokenCalls).map((call) => Redacted.value(call.request.workloadIdentityToken))
      assert.deepStrictEqual(tokens, ["workload-1", "workload-2"])
    }).pipe(Effect.provide(workload({
      ...numbered,
      getResourceOauth2Token: [failures.unauthorized, responses.issued()]
    }))))

  it.effect("fails when the renewed token is rejected as well", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(getAccessToken(calendar)))._tag, "UnauthorizedException")
      assert.lengthOf(yield* tokenCalls, 2)
    }).pipe(Effect.provide(workload({ ...numbered, getResourceOauth2Token: () => failures.unauthorized }))))

  it.effect("does not repeat a call with a token that cannot be renewed", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(getAccessToken(calendar)))._tag, "UnauthorizedException")
      assert.lengthOf(yield* tokenCalls, 1)
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [failures.unauthorized] }))))
})

describe("Identity, other credentials", () => {
  it.effect("gets API keys", () =>
    Effect.gen(function*() {
      const identity = yield* Identity.Identity
      assert.strictEqual(Redacted.value(yield* identity.getApiKey({ provider: "weather" })), "the-key")
    }).pipe(Effect.provide(scripted({ getResourceApiKey: [Effect.succeed({ apiKey: secret("the-key") })] }))))

  it.effect("gets payment tokens", () =>
    Effect.gen(function*() {
      const identity = yield* Identity.Identity
      const response = yield* identity.getPaymentToken({
        provider: "coinbase",
        payment: { coinbaseCdpTokenRequest: { requestMethod: "POST", requestPath: "/platform/v2/x402" } }
      })
      assert(response.coinbaseCdpTokenResponse !== undefined)
      assert.strictEqual(Redacted.value(response.coinbaseCdpTokenResponse.bearerToken), "bearer")
    }).pipe(Effect.provide(scripted({
      getResourcePaymentToken: [
        Effect.succeed({ paymentTokenResponse: { coinbaseCdpTokenResponse: { bearerToken: secret("bearer") } } })
      ]
    }))))

  it.effect("completes an authorization for a user", () =>
    Effect.gen(function*() {
      const identity = yield* Identity.Identity
      yield* identity.completeAuthorization({ sessionUri: secret(sessionUri), user: { userId: "alice" } })
      const planes = yield* ScriptedPlanes.ScriptedPlanes
      same((yield* planes.callsOf("completeResourceTokenAuth")).map((call) => call.request), [
        { sessionUri: secret(sessionUri), userIdentifier: { userId: "alice" } }
      ])
    }).pipe(Effect.provide(scripted({ completeResourceTokenAuth: [Effect.void] }))))
})
