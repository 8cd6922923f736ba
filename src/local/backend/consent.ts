/**
 * Consent sessions: the browser's redirects to the authorization server and back, the list of sessions, and the actions
 * of a test in place of the user or the application.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { toUtc } from "../../internal/dates.js"
import { SessionError } from "../LocalControl.js"
import type { AuthorizationServer, Service as OAuthClient } from "../oauth/oauthClient.js"
import type { VaultStoreError } from "../vault/vaultStore.js"
import { BrowserResponse, type ConsentStatus } from "./backendModels.js"
import { explain, noteUser } from "./callContext.js"
import { completeSession, type Dependencies } from "./dataPlane.js"
import { logStoreError } from "./failures.js"
import type { Settings } from "./secrets.js"
import { Event, type Rejection, type State } from "./session.js"
import { idOf, type Session } from "./sessionStore.js"
import { readKey } from "./vault.js"

type Step = Effect.Effect<BrowserResponse, Rejection | VaultStoreError>

const fromRejection = ({ returnUrl }: Session, rejection: Rejection): BrowserResponse =>
  rejection === "Expired"
    ? BrowserResponse.Expired({ returnUrl })
    // The session has no authorization URL yet, so an authorization server cannot have responded.
    : rejection === "TooEarly"
    ? BrowserResponse.Unknown()
    : BrowserResponse.Replayed({ returnUrl })

/** The reasons of pages that end a consent. */
const explanations: { readonly [Tag in BrowserResponse["_tag"]]?: string } = {
  Expired: "The link is late: its session has expired",
  Replayed: "The link was used before: its session has passed this step, or has ended",
  Unknown: "The link is wrong, or it is from a session that expired more than a day ago"
}

const explained = (step: Effect.Effect<BrowserResponse>, name: string): Effect.Effect<BrowserResponse> =>
  Effect.withSpan(
    Effect.tap(step, ({ _tag }) => {
      const reason = explanations[_tag]
      return reason === undefined ? Effect.void : explain(reason)
    }),
    `LocalBackend.${name}`
  )

const toReason = (error: Rejection | "Failed" | VaultStoreError): SessionError["reason"] =>
  typeof error !== "string" ? "Failed" : error === "Expired" || error === "Failed" ? error : "Finished"

const unavailable = ({ provider }: Session): BrowserResponse => BrowserResponse.Unavailable({ provider: provider.name })

