/** An application with the pages of `Connect`, over real servers of this machine. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { assert } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Identity from "effect-agentcore-identity/Identity"
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as PromiseConnect from "effect-agentcore-identity/promise/Connect"
import type * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "./authorizationServer.js"
import * as Calendar from "./calendar.js"
import * as FaultyServer from "./faultyServer.js"
import * as Signals from "./signals.js"
import * as States from "./states.js"

export const workload = "connect-agent"

export const originOf = Effect.map(HttpServer.HttpServer, ({ address }) => HttpServer.formatAddress(address))

export interface Declared {
  readonly calendar: Identity.AccessTokenCredential<"USER_FEDERATION">
  readonly mail: Identity.AccessTokenCredential<"USER_FEDERATION">
  readonly origin: string
}

/** The credentials of the application. Their return URL has the port of this run. */
export const credentials: Effect.Effect<Declared, never, HttpServer.HttpServer> = Effect.map(originOf, (origin) => {
  class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
    provider: "calendar",
    flow: "USER_FEDERATION",
    scopes: ["openid", "calendar:read", "offline_access"],
    returnUrl: `${origin}/connect/return`
  }) {}
  class Mail extends AccessToken.Tag<Mail>()("app/Mail", {
    provider: "calendar",
    flow: "USER_FEDERATION",
    scopes: ["openid", "mail:send"],
    returnUrl: `${origin}/connect/return`
  }) {}
  return { calendar: Calendar, mail: Mail, origin }
})

/** The origin of an application over scripted planes, and its credential. */
export const appOrigin = "https://app.example.com"

export class Files extends AccessToken.Tag<Files>()("app/Files", {
  provider: "files",
  flow: "USER_FEDERATION",
  returnUrl: `${appOrigin}/connect/return`
}) {}

/** Responds to a request of Alice without a server. */
export const sendTo =
  <E, R>(app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) => (path: string, init: RequestInit = {}) =>
    app.pipe(
      Effect.provideServiceEffect(
        HttpServerRequest.HttpServerRequest,
        // A body can be read once, and a test may send a request again.
        Effect.sync(() =>
          HttpServerRequest.fromWeb(
            new Request(`${appOrigin}${path}`, {
              ...init,
              headers: { cookie: "user=alice", origin: appOrigin, ...init.headers }
            })
          )
        )
      ),
      Effect.scoped,
      Effect.map((response) => HttpServerResponse.toWeb(response))
    )

/** The form of a page, as a program sends it. */
export const formOf = (action: string, token: string): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ action, token })
})

/** The cookie contains the user's id or JWT. Without a cookie, the application redirects to the sign-in. */
export const currentUser = Effect.flatMap(
  HttpServerRequest.HttpServerRequest,
  ({ cookies }): Effect.Effect<UserIdentifier.UserIdentifier, HttpServerResponse.HttpServerResponse> =>
    cookies["jwt"] !== undefined
      ? Effect.succeed({ userToken: Redacted.make(cookies["jwt"]) })
      : cookies["user"] !== undefined
      ? Effect.succeed({ userId: cookies["user"] })
      : Effect.fail(HttpServerResponse.redirect("/sign-in"))
)

export type Options = Partial<
  Connect.Options<HttpServerResponse.HttpServerResponse, HttpServerRequest.HttpServerRequest>
>

/** The pages of `http/Connect`, or those of `promise/Connect` over one of its forms. */
export type Form = "http" | "fetch" | "node"

export const forms: ReadonlyArray<Form> = ["http", "fetch", "node"]

/** What `Connect` does at the vendor of a credential. */
export type AccountOptions = NonNullable<NonNullable<Connect.LinkOptions["accounts"]>[string]>

const toPromiseAccount = (
  { account, expect, revoke }: AccountOptions
): NonNullable<PromiseConnect.Options["accounts"]>[string] => ({
  account: account && ((token) => account(Redacted.make(token))),
  expect: expect && (async (user, account) => {
    const result = expect(user, account)
    return Effect.isEffect(result) ? Effect.runPromise(result) : result
  }),
  revoke: revoke && ((token) => revoke(Redacted.make(token)))
})

/** The options as `promise/Connect` takes them. A response of `currentUser` is the one of `respond`. */
export const toPromiseOptions = (all: Options & Connect.LinkOptions): PromiseConnect.Options => {
  const { accounts = {}, connectedSince: _, currentUser: __, describeUser: ___, respond, ...options } = all
  const cookieOf = (request: Request | IncomingMessage) =>
    request instanceof Request ? request.headers.get("cookie") : request.headers.cookie
  return {
    ...options,
    accounts: Record.map(accounts, (vendor) => vendor && toPromiseAccount(vendor)),
    currentUser: async (request) => {
      const [, name, value = ""] = /(user|jwt)=([^;]*)/.exec(cookieOf(request) ?? "") ?? []
      return name === "user"
        ? { userId: decodeURIComponent(value) }
        : name === "jwt"
        ? { userToken: decodeURIComponent(value) }
        : undefined
    },
    respond: async (view) => {
      if (view._tag === "Rejected" && view.reason === "NotSignedIn") {
        return new Response(null, { status: 302, headers: { location: "/sign-in" } })
      }
      const response = await Effect.runPromise(
        respond?.(view) as Effect.Effect<Option.Option<HttpServerResponse.HttpServerResponse>> ?? Effect.succeedNone
      )
      return Option.getOrUndefined(Option.map(response, (response) => HttpServerResponse.toWeb(response)))
    }
  }
}

