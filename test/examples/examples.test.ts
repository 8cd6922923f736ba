import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it, vi } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import { disposeDefaultRuntime } from "effect-agentcore-identity/promise/Identity"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Cookies from "effect/http/Cookies"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { decodeJwt } from "jose"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Folder from "../support/folder.js"
import * as ProtectedApi from "../support/protectedApi.js"
import * as Servers from "../support/server.js"
import * as SimulatedUser from "../support/simulatedUser.js"
import * as States from "../support/states.js"
import { authorizationUrl, responses, same, scripted, secret, sessionUri } from "../support/utils.js"
import { agent, caller } from "./agent.js"
import * as Cache from "./cache.js"
import * as ConnectChat from "./connect-chat.js"
import * as ConnectHttp from "./connect-http.js"
import * as ConnectExample from "./connect.js"
import * as ConsentCallbackExample from "./consent-callback.js"
import * as CustomSchedule from "./custom-schedule.js"
import * as HttpClientExample from "./http-client.js"
import * as IamAccessTokenExample from "./iam-access-token.js"
import { laptop, setUp } from "./laptop.js"
import * as LeastPrivilegeExample from "./least-privilege.js"
import * as LocalDevelopmentExample from "./local-development.js"
import * as PromiseExample from "./promise.js"
import * as RequiresUserConsent from "./requires-user-consent.js"
import * as Server from "./server.js"
import * as SetUp from "./set-up.js"
import * as TwoProviders from "./two-providers.js"
import * as Use from "./use.js"

/** Sets environment variables while an effect runs. The AWS SDK reads its own from the process. */
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

