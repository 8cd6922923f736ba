import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as Consent from "effect-agentcore-identity/Consent"
import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as Credentials from "effect-agentcore-identity/Credentials"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as Identity from "effect-agentcore-identity/Identity"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { vi } from "vitest"
import * as Statuses from "../src/internal/credentials/status.js"
import { backend, createProvider, createWorkload, LocalBackend, returnUrl } from "./support/localBackend.js"

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["read"],
  returnUrl
}) {}

class Mail extends AccessToken.Tag<Mail>()("app/Mail", {
  provider: "mail",
  flow: "USER_FEDERATION",
  scopes: ["send"],
  returnUrl
}) {}

class Reports extends AccessToken.Tag<Reports>()("app/Reports", { provider: "reports", flow: "M2M" }) {}

class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}

class Warehouse extends IamAccessToken.Tag<Warehouse>()("app/Warehouse", { audience: "https://w.example.com" }) {}

const all = [Calendar, Mail, Reports, Weather, Warehouse]

const createKey = (name: string) =>
  Effect.flatMap(
    ControlPlane.ControlPlane,
    (controlPlane) => controlPlane.createApiKeyCredentialProvider({ name, apiKey: Redacted.make("key") })
  )

const setUp = Effect.all([
  createWorkload("agent"),
  createProvider("calendar"),
  createProvider("mail"),
  createProvider("reports"),
  createKey("weather")
])

const check = Credentials.check(all, { workload: "agent" })

const tagsOf = (problems: ReadonlyArray<Credentials.Problem>) => problems.map(({ _tag }) => _tag)

/** Changes the control plane of a program. */
const withControlPlane =
  (decorator: Parameters<typeof ControlPlane.decorate>[0]) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
    Effect.flatMap(ControlPlane.ControlPlane, (plane) =>
      Effect.provide(
        self,
        Layer.provide(ControlPlane.decorate(decorator), Layer.succeed(ControlPlane.ControlPlane, plane))
      ))

const deny = (operation: string) =>
  withControlPlane((method, effect) =>
    method === operation
      ? new IdentityError.AccessDeniedException({
        operation: ControlPlane.operations[method].name,
        message: "not authorized"
      })
      : effect
  )

const drop = (kind: "oauth2" | "apiKey", name: string) =>
  Effect.flatMap(ControlPlane.ControlPlane, (plane) =>
    kind === "oauth2"
      ? plane.deleteOauth2CredentialProvider({ name })
      : plane.deleteApiKeyCredentialProvider({ name }))

