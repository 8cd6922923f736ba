import { assert, describe, it } from "@effect/vitest"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import { isIdentityError } from "effect-agentcore-identity/IdentityError"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Connect from "effect-agentcore-identity/promise/Connect"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import { AsyncLocalStorage } from "node:async_hooks"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { type IncomingMessage, request as send, type ServerResponse } from "node:http"
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import * as World from "../support/connectWorld.js"
import * as Folder from "../support/folder.js"
import * as Recorder from "../support/recorder.js"
import * as Server from "../support/server.js"
import { scripted } from "../support/utils.js"
import * as App from "./connectWorld.js"
import { environment as setEnvironment, rejectionOf, tagOf } from "./world.js"

const { getContext, runWithContext } = PromiseIdentity
const { connect: consent, json, press, request } = World

const promised = <A>(f: () => Promise<A>) => Effect.promise(f)

describe("a call of an agent", () => {
  it.live("shows the link in its own context, and continues when the user has connected", () =>
    App.inApplication(function*({ as, connect, url }) {
      const shown = yield* Deferred.make<readonly [link: string, user: unknown]>()
      const agenda = connect.withAccessToken("calendar", {
        onLink: (link) => {
          Deferred.doneUnsafe(shown, Effect.succeed([link, getContext()?.workload?.user]))
        }
      })(async (day: string, token: string) => `${day}: ${token.length > 0}`)
      let isDone = false
      const call = runWithContext(as("alice"), () => agenda("today"))
      void call.finally(() => isDone = true)
      const [link, user] = yield* Deferred.await(shown)
      assert.deepStrictEqual(user, { userId: "alice" })
      assert.strictEqual(link, `${url}/connect/calendar`)
      // The link was forwarded: Bob connects his own account.
      assert.include((yield* consent(link, { cookie: "user=bob" })).text, "Consent given")
      assert.isFalse(isDone)
      assert.include((yield* consent(link)).text, "Consent given")
      assert.strictEqual(yield* promised(() => call), "today: true")
      // The next call finds the token.
      assert.strictEqual(
        yield* promised(() => runWithContext(as("alice"), () => agenda("tomorrow"))),
        "tomorrow: true"
      )
    }))

  it.live("accepts the configuration itself, and credentials of other flows", () =>
    App.inApplication(function*({ as, connect }) {
      yield* consent("/connect/calendar")
      const token = async (token: string) => token
      const byConfig = connect.withAccessToken(App.credentials.calendar)(token)
      const byName = connect.withAccessToken("calendar")(token)
      const [one, other] = yield* promised(() => runWithContext(as("alice"), () => Promise.all([byConfig(), byName()])))
      assert.strictEqual(one, other)
      const reports = connect.withAccessToken({
        providerName: "calendar",
        scopes: ["calendar:read"],
        authFlow: "M2M"
      })
      assert.notStrictEqual(yield* promised(() => runWithContext(as("alice"), reports(token))), "")
    }))

  it.live("rejects when the user has to consent and no link is shown, with the session of a link", () =>
    App.inApplication(function*({ as, connect, url }) {
      const call = connect.withAccessToken("calendar")(async (token: string) => token)
      const error = yield* rejectionOf(runWithContext(as("alice"), call))
      assert(isIdentityError(error) && error._tag === "RequiresUserConsent")
      assert.strictEqual(
        yield* promised(() => connect.link(error.session, { continue: "/chat/1" })),
        `${url}/connect/calendar?continue=${encodeURIComponent(`${url}/chat/1`)}`
      )
      assert.strictEqual(yield* promised(() => connect.link(App.credentials.mail)), `${url}/connect/mail`)
      const evil = yield* rejectionOf(connect.link("mail", { continue: "https://evil.example" }))
      assert.strictEqual(tagOf(evil), "ValidationException")
      const unknown = { providerName: "other", scopes: [], authFlow: "USER_FEDERATION" as const }
      assert.strictEqual(tagOf(yield* rejectionOf(connect.link(unknown))), "ValidationException")
      assert.throws(() => connect.withAccessToken("calender" as "calendar"), /one of the credentials of Connect/)
      assert.strictEqual(tagOf(yield* rejectionOf(connect.link(undefined as never))), "ValidationException")
      assert.strictEqual(tagOf(yield* rejectionOf(connect.status(undefined as never))), "ValidationException")
    }))

  it.live("needs to know the user, and ends with the error of onLink, or when its time is over", () =>
    App.inApplication(function*({ as, connect }) {
      const failing = connect.withAccessToken("calendar", {
        onLink: () => Promise.reject(new Error("the chat is closed"))
      })(async (token: string) => token)
      const { getToken } = as("alice").workload
      const workloadAccessToken = yield* promised(getToken)
      const nobody = yield* rejectionOf(runWithContext({ workloadAccessToken }, failing))
      assert.match(String(nobody), /inside of runWithContext, with the property user/)
      const alice = { workloadAccessToken, user: { userId: "alice" } }
      assert.match(String(yield* rejectionOf(runWithContext(alice, failing))), /the chat is closed/)
      const late = connect.withAccessToken("calendar", { onLink: () => {}, wait: "100 millis" })
      const error = yield* rejectionOf(runWithContext(alice, late(async (token: string) => token)))
      assert.strictEqual(tagOf(error), "AuthorizationTimedOut")
    }))
})

