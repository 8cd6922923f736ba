import { assert, describe, it } from "@effect/vitest"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as Consent from "effect-agentcore-identity/Consent"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import { type AuthorizationFailed, isIdentityError } from "effect-agentcore-identity/IdentityError"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { type IncomingMessage, type ServerResponse } from "node:http"
import { inspect } from "node:util"
import * as LocalWorld from "../support/localWorld.js"
import { assertSecretFree, faces } from "../support/recorder.js"
import * as Server from "../support/server.js"
import { rejectionOf, runtimeOf, tagOf } from "./world.js"

const { encodeSession, reveal, runWithContext } = PromiseIdentity

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** A server of Node on its own port. A path `/sign-in/NAME` signs in a user: the cookie is the name. */
const listen = (page: Listener) =>
  Server.serve((request, response) => {
    const user = /^\/sign-in\/(\w+)/.exec(request.url ?? "")?.[1]
    return user === undefined
      ? page(request, response)
      : response.writeHead(200, { "set-cookie": `user=${user}; Path=/` }).end("Welcome")
  })

/** A server of the Fetch API behind a server of Node. */
const overFetch = (handler: (request: Request) => Promise<Response>): Listener => async (request, response) => {
  const result = await handler(
    new Request(`http://${request.headers.host}${request.url}`, {
      method: request.method ?? "GET",
      headers: { cookie: request.headers.cookie ?? "" }
    })
  ).catch(() => new Response("the framework responds", { status: 500 }))
  response.writeHead(result.status, Object.fromEntries(result.headers)).end(await result.text())
}

const userOf = (cookie: string | null | undefined): PromiseIdentity.User | undefined => {
  const userId = /user=(\w+)/.exec(cookie ?? "")?.[1]
  return userId === undefined ? undefined : { userId }
}

const callbacks = {
  node: ({ nodeConsentCallback }: PromiseIdentity.Functions): Listener =>
    nodeConsentCallback({ currentUser: (request) => userOf(request.headers.cookie) }),
  fetch: ({ fetchConsentCallback }: PromiseIdentity.Functions): Listener =>
    overFetch(fetchConsentCallback({ currentUser: async (request) => userOf(request.headers.get("cookie")) }))
}

const never = Schedule.spaced("1 hour")

/** The functions over the AWS SDK and the local server, and the number of calls of an operation. */
const functions = (options: {
  readonly poll?: Schedule.Schedule<unknown>
  readonly returnState?: boolean
} = {}) =>
  Effect.gen(function*() {
    const { url } = yield* LocalIdentity.LocalServer
    const calls = yield* Ref.make<ReadonlyArray<string>>([])
    const states: Array<string> = []
    const planes = DataPlane.decorate((operation, call, request) => {
      if ("customState" in request && request.customState !== undefined) {
        states.push(Redacted.value(request.customState))
      }
      return Effect.andThen(Ref.update(calls, (all) => [...all, operation]), call)
    }).pipe(Layer.provide(AwsDataPlane.layer({
      region: "us-west-2",
      endpoint: url,
      credentials: { accessKeyId: "local", secretAccessKey: Redacted.make("local-secret") }
    })))
    const runtime = yield* runtimeOf(Layer.mergeAll(
      Identity.layer.pipe(Layer.provideMerge(planes)),
      Layer.succeed(TokenPoller.TokenPoller, TokenPoller.schedule(options.poll ?? never)),
      options.returnState === undefined ? Layer.empty : Layer.succeed(Consent.ReturnState, options.returnState)
    ))
    return {
      ...PromiseIdentity.make(runtime),
      /** The state of the last request. */
      state: Effect.sync(() => states.at(-1) ?? assert.fail("no state was sent")),
      count: (operation: string) => Effect.map(Ref.get(calls), (all) => all.filter((name) => name === operation).length)
    }
  })

