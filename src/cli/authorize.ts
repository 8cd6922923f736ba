/**
 * `npx agentcore-identity authorize`: serves `http/ForwardAuth` on this machine for one user, with one session, and the
 * pages of `Connect` for that user's browser. Stdout has the configuration of a proxy, and nothing else.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Arr from "effect/Array"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import { isTagged } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as AccessToken from "../AccessToken.js"
import * as AwsPlanes from "../aws/AwsPlanes.js"
import * as CredentialCache from "../CredentialCache.js"
import * as Connect from "../http/Connect.js"
import * as ForwardAuth from "../http/ForwardAuth.js"
import * as Proxy from "../http/forwardAuth/proxyConfiguration.js"
import * as Identity from "../Identity.js"
import * as RedirectPage from "../internal/consent/redirectPage.js"
import { isUserCredential } from "../internal/credentials/credential.js"
import type { Lifetime } from "../internal/dates.js"
import { codeOf } from "../internal/messages.js"
import * as Signals from "../internal/pendingConsents/signals.js"
import { isSameSecret } from "../internal/sameSecret.js"
import { randomSecret } from "../internal/sealing.js"
import { createServer } from "../local/server/nodeServer.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import * as WorkloadIdentity from "../WorkloadIdentity.js"
import * as Flags from "./credentialFlags.js"
import * as CredentialModule from "./credentialModule.js"
import * as Table from "./printTable.js"
import * as Target from "./target.js"
import * as Terminal from "./terminal.js"

interface Settings extends Flags.CallerFlags {
  readonly module: string
  readonly port: number
  readonly listen: string
  readonly proxy?: "caddy" | "nginx" | undefined
  readonly lifetime: Lifetime
  readonly browser: boolean
  readonly register?: boolean | undefined
}

export class CannotAuthorize extends Data.TaggedError("CannotAuthorize")<{ readonly message: string }> {}

const connectPath = "/connect"

const signInPath = "/sign-in"

// -----------------------------------------------------------------------------
// The user's browser
// -----------------------------------------------------------------------------

/** Signs in the browser that opens an address with a code, once, so that no other local user can connect an account. */
const makeSignIn = Effect.fnUntraced(function*(port: number) {
  // The ports of a host share its cookies.
  const cookie = `agentcore-identity-${port}`
  const secret = Redacted.value(yield* randomSecret)
  let code: string | undefined = Redacted.value(yield* randomSecret)
  const route = HttpRouter.add(
    "GET",
    signInPath,
    Effect.map(HttpServerRequest.HttpServerRequest, ({ headers, method, url }) => {
      const given = new URL(url, "http://127.0.0.1").searchParams.get("code") ?? ""
      // A browser may load a page ahead of time, and drop it.
      const isPrefetch = headers["sec-purpose"]?.startsWith("prefetch") === true
      if (code === undefined || method !== "GET" || isPrefetch || !isSameSecret(code, given)) {
        return HttpServerResponse.text("This address works once. Run the command again.", { status: 403 })
      }
      code = undefined
      return HttpServerResponse.redirect(connectPath).pipe(
        HttpServerResponse.setHeaders({ "cache-control": "no-store", "referrer-policy": "no-referrer" }),
        HttpServerResponse.setCookieUnsafe(cookie, secret, { httpOnly: true, path: "/", sameSite: "lax" })
      )
    })
  )
  const check = Effect.flatMap(
    HttpServerRequest.HttpServerRequest,
    ({ cookies }) => isSameSecret(secret, cookies[cookie] ?? "") ? Effect.void : new Connect.NotSignedIn()
  )
  return { path: `${signInPath}?code=${code}`, route, check }
})

type SignIn = Effect.Success<ReturnType<typeof makeSignIn>>

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

type Session = Effect.Success<ReturnType<ForwardAuth.ForwardAuth["Service"]["session"]>>

type Entries = Arr.NonEmptyReadonlyArray<ForwardAuth.Options["credentials"][number]>

/** The same credentials, whose consents come back to this server. */
const withReturnUrl = (entries: Entries, returnUrl: string): Entries =>
  Arr.map(entries, (entry) => {
    const { credential } = entry
    return isUserCredential(credential)
      ? { ...entry, credential: AccessToken.Tag<"authorize">()(credential.key, { ...credential.request, returnUrl }) }
      : entry
  })

const nameCredentials = (entries: Entries): Connect.LinkOptions["credentials"] =>
  Object.fromEntries(
    entries.map(({ credential }) => credential).filter(isUserCredential)
      .map((credential, index, all) => {
        const { provider } = credential.request
        const isOnly = all.filter(({ request }) => request.provider === provider).length === 1
        return [isOnly ? provider : `${provider}-${index + 1}`, credential]
      })
  )

interface Server {
  readonly entries: Entries
  readonly origin: string
  /** The path of the route. Only the proxy knows it: an agent that reaches the port would get the credentials. */
  readonly path: HttpRouter.PathInput
  readonly port: number
  readonly user: UserIdentifier
  readonly workload: string
  readonly region: string | undefined
}

const { NotSignedIn } = Connect.texts.en.rejections

/** The address that the command prints signs its user in. */
const text = "First open the address that the command printed, then this one again."
const texts = {
  ...Connect.texts.en,
  rejections: { ...Connect.texts.en.rejections, NotSignedIn: { ...NotSignedIn, text } }
}