describe("a token that the user has revoked at the vendor", () => {
  const scenario = Effect.fnUntraced(function*({ connect, url }: Effect.Success<ReturnType<typeof App.application>>) {
    const authorizationServer = yield* AuthorizationServer.AuthorizationServer
    const revoked = new Set<string | undefined>()
    const seen: Array<string | undefined> = []
    const api = yield* Server.serve(({ headers }, response) => {
      seen.push(headers.authorization)
      response.writeHead(revoked.has(headers.authorization) ? 401 : 200).end("lunch")
    })
    const agendaWith = (options?: Parameters<typeof connect.withAccessToken>[1]) => {
      const agenda = connect.withAccessToken("calendar", options)(async (token: string) => {
        const response = await fetch(api, { headers: { authorization: `Bearer ${token}` } })
        if (!response.ok) throw response
        return response.text()
      })
      return (userId = "alice") => connect.runAs({ userId }, agenda)
    }
    return {
      agendaWith,
      connect,
      stateOf: (userId: string) =>
        Effect.map(promised(() => connect.status({ userId })), ([calendar]) => calendar?.state),
      link: `${url}/connect/calendar`,
      /** The authorization server revokes the grant, and the API knows it. AgentCore keeps its access token. */
      revoke: (userName: string) =>
        Effect.map(authorizationServer.revoke({ userName }), () => revoked.add(seen.at(-1))),
      seen
    }
  })

  const inScenario = <A, E, R>(
    run: (world: Effect.Success<ReturnType<typeof scenario>>) => Generator<Effect.Effect<unknown, E, R>, A, never>
  ) =>
    App.inApplication(function*(app) {
      return yield* Effect.flatMap(scenario(app), (all) => Effect.gen(() => run(all)))
    })

  const rejected = (error: unknown) => error instanceof Response && error.status === 401

  it.live("reaches the program, or asks the user again with reauthenticate", () =>
    inScenario(function*({ agendaWith, connect, stateOf, link, revoke, seen }) {
      const agenda = agendaWith({ rejected, reauthenticate: true })
      yield* consent(link, { cookie: "user=bob", account: "bob" })
      yield* consent(link, { account: "alice" })
      assert.strictEqual(yield* promised(() => agenda("bob")), "lunch")
      assert.strictEqual(yield* promised(agenda), "lunch")
      yield* revoke("alice")
      for (const options of [undefined, { rejected }]) {
        assert.propertyVal(yield* rejectionOf(agendaWith(options)()), "status", 401)
      }
      // Her connection is lost, and a second call does not ask AgentCore to drop a token again.
      for (const _ of [1, 2]) {
        const error = yield* rejectionOf(agenda())
        assert(isIdentityError(error) && error._tag === "RequiresUserConsent")
        assert.strictEqual(yield* promised(() => connect.link(error.session)), link)
      }
      assert.deepStrictEqual([yield* stateOf("alice"), yield* stateOf("bob")], ["NotGranted", "Granted"])
      assert.include((yield* consent(link, { account: "alice" })).text, "Consent given")
      assert.strictEqual(yield* promised(agenda), "lunch")
      assert.strictEqual(yield* promised(() => agendaWith()()), "lunch")
      const [first] = seen
      assert.strictEqual(yield* promised(() => agenda("bob")), "lunch")
      assert.strictEqual(seen.at(-1), first)
    }))

  it.live("shows the link of Connect, and continues the call with the new token", () =>
    inScenario(function*({ agendaWith, link, revoke, seen }) {
      yield* consent(link, { account: "alice" })
      const shown = yield* Queue.make<readonly [link: string, user: unknown]>()
      const onLink = (link: string) => {
        Queue.offerUnsafe(shown, [link, getContext()?.workload?.user])
      }
      const agenda = agendaWith({ rejected, reauthenticate: true, onLink })
      assert.strictEqual(yield* promised(agenda), "lunch")
      yield* revoke("alice")
      seen.length = 0
      const call = yield* Effect.forkChild(promised(agenda))
      assert.deepStrictEqual(yield* Queue.take(shown), [link, { userId: "alice" }])
      assert.include((yield* consent(link, { account: "alice" })).text, "Consent given")
      assert.strictEqual(yield* Fiber.join(call), "lunch")
      assert.lengthOf(seen, 2)
      assert.notStrictEqual(seen[0], seen[1])
      assert.strictEqual(yield* Queue.size(shown), 0)
    }))
})

