import { assert, describe, it } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as LoopbackConsent from "effect-agentcore-identity/http/LoopbackConsent"
import * as Identity from "effect-agentcore-identity/Identity"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import type * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Http from "node:http"
import * as Calendar from "../support/calendar.js"
import { as, claimsOf } from "../support/localWorld.js"
import * as Recorder from "../support/recorder.js"
import * as Server from "../support/server.js"
import * as SimulatedUser from "../support/simulatedUser.js"
import * as Wire from "../support/wire.js"

class ReturnUrls extends Context.Service<ReturnUrls, readonly [string, string, string]>()("ReturnUrls") {}

const setUp = Layer.effect(
  ReturnUrls,
  Effect.gen(function*() {
    const [one, other] = [yield* Server.freePort, yield* Server.freePort]
    const urls = [
      `http://127.0.0.1:${one}/consent`,
      `http://127.0.0.1:${one}/other?from=agent`,
      `http://localhost:${other}/consent`
    ] as const
    yield* Calendar.setUp({ workloads: ["agent"], returnUrls: urls })
    return urls
  })
)

const worldOf = (options?: LocalIdentity.Options) =>
  setUp.pipe(Layer.provideMerge(Layer.merge(LocalIdentity.layer(options), AuthorizationServer.layer())))

const world = worldOf()

const alice = { userId: "alice" }

const request = { provider: "calendar", flow: "USER_FEDERATION", scopes: ["openid", "profile:read"] } as const

/** Never polls, so only the return of the browser ends a wait. */
const never = Schedule.spaced("1 hour")

const get = <E, R>(
  returnUrl: string,
  show: (session: ConsentSession) => Effect.Effect<unknown, E, R>,
  options: Partial<Identity.AccessTokenRequest<never>> = {}
) =>
  Effect.flatMap(Identity.Identity, (identity) =>
    identity.getAccessToken({
      ...request,
      poll: never,
      ...options,
      returnUrl,
      consent: LoopbackConsent.handler({ user: alice, show })
    }))

/** A browser in which a person allows or denies. */
const browse = (decision: "allow" | "deny" = "allow") => ({ authorizationUrl }: ConsentSession) =>
  Effect.forkDetach(SimulatedUser.consent({ authorizationUrl, userName: "alice", decision }))

const isFree = (returnUrl: string) =>
  Effect.callback<boolean>((resume) => {
    const server = Http.createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen(Number(new URL(returnUrl).port), "127.0.0.1", () => server.close(() => resume(Effect.succeed(true))))
  })

/** One request, as a browser or a page of another site sends it. */
const send = (url: string, options: Http.RequestOptions = {}): Effect.Effect<Wire.Response, Error> =>
  Effect.callback((resume) => {
    Http.request(url, options, (response) => Wire.read(response, resume))
      .on("error", (error) => resume(Effect.fail(error))).end()
  })

const returnTo = (returnUrl: string, session: ConsentSession) => {
  const url = new URL(returnUrl)
  url.searchParams.append("session_id", Redacted.value(session.sessionUri))
  return url
}

/** The headers that a browser sends with a link on a page of another site, with some replaced. */
const browserHeaders = (headers: Http.OutgoingHttpHeaders) => ({
  headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", ...headers }
})

