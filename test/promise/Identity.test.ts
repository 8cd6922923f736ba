import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import { isIdentityError } from "effect-agentcore-identity/IdentityError"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as FastCheck from "fast-check"
import { declarations } from "../support/declarations.js"
import { assertSecretFree, faces } from "../support/recorder.js"
import { rounds } from "../support/rounds.js"
import { responses, same, secret } from "../support/utils.js"
import * as World from "./world.js"

const { runWithContext } = PromiseIdentity

class Calendar extends AccessToken.Tag<Calendar>()("test/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["read"]
}) {}
class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}

describe("withAccessToken", () => {
  it.live("passes the token as the last argument, and returns the result of the function", () =>
    Effect.gen(function*() {
      const { withAccessToken } = yield* World.functions()
      const workloadIdentityToken = yield* World.tokenOf("alice")
      const tool = withAccessToken({ ...World.calendar, authFlow: "M2M", workloadIdentityToken })(
        async (day: string, hour: number, token: string) => ({ day, hour, token })
      )
      const { token, ...rest } = yield* Effect.promise(() => tool("Monday", 9))
      assert.deepStrictEqual(rest, { day: "Monday", hour: 9 })
      assert.match(token, /^token-\d+\.calendar-client\./)
    }).pipe(Effect.provide(World.layer)))

  it.live("sends its whole configuration, and prefers its own return URL to that of the request", () =>
    Effect.gen(function*() {
      const planes = yield* ScriptedPlanes.ScriptedPlanes
      const runtime = yield* World.runtimeOf(
        Layer.provideMerge(Identity.layer, Layer.succeed(DataPlane.DataPlane, yield* DataPlane.DataPlane))
      )
      const { withAccessToken } = PromiseIdentity.make(runtime)
      const config = {
        providerName: "calendar",
        scopes: ["read"],
        authFlow: "USER_FEDERATION",
        resources: ["https://calendar.example.com"],
        audiences: ["calendar"],
        customState: "state",
        customParameters: { prompt: "consent" },
        forceAuthentication: true
      } satisfies PromiseIdentity.OAuth2WrapperConfig
      const ofRequest = { workloadAccessToken: "alice", oauth2CallbackUrl: "https://agent.example.com/of-the-request" }
      const call = (more: Partial<PromiseIdentity.OAuth2WrapperConfig>) =>
        Effect.promise(() =>
          runWithContext(ofRequest, withAccessToken({ ...config, ...more })(async (token: string) => token))
        )
      // An empty token is ignored.
      yield* call({ workloadIdentityToken: "", callbackUrl: "https://agent.example.com/of-its-own" })
      yield* call({})
      const requested = {
        workloadIdentityToken: secret("alice"),
        resourceCredentialProviderName: "calendar",
        oauth2Flow: "USER_FEDERATION",
        scopes: ["read"],
        resources: config.resources,
        audiences: config.audiences,
        customState: secret("state"),
        customParameters: config.customParameters,
        forceAuthentication: true
      }
      same((yield* planes.callsOf("getResourceOauth2Token")).map(({ request }) => request), [
        { ...requested, resourceOauth2ReturnUrl: "https://agent.example.com/of-its-own" },
        { ...requested, resourceOauth2ReturnUrl: "https://agent.example.com/of-the-request" }
      ])
    }).pipe(Effect.provide(ScriptedPlanes.layer({ getResourceOauth2Token: () => responses.issued("token") }))))

  it.live("shows the authorization URL once, and waits for the token", () =>
    Effect.gen(function*() {
      const { withAccessToken } = yield* World.functions()
      const { approve } = yield* World.decisions
      const shown: Array<string> = []
      const tool = withAccessToken({
        ...World.calendar,
        workloadIdentityToken: yield* World.tokenOf("alice"),
        customState: "state-of-the-application",
        onAuthUrl: async (url) => {
          shown.push(url)
          await approve(url)
        }
      })(async (token: string) => token)
      assert.match(yield* Effect.promise(() => tool()), /^token-1\.calendar-client\.approved\.read/)
      assert.lengthOf(shown, 1)
      // The vault has the token now.
      assert.match(yield* Effect.promise(() => tool()), /^token-1\.calendar-client\.approved\.read/)
      assert.lengthOf(shown, 1)
    }).pipe(Effect.provide(World.layer)))

  /** The functions over a vault that returns `stored` until `forceAuthentication`, and the requests. */
  const scripted = (script: ScriptedPlanes.Script) =>
    Effect.gen(function*() {
      const { callsOf } = yield* ScriptedPlanes.ScriptedPlanes
      const runtime = yield* World.runtimeOf(Layer.provideMerge(
        Identity.layer,
        Layer.provideMerge(
          CredentialCache.layer({ opaqueTimeToLive: "1 hour" }),
          Layer.succeed(DataPlane.DataPlane, yield* DataPlane.DataPlane)
        )
      ))
      const forced = Effect.map(
        callsOf("getResourceOauth2Token"),
        (calls) => calls.map(({ request }) => request.forceAuthentication ?? false)
      )
      return { forced, ...PromiseIdentity.make(runtime) }
    }).pipe(Effect.provide(ScriptedPlanes.layer(script)))

  const vault: ScriptedPlanes.Script = {
    getResourceOauth2Token: ({ forceAuthentication }) =>
      responses.issued(forceAuthentication === true ? "forced" : "stored")
  }

  const m2m = { ...World.calendar, authFlow: "M2M", workloadIdentityToken: "workload-token" } as const
  const unauthorized = new Error("401")
  const rejected = (error: unknown) => error === unauthorized

  it.live("runs the function once more with another token, when the resource has rejected the first one", () =>
    Effect.gen(function*() {
      const { forced, withAccessToken } = yield* scripted({
        getResourceOauth2Token: (_, index) => responses.issued(`token-${index}`)
      })
      let accepted = "token-0"
      const contexts: Array<unknown> = []
      const call = withAccessToken({ ...m2m, rejected: async (error) => rejected(error) })(
        async (day: string, token: string) => {
          contexts.push(PromiseIdentity.getContext()?.requestId)
          if (token !== accepted) throw unauthorized
          return `${day} ${token}`
        }
      )
      const run = () => runWithContext({ requestId: "7" }, () => call("today"))
      assert.strictEqual(yield* Effect.promise(run), "today token-0")
      accepted = "token-1"
      // The cache has the first one, which it drops.
      assert.strictEqual(yield* Effect.promise(run), "today token-1")
      assert.strictEqual(yield* Effect.promise(run), "today token-1")
      assert.deepStrictEqual(contexts, ["7", "7", "7", "7"])
      accepted = "none"
      assert.strictEqual(yield* World.rejectionOf(run()), unauthorized)
      assert.deepStrictEqual(yield* forced, [false, false, false])
    }))

  it.live("asks for the consent of the user only with reauthenticate, and if the service has no other token", () =>
    Effect.gen(function*() {
      const { forced, withAccessToken } = yield* scripted(vault)
      class Reports extends AccessToken.Tag<Reports>()("test/Reports", { provider: "reports", flow: "M2M" }) {}
      const { workloadIdentityToken } = m2m
      const read = async (token: string) => token === "stored" ? Promise.reject(unauthorized) : token
      const gone = new Error("404")
      const missing = async (_token: string) => Promise.reject(gone)
      assert.strictEqual(yield* World.rejectionOf(withAccessToken({ ...m2m, rejected })(read)()), unauthorized)
      assert.deepStrictEqual(yield* forced, [false, false])
      const options = { rejected, reauthenticate: true }
      assert.strictEqual(yield* World.rejectionOf(withAccessToken({ ...m2m, ...options })(missing)()), gone)
      assert.deepStrictEqual(yield* forced, [false, false, false])
      assert.strictEqual(yield* Effect.promise(() => withAccessToken({ ...m2m, ...options })(read)()), "forced")
      assert.strictEqual(
        yield* Effect.promise(() => withAccessToken(Reports, { workloadIdentityToken, ...options })(read)()),
        "forced"
      )
      assert.deepStrictEqual((yield* forced).slice(-2), [false, true])
    }))

  it.live("shows the authorization URL again with reauthenticate, and continues with the new token", () =>
    Effect.gen(function*() {
      const { withAccessToken } = yield* World.functions()
      const { approve } = yield* World.decisions
      const workloadIdentityToken = yield* World.tokenOf("alice")
      const shown: Array<string> = []
      const used: Array<string> = []
      const tool = withAccessToken({
        ...World.calendar,
        workloadIdentityToken,
        rejected,
        reauthenticate: true,
        onAuthUrl: async (url) => {
          shown.push(url)
          await approve(url)
        }
      })(async (token: string) => {
        used.push(token)
        // The vendor has revoked the first token.
        if (token === used[0] && used.length > 1) throw unauthorized
        return token
      })
      yield* Effect.promise(() => tool())
      const again = yield* Effect.promise(() => tool())
      assert.notStrictEqual(again, used[0])
      assert.lengthOf(new Set(shown), 2)
      assert.deepStrictEqual(used, [used[0], used[0], again])
    }).pipe(Effect.provide(World.layer)))

  it.live("rejects invalid options of the renewal before it requests a token", () =>
    Effect.gen(function*() {
      const { forced, resume, withAccessToken } = yield* scripted(vault)
      for (
        const [options, message] of [
          [{ reauthenticate: true }, "'rejected' failed to satisfy constraint: Member must be a function if reauth"],
          [{ rejected: 401 }, "'rejected'"],
          [{ rejected, reauthenticate: "yes" }, "'reauthenticate'"]
        ] as const
      ) {
        const error = yield* World.rejectionOf(
          withAccessToken({ ...m2m, ...options as object })(async (_token: string) => 1)()
        )
        assert.strictEqual(World.tagOf(error), "ValidationException")
        assert.include(String(error), message)
      }
      assert.include(String(yield* World.rejectionOf(resume("{}", { rejected } as object))), "'rejected'")
      assert.deepStrictEqual(yield* forced, [])
    }))

  it.live("rejects at once with the session when there is no onAuthUrl", () =>
    Effect.gen(function*() {
      const { withAccessToken } = yield* World.functions()
      const workloadIdentityToken = yield* World.tokenOf("alice")
      const customState = "state-of-the-application"
      const tool = withAccessToken({ ...World.calendar, workloadIdentityToken, customState })(
        async (token: string) => token
      )
      const error = yield* World.rejectionOf(tool())
      assert.instanceOf(error, Error)
      assert.strictEqual(World.tagOf(error), "RequiresUserConsent")
      assert.propertyVal(error, "provider", "calendar")
      assert.propertyVal(
        error,
        "message",
        "The user has to connect 'calendar' first."
      )
      assertSecretFree(faces(error), [workloadIdentityToken, "state-of-the-application"])
    }).pipe(Effect.provide(World.layer)))

  it.live("rejects with the same error objects as onAuthUrl and the function", () =>
    Effect.gen(function*() {
      const { withAccessToken } = yield* World.functions()
      const workloadIdentityToken = yield* World.tokenOf("alice")
      const ofHandler = new Error("no chat to show it in")
      for (
        const onAuthUrl of [
          () => Promise.reject(ofHandler),
          () => {
            throw ofHandler
          }
        ]
      ) {
        const asking = withAccessToken({ ...World.calendar, workloadIdentityToken, onAuthUrl })(async (token: string) =>
          token
        )
        assert.strictEqual(yield* World.rejectionOf(asking()), ofHandler)
      }

      const ofFunction = new Error("the calendar is down")
      const failing = withAccessToken({ ...World.calendar, authFlow: "M2M", workloadIdentityToken })(
        async (_token: string): Promise<never> => {
          throw ofFunction
        }
      )
      assert.strictEqual(yield* World.rejectionOf(failing()), ofFunction)
    }).pipe(Effect.provide(World.layer)))

  it.live("rejects with the exception of the service, under its AWS name", () =>
    Effect.gen(function*() {
      const { withAccessToken, withApiKey } = yield* World.functions()
      const workloadIdentityToken = yield* World.tokenOf("alice")
      const unknownProvider = withApiKey({ workloadIdentityToken, providerName: "nowhere" })(async (key: string) => key)
      assert.strictEqual(World.tagOf(yield* World.rejectionOf(unknownProvider())), "ResourceNotFoundException")

      const sentinel = "a-workload-token-that-nobody-issued"
      const unauthorized = withAccessToken({ ...World.calendar, workloadIdentityToken: sentinel })(async (t: string) =>
        t
      )
      const error = yield* World.rejectionOf(unauthorized())
      assert.strictEqual(World.tagOf(error), "UnauthorizedException")
      assertSecretFree(faces(error), [sentinel])

      const noName = withAccessToken({ ...World.calendar, workloadIdentityToken, providerName: "" })(async (
        t: string
      ) => t)
      assert.strictEqual(World.tagOf(yield* World.rejectionOf(noName())), "ValidationException")
    }).pipe(Effect.provide(World.layer)))
})