describe("check", () => {
  it.effect("returns no problem when everything is set up", () =>
    Effect.gen(function*() {
      yield* setUp
      assert.deepStrictEqual(yield* check, [])
      assert.deepStrictEqual(yield* Credentials.check([], { workload: "agent" }), [])
    }).pipe(Effect.provide(backend())))

  it.effect("returns every problem, with what to do", () =>
    Effect.gen(function*() {
      yield* setUp
      const plane = yield* ControlPlane.ControlPlane
      const one = <E, R>(broken: Effect.Effect<unknown, E, R>, repair: Effect.Effect<unknown, E, R>) =>
        Effect.gen(function*() {
          yield* broken
          const [problem, ...others] = yield* check
          assert.isDefined(problem)
          assert.deepStrictEqual(tagsOf(others), [])
          yield* repair
          assert.deepStrictEqual(yield* check, [])
          return problem
        })

      const noOauth = yield* one(drop("oauth2", "reports"), createProvider("reports"))
      assert.deepInclude(noOauth, {
        _tag: "ProviderNotFound",
        credential: "app/Reports",
        provider: "reports",
        kind: "oauth2"
      })
      // A list that has the name already shows the sentence alone.
      assert.strictEqual(noOauth.message, `app/Reports: ${noOauth.detail}`)
      assert.include(noOauth.message, "app/Reports: there is no OAuth2 credential provider 'reports'. Create it")

      const noKey = yield* one(drop("apiKey", "weather"), createKey("weather"))
      assert.include(noKey.message, "app/Weather: there is no API-key credential provider 'weather'")

      const otherKind = yield* one(
        Effect.andThen(drop("apiKey", "weather"), createProvider("weather")),
        Effect.andThen(drop("oauth2", "weather"), createKey("weather"))
      )
      assert.deepInclude(otherKind, { _tag: "ProviderOfOtherKind", kind: "apiKey", found: "oauth2" })
      assert.include(otherKind.message, "Declare it with AccessToken.Tag")

      const urls = (allowedResourceOauth2ReturnUrls: ReadonlyArray<string>) =>
        plane.updateWorkloadIdentity({ name: "agent", allowedResourceOauth2ReturnUrls })
      yield* urls([`${returnUrl}/`])
      const unregistered = yield* check
      assert.deepStrictEqual(tagsOf(unregistered), ["ReturnUrlNotRegistered", "ReturnUrlNotRegistered"])
      assert.include(unregistered[0]?.message, `'${returnUrl}' is not registered on the workload identity 'agent'`)
      yield* urls([returnUrl])

      const noWorkload = yield* one(
        plane.deleteWorkloadIdentity({ name: "agent" }),
        createWorkload("agent")
      )
      assert.include(noWorkload.message, "There is no workload identity 'agent'. Create it")
    }).pipe(Effect.provide(backend())))

  it.effect("reports a provider that is not ready, with the reason of the service", () =>
    Effect.gen(function*() {
      yield* setUp
      const withStatus = (status: string) =>
        withControlPlane((method, effect, request) =>
          method === "getOauth2CredentialProvider" && "name" in request && request.name === "mail"
            // The response of this method is an object.
            ? Effect.map(
              effect,
              (response) => Object.assign({}, response, { status, failureReason: "discovery failed" })
            )
            : effect
        )
      const [failed] = yield* check.pipe(withStatus("CREATE_FAILED"))
      assert.deepInclude(failed, {
        _tag: "ProviderNotReady",
        credential: "app/Mail",
        provider: "mail",
        status: "CREATE_FAILED",
        reason: "discovery failed"
      })
      assert.include(failed?.message, "is CREATE_FAILED (discovery failed). Correct what the reason names")
      const [creating] = yield* check.pipe(withStatus("CREATING"))
      assert.include(creating?.message, "Wait for it with CredentialProvider.awaitReady")
    }).pipe(Effect.provide(backend())))

  it.effect("reports a provider without the token exchange that the flow needs", () =>
    Effect.gen(function*() {
      yield* createWorkload("agent")
      yield* createProvider("plain")
      yield* createProvider("exchanging", {
        onBehalfOfTokenExchangeConfig: { grantType: "JWT_AUTHORIZATION_GRANT" }
      })
      class Plain extends AccessToken.Tag<Plain>()("app/Plain", {
        provider: "plain",
        flow: "ON_BEHALF_OF_TOKEN_EXCHANGE"
      }) {}
      class Exchanging extends AccessToken.Tag<Exchanging>()("app/Exchanging", {
        provider: "exchanging",
        flow: "ON_BEHALF_OF_TOKEN_EXCHANGE"
      }) {}
      const problems = yield* Credentials.check([Plain, Exchanging], { workload: "agent" })
      assert.lengthOf(problems, 1)
      assert.deepInclude(problems[0], { _tag: "ExchangeNotConfigured", credential: "app/Plain", provider: "plain" })
    }).pipe(Effect.provide(backend())))

  it.effect("uses the return URL of the program for credentials without one", () =>
    Effect.gen(function*() {
      yield* setUp
      class Other extends AccessToken.Tag<Other>()("app/Other", { provider: "mail", flow: "USER_FEDERATION" }) {}
      const other = Credentials.check([Other], { workload: "agent" })
      const [missing] = yield* other
      assert.deepInclude(missing, { _tag: "ReturnUrlMissing", credential: "app/Other" })
      assert.include(missing?.message, "Declare it as returnUrl, or set Consent.ReturnUrl")
      const withUrl = (url: string) => Effect.provideService(other, Consent.ReturnUrl, Option.some(url))
      assert.deepStrictEqual(yield* withUrl(returnUrl), [])
      assert.deepStrictEqual(tagsOf(yield* withUrl("https://other.example.com")), ["ReturnUrlNotRegistered"])
    }).pipe(Effect.provide(backend())))

  it.effect("reports what the caller has no permission to read, and checks the rest", () =>
    Effect.gen(function*() {
      yield* setUp
      yield* drop("oauth2", "mail")
      const problems = yield* check.pipe(deny("getApiKeyCredentialProvider"))
      const [missing, hidden, ...others] = problems
      assert.isEmpty(others)
      assert.deepInclude(missing, {
        _tag: "ProviderNotFound",
        credential: "app/Mail",
        provider: "mail",
        kind: "oauth2"
      })
      assert.deepInclude(hidden, {
        _tag: "NotVisible",
        credential: "app/Weather",
        name: "weather",
        operation: "GetApiKeyCredentialProvider"
      })
      assert.include(problems[1]?.message, "could not be read")
      assert.include(problems[1]?.message, "allow the caller bedrock-agentcore:GetApiKeyCredentialProvider")
      const [workload] = yield* check.pipe(deny("getWorkloadIdentity"))
      assert.include(workload?.message, "The workload identity 'agent' could not be read")
    }).pipe(Effect.provide(backend())))
})

