import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as References from "effect/References"
import * as Result from "effect/Result"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import * as Backend from "../../support/localBackend.js"
import { LocalBackend } from "../../support/localBackend.js"

describe("workloads and providers", () => {
  it.effect("have the region, the account and the URL of the options, and the time of the clock", () =>
    Effect.gen(function*() {
      const controlPlane = yield* ControlPlane.ControlPlane
      yield* TestClock.setTime(86_400_000)
      const { workloadIdentityArn } = yield* Backend.createWorkload("agent")
      const { createdTime } = yield* controlPlane.getWorkloadIdentity({ name: "agent" })
      assert.strictEqual(createdTime.epochMilliseconds, 86_400_000)
      const { callbackUrl, clientSecretArn, credentialProviderArn } = yield* Backend.createProvider("calendar")
      for (const arn of [workloadIdentityArn, clientSecretArn?.secretArn, credentialProviderArn]) {
        assert.match(arn ?? "", /^arn:aws:[a-z-]+:eu-central-1:210987654321:/)
      }
      assert.match(callbackUrl ?? "", /^https:\/\/identity\.test\/identities\/oauth2\/callback\/[0-9a-f-]{36}$/)
    }).pipe(
      Effect.provide(
        Backend.backend({}, { region: "eu-central-1", accountId: "210987654321", publicUrl: "https://identity.test/" })
      )
    ))
})