describe("an invalid configuration", () => {
  // A program in plain JavaScript can pass anything.
  const untyped = (value: unknown) => value as never
  const tool = async (credential: string) => credential

  const fieldsOf = (promise: Promise<unknown>) =>
    Effect.map(World.rejectionOf(promise), (error) => {
      assert(isIdentityError(error) && error._tag === "ValidationException")
      return (error.fieldList ?? []).map(({ message, name }) => `${name}: ${message}`)
    })

  it.live("rejects with advice that says what to do without Effect", () =>
    Effect.gen(function*() {
      yield* World.setUp
      const services = yield* Effect.context<Identity.Identity | DataPlane.DataPlane>()
      const { withAccessToken, workload } = PromiseIdentity.make(services)
      const alice = { userId: "alice" }
      const rows: ReadonlyArray<
        readonly [config: object, user: PromiseIdentity.User | undefined, name: string, advice: string]
      > = [
        [
          { callbackUrl: undefined },
          alice,
          "agent",
          ": give the request a return URL (returnUrl, or callbackUrl without"
        ],
        [
          { callbackUrl: "https://agent.example.com/other" },
          alice,
          "agent",
          "in the setup file under workloadIdentities"
        ],
        [{}, undefined, "agent", "make the caller with a user"],
        [{ authFlow: "ON_BEHALF_OF_TOKEN_EXCHANGE" }, alice, "agent", "make the caller with the user's JWT"],
        [{}, alice, "nobody", "no workload identity 'nobody'. Create it in code with"]
      ]
      for (const [config, user, name, advice] of rows) {
        const error = yield* World.rejectionOf(
          runWithContext(
            { workload: workload({ name, user }) },
            () => withAccessToken({ ...World.calendar, ...config })(tool)()
          )
        )
        assert(isIdentityError(error))
        assert.include(error.message, advice)
      }
    }).pipe(Effect.provide(Identity.layer), Effect.provide(World.layer)))

  it.live("rejects with the names of this API when the function is called", () =>
    Effect.gen(function*() {
      const planes = yield* ScriptedPlanes.ScriptedPlanes
      const runtime = yield* Effect.context<Identity.Identity | DataPlane.DataPlane>()
      const { completeAuthorization, fetchConsentCallback, resume, withAccessToken, withApiKey, workload } =
        PromiseIdentity
          .make(runtime)
      const config = { ...World.calendar, workloadIdentityToken: "token" }
      const wrong = (patch: object) => withAccessToken(untyped({ ...config, ...patch }))(tool)()
      const user = untyped({ userid: "alice" })
      const wrongUser = "user.userid: Member must have a known name; did you mean 'userId'?"
      const page = fetchConsentCallback({ currentUser: () => user })
      const calls: ReadonlyArray<readonly [call: () => Promise<unknown>, field: string]> = [
        [
          () => wrong({ authFlow: "m2m" }),
          "authFlow: Member must satisfy enum value set: [USER_FEDERATION, M2M, ON_BEHALF_OF_TOKEN_EXCHANGE]; did you mean 'M2M'?"
        ],
        [() => wrong({ providerName: 5 }), "providerName: Member must be a string, but is a number"],
        [() => wrong({ scopes: "a b" }), "scopes: Member must be a list of strings, but is a string"],
        [() => wrong({ onAuthUrl: "x" }), "onAuthUrl: Member must be a function, but is a string"],
        [() => wrong({ onAuthURL: () => {} }), "onAuthURL: Member must have a known name; did you mean 'onAuthUrl'?"],
        [() => wrong({ consent: () => {} }), "consent: Member must have a known name; did you mean 'onAuthUrl'?"],
        [
          () => withAccessToken(Calendar, untyped({ consent: () => {} }))(tool)(),
          "consent: Member must have a known name; did you mean 'onAuthUrl'?"
        ],
        [
          () => withAccessToken(untyped({ providerName: "a", scopes: [], authFlow: "M2M", returnUrl: "a:/b" }))(tool)(),
          "returnUrl: Member must have a known name; did you mean 'callbackUrl'?"
        ],
        [() => wrong({ tokenPoller: {} }), "tokenPoller: Member must have a known name; did you mean 'poll'?"],
        [() => wrong({ poll: {} }), "poll: Member must be a function, but is an object"],
        [
          () => withApiKey(untyped({ provider: "weather" }))(tool)(),
          "provider: Member must have a known name; did you mean 'providerName'?"
        ],
        [() => withApiKey(untyped(undefined))(tool)(), "request: Member must be an object, but is undefined"],
        [
          () => resume("{}", untyped({ onauthurl: () => {} })),
          "onauthurl: Member must have a known name; did you mean 'onAuthUrl'?"
        ],
        [
          () => completeAuthorization(untyped({ user: { userId: "a" } })),
          "sessionUri: Member must be a string, but is undefined"
        ],
        [
          () => Promise.resolve().then(() => workload(untyped({ nam: "agent" }))),
          "nam: Member must have a known name; did you mean 'name'?"
        ],
        [
          () => Promise.resolve().then(() => workload(untyped({ name: "agent", user: { userId: "" } }))),
          "user.userId: Member must have length greater than or equal to 1"
        ],
        [() => completeAuthorization({ sessionUri: "urn:ietf:params:oauth:request_uri:s", user }), wrongUser],
        [() => runWithContext({ user, workloadAccessToken: "token" }, withAccessToken(Calendar)(tool)), wrongUser],
        [
          () => page(new Request("https://agent.example.com/consent?session_id=s")),
          "currentUser.userid: Member must have a known name; did you mean 'userId'?"
        ],
        [
          () => withAccessToken(Calendar, untyped({ onAuthURL: () => {} }))(tool)(),
          "onAuthURL: Member must have a known name; did you mean 'onAuthUrl'?"
        ],
        [
          () => withAccessToken(untyped(Weather))(tool)(),
          "request: Member must be a request or a credential of AccessToken.Tag, but is a credential of ApiKey.Tag"
        ],
        [
          () => withApiKey(Weather, untyped({ workloadIdentityToken: 5 }))(tool)(),
          "workloadIdentityToken: Member must be a string, but is a number"
        ],
        [
          () => withApiKey(untyped(Calendar))(tool)(),
          "request: Member must be a request or a credential of ApiKey.Tag, but is a credential of AccessToken.Tag"
        ]
      ]
      for (const [call, field] of calls) assert.deepStrictEqual(yield* fieldsOf(call()), [field])
      assert.deepStrictEqual(yield* planes.calls, [])
    }).pipe(Effect.provide(Identity.layer.pipe(Layer.provideMerge(ScriptedPlanes.layer({}))))))
})