/** An application with the page after consent, and the functions that it uses. */
const application = (
  page: (functions: PromiseIdentity.Functions) => Listener,
  options: Parameters<typeof functions>[0] = {}
) =>
  Effect.gen(function*() {
    const all = yield* functions(options)
    const url = yield* listen(page(all))
    const returnUrl = `${url}/consent`
    yield* LocalWorld.setUp([returnUrl, "app:/consent"])
    const config = (onAuthUrl?: (url: string) => void, callbackUrl = returnUrl) => ({
      providerName: "calendar",
      scopes: LocalWorld.scopes,
      authFlow: "USER_FEDERATION" as const,
      callbackUrl,
      onAuthUrl
    })
    return {
      ...all,
      url,
      as: (userId: string) => all.workload({ name: "agent", user: { userId } }),
      tokenOf: (onAuthUrl?: (url: string) => void, callbackUrl?: string) =>
        all.withAccessToken(config(onAuthUrl, callbackUrl))(async (token: string) => token),
      /** A browser in which this user is signed in at the application. */
      browserOf: (user: string) =>
        Effect.tap(
          TestUser.make(user),
          (browser) => browser.opens(`${url}/sign-in/${user}`)
        )
    }
  })

/** Starts a call that shows a link, and returns the link and the call. */
const shown = (start: (onAuthUrl: (url: string) => void) => Promise<string>) =>
  Effect.callback<{ readonly link: string; readonly token: Promise<string> }>((resume) => {
    const token: Promise<string> = start((link) => resume(Effect.succeed({ link, token })))
    token.catch((error: unknown) => resume(Effect.die(error)))
  })

const consentIn = (
  browser: TestUser.TestUser,
  userName: string,
  link: string,
  decision: "allow" | "deny" = "allow"
) => decision === "allow" ? browser.as(userName).approves(link) : browser.as(userName).denies(link)

const subjectOf = (token: string) => LocalWorld.claimsOf(Redacted.make(token)).sub

const failedOf = (error: unknown): AuthorizationFailed => {
  assert(isIdentityError(error) && error._tag === "AuthorizationFailed", String(error))
  return error
}

/** The `session_id` of a session with the user's consent that is not complete yet. */
const consented = (app: Effect.Success<ReturnType<typeof application>>) =>
  Effect.gen(function*() {
    const error = yield* rejectionOf(
      runWithContext({ workload: app.as("alice") }, app.tokenOf(undefined, "app:/consent"))
    )
    if (!isIdentityError(error) || error._tag !== "RequiresUserConsent") return yield* Effect.die(error)
    const browser = yield* app.browserOf("alice")
    const { url } = yield* consentIn(browser, "alice", reveal(error.authorizationUrl))
    const back = Redacted.make(`${app.url}/consent${new URL(Redacted.value(url)).search}`)
    return { back, browser, error, session: error.session }
  })

describe.each(["node", "fetch"] as const)("the page after consent, %s", (kind) => {
  it.live("completes for the own user alone without a state, if the runtime turns it off", () =>
    Effect.gen(function*() {
      const app = yield* application(callbacks[kind], { returnState: false })
      const { back, browser, session } = yield* consented(app)
      assert.deepStrictEqual([...new URL(Redacted.value(back)).searchParams.keys()], ["session_id"])
      assert.strictEqual((yield* (yield* app.browserOf("mallory")).opens(back)).status, 403)
      assert.strictEqual(yield* app.count("completeResourceTokenAuth"), 0)
      assert.strictEqual((yield* browser.opens(back)).status, 200)
      const token = yield* Effect.promise(() =>
        runWithContext({ workload: app.as("alice") }, () => app.resume(session))
      )
      assert.strictEqual(subjectOf(token), "alice")
    }).pipe(Effect.provide(LocalWorld.layer)))
})