describe("workload access tokens", () => {
  it.effect("expire by the clock, also in the cache", () =>
    Effect.gen(function*() {
      const controlPlane = yield* ControlPlane.ControlPlane
      const plane = yield* DataPlane.DataPlane
      yield* Backend.setup
      yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make("the-key") })
      const token = yield* Backend.tokenFor("alice")
      const get = plane.getResourceApiKey({ workloadIdentityToken: token, resourceCredentialProviderName: "weather" })
      yield* TestClock.adjust("4 minutes")
      assert.strictEqual(Redacted.value((yield* get).apiKey), "the-key")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Effect.flip(get))._tag, "UnauthorizedException")
      // After this number of tokens the cache has dropped the first one. Its decryption has the same result.
      yield* TestClock.setTime(0)
      yield* Effect.forEach(Arr.range(1, 1100), (n) => Backend.tokenFor(`user-${n}`), { discard: true })
      assert.strictEqual(Redacted.value((yield* get).apiKey), "the-key")
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* Effect.flip(get))._tag, "UnauthorizedException")
    }).pipe(Effect.provide(Backend.backend({}, { settings: { workloadAccessTokenLifetime: "5 minutes" } }))))

  it.effect("are rejected when they are forged or belong to another backend", () =>
    Effect.gen(function*() {
      yield* Backend.setup
      const foreign = yield* Effect.provide(
        Effect.andThen(Backend.setup, Backend.tokenFor("alice")),
        Layer.fresh(Backend.backend())
      )
      for (const token of [foreign, Redacted.make("garbage"), Backend.jwt({ sub: "alice" })]) {
        const error = yield* Effect.flip(Backend.ask(token))
        assert.strictEqual(error._tag, "UnauthorizedException")
        assert.notInclude(JSON.stringify(error) + String(error), Redacted.value(token))
      }
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("expire with the JWT that they were made of, if that is earlier", () =>
    Effect.gen(function*() {
      const plane = yield* DataPlane.DataPlane
      yield* Backend.setup
      const tokenOf = (exp?: number) =>
        Effect.map(
          plane.getWorkloadAccessTokenForJwt({
            workloadName: "agent",
            userToken: Backend.jwt({ iss: "https://idp.test", sub: "alice", ...(exp === undefined ? {} : { exp }) })
          }),
          ({ workloadAccessToken }) => workloadAccessToken
        )
      const machine = { oauth2Flow: "M2M", resourceOauth2ReturnUrl: undefined } as const
      const dead = (token: Redacted.Redacted) => Effect.isFailure(Backend.ask(token, machine))
      const tokens = yield* Effect.all([
        tokenOf(60),
        tokenOf(90.75),
        tokenOf(10_000),
        tokenOf(),
        Backend.tokenFor("alice"),
        Effect.map(plane.getWorkloadAccessToken({ workloadName: "agent" }), (response) => response.workloadAccessToken)
      ])
      const alive = (time: number) =>
        Effect.andThen(TestClock.setTime(time), Effect.forEach(tokens, dead)).pipe(
          Effect.map((all) => all.flatMap((isDead, index) => isDead ? [] : [index]))
        )
      assert.deepStrictEqual(yield* alive(59_999), [0, 1, 2, 3, 4, 5])
      assert.deepStrictEqual(yield* alive(60_000), [1, 2, 3, 4, 5])
      // In whole seconds, and never later than the JWT.
      assert.deepStrictEqual(yield* alive(89_999), [1, 2, 3, 4, 5])
      assert.deepStrictEqual(yield* alive(90_000), [2, 3, 4, 5])
      assert.deepStrictEqual(yield* alive(299_999), [2, 3, 4, 5])
      assert.deepStrictEqual(yield* alive(300_000), [])
      const error = yield* Effect.flip(Backend.ask(tokens[0], machine))
      assert.deepStrictEqual([error._tag, error.message], [
        "UnauthorizedException",
        "Workload access token is invalid or expired"
      ])
    }).pipe(Effect.provide(Backend.backend({}, { settings: { workloadAccessTokenLifetime: "5 minutes" } }))))

  it.effect("expire after the lifetime of the current settings, else after an hour", () =>
    Effect.gen(function*() {
      const lifetime = Effect.gen(function*() {
        const token = yield* Backend.tokenFor("alice")
        let minutes = 0
        while (Result.isSuccess(yield* Effect.result(Backend.ask(token)))) {
          yield* TestClock.adjust("1 minute")
          minutes += 1
        }
        return minutes
      })
      const settings = yield* Ref.make<LocalBackend.Settings>({})
      yield* Effect.gen(function*() {
        yield* Backend.setup
        assert.strictEqual(yield* lifetime, 60)
        yield* Ref.set(settings, { workloadAccessTokenLifetime: "3 minutes" })
        assert.strictEqual(yield* lifetime, 3)
        yield* Ref.set(settings, { workloadAccessTokenLifetime: "120 seconds" })
        assert.strictEqual(yield* lifetime, 2)
      }).pipe(Effect.provide(Backend.backend({}, { settings: Ref.get(settings) })))
    }))
})

describe("settings that change while the backend runs", () => {
  it.effect("add secrets and keys, and link workload identities to a service", () =>
    Effect.gen(function*() {
      const settings = yield* Ref.make<LocalBackend.Settings>({})
      const log: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) =>
        void log.push(`${logLevel.toUpperCase()} ${String(message)}`)
      )
      yield* Effect.gen(function*() {
        const controlPlane = yield* ControlPlane.ControlPlane
        const plane = yield* DataPlane.DataPlane
        yield* Backend.setup
        yield* controlPlane.createApiKeyCredentialProvider({
          name: "weather",
          apiKeySecretSource: "EXTERNAL",
          apiKeySecretConfig: { secretId: "keys", jsonKey: "weather" }
        })
        const external = { clientSecretSource: "EXTERNAL", clientSecretConfig: { secretId: "oauth", jsonKey: "s" } }
        yield* Backend.createProvider("mail", { clientSecret: undefined, ...external } as never)
        const token = yield* Backend.tokenFor("alice")
        const readKey = plane.getResourceApiKey({
          workloadIdentityToken: token,
          resourceCredentialProviderName: "weather"
        })
        const mail = { resourceCredentialProviderName: "mail" }
        const rejections = [yield* Effect.flip(readKey), yield* Effect.flip(Backend.ask(token, mail))]
        assert.deepStrictEqual(rejections.map(({ _tag, message }) => [_tag, message]), [
          ["AccessDeniedException", "Access denied when retrieving secret 'keys'"],
          ["AccessDeniedException", "Access denied when retrieving secret 'oauth'"]
        ])
        assert.deepStrictEqual(log, [
          "WARN Access denied when retrieving secret 'keys': add the secret and its key 'weather' to the settings, as `secrets`",
          "WARN Access denied when retrieving secret 'oauth': add the secret and its key 's' to the settings, as `secrets`"
        ])
        yield* Ref.set(settings, {
          secrets: { keys: { weather: Redacted.make("sun") }, oauth: { s: Redacted.make("secret-of-mail") } }
        })
        assert.strictEqual(Redacted.value((yield* readKey).apiKey), "sun")
        const { sessionUri } = yield* Backend.consent(token, mail)
        const page = yield* Backend.authorize(sessionUri)
        yield* Backend.callback(page, { code: "code" })
        // The code is exchanged with the current secret.
        yield* Ref.set(settings, {})
        const denied = yield* Effect.flip(Backend.complete(sessionUri, { userId: "alice" }))
        assert.deepStrictEqual([denied._tag, denied.message], [
          "AccessDeniedException",
          "Access denied when retrieving secret 'oauth'"
        ])
        yield* Ref.set(settings, { secrets: { oauth: { s: Redacted.make("secret-of-mail") } } })
        yield* Backend.complete(sessionUri, { userId: "alice" })
        assert.strictEqual(yield* Backend.issued(token, mail), "token-1.mail.code.read")

        yield* Ref.set(settings, { serviceLinked: ["agent"] })
        const linked = yield* Effect.flip(Backend.tokenFor("alice"))
        assert.strictEqual(
          linked.message,
          "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller"
        )
      }).pipe(
        Effect.provide(Backend.backend({}, { settings: Ref.get(settings) })),
        Effect.provide(Logger.layer([logger]))
      )
      assert.notInclude(log.join(), "sun")
    }))
})