const noPlane = Layer.mock(DataPlane.DataPlane, {})

describe("a declared credential", () => {
  const inline = (
    { audiences, customParameters, flow, provider, resources, returnUrl, scopes = [] }: Identity.AccessTokenDeclaration
  ): PromiseIdentity.OAuth2WrapperConfig => ({
    providerName: provider,
    authFlow: flow,
    scopes: [...scopes],
    resources: resources && [...resources],
    audiences: audiences && [...audiences],
    callbackUrl: returnUrl,
    customParameters: customParameters && { ...customParameters }
  })

  it.live("makes the calls of the same configuration", () =>
    Effect.gen(function*() {
      const planes = yield* ScriptedPlanes.ScriptedPlanes
      const { withAccessToken, withApiKey } = PromiseIdentity.make(
        yield* Effect.context<Identity.Identity | DataPlane.DataPlane>()
      )
      /** The requests of a call, and the URLs that it showed. */
      const observe = (call: (options: Parameters<typeof PromiseIdentity.resume>[1]) => Promise<unknown>) =>
        Effect.gen(function*() {
          const before = (yield* planes.calls).length
          const shown: Array<string> = []
          const token = yield* Effect.promise(() =>
            runWithContext(
              { workloadAccessToken: "alice", oauth2CallbackUrl: "https://agent.example.com/context" },
              () => call({ onAuthUrl: (url) => void shown.push(url) })
            )
          )
          const calls = (yield* planes.calls).slice(before).map(({ operation, request }) => ({ operation, request }))
          return { token, shown, calls }
        })
      const tool = async (token: string) => token
      for (const declaration of FastCheck.sample(declarations, rounds({ few: 10, full: 100 }))) {
        class Declared extends AccessToken.Tag<Declared>()("test/Declared", declaration) {}
        const expected = yield* observe((options) => withAccessToken({ ...inline(declaration), ...options })(tool)())
        same(yield* observe((options) => withAccessToken(Declared, options)(tool)()), expected)
        const isOfUser = declaration.flow === "USER_FEDERATION"
        assert.lengthOf(expected.calls, isOfUser ? 2 : 1)
        assert.lengthOf(expected.shown, isOfUser ? 1 : 0)
      }
      const expected = yield* observe(() => withApiKey({ providerName: "weather" })(tool)())
      same(yield* observe(() => withApiKey(Weather)(tool)()), expected)
      assert.strictEqual(expected.token, "key")
      same(
        yield* observe(() => withApiKey(Weather, { workloadIdentityToken: "bob" })(tool)()),
        yield* observe(() => withApiKey({ providerName: "weather", workloadIdentityToken: "bob" })(tool)())
      )
    }).pipe(Effect.provide(Identity.layer.pipe(
      Layer.provideMerge(ScriptedPlanes.layer({
        getResourceOauth2Token: ({ oauth2Flow, sessionUri }) =>
          oauth2Flow === "USER_FEDERATION" && sessionUri === undefined ? responses.consent : responses.issued("token"),
        getResourceApiKey: () => Effect.succeed({ apiKey: secret("key") })
      })),
      Layer.merge(Layer.succeed(TokenPoller.TokenPoller, TokenPoller.schedule(Schedule.spaced("1 millis"))))
    ))))
})