type Services =
  | Identity.Identity
  | DataPlane.DataPlane
  | PendingConsents.ConsentSignals

/** `promise/Connect` over the services of the test. */
export const promiseConnect = (options: Options & Connect.LinkOptions) =>
  Effect.flatMap(Effect.context<Services>(), (runtime) =>
    Effect.acquireRelease(
      Effect.sync(() => PromiseConnect.make({ ...toPromiseOptions(options), runtime })),
      (connect) => Effect.promise(connect.dispose)
    ))

/** The service of `http/Connect`, over the functions that return promises. */
export const toService = (
  connect: PromiseConnect.Connect,
  options: Connect.LinkOptions
): Effect.Effect<Connect.Connect["Service"], never, DataPlane.DataPlane> =>
  Effect.map(Connect.Connect, (links) => ({
    ...links,
    link: (
      subject: Parameters<Connect.Connect["Service"]["link"]>[0],
      linkOptions: Parameters<Connect.Connect["Service"]["link"]>[1]
    ) =>
      Effect.tryPromise({
        try: () => connect.link(subject, linkOptions),
        catch: (error) => error as ValidationException
      }),
    events: Stream.fromAsyncIterable(connect.events(), (error) => error).pipe(
      Stream.map((event) => ({ ...event, at: DateTime.fromDateUnsafe(event.at) })),
      Stream.orDie
    )
  })).pipe(Effect.provide(Connect.layerLinks(options)))

const layerPromise = (form: "fetch" | "node", options: Options & Connect.LinkOptions) =>
  Layer.effect(
    Connect.Connect,
    Effect.gen(function*() {
      const connect = yield* promiseConnect(options)
      const router = yield* HttpRouter.HttpRouter
      const page = Effect.gen(function*() {
        const request = yield* HttpServerRequest.HttpServerRequest
        if (form === "fetch") {
          const web = yield* Effect.orDie(HttpServerRequest.toWeb(request))
          return HttpServerResponse.fromWeb(yield* Effect.promise(() => connect.fetch(web)))
        }
        const response = NodeHttpServerRequest.toServerResponse(request)
        yield* Effect.promise(() =>
          connect.node(NodeHttpServerRequest.toIncomingMessage(request) as IncomingMessage, response as ServerResponse)
        )
        // The response is sent.
        return HttpServerResponse.empty()
      })
      yield* router.addAll([HttpRouter.route("*", "/connect/*", page)])
      return yield* toService(connect, options)
    })
  )

/** Cookies for a browser, by the last part of the path that sets them: a URL is no secret. */
export const kept = new Map<string, string>()

const application = (options: Options, form: Form) =>
  Layer.unwrap(Effect.map(credentials, ({ calendar, mail, origin }) => {
    const all = {
      path: "/connect",
      credentials: { calendar, mail },
      workload,
      continueTo: [`${origin}/chat/`, `${origin}/agenda`],
      revokeAt: { calendar: "https://myaccount.google.com/connections" },
      ...options
    } as const
    return HttpRouter.serve(
      Layer.mergeAll(
        form === "http" ? Connect.layer({ currentUser, ...all }) : layerPromise(form, all),
        HttpRouter.add("GET", "/chat/:room", HttpServerResponse.html("<h1>Chat</h1>")),
        // A page as another site could serve it, with a form for this application.
        HttpRouter.add(
          "GET",
          "/other-site",
          Effect.map(
            HttpServerRequest.ParsedSearchParams,
            ({ token }) =>
              HttpServerResponse.html(`<form method="post" action="${origin}/connect/calendar">
<input type="hidden" name="token" value="${String(token)}"><button name="action" value="connect">Win a prize</button>
</form>`)
          )
        ),
        HttpRouter.add(
          "GET",
          "/sign-in/:cookie",
          Effect.map(HttpRouter.params, ({ cookie = "" }) => {
            const [name = "", value = ""] = kept.get(cookie)?.split("=") ?? cookie.split("=")
            return HttpServerResponse.setCookieUnsafe(HttpServerResponse.text("Welcome"), name, value, { path: "/" })
          })
        )
      ),
      { disableListenLog: true, disableLogger: true, routerConfig: { maxParamLength: 2048 } }
    )
  })).pipe(Layer.provide(Connect.layerRedaction("/connect")))

/** The authorization server also uses the clock of `LocalControl`. */
const agentCore = LocalIdentity.layer({ settings: { inboundJwt: "decode" }, authorizationServer: true })

export const servers = Layer.mergeAll(
  agentCore,
  NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })
)

