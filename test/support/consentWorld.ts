/** An application of one or several processes with an agent and the page after consent, over real servers. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import * as Identity from "effect-agentcore-identity/Identity"
import { isIdentityError, TransportError } from "effect-agentcore-identity/IdentityError"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import type * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { decodeJwt } from "jose"
import { createServer } from "node:http"
import * as Calendar from "./calendar.js"
import type { LocalBackend } from "./localBackend.js"
import * as Polling from "./polling.js"
import * as Server from "./server.js"

export type Form = "effect" | "promise"

export type Store = PendingConsents.PendingConsents | PendingConsents.ConsentSignals

/** The access key of the processes. The setting `policies` may have a policy of it. */
export const accessKey = "application"

/** The settings of the local server. A test changes them. */
export interface Settings {
  current: LocalBackend.Settings
}

/** The servers. The signatures of users' JWTs are not verified. */
export const servers = (settings: Settings) =>
  LocalIdentity.layer({
    settings: Effect.sync(() => ({ inboundJwt: "decode", ...settings.current })),
    authorizationServer: true
  })

/** The people who can sign in at the application, by the value of its cookie. */
const people = new Map<string, UserIdentifier>()

const keyOf = (user: UserIdentifier): string => {
  const key = user.userId ?? `jwt-${people.size}`
  people.set(key, user)
  return key
}

/** What happens to the next completion after AgentCore has stored it. */
type Accident = "response lost" | "process killed" | undefined

const scopes = ["openid", "profile:read"]

const subjectOf = (token: string): string => String(decodeJwt(token).sub)

type Services = Store | Identity.Identity | DataPlane.DataPlane

/** A process with Effect. `returnUrl` is that of the page, perhaps of another process. */
const ofEffect = Effect.fnUntraced(function*(context: Context.Context<Services>, returnUrl: () => string) {
  const signIn = HttpRouter.add(
    "GET",
    "/sign-in/:user",
    Effect.map(
      HttpRouter.params,
      ({ user = "" }) =>
        HttpServerResponse.setCookieUnsafe(HttpServerResponse.text("Welcome"), "user", user, { path: "/" })
    )
  )
  const currentUser = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ cookies }) => {
    const user = people.get(cookies["user"] ?? "")
    return user === undefined ? Effect.fail(HttpServerResponse.empty({ status: 401 })) : Effect.succeed(user)
  })
  const page = ConsentCallback.layer({ path: "/consent", currentUser })
  const server = yield* Layer.build(Layer.fresh(
    HttpRouter.serve(Layer.merge(signIn, page), { disableListenLog: true, disableLogger: true }).pipe(
      Layer.provide(ConsentCallback.layerRedaction("/consent")),
      Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
      Layer.provide(Layer.succeedContext(context))
    )
  ))
  const poller = Layer.provide(Polling.layer("40 millis"), Layer.succeedContext(context))
  const as =
    (user: UserIdentifier) => <A, E>(self: Effect.Effect<A, E, Services | WorkloadAccessToken.WorkloadAccessToken>) =>
      self.pipe(
        Effect.provide(WorkloadAccessToken.layerWorkload({ name: "agent", user })),
        Effect.provide(poller),
        Effect.provideContext(context)
      )
  const request = () => ({ provider: "calendar", flow: "USER_FEDERATION", scopes, returnUrl: returnUrl() }) as const
  return {
    origin: HttpServer.formatAddress(Context.get(server, HttpServer.HttpServer).address),
    ask: (user: UserIdentifier, show: (link: string) => void) =>
      AccessToken.get({
        ...request(),
        consent: ({ authorizationUrl }) => Effect.sync(() => show(Redacted.value(authorizationUrl)))
      }).pipe(as(user), Effect.map(Redacted.value)),
    get: (user: UserIdentifier) => AccessToken.get(request()).pipe(as(user), Effect.map(Redacted.value)),
    resume: (user: UserIdentifier, session: ConsentSession) =>
      Identity.Identity.use((identity) => identity.resumeAccessToken(session)).pipe(
        as(user),
        Effect.map(Redacted.value)
      )
  }
})

/** A process without Effect. */
const ofPromise = Effect.fnUntraced(function*(context: Context.Context<Services>, returnUrl: () => string) {
  let isOpen = true
  yield* Effect.addFinalizer(() => Effect.sync(() => void (isOpen = false)))
  // A promise cannot be interrupted, and its polls would reach a later server on the same port.
  const polls = Schedule.while(Schedule.spaced("40 millis"), () => isOpen)
  const functions = PromiseIdentity.make(Context.add(context, TokenPoller.TokenPoller, TokenPoller.schedule(polls)))
  const page = functions.nodeConsentCallback({
    currentUser: ({ headers }) => people.get(/user=([\w-]+)/.exec(headers.cookie ?? "")?.[1] ?? "")
  })
  const origin = yield* Server.serve((request, response) => {
    const user = /^\/sign-in\/([\w-]+)/.exec(request.url ?? "")?.[1]
    return user === undefined
      ? page(request, response)
      : response.writeHead(200, { "set-cookie": `user=${user}; Path=/` }).end("Welcome")
  })
  const as = <A>(user: UserIdentifier, f: () => Promise<A>) =>
    Effect.tryPromise({
      try: () => PromiseIdentity.runWithContext({ workload: functions.workload({ name: "agent", user }) }, f),
      catch: (error) => error
    })
  const token = (user: UserIdentifier, onAuthUrl?: (link: string) => void) =>
    as(
      user,
      functions.withAccessToken({
        providerName: "calendar",
        authFlow: "USER_FEDERATION",
        scopes,
        callbackUrl: returnUrl(),
        onAuthUrl
      })(async (token: string) => token)
    )
  return {
    origin,
    ask: token,
    get: (user: UserIdentifier) => token(user),
    resume: (user: UserIdentifier, session: ConsentSession) => as(user, () => functions.resume(session))
  }
})