describe("withApiKey", () => {
  it.live("reads its configuration when it is called", () =>
    Effect.gen(function*() {
      const { withApiKey } = yield* World.functions()
      const config: PromiseIdentity.ApiKeyWrapperConfig = { providerName: "nowhere" }
      const call = withApiKey(config)(async (apiKey: string) => apiKey)
      config.providerName = "weather"
      config.workloadIdentityToken = yield* World.tokenOf("alice")
      assert.strictEqual(yield* Effect.promise(() => call()), "key-of-the-weather")
    }).pipe(Effect.provide(World.layer)))
})

describe("the caller", () => {
  const forecast = (withApiKey: PromiseIdentity.Functions["withApiKey"]) =>
    withApiKey({ providerName: "weather" })(async (apiKey: string) => apiKey)

  it.live("comes from the request, from the official context or from runtime/RequestContext", () =>
    Effect.gen(function*() {
      const { withAccessToken, withApiKey, withWAT } = yield* World.functions()
      const { approve } = yield* World.decisions
      const workloadAccessToken = yield* World.tokenOf("alice")
      const official = { sessionId: "s", headers: {}, workloadAccessToken, oauth2CallbackUrl: World.returnUrl }
      const own = yield* RequestContext.fromHeaders({
        WorkloadAccessToken: workloadAccessToken,
        OAuth2CallbackUrl: World.returnUrl
      })
      const { callbackUrl: _, ...fromContext } = World.calendar
      const token = withAccessToken({ ...fromContext, forceAuthentication: true, onAuthUrl: approve })(
        async (token: string) => token
      )
      for (const context of [official, own]) {
        assert.strictEqual(
          yield* Effect.promise(() => runWithContext(context, forecast(withApiKey))),
          "key-of-the-weather"
        )
        assert.match(yield* Effect.promise(() => runWithContext(context, token)), /calendar-client\.approved/)
        const wat = withWAT(async (query: string, wat: string) => `${query} ${wat}`)
        assert.strictEqual(
          yield* Effect.promise(() => runWithContext(context, () => wat("q"))),
          `q ${workloadAccessToken}`
        )
      }
    }).pipe(Effect.provide(World.layer)))

  it.live("comes from workloadIdentityToken before the request", () =>
    Effect.gen(function*() {
      const { withAccessToken } = yield* World.functions()
      const { approve } = yield* World.decisions
      const [alice, bob] = yield* Effect.all([World.tokenOf("alice"), World.tokenOf("bob")])
      const tool = (workloadIdentityToken: string | undefined, onAuthUrl?: (url: string) => Promise<void>) =>
        withAccessToken({ ...World.calendar, workloadIdentityToken, onAuthUrl })(async (token: string) => token)
      const asBob = { workloadAccessToken: bob }
      const ofAlice = yield* Effect.promise(() => runWithContext(asBob, tool(alice, approve)))
      // Bob did not consent.
      assert.strictEqual(
        World.tagOf(yield* World.rejectionOf(runWithContext(asBob, tool(undefined)))),
        "RequiresUserConsent"
      )
      assert.strictEqual(yield* Effect.promise(() => tool(alice)()), ofAlice)
    }).pipe(Effect.provide(World.layer)))

  it.live("comes from the runtime when there is no other", () =>
    Effect.gen(function*() {
      const { withApiKey, withWAT } = yield* World.functions({
        caller: WorkloadAccessToken.layer(secret("token-of-the-runtime"))
      })
      const wat = withWAT(async (wat: string) => wat)
      assert.strictEqual(yield* Effect.promise(() => wat()), "token-of-the-runtime")
      assert.strictEqual(yield* Effect.promise(() => runWithContext({}, wat)), "token-of-the-runtime")
      const alice = yield* World.tokenOf("alice")
      assert.strictEqual(yield* Effect.promise(() => runWithContext({ workloadAccessToken: alice }, wat)), alice)
      assert.strictEqual(World.tagOf(yield* World.rejectionOf(forecast(withApiKey)())), "UnauthorizedException")
    }).pipe(Effect.provide(World.layer)))

  it.live("rejects with what to do when it is missing", () =>
    Effect.gen(function*() {
      const { withAccessToken, withApiKey, withWAT } = PromiseIdentity.make(
        yield* World.runtimeOf(Layer.merge(Layer.mock(Identity.Identity, {}), noPlane))
      )
      const calls = [
        () => forecast(withApiKey)(),
        withAccessToken(World.calendar)(async (token: string) => token),
        withAccessToken({ ...World.calendar, workloadIdentityToken: "" })(async (token: string) => token),
        withWAT(async (wat: string) => wat)
      ]
      for (const call of calls) {
        const outside = yield* World.rejectionOf(call())
        assert.strictEqual(World.tagOf(outside), "MissingWorkloadAccessToken")
        assert.match(
          String(outside),
          /no request is in context: call inside of runWithContext, or pass workloadIdentityToken/
        )
        const inside = yield* World.rejectionOf(runWithContext({ workloadAccessToken: "" }, call))
        assert.strictEqual(World.tagOf(inside), "MissingWorkloadAccessToken")
        assert.match(String(inside), /X-Amzn-Bedrock-AgentCore-Runtime-User-Id/)
      }
    }))
})

