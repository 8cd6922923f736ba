import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import type * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import * as Polling from "../support/polling.js"
import * as Recorder from "../support/recorder.js"
import * as Signals from "../support/signals.js"
import { failures, responses, same, scripted, secret, sessionUntil, sessionUri } from "../support/utils.js"

const alice: UserIdentifier.UserIdentifier = { userId: "alice" }

const session = (expiresIn = "10 minutes") =>
  new ConsentSession({
    ...sessionUntil(DateTime.addDuration(DateTime.nowUnsafe(), expiresIn as "10 minutes")),
    customState: secret("where-the-user-was")
  })

/** The cookie names the signed-in user. */
const currentUser = Effect.map(
  HttpServerRequest.HttpServerRequest,
  (request): UserIdentifier.UserIdentifier => ({ userId: request.cookies["user"] ?? "nobody" })
)

const server = <E, R, E2 = never, R2 = never>(
  script: ScriptedPlanes.Script,
  options: Omit<Parameters<typeof ConsentCallback.layer<E, R, E2, R2>>[0], "path">,
  store: Layer.Layer<PendingConsents.PendingConsents | PendingConsents.ConsentSignals> = PendingConsents.layerMemory
) =>
  HttpRouter.serve(ConsentCallback.layer({ path: "/consent", ...options }), { disableListenLog: true }).pipe(
    Layer.provide(ConsentCallback.layerRedaction("/consent")),
    Layer.provideMerge(Layer.mergeAll(store, scripted(script), NodeHttpServer.layerTest))
  )

const open = (pending: ConsentSession = session(), user: UserIdentifier.UserIdentifier = alice) =>
  Effect.flatMap(PendingConsents.PendingConsents, (consents) => consents.open({ session: pending, user }))

const lastState = Effect.flatMap(
  ScriptedPlanes.ScriptedPlanes,
  (planes) =>
    Effect.map(planes.callsOf("getResourceOauth2Token"), (calls) => {
      const state = calls.flatMap(({ request }) => request.customState ?? []).at(-1)
      return state === undefined ? "where-the-user-was" : Redacted.value(state)
    })
)

const visit = (
  user: string,
  options: {
    readonly method?: "GET" | "HEAD"
    readonly sessionUri?: string
    readonly wrong?: boolean
    readonly error?: string
    readonly language?: string
    /** Default: the last state that was sent, or that of the session above. `null`: none. */
    readonly state?: string | null
  } = {}
) =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const state = options.state === undefined ? yield* lastState : options.state
    const response = yield* client.execute(
      HttpClientRequest.make(options.method ?? "GET")("/consent").pipe(
        HttpClientRequest.setUrlParam("session_id", options.sessionUri ?? sessionUri),
        HttpClientRequest.setUrlParams(options.error === undefined ? {} : { error: options.error }),
        HttpClientRequest.setUrlParams(state === null ? {} : { custom_state: state }),
        HttpClientRequest.setHeaders({
          cookie: `user=${user}`,
          ...options.wrong === true ? { "x-wrong": "1" } : {},
          ...options.language === undefined ? {} : { "accept-language": options.language }
        })
      )
    )
    return { status: response.status, headers: response.headers, text: yield* response.text }
  }).pipe(Effect.scoped)

const completions = Effect.flatMap(
  ScriptedPlanes.ScriptedPlanes,
  (planes) => Effect.map(planes.callsOf("completeResourceTokenAuth"), (calls) => calls.map((call) => call.request))
)

const completes: ScriptedPlanes.Script = { completeResourceTokenAuth: () => Effect.void }

/** The token of a program that shows its link by `show`. */
const tokenAfter = <A, E, R>(show: Effect.Effect<A, E, R>, workload?: string) =>
  Effect.gen(function*() {
    const identity = yield* Identity.Identity
    const token = yield* identity.getAccessToken({
      provider: "google",
      flow: "USER_FEDERATION",
      consent: () => show
    })
    return Redacted.value(token)
  }).pipe(Effect.provideServiceEffect(
    WorkloadAccessToken.WorkloadAccessToken,
    workload === undefined
      ? Effect.succeed(WorkloadAccessToken.make(secret("workload-token"), alice))
      : WorkloadAccessToken.makeWorkload({ name: workload, user: alice })
  ))

