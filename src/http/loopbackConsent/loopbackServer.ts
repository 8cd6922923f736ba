/**
 * Servers for return URLs on this machine. A server runs while a consent waits for the browser. All consents on one
 * port share its server.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { once } from "node:events"
import * as Http from "node:http"
import type { ConsentSession } from "../../ConsentSession.js"
import type { Outcome } from "../../internal/consentCallback/completion.js"
import * as ConsentPages from "../../internal/consentPages.js"
import * as KeyedLock from "../../internal/keyedLock.js"
import { codeOf } from "../../internal/messages.js"
import { isOwnHost } from "../../internal/ownHost.js"

export interface Address {
  /** `localhost` has two addresses: a browser may use either. */
  readonly hosts: ReadonlyArray<string>
  readonly port: number
  readonly path: string
}

/** A code of Node, as in `EADDRINUSE`. */
type ListenFailure = { readonly code: string }

interface Waiting {
  readonly session: ConsentSession
  readonly path: string
  readonly complete: (url: string) => Promise<Outcome["_tag"]>
  /** The responses that are not sent yet. */
  readonly responses: Set<Http.ServerResponse>
}

interface Listening {
  /** The waiting consents by session URI. Callers who share a call of a cache have the same session. */
  readonly waiting: Map<string, ReadonlyArray<Waiting>>
  readonly stop: Effect.Effect<void>
}

/** The servers of this process by their ports, and a lock for each port. */
const byPort = new Map<number, Listening>()
const lock = KeyedLock.makeUnsafe()

const headers = { "cache-control": "no-store", connection: "close", "x-content-type-options": "nosniff" }

const reject = (response: Http.ServerResponse, status: number, more: Http.OutgoingHttpHeaders = {}): void =>
  void response.writeHead(status, { ...headers, ...more }).end()

const show = ({ headers }: Http.IncomingMessage, response: Http.ServerResponse, name: Outcome["_tag"]): void => {
  const page = ConsentPages.render(name, headers["accept-language"])
  response.writeHead(page.status, { ...page.headers, connection: "close" }).end(page.body)
}

/**
 * Whether a request is a top-level navigation, which is how the browser comes back. A page of another site can only
 * load resources in the background or in a frame. Clients other than browsers send no `sec-fetch-site`.
 */
const isNavigation = ({ headers }: Http.IncomingMessage): boolean =>
  headers["sec-fetch-site"] === undefined
  || (headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document"
    && !String(headers["sec-purpose"]).startsWith("prefetch"))

/** The consent that the browser comes back for. */
const find = (waiting: Listening["waiting"], url: URL): Waiting | undefined => {
  const [sessionUri = "", ...more] = url.searchParams.getAll("session_id")
  const found = waiting.get(sessionUri)?.[0]
  return found === undefined || more.length > 0 || url.pathname !== found.path ? undefined : found
}

const handle = (waiting: Listening["waiting"]): Http.RequestListener => (request, response) => {
  if (!isOwnHost(request.headers.host, [])) return reject(response, 403)
  if (request.method !== "GET") return reject(response, 405, { allow: "GET" })
  if (!isNavigation(request)) return reject(response, 403)
  const url = URL.parse(`http://localhost${request.url ?? ""}`)
  const found = url === null ? undefined : find(waiting, url)
  if (url === null || found === undefined) return show(request, response, "NotUsable")
  found.responses.add(response)
  response.once("close", () => found.responses.delete(response))
  found.complete(url.href).then(
    (name) => show(request, response, name),
    // The program was interrupted.
    () => response.destroy()
  )
}

const stop = (server: Http.Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

const listen = ({ hosts, port }: Address): Effect.Effect<Listening, ListenFailure> =>
  Effect.gen(function*() {
    const waiting: Listening["waiting"] = new Map()
    const servers: Array<Http.Server> = []
    const stopAll = Effect.suspend(() => Effect.forEach(servers, stop, { discard: true }))
    yield* Effect.forEach(hosts, (host) =>
      Effect.tryPromise({
        try: async () => {
          const server = Http.createServer(handle(waiting)).listen({ host, port, exclusive: true })
          await once(server, "listening")
          servers.push(server)
        },
        catch: (error): ListenFailure => ({ code: codeOf(error) })
      }).pipe(
        // A machine without IPv6 has only one of the addresses.
        Effect.catchIf(({ code }) => host === "::1" && hosts.length > 1 && code !== "EADDRINUSE", () => Effect.void)
      ), { discard: true }).pipe(Effect.onError(() => stopAll))
    return { waiting, stop: stopAll }
  })

/** A browser that reads slowly delays the program by at most three seconds. */
const waitUntilSent = ({ responses }: Waiting): Effect.Effect<void> =>
  Effect.tryPromise(() => Promise.all(Array.from(responses, (response) => once(response, "close")))).pipe(
    Effect.timeoutOption("3 seconds"),
    Effect.ignore
  )

/** Waits for the browser until the scope closes. `complete` runs for each request with the session. */
export const open = (
  address: Address,
  session: ConsentSession,
  complete: (url: string) => Effect.Effect<Outcome>
): Effect.Effect<void, ListenFailure, Scope.Scope> =>
  Effect.gen(function*() {
    const run = Effect.runPromiseWith(yield* Effect.context<never>())
    const waiting: Waiting = {
      session,
      path: address.path,
      responses: new Set(),
      complete: (url) => run(Effect.map(complete(url), ({ _tag }) => _tag))
    }
    const key = Redacted.value(session.sessionUri)
    yield* Effect.acquireRelease(
      lock(
        String(address.port),
        Effect.gen(function*() {
          const listening = byPort.get(address.port) ?? (yield* listen(address))
          byPort.set(address.port, listening)
          listening.waiting.set(key, [...listening.waiting.get(key) ?? [], waiting])
          return listening
        })
      ),
      (listening) =>
        Effect.andThen(
          waitUntilSent(waiting),
          lock(
            String(address.port),
            Effect.suspend(() => {
              const others = (listening.waiting.get(key) ?? []).filter((other) => other !== waiting)
              if (others.length > 0) listening.waiting.set(key, others)
              else listening.waiting.delete(key)
              if (listening.waiting.size > 0) return Effect.void
              byPort.delete(address.port)
              return listening.stop
            })
          )
        )
    )
  })