describe("a consent", () => {
  it.live("ends the wait at once when the browser comes back with the user's denial", () =>
    Effect.gen(function*() {
      const app = yield* application(callbacks.node)
      const { link, token } = yield* shown((onAuthUrl) =>
        runWithContext({ workload: app.as("alice") }, app.tokenOf(onAuthUrl))
      )
      const sessionUri = new URL(link).searchParams.get("request_uri") ?? assert.fail(link)
      const browser = yield* app.browserOf("alice")
      const page = yield* browser.opens(
        `${app.url}/consent?session_id=${encodeURIComponent(sessionUri)}&error=access_denied&state=${yield* app.state}`
      )
      assert.include(page.text, "You did not allow access")
      assert.strictEqual(failedOf(yield* rejectionOf(token)).reason, "Denied")
      assert.strictEqual(yield* app.count("completeResourceTokenAuth"), 0)
    }).pipe(Effect.timeout("10 seconds"), Effect.provide(LocalWorld.layer)))

  it.live("continues in another process", () =>
    Effect.gen(function*() {
      const app = yield* application(callbacks.fetch)
      const { back, browser, error, session } = yield* consented(app)
      const json = encodeSession(session)
      assert.include(json, reveal(session.sessionUri))
      const secret = reveal(session.sessionUri).split(":").at(-1) ?? ""
      assertSecretFree(faces(error), [secret])
      assert.strictEqual((yield* browser.opens(back)).status, 200)
      const other = yield* functions()
      const alice = other.workload({ name: "agent", user: { userId: "alice" } })
      const token = yield* Effect.promise(() => runWithContext({ workload: alice }, () => other.resume(json)))
      assert.strictEqual(subjectOf(token), "alice")
      const workloadIdentityToken = yield* Effect.promise(alice.getToken)
      assert.strictEqual(yield* Effect.promise(() => other.resume(session, { workloadIdentityToken })), token)

      for (
        const damaged of [json.slice(0, -9), JSON.stringify({ ...JSON.parse(json), expiresAt: "a-secret-json" }), ""]
      ) {
        const error = yield* rejectionOf(runWithContext({ workload: alice }, () => other.resume(damaged)))
        assert.strictEqual(tagOf(error), "ValidationException")
        assert.match(
          String(error),
          /The consent session is damaged: Expected (a valid JSON string|.*\n  at \["expiresAt"\])$/
        )
        assertSecretFree(faces(error), [secret, "a-secret-json"])
      }
    }).pipe(Effect.provide(LocalWorld.layer)))

  it.live("ends the wait at once when the application completes it", () =>
    Effect.gen(function*() {
      const app: Effect.Success<ReturnType<typeof application>> = yield* application(
        ({ completeAuthorization }) => async (request, response) => {
          const sessionUri = new URLSearchParams(request.url?.split("?")[1]).get("session_id") ?? ""
          await completeAuthorization({ sessionUri, user: { userId: "alice" } })
          response.end("done")
        }
      )
      const { link, token } = yield* shown((onAuthUrl) =>
        runWithContext({ workload: app.as("alice") }, app.tokenOf(onAuthUrl))
      )
      assert.strictEqual((yield* consentIn(yield* app.browserOf("alice"), "alice", link)).text, "done")
      assert.strictEqual(subjectOf(yield* Effect.promise(() => token)), "alice")
      assert.strictEqual(yield* app.count("getResourceOauth2Token"), 2)
      const unknown = app.completeAuthorization({
        sessionUri: "urn:ietf:params:oauth:request_uri:unknown",
        user: { userId: "alice" }
      })
      assert.isTrue(isIdentityError(yield* rejectionOf(unknown)))
    }).pipe(Effect.provide(LocalWorld.layer)))

  it.live("belongs to the user of the request, if the request has the token", () =>
    Effect.gen(function*() {
      const app = yield* application(callbacks.node)
      const workloadAccessToken = yield* Effect.promise(app.as("alice").getToken)
      const context = { workloadAccessToken, user: { userId: "alice" }, workload: app.as("mallory") }
      const { link, token } = yield* shown((onAuthUrl) => runWithContext(context, app.tokenOf(onAuthUrl)))
      assert.strictEqual((yield* consentIn(yield* app.browserOf("alice"), "alice", link)).status, 200)
      assert.strictEqual(subjectOf(yield* Effect.promise(() => token)), "alice")

      // The user of a given token is unknown.
      const { link: other } = yield* shown((onAuthUrl) =>
        runWithContext(
          { workloadAccessToken, workload: app.as("mallory") },
          app.withAccessToken({
            providerName: "calendar",
            scopes: LocalWorld.scopes,
            authFlow: "USER_FEDERATION",
            callbackUrl: `${app.url}/consent`,
            forceAuthentication: true,
            onAuthUrl
          })(async (token: string) => token)
        )
      )
      const page = yield* consentIn(yield* app.browserOf("mallory"), "alice", other)
      assert.include(page.text, "This link cannot be used")
    }).pipe(Effect.provide(LocalWorld.layer)))
})

