/**
 * Consent sessions: a browser's way to the authorization server and back, the list of sessions, and what a test does to
 * one in place of the user or of the application.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { toUtc } from "../internal/dateRange.js"
import type { AuthorizationServer, Service as OAuthClient } from "../oauth/service.js"
import type { VaultStoreError } from "../VaultStore.js"
import type { Complete } from "./dataPlane.js"
import { logStoreError } from "./failures.js"
import type { Registry } from "./registry.js"
import { Event, type Rejection, type State } from "./session.js"
import { idOf, type Session, type SessionStore } from "./sessionStore.js"
import { BrowserAnswer, type ConsentStatus, SessionError } from "./statuses.js"
import { readKey } from "./vault.js"

export interface Dependencies {
  readonly client: OAuthClient
  readonly registry: Pick<Registry, "findAuthorizationServer">
  readonly sessions: SessionStore
  /** Milliseconds. */
  readonly sessionLifetime: number
  readonly complete: Complete
  readonly customStateParameter: string
}

type Step = Effect.Effect<BrowserAnswer, Rejection | VaultStoreError>

const fromRejection = (rejection: Rejection): BrowserAnswer =>
  rejection === "Expired"
    ? BrowserAnswer.Expired()
    // The session has no authorization URL yet, so this is no response of an authorization server.
    : rejection === "TooEarly"
    ? BrowserAnswer.Unknown()
    : BrowserAnswer.Replayed()

/** The response for a session that is past its authorization; none if it is not. */
const endedAnswer = (state: State): Option.Option<BrowserAnswer> =>
  state._tag === "Pending" || state._tag === "Authorizing"
    ? Option.none()
    : Option.some(
      state._tag === "Failed" && state.reason === "Expired" ? BrowserAnswer.Expired() : BrowserAnswer.Replayed()
    )

const toReason = (error: Rejection | SessionError["reason"] | VaultStoreError): SessionError["reason"] =>
  typeof error !== "string" ? "Failed" : error === "Expired" || error === "Failed" ? error : "Finished"

const unavailable = ({ provider }: Session): BrowserAnswer => BrowserAnswer.Unavailable({ provider: provider.name })

const unknown = Effect.succeed<BrowserAnswer>(BrowserAnswer.Unknown())

/** Keeps the text of the URL, because a custom scheme may not parse as a `URL`. */
const appendQuery = (url: string, parameters: ReadonlyArray<readonly [string, string]>): string => {
  const hash = url.indexOf("#")
  const base = hash === -1 ? url : url.slice(0, hash)
  const separator = !base.includes("?") ? "?" : base.endsWith("?") || base.endsWith("&") ? "" : "&"
  const query = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&")
  return `${base}${separator}${query}${hash === -1 ? "" : url.slice(hash)}`
}