describe("runAs", () => {
  /** The calls of AgentCore of three requests of Alice, who is connected. */
  const callsOfThreeRequests = (
    layer: Layer.Layer<DataPlane.DataPlane, never, DataPlane.DataPlane>,
    run: (app: Effect.Success<ReturnType<typeof App.application>>, f: () => Promise<number>) => Promise<number>
  ) =>
    Effect.gen(function*() {
      const calls: Array<string> = []
      const counted = DataPlane.decorate((operation, call) =>
        Effect.andThen(Effect.sync(() => calls.push(operation)), call)
      )
      return yield* Effect.gen(function*() {
        const app = yield* App.application()
        const readCalendar = app.connect.withAccessToken("calendar")(async (token: string) => token.length)
        yield* Effect.provideService(consent("/connect/calendar"), HttpServer.HttpServer, app.service)
        yield* promised(() => run(app, readCalendar))
        calls.length = 0
        for (const _ of [1, 2, 3]) assert.isAbove(yield* promised(() => run(app, readCalendar)), 0)
        return calls.sort()
      }).pipe(Effect.provide(layer), Effect.provide(counted))
    }).pipe(Effect.provide(World.servers))

  const callerCalls = (count: number) => Array<string>(count).fill("getWorkloadAccessTokenForUserId")
  const tokenCalls = (count: number) => Array<string>(count).fill("getResourceOauth2Token")
  const uncached = Layer.effect(DataPlane.DataPlane, DataPlane.DataPlane)
  const cached = CredentialCache.layer()

  it.live("keeps a caller for each user, so that a request needs one call of AWS instead of two, or none with a cache", () =>
    Effect.gen(function*() {
      const newCaller: Parameters<typeof callsOfThreeRequests>[1] = ({ as }, f) => runWithContext(as("alice"), f)
      const sameCaller: typeof newCaller = ({ connect }, f) => connect.runAs({ userId: "alice" }, f)
      assert.deepStrictEqual(yield* callsOfThreeRequests(uncached, newCaller), [...tokenCalls(3), ...callerCalls(3)])
      // A cache does not know that two callers are one user.
      assert.deepStrictEqual(yield* callsOfThreeRequests(cached, newCaller), [...tokenCalls(3), ...callerCalls(3)])
      assert.deepStrictEqual(yield* callsOfThreeRequests(uncached, sameCaller), tokenCalls(3))
      assert.deepStrictEqual(yield* callsOfThreeRequests(cached, sameCaller), [])
    }))

  it.live("gives no user the token of another one", () =>
    App.inApplication(function*({ connect }) {
      const withWat = connect.withWAT(async (wat: string) => wat)
      const watOf = (user: unknown) => promised(() => connect.runAs(user as PromiseIdentity.User, withWat))
      const [alice, again, bob] = yield* Effect.all(
        [{ userId: "alice" }, { userId: "alice" }, { userId: "bob" }].map(watOf)
      )
      assert.strictEqual(alice, again)
      assert.notStrictEqual(alice, bob)
      // The caller of the request around it is another one.
      const context = { workloadAccessToken: "token-of-bob", user: { userId: "bob" } }
      assert.strictEqual(
        yield* promised(() => runWithContext(context, () => connect.runAs({ userId: "alice" }, withWat))),
        alice
      )
      assert.deepStrictEqual(connect.runAs({ userId: "alice" }, () => getContext()?.workload?.user), {
        userId: "alice"
      })
      for (const user of [undefined, {}, { userId: 7 }]) {
        const error = yield* rejectionOf(connect.runAs(user as PromiseIdentity.User, withWat))
        assert.strictEqual(tagOf(error), "ValidationException")
      }
      // `7` is not a user, and has left nothing for "7".
      assert.notStrictEqual(yield* watOf({ userId: "7" }), "")
    }))
})