/** Each process builds the layer of its store. */
export const make = Effect.fnUntraced(function*<E, R>(
  form: Form,
  count: number,
  store: Layer.Layer<Store, E, R>
) {
  const { url } = yield* LocalIdentity.LocalServer
  const backend = AwsDataPlane.layer({
    region: "us-west-2",
    endpoint: url,
    credentials: { accessKeyId: accessKey, secretAccessKey: Redacted.make("local") }
  })
  const accident: { next: Accident } = { next: undefined }
  let completions = 0
  const planes = DataPlane.decorate((operation, call) => {
    if (operation !== "completeResourceTokenAuth") return call
    completions++
    const { next } = accident
    accident.next = undefined
    return next === undefined ? call : Effect.andThen(
      call,
      next === "response lost"
        ? Effect.fail(new TransportError({ operation, kind: "connection", code: "ECONNRESET" }))
        : Effect.die(new Error("the process is killed"))
    )
  })
  yield* Calendar.setUp({ workloads: ["agent"], scopes: ["profile:read"] })
  let origin = ""
  const processes = yield* Effect.forEach(Array.from({ length: count }), () =>
    Effect.gen(function*() {
      const stored = yield* Layer.build(Layer.fresh(store))
      const services = yield* Layer.build(Layer.provideMerge(
        Identity.layer,
        Layer.provide(planes, backend)
      ))
      const context = Context.merge(stored, services)
      return yield* form === "effect"
        ? ofEffect(context, () => `${origin}/consent`)
        : ofPromise(context, () => `${origin}/consent`)
    }))
  // The agent is in the first process, and the browser returns to the last one.
  const [agent] = processes
  origin = processes.at(-1)?.origin ?? assert.fail("no process")
  yield* WorkloadIdentity.ensure({ name: "agent", returnUrls: [`${origin}/consent`] })
  assert(agent !== undefined)

  /** A browser. Without a user, nobody is signed in at the application. */
  const browserOf = Effect.fnUntraced(function*(name: string, user?: UserIdentifier) {
    const browser = yield* TestUser.make(name)
    if (user !== undefined) {
      const key = keyOf(user)
      yield* Effect.forEach(processes, ({ origin }) => browser.opens(`${origin}/sign-in/${key}`))
    }
    return browser
  })

  /** Opens an address at every process, as a signed-in user, and returns the statuses. */
  const visit = (url: string, user: UserIdentifier | undefined, init: RequestInit = {}) =>
    Effect.forEach(processes, ({ origin }) =>
      Effect.promise(async () => {
        const { pathname, search } = new URL(url)
        const headers = user === undefined ? {} : { cookie: `user=${keyOf(user)}` }
        const response = await fetch(`${origin}${pathname}${search}`, { ...init, headers })
        return { status: response.status, text: await response.text() }
      }))

  return {
    accident,
    agent,
    browserOf,
    processes,
    visit,
    completions: () => completions,
    /** Runs the agent until it shows a link. `token` is the name at the vendor. */
    ask: (user: UserIdentifier) =>
      Effect.gen(function*() {
        const shown = yield* Deferred.make<string>()
        const fiber = yield* Effect.forkScoped(
          Effect.map(agent.ask(user, (link) => void Deferred.doneUnsafe(shown, Effect.succeed(link))), subjectOf)
        )
        return {
          link: yield* Deferred.await(shown),
          token: Fiber.join(fiber),
          isWaiting: () => fiber.pollUnsafe() === undefined
        }
      }),
    /** The name at the vendor whose token an agent of the user has, or nothing. */
    nameOf: (user: UserIdentifier) =>
      Effect.match(agent.get(user), {
        onFailure: (error) => {
          assert(isIdentityError(error) && error._tag === "RequiresUserConsent", String(error))
          return undefined
        },
        onSuccess: subjectOf
      }),
    /** The session of an agent that cannot wait. */
    sessionOf: (user: UserIdentifier) =>
      Effect.map(Effect.flip(agent.get(user)), (error) => {
        assert(isIdentityError(error) && error._tag === "RequiresUserConsent", String(error))
        return error.session
      }),
    /** What somebody who has a link knows: the return URL without its state. */
    returnUrlOf: (link: string, more = ""): string =>
      `${origin}/consent?session_id=${encodeURIComponent(new URL(link).searchParams.get("request_uri") ?? "")}${more}`
  }
})