const as = (userId: string) => Effect.provide(WorkloadAccessToken.layerWorkload({ name: "agent", user: { userId } }))

/** The backend, and the requests for tokens. */
const counted = Effect.gen(function*() {
  const plane = yield* DataPlane.DataPlane
  const arrived = yield* Ref.make<ReadonlyArray<string>>([])
  const running = yield* Ref.make({ now: 0, most: 0 })
  const layer = Identity.layer.pipe(
    Layer.provide(DataPlane.decorate((operation, effect, request) => {
      if (operation !== "getResourceOauth2Token" || !("resourceCredentialProviderName" in request)) return effect
      const enter = Ref.update(running, ({ most, now }) => ({ now: now + 1, most: Math.max(most, now + 1) }))
      const leave = Ref.update(running, ({ most, now }) => ({ now: now - 1, most }))
      return Ref.update(arrived, (names) => [...names, request.resourceCredentialProviderName]).pipe(
        Effect.andThen(enter),
        Effect.andThen(Effect.yieldNow),
        Effect.andThen(effect),
        Effect.ensuring(leave)
      )
    })),
    Layer.provide(Layer.succeed(DataPlane.DataPlane, plane))
  )
  return {
    layer,
    arrived: Ref.getAndSet(arrived, []),
    most: Effect.map(Ref.get(running), ({ most }) => most)
  }
})

const approve = ({ sessionUri }: ConsentSession) =>
  Effect.orDie(Effect.flatMap(LocalBackend.LocalBackend, (local) => local.approve(sessionUri)))

/** Polls at once: the local backend has the token when the session is approved. */
const poll = Schedule.recurs(3)

const grant = (credential: Identity.AccessTokenCredential<"USER_FEDERATION">) =>
  Effect.flatMap(Identity.Identity, (identity) => identity.getAccessToken(credential, { consent: approve, poll }))

const statusOf = (list: ReadonlyArray<Credentials.Credential>, options?: Parameters<typeof Credentials.status>[1]) =>
  Effect.map(
    Credentials.status(list, options),
    (statuses) => statuses.map(({ _tag, credential }) => `${credential.key} ${_tag}`)
  )