describe("concurrent completions", () => {
  it.effect("exchange the code once", () =>
    Effect.gen(function*() {
      yield* Backend.setup
      const token = yield* Backend.tokenFor("alice")
      const { sessionUri } = yield* Backend.consent(token)
      yield* Backend.callback(yield* Backend.authorize(sessionUri), { code: "code" })
      const fiber = yield* Effect.forkChild(
        Effect.all(Arr.replicate(Effect.result(Backend.complete(sessionUri, { userId: "alice" })), 10), {
          concurrency: "unbounded"
        })
      )
      yield* TestClock.adjust("1 second")
      assert.lengthOf((yield* Fiber.join(fiber)).filter(Result.isSuccess), 1)
      assert.strictEqual(yield* Backend.issued(token), "token-1.calendar.code.read")
    }).pipe(Effect.provide(Backend.backend({ latency: "1 second" }))))
})

describe("secrets of LocalBackend", () => {
  it.effect("do not appear in errors, log lines and spans", () =>
    Effect.gen(function*() {
      const messages: Array<string> = []
      const hear = (...things: ReadonlyArray<unknown>) =>
        messages.push(
          ...things.map((thing) => `${inspect(thing, { depth: 12, showHidden: true })}\n${JSON.stringify(thing)}`)
        )
      const secrets: Array<string> = ["secret-of-the-client", "sentinel-api-key", "sentinel-state", "sentinel-code"]
      const logger = Logger.make(({ cause, fiber, message }) =>
        hear(message, fiber.getRef(References.CurrentLogAnnotations), cause)
      )
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          return Object.assign(span, {
            event: (event: string, _time: bigint, values?: Record<string, unknown>) => hear(event, values),
            end: (_time: bigint, exit: Exit.Exit<unknown, unknown>) => hear(span.name, [...span.attributes], exit)
          })
        }
      })
      const program = Effect.gen(function*() {
        const controlPlane = yield* ControlPlane.ControlPlane
        const plane = yield* DataPlane.DataPlane
        const local = yield* LocalBackend.LocalBackend
        const failing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.map(Effect.flip(effect), (error) => hear(error, String(error)))
        yield* Backend.setup
        const key = { name: "weather", apiKey: Redacted.make("sentinel-api-key") }
        yield* controlPlane.createApiKeyCredentialProvider(key)
        yield* failing(controlPlane.createApiKeyCredentialProvider(key))
        const userToken = Backend.jwt({ iss: "https://idp.test", sub: "sentinel-subject" })
        secrets.push(...Redacted.value(userToken).split("."))
        const { workloadAccessToken: token } = yield* plane.getWorkloadAccessTokenForJwt({
          workloadName: "agent",
          userToken
        })
        secrets.push(Redacted.value(token))
        yield* failing(Backend.ask(Redacted.make(`${Redacted.value(token)}x`)))
        const { authorizationUrl, sessionUri } = yield* Backend.consent(token, {
          customState: Redacted.make("sentinel-state")
        })
        secrets.push(Redacted.value(sessionUri).slice(-43), Redacted.value(authorizationUrl).slice(-43))
        const page = yield* Backend.authorize(sessionUri)
        secrets.push(page.searchParams.get("state") ?? "", page.searchParams.get("code_challenge") ?? "")
        hear(yield* Backend.callback(page, { code: "sentinel-code" }))
        yield* failing(Backend.complete(sessionUri, { userId: "mallory" }))
        yield* failing(Backend.complete(sessionUri, { userToken }))
        yield* failing(local.approve(sessionUri))
        hear(yield* local.authorize(sessionUri), yield* Backend.ask(token, { sessionUri }))
        const second = yield* Backend.consent(token)
        secrets.push(Redacted.value(second.sessionUri).slice(-43))
        // A scripted token contains its code.
        yield* Backend.callback(yield* Backend.authorize(second.sessionUri), { code: "q7w8e9r0t1" })
        yield* Backend.complete(second.sessionUri, { userToken })
        const response = yield* Backend.ask(token)
        assert.include(Backend.accessToken(response), "q7w8e9r0t1")
        secrets.push("q7w8e9r0t1", "token-2.")
        yield* TestClock.adjust("1 hour")
        yield* failing(Backend.ask(token))
        hear(response)
      })
      yield* program.pipe(
        Effect.withTracer(tracer),
        Effect.provide(
          Layer.mergeAll(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, "All"))
        )
      )
      const all = messages.join("\n")
      assert.include(all, "DataPlane.getResourceOauth2Token")
      assert.include(all, "The authorization server issued no token")
      for (const secret of secrets) {
        assert.isNotEmpty(secret)
        for (let index = 0; index + 8 <= secret.length; index++) {
          assert.isFalse(all.includes(secret.slice(index, index + 8)), `a piece of a secret came out: ${secret}`)
        }
      }
    }).pipe(
      Effect.provide(Backend.backend({ fail: ({ number }) => number === 1 ? "InvalidGrant" : undefined }))
    ))
})