export const make = ({ client, complete, customStateParameter, registry, sessionLifetime, sessions }: Dependencies) => {
  const makeAuthorizationUrl = (session: Session, server: AuthorizationServer) =>
    client.authorizationUrl(server, {
      ...session.wanted,
      customParameters: session.customParameters,
      redirectUri: session.provider.callbackUrl,
      state: session.authorizationState,
      codeVerifier: session.codeVerifier
    })

  const makeReturnUrl = (session: Session): Redacted.Redacted =>
    Redacted.make(appendQuery(session.returnUrl, [
      ["session_id", Redacted.value(session.uri)],
      ...Option.match(session.customState, {
        onNone: () => [],
        onSome: (state) => [[customStateParameter, Redacted.value(state)] as const]
      })
    ]))

  const sendToServer = (session: Session, server: AuthorizationServer): Step =>
    Effect.matchEffect(makeAuthorizationUrl(session, server), {
      // The session keeps its state, because the server may come back.
      onFailure: () => Effect.succeed(unavailable(session)),
      onSuccess: (url) => Effect.as(sessions.apply(session, Event.BrowserSent()), BrowserAnswer.Redirect({ url }))
    })

  const receiveAnswer = (session: Session, server: AuthorizationServer, query: URLSearchParams): Step => {
    // On the registered redirect URI: the host header of the browser's request is not trusted.
    const callbackUrl = Redacted.make(`${session.provider.callbackUrl}?${query}`)
    const provider = session.provider.name
    return client.checkCallback(server, { callbackUrl, state: session.authorizationState }).pipe(
      Effect.matchEffect({
        onFailure: ({ reason }): Step => {
          // The response was not checked, so the page can be opened again.
          if (reason === "Unreachable" || reason === "Misconfigured") return Effect.succeed(unavailable(session))
          const outcome = reason === "AccessDenied" ? "Refused" : "Rejected"
          return Effect.as(
            sessions.apply(session, Event.CallbackRefused({ reason: outcome })),
            BrowserAnswer[outcome]({ provider })
          )
        },
        onSuccess: () =>
          Effect.as(
            sessions.apply(session, Event.CallbackAccepted({ callbackUrl })),
            BrowserAnswer.Redirect({ url: makeReturnUrl(session) })
          )
      })
    )
  }

  const withServer = (session: Session, step: (server: AuthorizationServer) => Step): Step =>
    Effect.matchEffect(registry.findAuthorizationServer(session.provider), {
      onFailure: ({ _tag }) => _tag === "ResourceNotFoundException" ? unknown : Effect.succeed(unavailable(session)),
      onSuccess: step
    })

  /** Runs a step of a session that is not past its authorization. A store that fails is logged. */
  const advance = (session: Session, step: (server: AuthorizationServer) => Step) =>
    Effect.flatMap(
      sessions.state(session),
      (state) =>
        Option.match(endedAnswer(state), {
          onSome: Effect.succeed,
          onNone: () =>
            Effect.catch(
              withServer(session, step),
              (error) =>
                typeof error === "string"
                  ? Effect.succeed(fromRejection(error))
                  : Effect.as(logStoreError(error), unavailable(session))
            )
        })
    )

  const authorize = (requestUri: Redacted.Redacted): Effect.Effect<BrowserAnswer> =>
    Effect.flatMap(
      sessions.byUri(requestUri),
      Option.match({
        onNone: () => unknown,
        onSome: (session) => advance(session, (server) => sendToServer(session, server))
      })
    )

  const callback = (callbackId: string, url: Redacted.Redacted): Effect.Effect<BrowserAnswer> => {
    const text = Redacted.value(url)
    const start = text.indexOf("?")
    const query = new URLSearchParams(start === -1 ? "" : text.slice(start))
    return Effect.flatMap(
      sessions.byAuthorizationState(query.get("state") ?? ""),
      Option.match({
        onNone: () => unknown,
        onSome: (session) =>
          session.provider.callbackId === callbackId
            ? advance(session, (server) => receiveAnswer(session, server, query))
            : unknown
      })
    )
  }

  const requireRedirect = (step: Step): Effect.Effect<void, Rejection | VaultStoreError | "Failed"> =>
    Effect.flatMap(step, ({ _tag }) => _tag === "Redirect" ? Effect.void : Effect.fail("Failed" as const))

  /** Answers with a made-up code in place of the authorization server, unless the session has a code already. */
  const answer = Effect.fnUntraced(function*(session: Session) {
    const { _tag } = yield* sessions.state(session)
    if (_tag === "Authorized") return
    if (_tag === "Pending") {
      yield* requireRedirect(withServer(session, (server) => sendToServer(session, server)))
    }
    const query = new URLSearchParams({ code: "approved", state: Redacted.value(session.authorizationState) })
    yield* requireRedirect(withServer(session, (server) => receiveAnswer(session, server, query)))
  })

  /** The authorization server is not asked: it may have checks that only it can pass. */
  const deny = Effect.fnUntraced(function*(session: Session) {
    const { _tag } = yield* sessions.state(session)
    if (_tag === "Pending") yield* sessions.apply(session, Event.BrowserSent())
    yield* sessions.apply(session, Event.CallbackRefused({ reason: "Refused" }))
  })

  const completeForUser = (session: Session) =>
    Effect.mapError(
      complete(session, session.artifact),
      (error) => error === "Expired" || error === "Finished" || error === "Replayed" ? error : "Failed" as const
    )

  const act = (
    action: SessionError["action"],
    steps: (session: Session) => Effect.Effect<unknown, Rejection | VaultStoreError | "Failed">
  ) =>
  (sessionUri: Redacted.Redacted): Effect.Effect<void, SessionError> =>
    Effect.flatMap(
      sessions.byUri(sessionUri),
      Option.match({
        onNone: () => Effect.fail("Unknown" as const),
        onSome: (session) => Effect.mapError(steps(session), toReason)
      })
    ).pipe(
      Effect.mapError((reason) => new SessionError({ action, reason })),
      Effect.asVoid,
      Effect.withSpan(`LocalBackend.${action}`)
    )

  return {
    authorize: (requestUri: Redacted.Redacted) => Effect.withSpan(authorize(requestUri), "LocalBackend.authorize"),
    callback: (callbackId: string, callbackUrl: Redacted.Redacted) =>
      Effect.withSpan(callback(callbackId, callbackUrl), "LocalBackend.callback"),
    approve: act("approve", (session) => Effect.andThen(answer(session), completeForUser(session))),
    deny: act("deny", deny),
    expire: act("expire", (session) => sessions.apply(session, Event.Expired())),
    complete: act("complete", completeForUser),
    findSession: (id: string) =>
      Effect.map(sessions.all, (all) =>
        Option.map(
          Arr.findFirst(all, ([session]) => idOf(session) === id),
          ([{ uri }]) => uri
        )),
    consents: Effect.map(sessions.all, (all) =>
      all.map(([session, state]): ConsentStatus => {
        const { user, workload } = readKey(session.key)
        return {
          id: idOf(session),
          provider: session.provider.name,
          workload,
          user,
          scopes: session.wanted.scopes,
          state: state._tag === "Failed" ? state.reason : state._tag,
          openedAt: toUtc(session.expiresAt - sessionLifetime),
          expiresAt: toUtc(session.expiresAt),
          otherGrant: session.otherGrant ?? []
        }
      }).reverse())
  }
}