describe("ready, with checkSetup", () => {
  it.live("finds a mistake at AWS, and says what to do", () =>
    App.inApplication(function*({ connect, url }) {
      yield* promised(() => connect.ready())
      const start = (options: Partial<Connect.Options<string, IncomingMessage>> = {}) => {
        const { calendar } = App.credentials
        const { currentUser } = App
        const all = { origin: url, workload: World.workload, credentials: { calendar }, currentUser }
        const connect = Connect.make({ path: "/connect", ...all, checkSetup: true, ...options })
        return connect.ready().finally(connect.dispose)
      }
      yield* Effect.scoped(Effect.gen(function*() {
        const { environment } = yield* LocalIdentity.LocalServer
        yield* setEnvironment(environment)
        // Without a runtime, the control plane is that of the environment.
        yield* promised(start)
        // The control plane has the credentials that the SDK finds for the data plane, such as those of a profile.
        const file = join(yield* Folder.temporary, "credentials")
        const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key } = environment
        writeFileSync(file, `[agent]\naws_access_key_id = ${id}\naws_secret_access_key = ${key}\n`)
        yield* setEnvironment({
          AWS_ACCESS_KEY_ID: undefined,
          AWS_SECRET_ACCESS_KEY: undefined,
          AWS_PROFILE: "agent",
          AWS_SHARED_CREDENTIALS_FILE: file
        })
        yield* promised(start)
        const files = { providerName: "files", scopes: [], authFlow: "USER_FEDERATION" as const }
        const error = yield* rejectionOf(start({ path: "/other", credentials: { files } }))
        assert.deepStrictEqual(String(error).split("\n"), [
          `ValidationException: files: the return URL '${url}/other/return' is not registered on the workload identity `
          + `'${World.workload}'. Register it, in code with WorkloadIdentity.ensure or in the setup file as one of `
          + "allowedResourceOauth2ReturnUrls",
          "files: there is no OAuth2 credential provider 'files'. Create it, in code with "
          + "CredentialProvider.ensure or from a file with `npx agentcore-identity setup apply`, or correct the name"
        ])
      }))
    }, { checkSetup: true }))
})