/** Loads a program, which runs until it has printed its result. Returns what it printed. */
const printedBy = (load: () => Promise<unknown>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.acquireUseRelease(
    Effect.sync(() => vi.spyOn(console, "log").mockImplementation(() => {})),
    (log) => Effect.map(Effect.promise(load), () => log.mock.calls.map((line) => line.join(" "))),
    (log) => Effect.sync(() => log.mockRestore())
  )

describe("the examples of the README", () => {
  it.live("first, main: a key and a token on a laptop", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* printedBy(() => import("./first.js")), ["a key of 15 characters"])
      assert.match((yield* printedBy(() => import("./main.js"))).join(), /^a token of \d{3,} characters$/)
    }))

  it.live("aws: the same agent over the AWS SDK", () =>
    Effect.gen(function*() {
      const { environment } = yield* LocalIdentity.LocalServer
      yield* setUp
      const printed = yield* withEnvironment(environment)(printedBy(() => import("./aws.js")))
      assert.match(printed.at(-1) ?? "", /^a token of \d{3,} characters$/)
    }).pipe(Effect.provide(laptop)))

  it.live("consent: the page completes Alice's consent while her agent waits", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(printedBy(() => import("./consent.js")))
      const authorizationUrl = yield* Effect.promise(() =>
        vi.waitFor(() => {
          const url = vi.mocked(console.log).mock.calls.flat().flatMap((line) =>
            /http\S+\/oauth2\/authorize\S+/.exec(String(line))?.[0] ?? []
          )[0]
          assert.isDefined(url)
          return url
        }, { timeout: 30_000 })
      )
      const page = yield* SimulatedUser.consent({
        authorizationUrl: Redacted.make(authorizationUrl),
        userName: "alice",
        decision: "allow"
      })
      assert.include(page.text, "Consent given")
      assert.match((yield* Fiber.join(fiber)).at(-1) ?? "", /^Alice's token has \d{3,} characters$/)
    }))

  it.effect("requires user consent: start and resume", () =>
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
      getResourceOauth2Token: [
        responses.consent,
        responses.inProgress,
        responses.issued(),
        responses.issued("vault-token")
      ]
    }))))

  it.effect("requires user consent: catch, show and wait", () =>
    Effect.gen(function*() {
      const request = { provider: "calendar", flow: "USER_FEDERATION" } as const
      const error = yield* Effect.flip(Identity.Identity.use((identity) => identity.getAccessToken(request)))
      assert(error._tag === "RequiresUserConsent")
      const token = yield* Effect.forkChild(RequiresUserConsent.waitFor(error.session))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(Redacted.value(yield* Fiber.join(token)), "access-token")
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: [responses.consent, responses.inProgress, responses.inProgress, responses.issued()]
    }))))

  it.effect("custom schedule: the user denies", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(CustomSchedule.program))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fiber), "The user said no")
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.consent, responses.failed] }))))

  it.effect("set up: safe to repeat", () =>
    Effect.gen(function*() {
      const once = yield* SetUp.setUp
      assert.deepStrictEqual(once.map(({ outcome }) => outcome), ["Created", "Created", "Created"])
      const twice = yield* SetUp.setUp
      assert.deepStrictEqual(twice.map(({ outcome }) => outcome), ["Unchanged", "Unchanged", "Unchanged"])
    }).pipe(
      Effect.provideService(
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromEnv({
          env: Object.fromEntries(
            ["GITHUB_CLIENT_SECRET", "WEATHER_API_KEY"].map((name) => [name, "from-the-environment"])
          )
        })
      ),
      Effect.provide(LocalIdentity.layerTest({
        settings: { secrets: { "okta-client": { secret: Redacted.make("of-okta") } } }
      }))
    ))

  it.effect("two providers: each in its own tag", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* TwoProviders.program, ["github-token", "slack-token", "weather-key"])
    }).pipe(Effect.provide(scripted({
      getResourceOauth2Token: (request) => responses.issued(`${request.resourceCredentialProviderName}-token`),
      getResourceApiKey: (request) =>
        Effect.succeed({ apiKey: secret(`${request.resourceCredentialProviderName}-key`) })
    }))))

  it.live("consent callback: Alice returns, and the agent gets her token", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const planes = yield* ScriptedPlanes.ScriptedPlanes
      const comeBack = Effect.fnUntraced(function*(cookie: string) {
        const [call] = yield* planes.callsOf("getResourceOauth2Token")
        return yield* client.execute(
          HttpClientRequest.get("/consent").pipe(
            HttpClientRequest.setUrlParam("session_id", sessionUri),
            HttpClientRequest.setUrlParam("state", Redacted.value(call?.request.customState ?? secret(""))),
            HttpClientRequest.setHeader("cookie", `session=${cookie}`)
          )
        )
      }, Effect.scoped)
      const token = yield* ConsentCallbackExample.calendarToken(() => comeBack("alice"))
      assert.strictEqual(Redacted.value(token), "access-token")
      const error = yield* Effect.flip(ConsentCallbackExample.calendarToken(() => Effect.fail("closed" as const)))
      assert.strictEqual(error, "closed")
    }).pipe(Effect.provide(
      ConsentCallbackExample.server.pipe(
        Layer.provide(Layer.succeed(ConsentCallbackExample.SignIn, {
          userOf: (cookie) => Effect.succeed(cookie ?? "nobody")
        })),
        Layer.provideMerge(Layer.mergeAll(
          Identity.layer.pipe(Layer.provideMerge(ScriptedPlanes.layer({
            completeResourceTokenAuth: [Effect.void],
            getResourceOauth2Token: [responses.consent, responses.issued(), responses.consent]
          }))),
          Layer.succeed(
            WorkloadAccessToken.WorkloadAccessToken,
            WorkloadAccessToken.make(secret("workload-token"), { userId: "alice" })
          ),
          NodeHttpServer.layerTest
        ))
      )
    )))

  describe("connect", () => {
    /** AgentCore, which has a token for Alice after her consent. */
    const agentCore = Layer.suspend(() => {
      let granted = false
      return Identity.layer.pipe(
        Layer.provideMerge(States.layer),
        Layer.provideMerge(ScriptedPlanes.layer({
          getWorkloadAccessTokenForUserId: ({ userId }) => Effect.succeed({ workloadAccessToken: secret(userId) }),
          getResourceOauth2Token: () => granted ? responses.issued() : responses.consent,
          completeResourceTokenAuth: () =>
            Effect.sync(() => {
              granted = true
            })
        }))
      )
    })

    const environment = Layer.mergeAll(
      agentCore,
      NodeHttpServer.layerTest,
      Layer.succeed(ConnectExample.SignIn, { userOf: (cookie) => Effect.succeed(cookie ?? "nobody") })
    )

    let cookie = "session=alice"
    const send = (request: HttpClientRequest.HttpClientRequest) =>
      Effect.flatMap(
        HttpClient.HttpClient,
        (client) => client.execute(HttpClientRequest.setHeader(request, "cookie", cookie))
      ).pipe(
        Effect.tap(({ cookies }) =>
          Effect.sync(() => {
            cookie = ["session=alice", Cookies.toCookieHeader(cookies)].join("; ")
          })
        ),
        Effect.flatMap((response) => response.text)
      )

    const field = (page: string, name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? ""

    /** Alice opens the link, presses the button, and comes back from the vendor. */
    const connect = Effect.fn(function*(link: string) {
      const { origin, pathname, search } = new URL(link)
      assert.strictEqual(origin, "https://agent.example.com")
      const page = yield* send(HttpClientRequest.get(`${pathname}${search}`))
      const fields = ["token", ...page.includes("name=\"continue\"") ? ["continue"] : []]
      const started = yield* send(
        HttpClientRequest.post(pathname).pipe(
          HttpClientRequest.setHeader("origin", origin),
          HttpClientRequest.bodyUrlParams({
            action: "connect",
            ...Object.fromEntries(fields.map((name) => [name, field(page, name)]))
          })
        )
      )
      assert.include(started, authorizationUrl.replaceAll("&", "&amp;"))
      return yield* send(HttpClientRequest.get(`/connect/return?${States.returnParameters(sessionUri)}`))
    })

    it.live("http: the endpoint responds with a link, and after consent with the agenda", () =>
      Effect.gen(function*() {
        const ask = Effect.flatMap(
          send(HttpClientRequest.get("/agenda")),
          Schema.decodeEffect(Schema.fromJsonString(ConnectHttp.AgendaResponse))
        )
        const first = yield* ask
        assert(first._tag === "ConnectFirst")
        assert.include(yield* connect(first.link), "https://agent.example.com/agenda")
        const planes = yield* ScriptedPlanes.ScriptedPlanes
        const before = (yield* planes.calls).length
        for (const _ of [1, 2, 3]) {
          assert.deepStrictEqual(yield* ask, { _tag: "Agenda", events: ["10:00 Dentist"] })
        }
        const operations = (yield* planes.calls).slice(before).map(({ operation }) => operation)
        assert.deepStrictEqual(operations, Array<string>(3).fill("getResourceOauth2Token"))
      }).pipe(Effect.provide(Layer.provideMerge(ConnectHttp.server, environment))))

    it.live("http: with a cache, ten requests of a user make two calls of AWS, and the next one none", () =>
      Effect.gen(function*() {
        const planes = yield* ScriptedPlanes.ScriptedPlanes
        const ask = send(HttpClientRequest.get("/agenda"))
        const operations = Effect.map(planes.calls, (calls) => calls.map(({ operation }) => operation))
        const bodies = yield* Effect.all(Array.from({ length: 10 }, () => ask), { concurrency: "unbounded" })
        assert.deepStrictEqual(bodies, Array(10).fill(`{"_tag":"Agenda","events":["10:00 Dentist"]}`))
        const two = ["getWorkloadAccessTokenForUserId", "getResourceOauth2Token"]
        assert.deepStrictEqual(yield* operations, two)
        assert.strictEqual(yield* ask, bodies[0])
        assert.deepStrictEqual(yield* operations, two)
      }).pipe(Effect.provide(
        ConnectHttp.cachedServer.pipe(
          Layer.provideMerge(Layer.mergeAll(
            NodeHttpServer.layerTest,
            ScriptedPlanes.layer({
              getWorkloadAccessTokenForUserId: ({ userId }) => Effect.succeed({ workloadAccessToken: secret(userId) }),
              getResourceOauth2Token: () => responses.issued()
            }),
            Layer.succeed(ConnectExample.SignIn, { userOf: (cookie) => Effect.succeed(cookie ?? "nobody") })
          ))
        )
      )))

    it.live("chat: the agent posts the link, waits, and continues", () =>
      Effect.gen(function*() {
        const messages = yield* Queue.unbounded<string>()
        const chat = { post: (user: string, message: string) => Queue.offer(messages, `@${user} ${message}`) }
        const agent = yield* ConnectChat.remind("alice").pipe(
          Effect.provideService(ConnectChat.Chat, chat),
          Effect.forkChild
        )
        const asked = yield* Queue.take(messages)
        const link = /^@alice Connect your calendar, please: (\S+)$/.exec(asked)?.[1] ?? assert.fail(asked)
        assert.include(yield* connect(link), "Consent given")
        assert.strictEqual(yield* Queue.take(messages), "@alice Your day begins with 10:00 Dentist")
        yield* Fiber.join(agent)
      }).pipe(
        Effect.provide(Layer.merge(ConnectExample.server, ConnectChat.callers).pipe(Layer.provideMerge(environment)))
      ))
  })

  it.live("server: each request its own caller, its background work too", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const invoke = (headers: Record<string, string>) =>
        client.execute(HttpClientRequest.post("/invocations", { headers })).pipe(
          Effect.flatMap((response) => Effect.map(response.text, (text) => ({ status: response.status, text })))
        )
      assert.strictEqual((yield* client.get("/ping")).status, 200)
      const nobody = yield* invoke({})
      assert.strictEqual(nobody.status, 401)
      assert.include(nobody.text, "X-Amzn-Bedrock-AgentCore-Runtime-User-Id")
      const alice = yield* invoke({
        workloadaccesstoken: "token-of-alice",
        "x-amzn-bedrock-agentcore-runtime-request-id": "request-1"
      })
      assert.deepStrictEqual(JSON.parse(alice.text), {
        requestId: "request-1",
        characters: "for token-of-alice".length
      })

      // The first job belongs to the request without a token.
      const jobs = yield* Server.Jobs
      const orphan = yield* Effect.result(Effect.flatten(Queue.take(jobs)))
      assert.strictEqual(orphan._tag, "Failure")
      yield* Effect.flatten(Queue.take(jobs))
      const planes = yield* ScriptedPlanes.ScriptedPlanes
      const [keys] = yield* planes.callsOf("getResourceApiKey")
      assert.strictEqual(Redacted.value(keys?.request.workloadIdentityToken ?? secret("")), "token-of-alice")
    }).pipe(Effect.provide(
      Server.server.pipe(
        Layer.provideMerge(Layer.mergeAll(
          Layer.effect(Server.Jobs, Queue.unbounded<Effect.Effect<void, unknown, Identity.Identity>>()),
          Identity.layer.pipe(Layer.provideMerge(ScriptedPlanes.layer({
            getResourceOauth2Token: (request) =>
              responses.issued(`for ${Redacted.value(request.workloadIdentityToken)}`),
            getResourceApiKey: () => Effect.succeed({ apiKey: secret("key") })
          }))),
          NodeHttpServer.layerTest
        ))
      )
    )))

  it.live("http client: a request with the token of its caller", () =>
    Effect.gen(function*() {
      yield* setUp
      const { audience, issuer, jwksUri } = yield* AuthorizationServer.AuthorizationServer
      const origin = yield* ProtectedApi.serve({ issuer, jwksUri, audience })
      assert.property(yield* HttpClientExample.program(origin), "reports")
    }).pipe(
      Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent" })),
      Effect.provide(laptop),
      Effect.provide(NodeHttpClient.layerNodeHttp)
    ))

  it.effect("use: any client with a rejected token", () =>
    Effect.gen(function*() {
      const tokens: Array<string> = []
      const issues = yield* Use.listIssues((token) => {
        tokens.push(Redacted.value(token))
        return tokens.length === 1 ? new Use.OctokitError({ status: 401 }) : Effect.succeed(["an issue"])
      })
      assert.deepStrictEqual(issues, ["an issue"])
      assert.deepStrictEqual(tokens, ["old", "new"])
    }).pipe(Effect.provide(scripted({ getResourceOauth2Token: [responses.issued("old"), responses.issued("new")] }))))

  it.effect("cache: one call for two, with and without Redis", () =>
    Effect.gen(function*() {
      const planes = ScriptedPlanes.layer({
        getResourceApiKey: (_, index) => Effect.succeed({ apiKey: secret(`key-${index}`) })
      })
      const twice = Effect.gen(function*() {
        const identity = yield* Identity.Identity
        const keys = [
          yield* identity.getApiKey({ provider: "weather" }),
          yield* identity.getApiKey({ provider: "weather" })
        ]
        return keys.map(Redacted.value)
      }).pipe(Effect.provide(WorkloadAccessToken.layer(secret("workload-token"))))
      assert.deepStrictEqual(yield* Effect.provide(twice, Cache.inMemory(planes)), ["key-0", "key-0"])
      // The layer of the guides' caller needs the data plane.
      const ofWorkload = ScriptedPlanes.layer({
        getWorkloadAccessToken: () => Effect.succeed({ workloadAccessToken: secret("workload-token") }),
        getResourceOauth2Token: () => responses.issued()
      })
      assert.include(
        yield* agent.pipe(Effect.provide(caller), Effect.provide(Cache.inMemory(ofWorkload))),
        "a token of 12 characters"
      )
      // Nothing listens on this port. An unreachable store is not a failure.
      const gone = ConfigProvider.fromEnv({
        env: Object.fromEntries([["REDIS_URL", "redis://127.0.0.1:1"], ["CREDENTIAL_STORE_KEY", "A".repeat(43)]])
      })
      const layer = Cache.inRedis(planes)
      assert.deepStrictEqual(
        yield* Effect.provide(twice, layer).pipe(Effect.provideService(ConfigProvider.ConfigProvider, gone)),
        [
          "key-0",
          "key-0"
        ]
      )
    }))

  it.effect("IAM access token: a JWT of AWS for one audience", () =>
    Effect.gen(function*() {
      const { authorization } = yield* IamAccessTokenExample.program
      const claims = decodeJwt(authorization.replace("Bearer ", ""))
      assert.strictEqual(claims.aud, "https://warehouse.example.com")
      assert.strictEqual((claims.exp ?? 0) - (claims.iat ?? 0), 600)
    }).pipe(Effect.provide(LocalIdentity.layerTest())))

  it.live("least privilege: what the policy of the agent allows, and nothing else", () =>
    Effect.gen(function*() {
      const { seed } = yield* LocalControl.LocalControl
      yield* seed({
        workloadIdentities: [{ name: "my-agent" }],
        apiKeyCredentialProviders: [{ name: "weather", apiKey: Redacted.make("key") }]
      })
      const { getWorkloadAccessToken, getResourceApiKey } = yield* DataPlane.DataPlane
      const { workloadAccessToken } = yield* getWorkloadAccessToken({ workloadName: "my-agent" })
      const denied = yield* Effect.flip(getResourceApiKey({
        workloadIdentityToken: workloadAccessToken,
        resourceCredentialProviderName: "weather"
      }))
      assert.strictEqual(denied._tag, "AccessDeniedException")
      assert.include(denied.message, "is not authorized to perform: bedrock-agentcore:GetResourceApiKey")
    }).pipe(Effect.provide(LeastPrivilegeExample.restricted)))

  it.live("local development: a caller from the file of the Python SDK", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.temporary
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const before = process.cwd()
          process.chdir(folder)
          return before
        }),
        (before) => Effect.sync(() => process.chdir(before))
      )
      const token = yield* Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, (caller) => caller.get).pipe(
        Effect.provide(LocalDevelopmentExample.developer)
      )
      assert.isAbove(Redacted.value(token).length, 0)
      assert.deepStrictEqual(Object.keys(JSON.parse(readFileSync(join(folder, ".agentcore.json"), "utf8"))), [
        "workload_identity_name",
        "user_id"
      ])
    }))

  it.live("promise: the token as the last argument", () =>
    Effect.gen(function*() {
      const { environment } = yield* LocalIdentity.LocalServer
      yield* setUp
      const api = yield* Servers.serve((request, response) =>
        void response.writeHead(request.headers.authorization?.startsWith("Bearer ey") === true ? 204 : 401).end()
      )
      const token = yield* Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, (caller) => caller.get).pipe(
        Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent" }))
      )
      yield* Effect.gen(function*() {
        const missing = yield* Effect.flip(Effect.tryPromise({
          try: () => PromiseExample.handler(api, undefined),
          catch: (error) => error as { readonly _tag: string }
        }))
        assert.strictEqual(missing._tag, "MissingWorkloadAccessToken")
        assert.strictEqual(yield* Effect.promise(() => PromiseExample.handler(api, Redacted.value(token))), 204)
      }).pipe(
        Effect.ensuring(Effect.promise(() => disposeDefaultRuntime())),
        withEnvironment(environment)
      )
    }).pipe(Effect.provide(laptop)))
})