/** The pages for the user, if a user has to consent to a credential. */
const pages = ({ entries, user, workload }: Server, check: SignIn["check"]) => {
  const credentials = nameCredentials(entries)
  return Object.keys(credentials).length === 0 ? Layer.empty : Connect.layer({
    path: connectPath,
    credentials,
    workload,
    users: user.userId === undefined ? "jwt" : "userId",
    currentUser: Effect.as(check, user),
    appearance: { texts: { en: texts } }
  })
}

/** The route for the proxy, and the pages. Credentials are cached, so that a request costs no call of AgentCore. */
const layerServer = (server: Server, { check, route }: SignIn) => {
  const { entries, path, port, region, workload } = server
  const forwardAuth = ForwardAuth.layer({ path, credentials: entries, workload })
  const routes = Layer.provideMerge(forwardAuth, Layer.merge(pages(server, check), route))
  const http = NodeHttpServer.layer(createServer, { host: "127.0.0.1", port })
  const identity = Identity.layer.pipe(
    // Another process in which the user disconnects cannot drop the token here.
    Layer.provideMerge(CredentialCache.layer({ timeToLive: "1 minute" })),
    Layer.provideMerge(AwsPlanes.layer({ region }))
  )
  return HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(http),
    Layer.provide([Connect.layerRedaction(connectPath), Signals.layerMemory, identity])
  )
}

/** A mistake in a module is a defect in its own program. For this command, it is wrong input. */
const isMistake = (defect: unknown): defect is Error =>
  isTagged(defect, "ValidationException") || isTagged(defect, "IllegalArgumentError")

const explainPort = (port: number) => ({ cause }: HttpServerError.ServeError) =>
  new CannotAuthorize({
    message: codeOf(cause) === "EADDRINUSE"
      ? `Another program listens on port ${port}: give another one with --port`
      : `Cannot listen on port ${port}: ${codeOf(cause)}`
  })

// -----------------------------------------------------------------------------
// Command
// -----------------------------------------------------------------------------

const proxies = {
  caddy: ["# Caddy: a Caddyfile", Proxy.caddy],
  nginx: ["# nginx: a file for its block http", Proxy.nginx]
} as const

/** The file of one proxy, or the files of both below comments. */
const configure = (options: Proxy.ProxyOptions, proxy: Settings["proxy"]): string =>
  proxy === undefined
    ? Object.values(proxies).map(([title, make]) => `${title}\n${make(options)}`).join("\n")
    : proxies[proxy][1](options)

/** Tells the user what to do next. Only the terminal of this person shows the secret of the session. */
const describe = ({ entries, user }: Server, { expiresAt, token }: Session, listen: string): string =>
  [
    `The agent of ${Flags.describeUser(user)} sends its requests to the proxy, until ${DateTime.formatIso(expiresAt)}:`,
    "",
    ...Table.align([
      ["for", "to"],
      ...entries.flatMap(({ origins }) => origins.map((origin) => [origin, `http://${listen}${Proxy.pathOf(origin)}`]))
    ]).map((line) => `  ${line}`),
    "",
    `  Authorization: Bearer ${Redacted.value(token)}`,
    ""
  ].join("\n")

/** Opens the pages in the browser, or prints their address. */
const showPages = (address: URL, browser: boolean) =>
  Effect.gen(function*() {
    const isOpen = browser && process.stderr.isTTY
      && (yield* Effect.orElseSucceed(RedirectPage.open(address), () => false))
    yield* Console.error(
      isOpen
        ? "The browser shows the accounts to connect. It can open the links that the agent gets."
        : `Connect the accounts in the browser that will open the links of the agent (works once):\n\n  ${address}\n`
    )
  })

const serve = (settings: Settings, server: Server) =>
  Effect.gen(function*() {
    const signIn = yield* makeSignIn(server.port)
    return yield* Effect.gen(function*() {
      const session = yield* ForwardAuth.ForwardAuth.use(({ session }) =>
        session(server.user, { lifetime: settings.lifetime })
      )
      const { listen } = settings
      yield* Terminal.printExactly(
        configure(
          { listen, forwardAuth: `${server.origin}${server.path}`, credentials: server.entries },
          settings.proxy
        ).trimEnd()
      )
      yield* Console.error(describe(server, session, listen))
      if (Object.keys(nameCredentials(server.entries)).length > 0) {
        yield* showPages(new URL(signIn.path, server.origin), settings.browser)
      }
      return yield* Effect.never
    }).pipe(Effect.provide(layerServer(server, signIn)))
  })

/** Serves until it is interrupted. */
export const run = Effect.fnUntraced(function*(settings: Settings) {
  const { port, region } = settings
  const loaded = yield* CredentialModule.loadEntries(settings.module, "authorize")
  const found = yield* Flags.findCaller(settings)
  const user = yield* Flags.requireUser(found.user)
  const target = yield* Target.find(region, "data")
  yield* Console.error(`${Target.format(target)}\n`)
  const origin = `http://127.0.0.1:${port}`
  const returnUrl = `${origin}${connectPath}/return`
  const workload = yield* Effect.gen(function*() {
    const workload = yield* Flags.requireWorkload(found.workload)
    if (settings.register === true) yield* WorkloadIdentity.ensure({ name: workload, returnUrls: [returnUrl] })
    return workload
  }).pipe(Effect.provide(Flags.layer(region)))
  const path = `/forward-auth/${Redacted.value(yield* randomSecret)}` as const
  const server = { entries: withReturnUrl(loaded, returnUrl), origin, path, port, user, workload, region }
  return yield* serve(settings, server).pipe(
    Effect.catchTag("ServeError", explainPort(port)),
    Effect.catchDefect((defect) =>
      isMistake(defect) ? new CannotAuthorize({ message: defect.message }) : Effect.die(defect)
    )
  )
})