describe("a poller of the program", () => {
  const config = (app: { readonly url: string }) => ({
    providerName: "calendar",
    scopes: LocalWorld.scopes,
    authFlow: "USER_FEDERATION" as const,
    callbackUrl: `${app.url}/consent`
  })

  it.live("asks when the program wants to, in the context of the call", () =>
    Effect.gen(function*() {
      // The page completes nothing that is known here, so only the poller can end the wait.
      const app = yield* application(() => (_, response) => response.end())
      const seen: Array<unknown> = []
      let isBack = () => {}
      const userIsBack = new Promise<void>((resolve) => isBack = resolve)
      const { link, token } = yield* shown((onAuthUrl) =>
        runWithContext(
          { workload: app.as("alice"), requestId: "1" },
          app.withAccessToken({
            ...config(app),
            onAuthUrl,
            poll: async ({ poll, session, signal }) => {
              seen.push(await poll(), session.provider, signal.aborted, PromiseIdentity.getContext()?.requestId)
              signal.addEventListener("abort", () => seen.push("aborted"))
              await userIsBack
              return await poll() ?? assert.fail("no token")
            }
          })(async (token: string) => token)
        )
      )
      const page = yield* consentIn(yield* app.browserOf("alice"), "alice", link)
      yield* Effect.promise(() =>
        app.completeAuthorization({
          sessionUri: new URL(Redacted.value(page.url)).searchParams.get("session_id") ?? "",
          user: { userId: "alice" }
        })
      )
      isBack()
      assert.strictEqual(subjectOf(yield* Effect.promise(() => token)), "alice")
      assert.deepStrictEqual(seen.slice(0, 4), [undefined, "calendar", false, "1"])
      assert.deepStrictEqual(seen.slice(4), ["aborted"])
      assert.isAtMost(yield* app.count("getResourceOauth2Token"), 4)
    }).pipe(Effect.provide(LocalWorld.layer)))

  it.live("ends the call with its error, and resumes a session", () =>
    Effect.gen(function*() {
      const app = yield* application(() => (_, response) => response.end())
      const call = (poll: PromiseIdentity.OAuth2WrapperConfig["poll"]) =>
        runWithContext(
          { workload: app.as("alice") },
          app.withAccessToken({ ...config(app), onAuthUrl: () => {}, poll })(async (token: string) => token)
        )
      const enough = new Error("enough")
      assert.strictEqual(yield* rejectionOf(call(() => Promise.reject(enough))), enough)
      const wrong = yield* rejectionOf(call(async () => undefined as never))
      assert.include(String(wrong), "'poll' failed to satisfy constraint: Member must return the token")
      // A denial is the error of the program's own poll.
      const denied = yield* shown((onAuthUrl) =>
        runWithContext(
          { workload: app.as("alice") },
          app.withAccessToken({
            ...config(app),
            onAuthUrl,
            poll: async ({ poll }) => {
              for (;;) {
                const token = await poll()
                if (token !== undefined) return token
              }
            }
          })(async (token: string) => token)
        )
      )
      yield* consentIn(yield* app.browserOf("alice"), "alice", denied.link, "deny")
      assert.strictEqual(failedOf(yield* rejectionOf(denied.token))._tag, "AuthorizationFailed")

      const { session } = yield* consented(app)
      const resumed = runWithContext({ workload: app.as("alice") }, () =>
        app.resume(session, { onAuthUrl: () => {}, poll: async () => "from the poller" }))
      assert.strictEqual(
        yield* Effect.promise(() =>
          resumed
        ),
        "from the poller"
      )
    }).pipe(Effect.provide(LocalWorld.layer)))
})