describe("status", () => {
  it.effect("returns what the user has granted, and shows nothing to the user", () =>
    Effect.gen(function*() {
      yield* setUp
      const { arrived, layer } = yield* counted
      yield* Effect.gen(function*() {
        yield* grant(Mail)
        yield* arrived
        assert.deepStrictEqual(yield* statusOf(all), ["app/Calendar NotGranted", "app/Mail Granted"])
        assert.deepStrictEqual(yield* arrived, ["calendar", "mail"])
        const local = yield* LocalBackend.LocalBackend
        assert.deepStrictEqual((yield* local.consents).map(({ provider, state }) => `${provider} ${state}`), [
          "calendar Pending",
          "mail Completed"
        ])
      }).pipe(
        as("alice"),
        Effect.provide(layer),
        // A program's own handler would be called.
        Effect.provideService(Consent.Handler, () => Effect.die(new Error("shown")))
      )
    }).pipe(Effect.provide(backend())))

  it.effect("remembers responses of each user for a short time", () =>
    Effect.gen(function*() {
      yield* setUp
      const { arrived, layer } = yield* counted
      yield* Effect.gen(function*() {
        // Each request of a server has another workload access token.
        const request = (userId: string, options?: Parameters<typeof Credentials.status>[1]) =>
          statusOf([Calendar], options).pipe(as(userId))
        yield* request("alice")
        yield* request("alice")
        assert.lengthOf(yield* arrived, 2)
        const caller = (userId: string, name = "agent") => ({ caller: { name, user: { userId } } })
        yield* request("alice", caller("alice"))
        yield* request("alice", caller("alice"))
        assert.lengthOf(yield* arrived, 1)
        yield* request("bob", caller("bob"))
        yield* request("alice", caller("alice", "other"))
        assert.lengthOf(yield* arrived, 2)
        yield* Statuses.forget(caller("alice").caller).pipe(as("alice"))
        yield* request("alice", caller("alice"))
        yield* request("bob", caller("bob"))
        assert.lengthOf(yield* arrived, 1)
      }).pipe(Effect.provide(layer))
      yield* Effect.gen(function*() {
        // A caller keeps one workload access token for a while, as in a server.
        const wat = (userId: string) =>
          Effect.flatMap(
            WorkloadAccessToken.makeWorkload({ name: "agent", user: { userId }, renewAfter: "1 day" }),
            (caller) =>
              Effect.succeed(<A, E, R>(self: Effect.Effect<A, E, R>) =>
                Effect.provideService(self, WorkloadAccessToken.WorkloadAccessToken, caller)
              )
          )
        const [alice, bob] = [yield* wat("alice"), yield* wat("bob")]
        const status = statusOf([Calendar])
        assert.deepStrictEqual(yield* alice(status), ["app/Calendar NotGranted"])
        yield* TestClock.adjust("29 seconds")
        yield* alice(status)
        assert.lengthOf(yield* arrived, 1)
        yield* bob(status)
        assert.lengthOf(yield* arrived, 1)
        yield* TestClock.adjust("2 seconds")
        yield* alice(status)
        yield* bob(status)
        assert.lengthOf(yield* arrived, 1)

        yield* alice(statusOf([Calendar], { remember: 0 }))
        assert.lengthOf(yield* arrived, 0)
        yield* alice(Statuses.forget(undefined))
        yield* alice(statusOf([Calendar], { remember: 0 }))
        yield* alice(statusOf([Calendar], { remember: 0 }))
        yield* bob(status)
        assert.lengthOf(yield* arrived, 2)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(backend())))

  it.effect("takes no longer with many users, and drops expired responses", () =>
    Effect.gen(function*() {
      const request = (user: number) =>
        Credentials.status([Calendar], { caller: { name: "agent", user: { userId: `user-${user}` } } })
      /** Counts the steps of all iterations over maps during a request. */
      const stepsOf = (user: number) =>
        Effect.acquireUseRelease(
          Effect.sync(() => vi.spyOn(Object.getPrototypeOf(new Map()[Symbol.iterator]()), "next")),
          (spy) => Effect.map(request(user), () => spy.mock.calls.length),
          (spy) => Effect.sync(() => spy.mockRestore())
        )
      yield* request(0)
      const few = yield* stepsOf(1)
      yield* Effect.forEach(Array.from({ length: 1000 }, (_, index) => index + 2), request, { discard: true })
      const many = yield* stepsOf(1002)
      assert.isAtMost(many, few + 10)
      yield* TestClock.adjust("31 seconds")
      assert.isAtMost(yield* stepsOf(1003), few + 10)
    }).pipe(
      Effect.provide(Layer.merge(
        Layer.mock(Identity.Identity, { getAccessToken: () => Effect.succeed(Redacted.make("token")) }),
        WorkloadAccessToken.layer(Redacted.make("workload"))
      ))
    ))

  it.effect("limits concurrent requests, and shares them between callers", () =>
    Effect.gen(function*() {
      yield* createWorkload("agent")
      const names = Array.from({ length: 12 }, (_, index) => `provider-${index}`)
      for (const name of names) yield* createProvider(name)
      const list = names.map((provider) => {
        class One extends AccessToken.Tag<One>()(provider, { provider, flow: "USER_FEDERATION", returnUrl }) {}
        return One
      })
      const { arrived, layer, most } = yield* counted
      yield* Effect.gen(function*() {
        const statuses = yield* Effect.all([Credentials.status(list), Credentials.status(list)], {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(statuses[0].map(({ credential }) => credential.key), names)
        assert.deepStrictEqual([...yield* arrived].sort(), [...names].sort())
        assert.isAtMost(yield* most, 6)
      }).pipe(as("alice"), Effect.provide(layer))
      yield* Effect.provide(as("bob")(Credentials.status(list, { concurrency: 1 })), layer)
      assert.lengthOf(yield* arrived, 12)
    }).pipe(Effect.provide(backend())))

  it.effect("returns Unknown when the request fails, and does not remember it", () =>
    Effect.gen(function*() {
      yield* setUp
      yield* drop("oauth2", "calendar")
      const { layer } = yield* counted
      yield* Effect.gen(function*() {
        const [calendar, mail] = yield* Credentials.status([Calendar, Mail])
        assert(calendar?._tag === "Unknown")
        assert.strictEqual(calendar.error._tag, "ResourceNotFoundException")
        assert.strictEqual(mail?._tag, "NotGranted")
        yield* createProvider("calendar")
        assert.deepStrictEqual(yield* statusOf([Calendar]), ["app/Calendar NotGranted"])
      }).pipe(as("alice"), Effect.provide(layer))
      const error = yield* Credentials.status([Calendar]).pipe(
        Effect.provide(layer),
        Effect.provide(WorkloadAccessToken.layerWorkload({ name: "no-agent" })),
        Effect.flip
      )
      assert.strictEqual(error._tag, "AccessDeniedException")
    }).pipe(Effect.provide(backend())))

  it.effect("does not remember the response to a request that precedes a consent", () =>
    Effect.gen(function*() {
      yield* setUp
      const plane = yield* DataPlane.DataPlane
      const [arrived, responded] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const isFirst = yield* Ref.make(true)
      // The first response arrives after the consent.
      const slow = Layer.provide(
        DataPlane.decorate((operation, effect) =>
          operation !== "getResourceOauth2Token" ? effect : Effect.flatMap(
            Ref.getAndSet(isFirst, false),
            (first) =>
              first
                ? Effect.tap(effect, () =>
                  Effect.andThen(Deferred.succeed(arrived, undefined), Deferred.await(responded)))
                : effect
          )
        ),
        Layer.succeed(DataPlane.DataPlane, plane)
      )
      yield* Effect.gen(function*() {
        const before = yield* Effect.forkChild(statusOf([Calendar]))
        yield* Deferred.await(arrived)
        yield* Credentials.consentAll([Calendar], { consent: approve, poll })
        yield* Deferred.succeed(responded, undefined)
        assert.deepStrictEqual(yield* Fiber.join(before), ["app/Calendar NotGranted"])
        assert.deepStrictEqual(yield* statusOf([Calendar]), ["app/Calendar Granted"])
      }).pipe(as("alice"), Effect.provide(Layer.provide(Identity.layer, slow)))
    }).pipe(Effect.provide(backend())))
})

describe("consentAll", () => {
  it.effect("prompts for one credential after the other, skips granted ones, and updates status", () =>
    Effect.gen(function*() {
      yield* setUp
      const { arrived, layer } = yield* counted
      const shown = yield* Ref.make<ReadonlyArray<string>>([])
      const consent = (session: ConsentSession) =>
        Effect.andThen(Ref.update(shown, (names) => [...names, session.provider]), approve(session))
      yield* Effect.gen(function*() {
        assert.deepStrictEqual(yield* statusOf(all), ["app/Calendar NotGranted", "app/Mail NotGranted"])
        yield* Credentials.consentAll(all, { consent, poll })
        assert.deepStrictEqual(yield* Ref.getAndSet(shown, []), ["calendar", "mail"])
        assert.deepStrictEqual(yield* arrived, ["calendar", "mail", "calendar", "calendar", "mail", "mail"])
        assert.deepStrictEqual(yield* statusOf(all), ["app/Calendar Granted", "app/Mail Granted"])
        yield* Credentials.consentAll(all, { consent })
        assert.deepStrictEqual(yield* Ref.get(shown), [])
      }).pipe(as("alice"), Effect.provide(layer))
    }).pipe(Effect.provide(backend())))

  it.effect("stops at the first failure, and fails with RequiresUserConsent without a handler", () =>
    Effect.gen(function*() {
      yield* setUp
      yield* Effect.gen(function*() {
        const local = yield* LocalBackend.LocalBackend
        const failure = yield* Effect.flip(Credentials.consentAll(all, {
          consent: ({ sessionUri }) => Effect.orDie(local.deny(sessionUri)),
          poll
        }))
        assert(failure._tag === "AuthorizationFailed")
        assert.strictEqual(failure.provider, "calendar")
        const required = yield* Effect.flip(Credentials.consentAll(all))
        assert(required._tag === "RequiresUserConsent")
        assert.strictEqual(required.provider, "calendar")
        yield* Credentials.consentAll([Reports, Weather, Warehouse])
      }).pipe(as("alice"), Effect.provide(Identity.layer))
    }).pipe(Effect.provide(backend())))
})