describe("a user's connections", () => {
  it.live("are data, and consentAll asks for all that are missing", () =>
    App.inApplication(function*({ connect, url }) {
      const states = Effect.map(
        promised(() => connect.status({ userId: "alice" })),
        (all) => all.map(({ link, name, state }) => [name, state, link])
      )
      const expected = (calendar: string, mail: string) => [
        ["calendar", calendar, `${url}/connect/calendar`],
        ["mail", mail, `${url}/connect/mail`]
      ]
      assert.deepStrictEqual(yield* states, expected("NotGranted", "NotGranted"))
      yield* consent("/connect/mail")
      assert.deepStrictEqual(yield* states, expected("NotGranted", "Granted"))
      const runPromise = Effect.runPromiseWith(yield* Effect.context<Effect.Services<ReturnType<typeof consent>>>())
      const links: Array<string> = []
      const missing = yield* rejectionOf(connect.consentAll({ userId: "alice" }))
      assert.strictEqual(tagOf(missing), "RequiresUserConsent")
      yield* promised(() =>
        connect.consentAll({ userId: "alice" }, {
          onLink: async (link) => {
            links.push(link)
            await runPromise(consent(link))
          }
        })
      )
      assert.deepStrictEqual(links, [`${url}/connect/calendar`])
      assert.deepStrictEqual(yield* states, expected("Granted", "Granted"))
      const jwt = yield* rejectionOf(connect.status({ userToken: "a.b.c" }))
      assert.strictEqual(tagOf(jwt), "OtherUserKind")
      const noUser = yield* rejectionOf(connect.status({} as PromiseIdentity.User))
      assert.strictEqual(tagOf(noUser), "ValidationException")
    }))

  it.live("are events, until the pages are disposed of", () =>
    App.inApplication(function*({ connect }) {
      const events: Array<readonly [tag: string, isDate: boolean]> = []
      const first = yield* Deferred.make<void>()
      const reading = (async () => {
        for await (const { _tag, at } of connect.events()) {
          events.push([_tag, at instanceof Date])
          Deferred.doneUnsafe(first, Effect.void)
        }
      })()
      // The subscription begins at the first `next`.
      yield* promised(() => connect.link("calendar"))
      yield* press("/connect/calendar", "connect")
      yield* Deferred.await(first)
      yield* promised(connect.dispose)
      yield* promised(() => reading)
      assert.deepStrictEqual(events, [["Opened", true]])
      // The next use builds them again.
      assert.strictEqual((yield* request("/connect/calendar")).status, 200)
    }))

  it.live("end for thousands of readers when the pages are disposed of, and also for one that had left", () =>
    App.inApplication(function*({ connect }) {
      const readers = Array.from({ length: 2000 }, () => connect.events()[Symbol.asyncIterator]())
      const waiting = readers.map((reader) => reader.next())
      yield* promised(() => connect.link("calendar"))
      const [first] = readers
      // One that leaves does not end the others, or the pages.
      yield* promised(async () => first?.return?.())
      assert.strictEqual((yield* request("/connect/calendar")).status, 200)
      yield* promised(connect.dispose)
      for (const { done } of yield* promised(() => Promise.all(waiting))) assert.isTrue(done)
      for (const { done } of yield* promised(() => Promise.all(readers.map((reader) => reader.next())))) {
        assert.isTrue(done)
      }
    }))

  it.live("end for a reader that starts before, during or after the start of the end", () =>
    App.inApplication(function*({ connect }) {
      for (const isUsed of [false, true]) {
        for (const steps of [0, 1, 2, 3]) {
          const ended = yield* promised(async () => {
            if (isUsed) await connect.ready()
            const first = connect.events()[Symbol.asyncIterator]().next()
            const disposed = connect.dispose()
            for (let step = 0; step < steps; step++) await Promise.resolve()
            const second = connect.events()[Symbol.asyncIterator]().next()
            await disposed
            return Promise.all([first, second])
          })
          assert.deepStrictEqual(ended.map(({ done }) => done), [true, true])
        }
      }
      // A dispose that has nothing to end.
      const ended = yield* promised(async () => {
        const disposed = connect.dispose()
        const reader = connect.events()[Symbol.asyncIterator]().next()
        await disposed
        return reader
      })
      assert.isTrue(ended.done)
    }))

  it.live("wait for a request at their end, but no longer than the limit", () =>
    Effect.gen(function*() {
      const arrived = yield* Deferred.make<void>()
      const gate = yield* Deferred.make<void>()
      yield* App.inApplication(function*({ connect }) {
        const page = yield* Effect.forkChild(request("/connect"))
        yield* Deferred.await(arrived)
        // Both end when the first one does.
        yield* promised(() => Promise.all([connect.dispose(), connect.dispose()]))
        yield* Deferred.succeed(gate, undefined)
        assert.strictEqual((yield* Fiber.join(page)).status, 200)
      }, {
        currentUser: async () => {
          Deferred.doneUnsafe(arrived, Effect.void)
          await Effect.runPromise(Deferred.await(gate))
          return { userId: "alice" }
        },
        gracefulShutdownTimeout: "50 millis"
      })
    }))

  it.live("serve the requests that came before they were built, although dispose is called at once", () =>
    App.inApplication(function*({ connect }) {
      const link = connect.link("calendar")
      const disposed = connect.dispose()
      assert.match(yield* promised(() => link), /\/connect\/calendar$/)
      yield* promised(() => disposed)
    }))

  it.live("look as the application wants, in the language of the browser", () =>
    App.inApplication(function*() {
      const page = yield* request("/connect/calendar", { headers: { "accept-language": "de-CH" } })
      for (const text of ["Acme", "Google Kalender verbinden", "Ms. alice"]) assert.include(page.text, text)
      assert.strictEqual((yield* request("/connect/mail")).text, "our page for mail")
      const away = yield* request("/connect", { cookie: "" })
      assert.strictEqual(away.status, 303)
      assert.strictEqual(away.headers.get("location"), "/sign-in?from=%2Fconnect")
      assert.deepStrictEqual(away.headers.getSetCookie(), ["one=1", "two=2"])
      assert.strictEqual(away.headers.get("cache-control"), "no-store")
    }, {
      appearance: {
        name: "Acme",
        credentials: { calendar: { label: { en: "Google Calendar", de: "Google Kalender" } } }
      },
      describeUser: async ({ userId }) => `Ms. ${userId}`,
      connectedSince: async () => undefined,
      respond: (view, { url = "" }) => {
        if (view._tag === "Link" && view.connection.name === "mail") return new Response("our page for mail")
        if (view._tag !== "Rejected" || view.reason !== "NotSignedIn") return undefined
        const location = `/sign-in?from=${encodeURIComponent(url)}`
        const response = new Response(null, { status: 303, headers: { location } })
        for (const cookie of ["one=1", "two=2"]) response.headers.append("set-cookie", cookie)
        return response
      }
    }))

  it.live("are those of the user in the asynchronous context of the request", () =>
    Effect.gen(function*() {
      const requests = new AsyncLocalStorage<string>()
      // As `cookies()` of Next.js, which has no parameter.
      const currentUser = async () => {
        await new Promise((resolve) => setImmediate(resolve))
        return { userId: requests.getStore() ?? "nobody" }
      }
      yield* App.inApplication(function*({ connect, use }) {
        use((request, response) => requests.run(request.headers.cookie ?? "", () => connect.node(request, response)))
        const users = Array.from({ length: 8 }, (_, index) => `user-${index}`)
        const pages = yield* Effect.forEach(
          users,
          (cookie) => request("/connect", { cookie, headers: json }),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(pages.map(({ text }) => JSON.parse(text).user), users)
      }, { currentUser })
    }))

  it.live("are shown by onLink in the asynchronous context of each call", () =>
    App.inApplication(function*({ as, connect }) {
      const callers = new AsyncLocalStorage<string>()
      const users = Array.from({ length: 8 }, (_, index) => `user-${index}`)
      const seen = yield* promised(() =>
        Promise.all(users.map((user) =>
          callers.run(user, async () => {
            const shown: Array<unknown> = []
            const call = connect.withAccessToken("calendar", {
              onLink: async () => {
                await new Promise((resolve) => setImmediate(resolve))
                shown.push(callers.getStore(), getContext()?.workload?.user)
                throw new Error("shown")
              }
            })
            await runWithContext(as(user), call(async (token: string) => token)).catch(() => {})
            return shown
          })
        ))
      )
      assert.deepStrictEqual(seen, users.map((userId) => [userId, { userId }]))
    }))

  it.live("log no secret, and have no span with one", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* App.inApplication(function*({ as, connect }) {
        const page = yield* consent("/connect/calendar")
        const call = connect.withAccessToken("calendar")(async (token: string) => token)
        const token = yield* promised(() => runWithContext(as("alice"), call))
        const session = new URL(Redacted.value(page.url)).searchParams.get("session_id") ?? assert.fail(page.text)
        Recorder.assertSecretFree(yield* recorder.everything, [token, session.slice(-20)])
      }).pipe(Effect.provide(recorder.layer))
    }))
})

