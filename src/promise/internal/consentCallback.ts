/** The page that the browser returns to after consent, for servers without Effect. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Completion from "../../consentCallback/completion.js"
import type { ConsentSession } from "../../ConsentSession.js"
import type * as DataPlane from "../../DataPlane.js"
import type * as Identity from "../../Identity.js"
import * as ConsentPages from "../../internal/consentPages.js"
import { cutName } from "../../internal/errorCode.js"
import type { Consents } from "./consents.js"
import { toUserIdentifier, type User } from "./user.js"

export type Outcome =
  | { readonly _tag: "Completed"; readonly session: ConsentSession }
  | { readonly _tag: "WrongUser" | "AlreadyUsed" | "Expired" | "Unknown" | "Failed" | "NotSignedIn" }

export interface FetchOptions {
  /**
   * The user who is signed in in this browser, from the application's own session, usually a cookie. `undefined` if no
   * user is signed in.
   *
   * There is no default. If the page trusted the link, a user could forward their link and collect the token of another
   * user. A program with a single user on their own machine returns a constant. If it throws, no session is claimed.
   */
  readonly currentUser: (request: Request) => User | null | undefined | Promise<User | null | undefined>
  /** The response instead of the plain pages, for example a redirect into the application. */
  readonly respond?: ((outcome: Outcome, request: Request) => Response | Promise<Response>) | undefined
}

export interface NodeOptions<Req extends IncomingMessage, Res extends ServerResponse> {
  /**
   * The user who is signed in in this browser, from the application's own session, usually a cookie. `undefined` if no
   * user is signed in.
   *
   * There is no default. If the page trusted the link, a user could forward their link and collect the token of another
   * user. A program with a single user on their own machine returns a constant. If it throws, no session is claimed.
   */
  readonly currentUser: (request: Req) => User | null | undefined | Promise<User | null | undefined>
  /** Sends a response instead of the plain pages, for example a redirect into the application. */
  readonly respond?: ((outcome: Outcome, request: Req, response: Res) => void | Promise<void>) | undefined
}

export interface Dependencies<R> {
  readonly identity: Effect.Effect<Identity.Service, unknown, R>
  readonly dataPlane: Effect.Effect<DataPlane.Service, unknown, R>
  readonly consents: Consents
  readonly settle: <A>(effect: Effect.Effect<A, unknown, R>) => Promise<A>
}

/** The session of the request. The host of a URL may be anything, so only its query is read. */
const sessionUriOf = (url: string): Redacted.Redacted | undefined => {
  const [, query = ""] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  const [sessionUri, ...more] = new URLSearchParams(query).getAll("session_id")
  return sessionUri === undefined || more.length > 0 ? undefined : Redacted.make(sessionUri)
}

const visit = async <R>(
  { consents, dataPlane, identity, settle }: Dependencies<R>,
  signedIn: ReturnType<FetchOptions["currentUser"]>,
  url: string
): Promise<Outcome> => {
  const user = await signedIn
  if (user === undefined || user === null) return { _tag: "NotSignedIn" }
  return settle(Effect.gen(function*() {
    const checked = yield* Effect.fromResult(toUserIdentifier(user, "currentUser"))
    const dependencies = {
      identity: yield* identity,
      // The runtime of a program may have no data plane.
      callerOf: Completion.callerOver(yield* Effect.option(dataPlane)),
      pending: yield* consents.pending,
      signals: yield* consents.signals
    }
    return yield* Completion.complete(dependencies, sessionUriOf(url), checked)
  }))
}

// A page of the application would send the session with its next request.
const referrerPolicy = ["referrer-policy", "no-referrer"] as const

export const makeFetch =
  <R>(dependencies: Dependencies<R>) =>
  ({ currentUser, respond }: FetchOptions): (request: Request) => Promise<Response> =>
  async (request) => {
    // A link preview must not use up the session.
    if (request.method !== "GET") {
      return new Response(null, { status: 405, headers: { allow: "GET" } })
    }
    const outcome = await visit(dependencies, currentUser(request), request.url)
    if (respond === undefined) {
      const { body, headers, status } = ConsentPages.render(outcome._tag)
      return new Response(body, { status, headers })
    }
    const response = await respond(outcome, request)
    if (response.headers.has(referrerPolicy[0])) return response
    // The headers of a redirect cannot be changed.
    const headers = new Headers(response.headers)
    headers.set(...referrerPolicy)
    return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
  }

export const makeNode = <R>(dependencies: Dependencies<R>) =>
<Req extends IncomingMessage, Res extends ServerResponse>(
  { currentUser, respond }: NodeOptions<Req, Res>
): (request: Req, response: Res, next?: (error: unknown) => void) => Promise<void> =>
async (request, response, next) => {
  if (request.method !== "GET") {
    response.writeHead(405, { allow: "GET" }).end()
    return
  }
  try {
    const outcome = await visit(dependencies, currentUser(request), request.url ?? "")
    if (respond === undefined) {
      const { body, headers, status } = ConsentPages.render(outcome._tag)
      response.writeHead(status, headers).end(body)
    } else {
      response.setHeader(...referrerPolicy)
      await respond(outcome, request, response)
    }
  } catch (error) {
    if (next !== undefined) return next(error)
    // A server of Node has no handler for errors. The error itself may quote the request.
    const name = error instanceof Error ? cutName(error.name) : typeof error
    await dependencies.settle(Effect.logError(`The page after consent failed: ${name}`))
    if (response.headersSent) {
      response.destroy()
    } else {
      response.writeHead(500).end()
    }
  }
}