describe("a page of the application", () => {
  it.live("responds with the Fetch API, and never leaks the session in the Referer", () =>
    Effect.gen(function*() {
      const outcomes: Array<{ readonly _tag: string }> = []
      const app = yield* application(({ fetchConsentCallback }) =>
        overFetch(fetchConsentCallback({
          currentUser: (request) => userOf(request.headers.get("cookie")),
          respond: (outcome, request) => {
            outcomes.push(outcome)
            return outcome._tag === "NotSignedIn"
              ? Response.redirect(new URL("/sign-in", request.url))
              : new Response(outcome._tag, { status: 202, headers: { "referrer-policy": "same-origin" } })
          }
        }))
      )
      const { back, browser } = yield* consented(app)
      const redirect = yield* Effect.promise(() => fetch(Redacted.value(back), { redirect: "manual" }))
      assert.strictEqual(redirect.status, 302)
      assert.strictEqual(redirect.headers.get("location"), `${app.url}/sign-in`)
      assert.strictEqual(redirect.headers.get("referrer-policy"), "no-referrer")
      const page = yield* browser.opens(back)
      assert.deepStrictEqual([page.status, page.text], [202, "Completed"])
      assert.deepStrictEqual(outcomes, [{ _tag: "NotSignedIn" }, { _tag: "Completed" }])
    }).pipe(Effect.provide(LocalWorld.layer)))

  it.live("responds through its framework, with its types", () =>
    Effect.gen(function*() {
      interface Framework extends IncomingMessage {
        user?: string
      }
      const app = yield* application(({ nodeConsentCallback }) => {
        const page = nodeConsentCallback({
          currentUser: (request: Framework) => request.user === undefined ? undefined : { userId: request.user },
          respond: ({ _tag }, request) => new Response(`${request.user} ${_tag}`, { status: 202 })
        })
        return (request, response) => page(Object.assign(request, { user: "alice" }), response)
      })
      const { back, browser } = yield* consented(app)
      const page = yield* browser.opens(back)
      assert.deepStrictEqual([page.status, page.text], [202, "alice Completed"])
      const again = yield* Effect.promise(() => fetch(Redacted.value(back)))
      assert.strictEqual(again.headers.get("referrer-policy"), "no-referrer")
    }).pipe(Effect.provide(LocalWorld.layer)))

  it.live("completes nothing when the sign-in fails or returns no user", () =>
    Effect.gen(function*() {
      const secret = "a-cookie-of-the-user"
      const failing = (): never => {
        throw new Error(secret)
      }
      // A program in plain JavaScript can pass anything.
      const nonsense = (() => ({ id: secret })) as unknown as () => PromiseIdentity.User
      let page: Listener = (_, response) => response.end()
      const app = yield* application((functions) => {
        page = callbacks.node(functions)
        return (request, response) => page(request, response)
      })
      const { back, browser } = yield* consented(app)
      const proper = page
      for (const currentUser of [failing, nonsense]) {
        page = app.nodeConsentCallback({ currentUser })
        assert.strictEqual((yield* browser.opens(back)).status, 500)
        const errors: Array<unknown> = []
        const passing = app.nodeConsentCallback({ currentUser })
        page = (request, response) =>
          passing(request, response, (error) => {
            errors.push(error)
            response.writeHead(503).end()
          })
        assert.strictEqual((yield* browser.opens(back)).status, 503)
        assert.strictEqual(
          errors[0] instanceof Error && errors[0].name,
          currentUser === failing ? "Error" : "ValidationException"
        )
        const rejected = yield* rejectionOf(
          app.fetchConsentCallback({ currentUser })(new Request(Redacted.value(back)))
        )
        assert.instanceOf(rejected, Error)
        if (currentUser === nonsense) assertSecretFree(faces(rejected), [secret])
      }
      page = proper
      assert.strictEqual((yield* browser.opens(back)).status, 200)
    }).pipe(Effect.provide(LocalWorld.layer)))
})