/** The application, with signals, or with a store of consents too. */
export const pages = <A, R>(
  options: Options,
  store: Layer.Layer<A, never, R>,
  form: Form = "http"
) =>
  application(options, form).pipe(
    // Uses the data plane of the application, because the local server has an `Identity` too.
    Layer.provideMerge(Layer.fresh(Identity.layer)),
    Layer.provideMerge(CredentialCache.layer()),
    Layer.provideMerge(States.layer),
    Layer.provideMerge(store)
  )

export const environment = (options: Options = {}, form: Form = "http") =>
  pages(options, Signals.layerMemory, form).pipe(Layer.provideMerge(servers))

/** With a store of consents, which every call in this context uses. */
export const storedEnvironment = (options: Options = {}) =>
  pages(options, PendingConsents.layerMemory).pipe(Layer.provideMerge(servers))

/** The data plane of the local server, over a proxy that loses the first response of a path. */
export const losing = (path: string) =>
  Layer.orDie(Layer.unwrap(Effect.gen(function*() {
    const { url } = yield* LocalIdentity.LocalServer
    return AwsDataPlane.layerHttpNode({
      region: "us-west-2",
      endpoint: yield* FaultyServer.losing(url, path),
      credentials: { accessKeyId: "local", secretAccessKey: Redacted.make("local-secret") }
    })
  })))

export const setUp = Effect.gen(function*() {
  const declared = yield* credentials
  yield* Calendar.setUp({
    clientId: "connect-client",
    clientName: "Connect agent",
    workloads: [workload],
    returnUrls: [`${declared.origin}/connect/return`],
    scopes: ["calendar:read", "mail:send"]
  })
  return declared
})

export const as = (user: UserIdentifier.UserIdentifier) =>
  Effect.provide(WorkloadAccessToken.layerWorkload({ name: workload, user }))

/** A browser of a signed-in user, as far as the application sees it. `cookie` is the one of the application. */
export const request = (
  path: string,
  { body, cookie = "user=alice", headers = {} }: {
    readonly body?: Record<string, string>
    readonly cookie?: string
    readonly headers?: Record<string, string>
  } = {}
) =>
  Effect.gen(function*() {
    const origin = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
    return yield* Effect.promise(async () => {
      const url = new URL(path, origin)
      const response = await fetch(url, {
        redirect: "manual",
        headers: {
          cookie,
          ...(body === undefined ? {} : { origin: url.origin, "sec-fetch-site": "same-origin" }),
          ...headers
        },
        ...(body === undefined ? {} : { method: "POST", body: new URLSearchParams(body) })
      })
      return { status: response.status, headers: response.headers, text: await response.text() }
    })
  })

export const json = { accept: "application/json" }

export const fieldsOf = (text: string): Record<string, string | undefined> =>
  Object.fromEntries(
    [...text.matchAll(/name="(token|continue)" value="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value])
  )

/** Opens a page, and presses its button. */
export const press = (path: string, action: string, cookie = "user=alice") =>
  Effect.gen(function*() {
    const { text } = yield* request(path, { cookie })
    const { continue: continueUrl, token = "" } = fieldsOf(text)
    return yield* request(path.replace(/\?.*/, ""), {
      cookie,
      body: { action, token, ...(continueUrl === undefined ? {} : { continue: continueUrl }) }
    })
  })

const unescape = (text: string) => text.replaceAll("&amp;", "&").replaceAll("&#39;", "'").replaceAll("&quot;", "\"")

export const refreshOf = (page: { readonly text: string }) =>
  unescape(/http-equiv="refresh" content="0;url=([^"]*)"/.exec(page.text)?.[1] ?? assert.fail(page.text))

/** The cookies that a page sets, as `name=value`. */
export const keptBy = ({ headers }: { readonly headers: Headers }): ReadonlyArray<string> =>
  headers.getSetCookie().flatMap((cookie) => /Max-Age=0/.test(cookie) ? [] : [cookie.split(";")[0] ?? ""])

/** Presses the button of a link, and consents at the vendor. The result is the page to which the browser comes back. */
export const connect = (
  path: string,
  { account = "someone@example.com", action = "connect", cookie = "user=alice", returns }: {
    /** The account that the browser is signed in to at the vendor. */
    readonly account?: string
    readonly action?: "connect" | "reconnect"
    readonly cookie?: string
    readonly returns?: string
  } = {}
) =>
  Effect.gen(function*() {
    const started = yield* press(path, action, cookie)
    assert.strictEqual(started.status, 200, started.text)
    const browser = yield* TestUser.make(account)
    const origin = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
    yield* browser.opens(`${origin}/sign-in/${encodeURIComponent(returns ?? cookie)}`)
    // The browser that pressed the button is the one that consents.
    for (const one of keptBy(started)) {
      kept.set(`${kept.size}`, one)
      yield* browser.opens(`${origin}/sign-in/${kept.size - 1}`)
    }
    return { ...yield* browser.approves(refreshOf(started)), kept: keptBy(started).join("; ") }
  })