describe("LoopbackConsent.handler", () => {
  it.live("obtains the token of the user, and stops the server when the wait ends", () =>
    Effect.gen(function*() {
      const { everything, layer } = yield* Recorder.make
      const [returnUrl] = yield* ReturnUrls
      const shown = yield* Deferred.make<ConsentSession>()
      const pages = yield* Deferred.make<TestUser.Page, TestUser.TestUserError>()
      const token = yield* get(returnUrl, (session) =>
        Effect.andThen(
          Deferred.succeed(shown, session),
          Effect.forkDetach(
            Deferred.into(
              SimulatedUser.consent({
                authorizationUrl: session.authorizationUrl,
                userName: "alice",
                decision: "allow"
              }),
              pages
            )
          )
        )).pipe(as("agent", "alice"), Effect.provide(layer))
      assert.strictEqual(claimsOf(token).sub, "alice")
      assert.isTrue(yield* isFree(returnUrl))
      const page = yield* Deferred.await(pages)
      assert.strictEqual(page.status, 200)
      assert.include(page.text, "Consent given")
      const { authorizationUrl, sessionUri } = yield* Deferred.await(shown)
      Recorder.assertSecretFree(
        yield* everything,
        [sessionUri, authorizationUrl, token].map((secret) => Redacted.value(secret).split(":").at(-1)!.slice(-24))
      )
      // The grant exists now, so the next call neither shows nor listens.
      yield* get(returnUrl, () => Effect.die("shown again")).pipe(as("agent", "alice"))
    }).pipe(Effect.provide(world)))

  it.live("works with another path, with a query, and with localhost", () =>
    Effect.gen(function*() {
      const [, withQuery, localhost] = yield* ReturnUrls
      const token = yield* get(withQuery, browse()).pipe(as("agent", "alice"))
      assert.strictEqual(claimsOf(token).sub, "alice")
      const other = yield* get(localhost, browse(), { scopes: ["reports:read"] }).pipe(as("agent", "alice"))
      assert.strictEqual(claimsOf(other).scope, "reports:read")
    }).pipe(Effect.provide(world)))

  it.live("stops the server when the user declines, and when the program is interrupted", () =>
    Effect.gen(function*() {
      const [returnUrl] = yield* ReturnUrls
      const rejected = yield* get(returnUrl, browse("deny"), { poll: Schedule.spaced("50 millis") }).pipe(
        as("agent", "alice"),
        Effect.flip
      )
      assert.strictEqual(rejected._tag, "AuthorizationFailed")
      assert.isTrue(yield* isFree(returnUrl))

      const shown = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        get(returnUrl, () => Deferred.succeed(shown, undefined)).pipe(as("agent", "alice"))
      )
      yield* Deferred.await(shown)
      assert.isFalse(yield* isFree(returnUrl))
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* isFree(returnUrl))

      const failed = yield* get(returnUrl, () => Effect.fail("no browser")).pipe(as("agent", "alice"), Effect.flip)
      assert.strictEqual(failed, "no browser")
      assert.isTrue(yield* isFree(returnUrl))
    }).pipe(Effect.provide(world)))

  it.live("fails with instructions when it cannot listen, and shows nothing", () =>
    Effect.gen(function*() {
      const [returnUrl] = yield* ReturnUrls
      const port = Number(new URL(returnUrl).port)
      yield* Effect.acquireRelease(
        Effect.callback<Http.Server>((resume) => {
          const server = Http.createServer().listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const taken = yield* get(returnUrl, () => Effect.die("shown")).pipe(as("agent", "alice"), Effect.flip)
      assert(taken._tag === "LoopbackUnavailable")
      assert.strictEqual(taken.reason, "PortTaken")
      assert.include(taken.message, `Another program listens on port ${port}`)
      assert.include(taken.message, "register a return URL with another port")

      for (
        const url of [
          "https://agent.example.com/consent",
          "https://127.0.0.1:8765/consent",
          "my_app:/consent",
          "http://constructor/consent"
        ]
      ) {
        yield* Effect.flatMap(ControlPlane.ControlPlane, (controlPlane) =>
          controlPlane.updateWorkloadIdentity({ name: "agent", allowedResourceOauth2ReturnUrls: [url] }))
        const remote = yield* get(url, () =>
          Effect.die("shown")).pipe(as("agent", "alice"), Effect.flip)
        assert(remote._tag === "LoopbackUnavailable")
        assert.include(remote.message, `The return URL '${url}' is not on this machine: set returnUrl`)
      }
    }).pipe(Effect.provide(world)))

  it.live("completes nothing for another session or state, a page of another site, or another request", () =>
    Effect.gen(function*() {
      const [returnUrl] = yield* ReturnUrls
      const shown = yield* Deferred.make<ConsentSession>()
      const fiber = yield* Effect.forkChild(
        get(returnUrl, (session) => Deferred.succeed(shown, session), { customState: Redacted.make("state-1") }).pipe(
          as("agent", "alice")
        )
      )
      const session = yield* Deferred.await(shown)
      const right = returnTo(returnUrl, session)
      right.searchParams.append("state", "state-1")
      const but = (change: (url: URL) => void) => {
        const url = new URL(right)
        change(url)
        return url.href
      }
      const cases: ReadonlyArray<readonly [string, number, string, Http.RequestOptions?]> = [
        [
          "another session",
          403,
          but((url) => url.searchParams.set("session_id", "urn:ietf:params:oauth:request_uri:x"))
        ],
        ["no session", 403, but((url) => url.searchParams.delete("session_id"))],
        ["two sessions", 403, but((url) => url.searchParams.append("session_id", "urn:other"))],
        ["another state", 403, but((url) => url.searchParams.set("state", "state-2"))],
        ["no state", 403, but((url) => url.searchParams.delete("state"))],
        ["another path", 403, but((url) => url.pathname = "/elsewhere")],
        ["a POST", 405, right.href, { method: "POST" }],
        ["a HEAD", 405, right.href, { method: "HEAD" }],
        ["DNS rebinding", 403, right.href, { headers: { host: "evil.example.com" } }],
        ["fetch of another site", 403, right.href, browserHeaders({ "sec-fetch-mode": "no-cors" })],
        ["a frame of another site", 403, right.href, browserHeaders({ "sec-fetch-dest": "iframe" })],
        ["a prefetch", 403, right.href, browserHeaders({ "sec-purpose": "prefetch;prerender" })]
      ]
      for (const [name, status, url, options] of cases) {
        const response = yield* send(url, options)
        assert.strictEqual(response.status, status, name)
        assert.notInclude(response.text, Redacted.value(session.sessionUri))
      }
      const { consents } = yield* LocalControl.LocalControl
      assert.strictEqual((yield* consents.list)[0]?.state, "Pending")

      const consenting = yield* Effect.forkChild(browse()(session).pipe(Effect.flatMap(Fiber.join)))
      assert.strictEqual(claimsOf(yield* Fiber.join(fiber)).sub, "alice")
      assert.include((yield* Fiber.join(consenting)).text, "Consent given")
    }).pipe(Effect.provide(world)))

  it.live("shares the port among concurrent consents, and never mixes them up", () =>
    Effect.gen(function*() {
      const [first, second] = yield* ReturnUrls
      const ask = (index: number) => {
        const user = { userId: `user-${index}` }
        return Effect.flatMap(Identity.Identity, (identity) =>
          identity.getAccessToken({
            ...request,
            poll: never,
            returnUrl: index % 2 === 0 ? first : second,
            consent: LoopbackConsent.handler({
              user,
              show: ({ authorizationUrl }) =>
                Effect.forkDetach(
                  SimulatedUser.consent({ authorizationUrl, userName: user.userId, decision: "allow" })
                )
            })
          })).pipe(as("agent", user.userId), Effect.map((token) => claimsOf(token).sub))
      }
      const all = Array.from({ length: 6 }, (_, index) => index)
      const subjects = yield* Effect.forEach(all, ask, { concurrency: "unbounded" })
      assert.deepStrictEqual(subjects, all.map((index) => `user-${index}`))
      assert.isTrue(yield* isFree(first))
    }).pipe(Effect.provide(world)))

  it.live("ends the waits of callers who share a session of a cache, also if one of them gives up", () =>
    Effect.gen(function*() {
      const [returnUrl] = yield* ReturnUrls
      const identity = yield* Identity.make
      const sessions: Array<ConsentSession> = []
      const all = yield* Deferred.make<void>()
      const call = get(
        returnUrl,
        (session) => Effect.suspend(() => sessions.push(session) === 4 ? Deferred.succeed(all, undefined) : Effect.void)
      ).pipe(
        Effect.provideService(Identity.Identity, identity)
      )
      const subjects = yield* Effect.gen(function*() {
        const fibers = yield* Effect.forEach([1, 2, 3, 4], () => Effect.forkChild(call))
        yield* Deferred.await(all)
        assert.strictEqual(new Set(sessions.map(({ sessionUri }) => Redacted.value(sessionUri))).size, 1)
        const [first, ...others] = fibers
        assert(first !== undefined)
        yield* Effect.forEach([first, others.pop()!], Fiber.interrupt)
        yield* browse()(sessions[0]!)
        return yield* Effect.forEach(others, Fiber.join)
      }).pipe(as("agent", "alice"), Effect.map((tokens) => tokens.map((token) => claimsOf(token).sub)))
      assert.deepStrictEqual(subjects, ["alice", "alice"])
      assert.isTrue(yield* isFree(returnUrl))
    }).pipe(Effect.provide(Layer.provideMerge(CredentialCache.layer(), world))))

  it.live("ends the wait when AgentCore rejects the completion, because the token is for another user", () =>
    Effect.gen(function*() {
      const [returnUrl] = yield* ReturnUrls
      const error = yield* get(returnUrl, browse()).pipe(as("agent", "bob"), Effect.flip)
      assert(error._tag === "AuthorizationFailed")
      assert.strictEqual(error.reason, "Failed")
    }).pipe(Effect.provide(world)))

  it.live("ends the wait, and blames no user, when the policy of the program lacks the completion", () =>
    Effect.gen(function*() {
      const { everything, layer } = yield* Recorder.make
      const [returnUrl] = yield* ReturnUrls
      const pages = yield* Deferred.make<TestUser.Page, TestUser.TestUserError>()
      const error = yield* get(returnUrl, ({ authorizationUrl }) =>
        Effect.forkDetach(
          Deferred.into(SimulatedUser.consent({ authorizationUrl, userName: "alice", decision: "allow" }), pages)
        )).pipe(as("agent", "alice"), Effect.flip, Effect.provide(layer))
      assert.deepInclude(error, { _tag: "AuthorizationFailed", reason: "NotCompleted" })
      const page = yield* Deferred.await(pages)
      assert.strictEqual(page.status, 502)
      assert.include(page.text, "There is a problem on our side")
      assert.include(
        (yield* everything).join("\n"),
        "is not authorized to perform: bedrock-agentcore:CompleteResourceTokenAuth"
      )
    }).pipe(Effect.provide(worldOf({
      policy: {
        Version: "2012-10-17",
        Statement: [
          { Sid: "All", Effect: "Allow", Action: ["*"], Resource: ["*"] },
          { Sid: "Not", Effect: "Deny", Action: ["bedrock-agentcore:CompleteResourceTokenAuth"], Resource: ["*"] }
        ]
      }
    }))))

  it.live("ends the wait when the browser comes back with the user's denial", () =>
    Effect.gen(function*() {
      const [returnUrl] = yield* ReturnUrls
      const pages = yield* Deferred.make<Wire.Response, Error>()
      const error = yield* get(returnUrl, (session) => {
        const url = returnTo(returnUrl, session)
        url.searchParams.append("error", "access_denied")
        const back = send(url.href, browserHeaders({ "accept-language": "de" }))
        return Effect.forkDetach(Deferred.into(back, pages))
      }).pipe(as("agent", "alice"), Effect.flip)
      assert(error._tag === "AuthorizationFailed")
      assert.strictEqual(error.reason, "Denied")
      assert.include((yield* Deferred.await(pages)).text, "Sie haben den Zugriff nicht erlaubt")
    }).pipe(Effect.provide(world)))

  it.live("keeps its wait with another show, and frees the port when the wrapper fails", () =>
    Effect.gen(function*() {
      const [returnUrl] = yield* ReturnUrls
      const ask = <E>(show: (session: ConsentSession) => Effect.Effect<unknown>, after: Effect.Effect<void, E>) => {
        const handler = LoopbackConsent.handler({ user: alice, show })
        return Effect.flatMap(Identity.Identity, (identity) =>
          identity.getAccessToken({
            ...request,
            poll: never,
            returnUrl,
            consent: { ...handler, show: (session) => Effect.andThen(handler.show(session), after) }
          })).pipe(as("agent", "alice"))
      }
      const isTaken = Effect.map(isFree(returnUrl), (free) => assert.isFalse(free))
      const closed = Effect.andThen(isTaken, Effect.fail("closed" as const))
      assert.strictEqual(yield* Effect.flip(ask(() => Effect.void, closed)), "closed")
      assert.isTrue(yield* isFree(returnUrl))
      assert.strictEqual(claimsOf(yield* ask(browse(), Effect.void)).sub, "alice")
      assert.isTrue(yield* isFree(returnUrl))
    }).pipe(Effect.provide(world)))

  it.live("shows no authorization URL that is neither https nor http to this machine", () =>
    Effect.gen(function*() {
      const [returnUrl] = yield* ReturnUrls
      const required = yield* Effect.flatMap(Identity.Identity, (identity) =>
        identity.getAccessToken({ ...request, returnUrl })).pipe(as("agent", "alice"), Effect.flip)
      assert(required._tag === "RequiresUserConsent")
      for (const url of ["javascript:alert(1)", "http://identity.example.com/"]) {
        const session = new ConsentSession({ ...required.session, authorizationUrl: Redacted.make(url) })
        const consent = LoopbackConsent.handler({
          user: alice,
          show: () =>
            Effect.die("shown")
        })
        const error = yield* Effect.flatMap(
          Identity.Identity,
          (identity) => identity.resumeAccessToken(session, { consent })
        ).pipe(as("agent", "alice"), Effect.flip)
        assert(error._tag === "LoopbackUnavailable")
        assert.strictEqual(error.reason, "InsecureUrl")
        assert.notInclude(error.message, url)
      }
      assert.isTrue(yield* isFree(returnUrl))
    }).pipe(Effect.provide(world)))

  it.live("brings its own session, also with a store of sessions in context", () =>
    Effect.gen(function*() {
      const [returnUrl] = yield* ReturnUrls
      const token = yield* Effect.flatMap(Identity.Identity, (identity) =>
        identity.getAccessToken({
          ...request,
          poll: never,
          returnUrl,
          consent: LoopbackConsent.handler({ user: alice, show: browse() })
        })).pipe(
          as("agent", "alice"),
          Effect.provide(Layer.mock(PendingConsents.PendingConsents, {}))
        )
      assert.strictEqual(claimsOf(token).sub, "alice")
    }).pipe(Effect.provide(world)))
})