describe("workload", () => {
  it.live("returns the token of the caller, and renews it", () =>
    Effect.gen(function*() {
      yield* LocalWorld.setUp()
      const { count, withApiKey, withWAT, workload } = yield* functions()
      const agent = workload({ name: "agent" })
      assert.strictEqual(yield* count("getWorkloadAccessToken"), 0)
      const [first, second] = yield* Effect.promise(() => Promise.all([agent.getToken(), agent.getToken()]))
      assert.strictEqual(first, second)
      assert.strictEqual(yield* count("getWorkloadAccessToken"), 1)
      yield* Effect.promise(() => agent.invalidate("another token"))
      assert.strictEqual(yield* Effect.promise(agent.getToken), first)
      yield* Effect.promise(() => agent.invalidate(first))
      const renewed = yield* Effect.promise(agent.getToken)
      assert.notStrictEqual(renewed, first)

      const wat = withWAT(async (token: string) => token)
      assert.strictEqual(yield* Effect.promise(() => runWithContext({ workload: agent }, wat)), renewed)
      // A token of the request takes precedence. An empty one is ignored.
      const of = (workloadAccessToken: string) => runWithContext({ workload: agent, workloadAccessToken }, wat)
      assert.strictEqual(yield* Effect.promise(() => of("of-the-request")), "of-the-request")
      assert.strictEqual(yield* Effect.promise(() => of("")), renewed)

      const key = withApiKey({ providerName: "weather" })(async (key: string) => key)
      const hasty = workload({ name: "agent", user: { userId: "alice" }, renewAfter: 0 })
      for (const _ of [1, 2]) {
        assert.strictEqual(
          yield* Effect.promise(() => runWithContext({ workload: hasty }, key)),
          "key-of-the-weather"
        )
      }
      assert.strictEqual(yield* count("getWorkloadAccessTokenForUserId"), 2)
    }).pipe(Effect.provide(LocalWorld.layer)))

  it.live("renews a token that the service rejects", () =>
    Effect.gen(function*() {
      yield* LocalWorld.setUp()
      const { withApiKey } = yield* functions()
      const tokens = ["rejected", yield* Effect.promise((yield* functions()).workload({ name: "agent" }).getToken)]
      const caller: PromiseIdentity.Workload = {
        name: "agent",
        user: undefined,
        getToken: async () => tokens[0] ?? "",
        invalidate: async (stale) => {
          if (tokens[0] === stale) tokens.shift()
        }
      }
      const key = withApiKey({ providerName: "weather" })(async (key: string) => key)
      assert.strictEqual(yield* Effect.promise(() => runWithContext({ workload: caller }, key)), "key-of-the-weather")
    }).pipe(Effect.provide(LocalWorld.layer)))

  it.live("throws what is wrong, without the JWT", () =>
    Effect.gen(function*() {
      yield* LocalWorld.setUp()
      const { withApiKey, workload } = yield* functions()
      const unknown = workload({ name: "nowhere" })
      assert.strictEqual(tagOf(yield* rejectionOf(unknown.getToken())), "AccessDeniedException")
      const key = withApiKey({ providerName: "weather" })(async (key: string) => key)
      const call = runWithContext({ workload: unknown }, key)
      assert.strictEqual(tagOf(yield* rejectionOf(call)), "AccessDeniedException")

      const userToken = "header.of-the-secret-jwt.signature"
      for (const user of [{ userToken }, { userToken: Redacted.make(userToken) }]) {
        assertSecretFree([inspect(workload({ name: "agent", user }), { depth: 9 })], [userToken])
      }
      for (
        const user of [{ userId: "" }, { userToken: "not a JSON web token" }, {}, "alice", {
          userId: "alice",
          userToken
        }]
      ) {
        // A program in plain JavaScript can pass anything.
        const make = async () => workload({ name: "agent", user: user as PromiseIdentity.User })
        const error = yield* rejectionOf(make())
        assert.strictEqual(tagOf(error), "ValidationException")
        assertSecretFree(faces(error), [userToken, "not a JSON web token"])
      }
    }).pipe(Effect.provide(LocalWorld.layer)))
})