/** `fetch` does not send TRACE. */
const rawStatus = (url: string, method: string) =>
  new Promise<{ readonly status: number | undefined }>((resolve, reject) => {
    send(`${url}/connect/calendar`, { method }, (response) => resolve({ status: response.resume().statusCode }))
      .on("error", reject).end()
  })

describe("node, behind a framework", () => {
  const post = (token: string) => ({ action: "connect", token })

  const tokenOf = Effect.map(
    request("/connect/calendar"),
    ({ text }) => World.fieldsOf(text).token ?? assert.fail(text)
  )

  /** What body parsers leave behind. */
  const parsers: { readonly [name: string]: (body: Buffer) => unknown } = {
    "express.urlencoded": (body) => Object.fromEntries(new URLSearchParams(body.toString())),
    "express.raw": (body) => body,
    "express.text": (body) => body.toString()
  }

  it.live("is mounted at a path, and works after a middleware that reads bodies", () =>
    App.inApplication(function*({ connect, use }) {
      for (const parse of Object.values(parsers)) {
        use(async (request, response) => {
          const chunks: Array<Buffer> = []
          for await (const chunk of request) chunks.push(chunk)
          // As Express does for `app.use("/connect", …)`.
          const { url = "" } = request
          Object.assign(request, { originalUrl: url, url: url.slice("/connect".length) || "/" })
          if (request.method === "POST") Object.assign(request, { body: parse(Buffer.concat(chunks)) })
          await connect.node(request, response)
        })
        const body = post(yield* tokenOf)
        assert.include((yield* request("/connect/calendar", { body })).text, "http-equiv=\"refresh\"")
      }
    }))

  it.live("accepts parsed JSON, and a body that was not read although `body` is set", () =>
    App.inApplication(function*({ connect, url, use }) {
      let reads = true
      use(async (request, response) => {
        if (reads && request.method === "POST") {
          let text = ""
          for await (const chunk of request) text += String(chunk)
          Object.assign(request, { body: JSON.parse(text) })
        } else Object.assign(request, { body: {} })
        await connect.node(request, response)
      })
      const token = yield* tokenOf
      const sent = yield* promised(() =>
        fetch(`${url}/connect/calendar`, {
          method: "POST",
          headers: { ...json, "content-type": "application/json", cookie: "user=alice", origin: url },
          body: JSON.stringify(post(token))
        })
      )
      assert.strictEqual(sent.status, 200)
      assert.match((yield* promised(() => sent.json())).authorizationUrl, /request_uri=/)
      reads = false
      assert.strictEqual((yield* request("/connect/calendar", { body: post(token) })).status, 200)
    }))

  it.live("works over HTTP/2, and keeps the cookies of middlewares", () =>
    App.inApplication(function*({ connect }) {
      const server = yield* Effect.acquireRelease(
        Effect.sync(() =>
          // The compatibility classes of Node have what the pages use, but are of another type.
          createHttp2Server((request: unknown, response: unknown) => {
            const [incoming, outgoing] = [request as IncomingMessage, response as ServerResponse]
            outgoing.setHeader("set-cookie", "before=1")
            return connect.node(incoming, outgoing)
          }).listen(0, "127.0.0.1")
        ),
        (server) => promised(() => new Promise<void>((resolve) => server.close(() => resolve())))
      )
      yield* promised(async () => server.listening || once(server, "listening"))
      const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      const get = promised(async () => {
        const stream = client.request({ ":path": "/connect/mail", cookie: "user=alice" })
        const [headers] = await once(stream, "response")
        await once(stream.resume(), "close")
        return [headers[":status"], headers["set-cookie"]]
      })
      assert.deepStrictEqual(yield* Effect.ensuring(get, Effect.sync(() => client.close())), [
        200,
        ["before=1", "ours=1"]
      ])
    }, { respond: () => new Response("ours", { headers: { "set-cookie": "ours=1" } }) }))

  it.live("rejects a body that is gone, with a message that names the next step", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* App.inApplication(function*({ connect, use }) {
        const errors: Array<unknown> = []
        let hasNext = false
        use(async (request, response) => {
          request.resume()
          await new Promise((resolve) => request.once("end", resolve))
          const next = (error?: unknown) => {
            errors.push(error)
            response.writeHead(500).end()
          }
          await connect.node(request, response, hasNext ? next : undefined)
        })
        const send = request("/connect/calendar", { body: post("token") })
        assert.strictEqual((yield* send).status, 500)
        assert.match((yield* recorder.everything).join("\n"), /put the pages before the middleware that reads bodies/)
        hasNext = true
        yield* send
        assert.deepStrictEqual(errors.map(tagOf), ["BodyAlreadyRead"])
      }).pipe(Effect.provide(recorder.layer))
    }))

  it.live("leaves other requests to the framework, although a body is gone", () =>
    App.inApplication(function*({ connect, url, use }) {
      const nexts: Array<unknown> = []
      const parsed: { body?: unknown } = {}
      use(async (request, response) => {
        for await (const _ of request) { /* A middleware that keeps nothing. */ }
        Object.assign(request, parsed)
        await connect.node(request, response, (...error) => {
          nexts.push(error)
          response.writeHead(418).end()
        })
      })
      const post = (path: string, headers = {}) => request(`${url}${path}`, { body: { action: "connect" }, headers })
      yield* post("/webhook")
      assert.deepStrictEqual(nexts, [[]])
      // A list is not the form, as if the page had read it.
      parsed.body = [1]
      const list = yield* post("/connect/calendar", { "content-type": "application/json" })
      assert.strictEqual(list.status, 403)
    }))

  it.live("fetch rejects a body that is gone", () =>
    App.inApplication(function*({ connect, url }) {
      const post = async (path: string) => {
        const request = new Request(`${url}${path}`, { method: "POST", body: "action=connect" })
        await request.text()
        return connect.fetch(request as Request & IncomingMessage)
      }
      assert.strictEqual(tagOf(yield* rejectionOf(post("/connect/calendar"))), "BodyAlreadyRead")
      assert.strictEqual((yield* promised(() => post("/webhook"))).status, 404)
    }, { currentUser: () => ({ userId: "alice" }) }))

  it.live("leaves other paths to the framework, and reports the errors of the application", () =>
    App.inApplication(function*({ connect, url, use }) {
      const nexts: Array<unknown> = []
      for (const path of ["/", "/connections", "/connect/calendar/more", "//evil.example/connect", "/%zz"]) {
        assert.strictEqual((yield* request(`${url}${path}`)).status, 404)
      }
      use((request, response) =>
        connect.node(request, response, (...error) => {
          nexts.push(error)
          response.end("the framework")
        })
      )
      assert.strictEqual((yield* request("/other")).text, "the framework")
      assert.deepStrictEqual(nexts, [[]])
      for (const method of ["HEAD", "PUT", "TRACE"]) {
        const { status } = yield* promised(() =>
          method === "TRACE"
            ? rawStatus(url, method)
            : fetch(`${url}/connect/calendar`, { method, headers: { cookie: "user=alice" } })
        )
        assert.strictEqual(status, method === "HEAD" ? 405 : 200)
      }
      assert.deepStrictEqual(nexts, [[], [], []])
    }))

  it.live("responds when the pages cannot be built", () =>
    App.inApplication(function*({ connect, use }) {
      assert.strictEqual(yield* Effect.map(request("/connect"), ({ status }) => status), 500)
      const errors: Array<unknown> = []
      use((request, response) => connect.node(request, response, (error) => response.end(String(errors.push(error)))))
      yield* request("/connect")
      assert.deepStrictEqual(errors.map(tagOf), ["ValidationException"])
      assert.match(String(errors[0]), /'continueTo'/)
      assert.strictEqual(tagOf(yield* rejectionOf(connect.link("mail"))), "ValidationException")
    }, { continueTo: ["chat"] }))

  it.each<readonly [problem: RegExp, options: object]>([
    [/'describeUser' .* return a string/, { describeUser: () => ({ email: "alice@example.com" }) }],
    [/'describeUser' .* return a string/, { describeUser: async () => null }],
    [/'respond' .* return a Response or undefined/, { currentUser: () => undefined, respond: () => false }],
    [/'revokeAt.calendar' .* be a web address/, { revokeAt: { calendar: "javascript:alert(1)" } }],
    [/'gracefulShutdownTimout' .* did you mean 'gracefulShutdownTimeout'/, { gracefulShutdownTimout: 1 }],
    [/'pendingConsent' .* did you mean 'pendingConsents'/, { pendingConsent: {} }],
    [/'pages' .* known name, one of \[path, /, { pages: "/connect" }],
    [/'accounts' .* be an object/, { accounts: "google" }],
    [/'accounts.calender' .* the name of one of the credentials/, { accounts: { calender: {} } }],
    [/'accounts.calendar' .* be an object/, { accounts: { calendar: () => ({}) } }],
    [/'accounts.calendar.account' .* be a function/, { accounts: { calendar: { account: "sub" } } }],
    [/'accounts.calendar.account' .* be given with expect/, { accounts: { calendar: { expect: () => true } } }],
    [/'users' .* be 'userId' or 'jwt'/, { users: "email" }],
    [/'gracefulShutdownTimeout' failed/, { gracefulShutdownTimeout: "soon" }],
    [/^The formKey of Connect has to be 32 bytes/, { formKey: "c2hvcnQ=" }],
    [/'credentials' .* be an object/, { credentials: undefined }],
    [/'credentials.calendar' .* USER_FEDERATION/, { credentials: { calendar: null } }],
    [/'credentials.calendar' .* USER_FEDERATION/, { credentials: { calendar: { providerName: "calendar" } } }],
    [/'credentials.calendar' .* USER_FEDERATION/, {
      credentials: { calendar: { providerName: "calendar", scopes: [], authFlow: "M2M" } }
    }]
  ])("rejects with %s", async (problem, options) => {
    const respond = async () => {
      await using connect = Connect.make({
        path: "/connect",
        origin: "https://app.example.com",
        workload: World.workload,
        credentials: App.credentials,
        currentUser: () => ({ userId: "alice" }),
        runtime: await Effect.runPromise(Effect.scoped(Layer.build(Layer.provideMerge(Identity.layer, scripted({}))))),
        ...options
      })
      return connect.fetch(new Request("https://app.example.com/connect"))
    }
    const error = await respond().then(() => assert.fail("responds"), (error: unknown) => error)
    assert(isIdentityError(error) && error._tag === "ValidationException", String(error))
    assert.match(error.message, problem)
  })

  it.live("passes what currentUser throws, and a value that is no user", () =>
    Effect.gen(function*() {
      let user: () => unknown = () => assert.fail()
      yield* App.inApplication(function*({ connect, use }) {
        const errors: Array<unknown> = []
        use((request, response) =>
          connect.node(request, response, (error) => {
            errors.push(error)
            response.writeHead(500).end()
          })
        )
        const broken = new Error("no database")
        user = () => {
          throw broken
        }
        yield* request("/connect")
        user = () => ({ userId: "" })
        yield* request("/connect")
        assert.strictEqual(errors[0], broken)
        assert.strictEqual(tagOf(errors[1]), "ValidationException")
        use((request, response) => connect.node(request, response))
        assert.strictEqual((yield* request("/connect")).status, 500)
      }, { currentUser: () => user() as PromiseIdentity.User })
    }))
})