const workload: ScriptedPlanes.Script = {
  getWorkloadAccessTokenForUserId: () => Effect.succeed({ workloadAccessToken: secret("workload-token") })
}

describe("ConsentCallback", () => {
  it.live("completes the session for its user, and shows a plain page", () =>
    Effect.gen(function*() {
      yield* open()
      const page = yield* visit("alice")
      assert.strictEqual(page.status, 200)
      assert.include(page.text, "Consent given")
      assert.strictEqual(page.headers["cache-control"], "no-store")
      assert.include(page.headers["content-security-policy"], "default-src 'none'")
      assert.notInclude(page.text, sessionUri)
      same(yield* completions, [{ sessionUri: secret(sessionUri), userIdentifier: alice }])
    }).pipe(Effect.provide(server(completes, { currentUser }))))

  it.live("names in the log why a link was rejected, and what to do", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* Effect.gen(function*() {
        yield* open()
        yield* visit("alice", { state: null })
        yield* visit("alice", { sessionUri: `${sessionUri}-other` })
      }).pipe(Effect.provide(server(completes, { currentUser })), Effect.provide(recorder.layer))
      const log = (yield* recorder.everything).join("\n")
      assert.include(log, "Consent.ReturnState turns it off")
      assert.include(log, "share no store of PendingConsents")
    }))

  it.live("completes nothing for an invalid user", () =>
    Effect.gen(function*() {
      yield* open()
      // A program in plain JavaScript may return only the id.
      assert.strictEqual((yield* visit("alice", { wrong: true })).status, 500)
      assert.strictEqual((yield* visit("alice")).status, 200)
    }).pipe(Effect.provide(server(completes, {
      currentUser: Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
        headers["x-wrong"] === undefined ? currentUser : Effect.succeed("alice" as never))
    }))))

  it.live("asks to start again when the service rejects the completion", () =>
    Effect.gen(function*() {
      yield* open()
      const page = yield* visit("alice")
      assert.strictEqual(page.status, 403)
      assert.notInclude(page.text, "Not allowed")
    }).pipe(Effect.provide(server({ completeResourceTokenAuth: [failures.denied] }, { currentUser }))))

  it.live("asks to reload after a failure of the operator, logs the reason, and then tries again", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const calls = [
        failures.lost,
        failures.throttling,
        failures.unavailable,
        failures.unauthorized,
        failures.unsigned,
        failures.deniedByIam
      ]
      yield* Effect.gen(function*() {
        yield* open()
        for (const _ of calls) {
          const page = yield* visit("alice")
          assert.strictEqual(page.status, 502)
          assert.include(page.text, "There is a problem on our side. Reload this page")
          assert.notInclude(page.text, "not authorized")
        }
        assert.include((yield* visit("alice")).text, "Consent given")
      }).pipe(
        Effect.provide(server({ completeResourceTokenAuth: [...calls, Effect.void] }, { currentUser })),
        Effect.provide(recorder.layer)
      )
      const log = (yield* recorder.everything).join("\n")
      assert.include(log, "TransportError: GetResourceOauth2Token: the connection failed or was lost")
      assert.include(
        log,
        "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/agent/agent is not "
          + "authorized to perform: bedrock-agentcore:CompleteResourceTokenAuth"
      )
    }))

  it.live("completes nothing for a user who denied, and says so in their language", () =>
    Effect.gen(function*() {
      yield* open()
      const denied = yield* visit("alice", { error: "access_denied", language: "de-DE,de;q=0.9" })
      assert.strictEqual(denied.status, 200)
      assert.include(denied.text, "Sie haben den Zugriff nicht erlaubt")
      assert.include(denied.text, `<html lang="de">`)
      assert.strictEqual(denied.headers["vary"], "accept-language")
      same(yield* completions, [])
      // The user has changed their mind.
      assert.include((yield* visit("alice")).text, "Consent given")
    }).pipe(Effect.provide(server(completes, { currentUser }))))

  it.live("lets the application respond, with the address where the user continues", () =>
    Effect.gen(function*() {
      const pending = yield* PendingConsents.PendingConsents
      yield* pending.open({ session: session(), user: alice, continue: "/chat/1" })
      const page = yield* visit("alice")
      assert.strictEqual(page.text, "back to /chat/1")
    }).pipe(Effect.provide(server(completes, {
      currentUser,
      respond: ConsentCallback.Outcome.$match({
        Completed: (outcome) => Effect.succeed(HttpServerResponse.text(`back to ${outcome.continue}`)),
        Denied: () => Effect.succeed(HttpServerResponse.empty({ status: 403 })),
        NotUsable: () => Effect.succeed(HttpServerResponse.empty({ status: 403 })),
        Failed: () => Effect.succeed(HttpServerResponse.empty({ status: 502 }))
      })
    }))))

  it.live("wakes a program whose user returns before its handler ends", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tokenAfter(visit("alice")), "access-token")
    }).pipe(
      Effect.timeout("5 seconds"),
      Effect.provide(server(
        { ...completes, getResourceOauth2Token: [responses.consent, responses.issued()] },
        { currentUser }
      ))
    ))

  it.live("wakes a program with a custom store that knows no signals", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tokenAfter(visit("alice")), "access-token")
    }).pipe(
      Effect.timeout("5 seconds"),
      Effect.provide(
        HttpRouter.serve(
          ConsentCallback.layer({ path: "/consent", currentUser }),
          { disableListenLog: true }
        ).pipe(Layer.provideMerge(Layer.mergeAll(
          Layer.sync(PendingConsents.PendingConsents, () => {
            const entries = new Map<string, PendingConsents.PendingConsent>()
            return {
              open: (pending: PendingConsents.PendingConsent) =>
                Effect.sync(() => void entries.set(Redacted.value(pending.session.sessionUri), pending)),
              claim: (claim: PendingConsents.Claim) =>
                PendingConsents.verify(entries.get(Redacted.value(claim.sessionUri)), claim)
            }
          }),
          scripted({ ...completes, getResourceOauth2Token: [responses.consent, responses.issued()] }),
          NodeHttpServer.layerTest
        )))
      )
    ))

  it.live("signals all waits for the same grant", () =>
    Effect.gen(function*() {
      const grant = yield* Signals.grant({ workload: "agent", user: alice, credential: "calendar" })
      const fiber = yield* Effect.forkChild(
        PendingConsents.ConsentSignals.use((signals) => Signals.next(signals, grant))
      )
      const pending = yield* PendingConsents.PendingConsents
      yield* pending.open({ session: session(), user: alice, workload: "agent", credential: "calendar" })
      assert.strictEqual((yield* visit("alice")).status, 200)
      assert.strictEqual(yield* Fiber.join(fiber), "Completed")
    }).pipe(Effect.timeout("5 seconds"), Effect.provide(server(completes, { currentUser }))))

  it.live("responds with 502 while the store is unreachable, and logs the reason", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const failure = new PendingConsents.ConsentStoreError({ operation: "claim", reason: "ECONNREFUSED" })
      yield* Effect.gen(function*() {
        assert.strictEqual((yield* visit("alice")).status, 502)
        same(yield* completions, [])
      }).pipe(
        Effect.provide(
          HttpRouter.serve(ConsentCallback.layer({ path: "/consent", currentUser }), { disableListenLog: true })
            .pipe(
              Layer.provideMerge(Layer.mergeAll(
                Layer.mock(PendingConsents.PendingConsents, { claim: () => Effect.fail(failure) }),
                scripted(completes),
                NodeHttpServer.layerTest
              ))
            )
        ),
        Effect.provide(recorder.layer)
      )
      assert.include((yield* recorder.everything).join("\n"), failure.message)
    }))

  it.live("ends the wait at once when AgentCore rejects the completion of a session that has failed", () =>
    Effect.gen(function*() {
      const shown = yield* Deferred.make<void>()
      const fiber = yield* tokenAfter(Deferred.succeed(shown, undefined), "agent").pipe(Effect.flip, Effect.forkChild)
      yield* Deferred.await(shown)
      assert.strictEqual((yield* visit("alice")).status, 403)
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error, { _tag: "AuthorizationFailed", reason: "Failed" })
    }).pipe(
      Effect.timeout("5 seconds"),
      Effect.provide(server({
        ...workload,
        completeResourceTokenAuth: [failures.denied],
        getResourceOauth2Token: [responses.consent, responses.failed]
      }, { currentUser }))
    ))

  it.live("keeps waiting when AgentCore may have completed the session although the response was lost", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tokenAfter(visit("alice")), "access-token")
    }).pipe(
      Effect.timeout("5 seconds"),
      Effect.provide(Layer.provideMerge(
        Polling.layer("1 millis"),
        server(
          {
            completeResourceTokenAuth: [failures.lost],
            getResourceOauth2Token: [responses.consent, responses.issued()]
          },
          { currentUser }
        )
      ))
    ))

  /** A caller whose workload the page knows. The second call is the first to return a token. */
  const granted: ScriptedPlanes.Script = {
    ...workload,
    getResourceOauth2Token: (_, index) => index === 0 ? responses.consent : responses.issued()
  }

  for (
    const [name, failure] of [["rejects the retry", failures.denied], ["does not respond", failures.lost]] as const
  ) {
    it.live(`completes when AgentCore ${name}, and the token is issued`, () =>
      Effect.gen(function*() {
        const shown = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(tokenAfter(Deferred.succeed(shown, undefined), "agent"))
        yield* Deferred.await(shown)
        assert.include((yield* visit("alice")).text, "Consent given")
        assert.strictEqual(yield* Fiber.join(fiber), "access-token")
        const planes = yield* ScriptedPlanes.ScriptedPlanes
        // The flow, the page and the wait poll. The page opens no session.
        const calls = yield* planes.callsOf("getResourceOauth2Token")
        same(calls.map(({ request }) => request.sessionUri), [undefined, secret(sessionUri), secret(sessionUri)])
      }).pipe(
        Effect.timeout("5 seconds"),
        Effect.provide(server({ ...granted, completeResourceTokenAuth: [failure] }, { currentUser }))
      ))
  }

  it.live("keeps the session out of spans and logs", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* Effect.gen(function*() {
        yield* open()
        yield* visit("alice", { state: null }).pipe(Effect.withTracerEnabled(false))
        yield* visit("alice").pipe(Effect.withTracerEnabled(false))
      }).pipe(Effect.provide(server(completes, { currentUser })), Effect.provide(recorder.layer))
      assert.isAbove((yield* recorder.spans).length, 0)
      Recorder.assertSecretFree(yield* recorder.everything, [sessionUri, encodeURIComponent(sessionUri)])
    }))
})