describe("Identity.make", () => {
  const workloadIdentityToken = "a-workload-token"
  const keys = Layer.merge(
    Layer.mock(Identity.Identity, { getApiKey: () => Effect.succeed(secret("a-key")) }),
    noPlane
  )
  const wrapped = ({ withApiKey }: PromiseIdentity.Functions) =>
    withApiKey({ workloadIdentityToken, providerName: "weather" })(async (key: string) => key)

  it.live("builds a managed runtime at the first call, once", () =>
    Effect.gen(function*() {
      let built = 0
      const counted = Layer.tap(keys, () => Effect.sync(() => built++))
      const call = wrapped(PromiseIdentity.make(yield* World.runtimeOf(counted)))
      assert.strictEqual(built, 0)
      assert.deepStrictEqual(yield* Effect.promise(() => Promise.all([call(), call()])), ["a-key", "a-key"])
      assert.strictEqual(yield* Effect.promise(() => call()), "a-key")
      assert.strictEqual(built, 1)
    }))

  it.live("accepts the runtime of an Effect program", () =>
    Effect.gen(function*() {
      const call = wrapped(PromiseIdentity.make(yield* Effect.context<Identity.Identity | DataPlane.DataPlane>()))
      assert.strictEqual(yield* Effect.promise(() => call()), "a-key")
    }).pipe(Effect.provide(keys)))

  it.live("rejects with the error of the layer", () =>
    Effect.gen(function*() {
      const failure = new Error("no such place")
      const call = wrapped(
        PromiseIdentity.make(yield* World.runtimeOf(Layer.merge(Layer.effectDiscard(Effect.fail(failure)), keys)))
      )
      assert.strictEqual(yield* World.rejectionOf(call()), failure)
    }))
})