/** Edits the URL as a string, because a URL with a custom scheme may not parse. */
const appendQuery = (url: string, parameters: ReadonlyArray<readonly [string, string]>): string => {
  const [base = "", ...fragment] = url.split(/(?=#)/)
  const separator = !base.includes("?") ? "?" : base.endsWith("?") || base.endsWith("&") ? "" : "&"
  const query = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&")
  return `${base}${separator}${query}${fragment.join("")}`
}

/** The errors of an authorization response (RFC 6749, section 4.1.2.1). */
const errorOf = { Denied: "access_denied", Rejected: "server_error" } as const

const makeAuthorizationUrl = (client: OAuthClient, session: Session, server: AuthorizationServer) =>
  client.authorizationUrl(server, {
    ...session.wanted,
    customParameters: session.customParameters,
    redirectUri: session.provider.callbackUrl,
    state: session.authorizationState,
    codeVerifier: session.codeVerifier
  })

const makeReturnUrl = (settings: Settings, session: Session): Effect.Effect<Redacted.Redacted> =>
  Effect.map(settings, ({ returnStateParameter: name = "state" }) =>
    Redacted.make(appendQuery(session.returnUrl, [
      ["session_id", Redacted.value(session.uri)],
      ...Option.toArray(session.customState).flatMap((state) =>
        name === "" ? [] : [[name, Redacted.value(state)] as const]
      )
    ])))

/** `sessionLifetime` in milliseconds. */
const toStatus = (session: Session, state: State, sessionLifetime: number): ConsentStatus => {
  const { user, workload } = readKey(session.key)
  return {
    id: idOf(session.uri),
    provider: session.provider.name,
    workload,
    user,
    scopes: session.wanted.scopes,
    state: state._tag === "Failed" ? state.reason : state._tag,
    openedAt: toUtc(session.expiresAt - sessionLifetime),
    expiresAt: toUtc(session.expiresAt),
    otherGrant: session.otherGrant
  }
}

export const make = (dependencies: Dependencies) => {
  const { client, registry, sessionLifetime, sessions, settings } = dependencies

  const sendToServer = (session: Session, server: AuthorizationServer): Step =>
    Effect.matchEffect(makeAuthorizationUrl(client, session, server), {
      // The session keeps its state, because the server may become available again.
      onFailure: () => Effect.succeed(unavailable(session)),
      onSuccess: (url) => Effect.as(sessions.apply(session, Event.BrowserSent()), BrowserResponse.Redirect({ url }))
    })

  const receiveResponse = (session: Session, server: AuthorizationServer, query: URLSearchParams): Step => {
    // The registered redirect URI, because the host header of the browser's request is not trusted.
    const callbackUrl = Redacted.make(`${session.provider.callbackUrl}?${query}`)
    const provider = session.provider.name
    return Effect.matchEffect(client.checkCallback(server, { callbackUrl, state: session.authorizationState }), {
      onFailure: ({ reason }): Step => {
        // The response was not checked, so the page can be opened again.
        if (reason === "Unreachable" || reason === "Misconfigured") return Effect.succeed(unavailable(session))
        const outcome = reason === "AccessDenied" ? "Denied" : "Rejected"
        return Effect.as(
          sessions.apply(session, Event.CallbackRejected({ reason: outcome })),
          BrowserResponse[outcome]({
            provider,
            returnUrl: appendQuery(session.returnUrl, [["error", errorOf[outcome]]])
          })
        )
      },
      onSuccess: () =>
        Effect.andThen(
          sessions.apply(session, Event.CallbackAccepted({ callbackUrl })),
          Effect.map(makeReturnUrl(settings, session), (url) => BrowserResponse.Redirect({ url }))
        )
    })
  }

  const withServer = (session: Session, step: (server: AuthorizationServer) => Step): Step =>
    Effect.matchEffect(registry.findAuthorizationServer(session.provider), {
      onFailure: ({ _tag }) =>
        Effect.succeed(_tag === "ResourceNotFoundException" ? BrowserResponse.Unknown() : unavailable(session)),
      onSuccess: step
    })

  /** Runs a step of a session that has no authorization response yet. A failure of the store is logged. */
  const advance = Effect.fnUntraced(function*(session: Session, step: (server: AuthorizationServer) => Step) {
    yield* noteUser(readKey(session.key).user)
    const state = yield* sessions.state(session)
    if (state._tag !== "Pending" && state._tag !== "Authorizing") {
      return fromRejection(session, state._tag === "Failed" && state.reason === "Expired" ? "Expired" : "Replayed")
    }
    return yield* Effect.catch(withServer(session, step), (error) =>
      typeof error === "string"
        ? Effect.succeed(fromRejection(session, error))
        : Effect.as(logStoreError(error), unavailable(session)))
  })

  const authorize = Effect.fnUntraced(function*(requestUri: Redacted.Redacted) {
    const session = yield* sessions.byUri(requestUri)
    return session === undefined
      ? BrowserResponse.Unknown()
      : yield* advance(session, (server) => sendToServer(session, server))
  })

  const callback = Effect.fnUntraced(function*(callbackId: string, url: Redacted.Redacted) {
    const query = new URLSearchParams(/\?.*$/s.exec(Redacted.value(url))?.[0])
    const session = yield* sessions.byAuthorizationState(query.get("state") ?? "")
    return session?.provider.callbackId === callbackId
      ? yield* advance(session, (server) => receiveResponse(session, server, query))
      : BrowserResponse.Unknown()
  })

  const requireRedirect = (step: Step): Effect.Effect<void, Rejection | VaultStoreError | "Failed"> =>
    Effect.flatMap(step, ({ _tag }) => _tag === "Redirect" ? Effect.void : Effect.fail("Failed" as const))

  /** Makes up a code, which only the scripted `OAuthClient` accepts, unless the session already has one. */
  const respond = Effect.fnUntraced(function*(session: Session) {
    const { _tag } = yield* sessions.state(session)
    if (_tag === "Authorized") return
    if (_tag === "Pending") yield* requireRedirect(withServer(session, (server) => sendToServer(session, server)))
    const query = new URLSearchParams({ code: "approved", state: Redacted.value(session.authorizationState) })
    yield* requireRedirect(withServer(session, (server) => receiveResponse(session, server, query)))
  })

  /** Skips the checks of the authorization response, because a made-up response does not pass them. */
  const deny = Effect.fnUntraced(function*(session: Session) {
    const { _tag } = yield* sessions.state(session)
    if (_tag === "Pending") yield* sessions.apply(session, Event.BrowserSent())
    yield* sessions.apply(session, Event.CallbackRejected({ reason: "Denied" }))
  })

  const completeForUser = (session: Session) =>
    Effect.mapError(
      completeSession(dependencies, session, session.artifact),
      (error) => error === "Expired" || error === "Finished" || error === "Replayed" ? error : "Failed" as const
    )

  const act = (
    action: SessionError["action"],
    run: (session: Session) => Effect.Effect<unknown, Rejection | VaultStoreError | "Failed">
  ) =>
    Effect.fnUntraced(
      function*(sessionUri: Redacted.Redacted) {
        const session = yield* sessions.byUri(sessionUri)
        if (session === undefined) return yield* new SessionError({ action, reason: "Unknown" })
        yield* Effect.mapError(run(session), (error) => new SessionError({ action, reason: toReason(error) }))
      },
      Effect.withSpan(`LocalBackend.${action}`)
    )

  return {
    /** `GET /identities/oauth2/authorize?request_uri=…` can be repeated until the user has consented. */
    authorize: (requestUri: Redacted.Redacted) => explained(authorize(requestUri), "authorize"),
    /** `GET /identities/oauth2/callback/<id>?…` works once. Only the query of the URL is read. */
    callback: (callbackId: string, callbackUrl: Redacted.Redacted) =>
      explained(callback(callbackId, callbackUrl), "callback"),
    approve: act("approve", (session) => Effect.andThen(respond(session), completeForUser(session))),
    deny: act("deny", deny),
    expire: act("expire", (session) => sessions.apply(session, Event.Expired())),
    complete: act("complete", completeForUser),
    findSession: (id: string) =>
      Effect.map(
        sessions.all,
        Arr.findFirst(([session]) => Option.liftPredicate(session.uri, () => idOf(session.uri) === id))
      ),
    consents: Effect.map(
      sessions.all,
      (all) => all.map(([session, state]) => toStatus(session, state, sessionLifetime)).reverse()
    )
  }
}