/** Sends a request target unchanged: a client would normalize it. */
const send = (port: number, method: string, path: string, headers: Http.OutgoingHttpHeaders = {}) =>
  Effect.callback<{ readonly status: number | undefined; readonly headers: Http.IncomingHttpHeaders }>((resume) => {
    Http.request({ port, host: "127.0.0.1", method, path, headers, agent: false }, (response) => {
      response.resume().on(
        "end",
        () => resume(Effect.succeed({ status: response.statusCode, headers: response.headers }))
      )
    }).end()
  })

const encoded = encodeURIComponent(sessionUri)

describe("the session of a request", () => {
  const paths: ReadonlyArray<readonly [path: HttpRouter.PathInput, served: ReadonlyArray<string>]> = [
    ["/consent", [
      "/consent",
      "/consent/",
      "//consent",
      "///consent//",
      "/CONSENT",
      "/Consent/",
      "/%63onsent",
      "/con%73ent/",
      "http://127.0.0.1/consent"
    ]],
    ["/tenants/:tenant/consent", [
      "/tenants/acme/consent",
      "/TENANTS/acme/consent/",
      "//tenants//a%20b/%63onsent",
      `/tenants/${"long".repeat(20)}/consent`
    ]],
    ["/apps/*", ["/apps/one/two", "/APPS/consent/"]]
  ]
  const queries = [
    `?session_id=${encoded}`,
    `?session_id=${sessionUri}`,
    `?a=b&session_id=${encoded}&c=d`,
    `?%73ession%5Fid=${encoded}`,
    `;session_id=${encoded}`,
    `?session_id=${encoded}&session_id=${encoded}`
  ]
  const unserved = [
    ...["", "/", "/consents", "/consent/more", "/sign-in", "/%"].flatMap((path) =>
      queries.map((query) => `${path === "" ? "/" : path}${query}`)
    ),
    `/sign-in?next=${encodeURIComponent(`/consent?session_id=${encoded}`)}`,
    `/sign-in?next=${encodeURIComponent(encodeURIComponent(`/consent?session_id=${encoded}`))}`,
    `/consent/${encoded}`,
    `/sign-in?state=${encoded}`
  ]

  for (const [path, served] of paths) {
    it.live(`is in no span and no log line: ${path}`, () =>
      Effect.gen(function*() {
        const recorder = yield* Recorder.make
        const app = HttpRouter.serve(
          ConsentCallback.layer({ path, currentUser: Effect.succeed(alice) }),
          { disableListenLog: true }
        ).pipe(
          Layer.provide(ConsentCallback.layerRedaction(path)),
          Layer.provideMerge(Layer.mergeAll(PendingConsents.layerMemory, scripted(completes), NodeHttpServer.layerTest))
        )
        yield* Effect.gen(function*() {
          const { address } = yield* HttpServer.HttpServer
          const port = address._tag !== "UnixPathAddress" ? address.port : assert.fail("no port")
          for (const target of served.flatMap((path) => queries.map((query) => `${path}${query}`))) {
            assert.strictEqual((yield* send(port, "HEAD", target)).status, 405, target)
            assert.strictEqual((yield* send(port, "POST", target)).status, 404, target)
            assert.strictEqual((yield* send(port, "GET", target)).headers["referrer-policy"], "no-referrer")
          }
          for (const target of unserved) {
            for (const method of ["GET", "POST", "DELETE"]) yield* send(port, method, target)
          }
          const referer = `http://127.0.0.1${served[0]}?session_id=${encoded}`
          assert.strictEqual((yield* send(port, "GET", "/style.css?version=1", { referer })).status, 404)
        }).pipe(Effect.provide(app), Effect.provide(recorder.layer))
        const everything = yield* recorder.everything
        Recorder.assertSecretFree(everything, ["request_uri:session-1", "request_uri%3Asession-1"])
        // The control: other requests are traced and logged, without the referrer.
        const urls = (yield* recorder.spans).map(({ attributes }) => String(attributes.get("url.full")))
        assert.deepStrictEqual(urls.map((url) => new URL(url).pathname), ["/style.css"])
        assert.lengthOf(everything.filter((line) => line.includes("RouteNotFound (GET /style.css)")).slice(0, 1), 1)
      }))
  }

  it.live("keeps the referrer policy that the application sets", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const response = yield* client.get("/consent")
      assert.strictEqual(response.headers["referrer-policy"], "same-origin")
    }).pipe(Effect.provide(server(completes, {
      currentUser,
      respond: () => Effect.succeed(HttpServerResponse.empty({ headers: { "referrer-policy": "same-origin" } }))
    }))))
})
