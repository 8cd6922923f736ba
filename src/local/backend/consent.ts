/** A browser's way through a consent: to the authorization server, and back from it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { AuthorizationServer, OAuthError, Service as OAuthClient } from "../oauth/contract.js"
import type { VaultStoreError } from "../VaultStore.js"
import { logStoreError } from "./failures.js"
import { BrowserAnswer } from "./model.js"
import type { Registry } from "./registry.js"
import { Event, type Rejection, type State } from "./session.js"
import type { Session, SessionStore } from "./sessionStore.js"

export interface Dependencies {
  readonly client: OAuthClient
  readonly registry: Pick<Registry, "authorizationServer">
  readonly sessions: SessionStore
  readonly customStateParameter: string
}

export type ConsentProblem = "Expired" | "Finished" | "Failed"

export interface Consent {
  readonly authorize: (requestUri: Redacted.Redacted) => Effect.Effect<BrowserAnswer>
  readonly callback: (callbackId: string, callbackUrl: Redacted.Redacted) => Effect.Effect<BrowserAnswer>
  /** Answers with a code in place of the authorization server. Does nothing to a session that already has a code. */
  readonly answer: (session: Session, code: string) => Effect.Effect<void, ConsentProblem>
  /** Refuses in place of the user. The authorization server is not asked: it may have checks that only it can pass. */
  readonly refuse: (session: Session) => Effect.Effect<void, ConsentProblem>
  readonly expire: (session: Session) => Effect.Effect<void, ConsentProblem>
}

type Step = Effect.Effect<BrowserAnswer, Rejection | VaultStoreError>

const fromRejection = (rejection: Rejection): BrowserAnswer =>
  rejection === "Expired"
    ? BrowserAnswer.Expired()
    // The session has no authorization URL yet, so this is no answer of an authorization server.
    : rejection === "TooEarly"
    ? BrowserAnswer.Unknown()
    : BrowserAnswer.Replayed()

/** The answer for a session that is past its authorization; none if it is not. */
const endedAnswer = (state: State): Option.Option<BrowserAnswer> =>
  state._tag === "Pending" || state._tag === "Authorizing"
    ? Option.none()
    : Option.some(
      state._tag === "Failed" && state.reason === "Expired" ? BrowserAnswer.Expired() : BrowserAnswer.Replayed()
    )

const toProblem = (error: Rejection | VaultStoreError): ConsentProblem =>
  typeof error !== "string" ? "Failed" : error === "Expired" ? "Expired" : "Finished"

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

export const make = ({ client, customStateParameter, registry, sessions }: Dependencies): Consent => {
  const makeAuthorizationUrl = (
    session: Session,
    server: AuthorizationServer
  ): Effect.Effect<Redacted.Redacted, OAuthError> =>
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
          // The answer was not checked, so the page can be opened again.
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
    Effect.matchEffect(registry.authorizationServer(session.provider), {
      onFailure: ({ _tag }) => _tag === "ResourceNotFoundException" ? unknown : Effect.succeed(unavailable(session)),
      onSuccess: step
    })

  /** Runs a step of a session that is not past its authorization. A store that fails is logged. */
  const advance = (
    session: Session,
    step: (server: AuthorizationServer) => Step
  ): Effect.Effect<BrowserAnswer> =>
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

  return {
    authorize: (requestUri) =>
      Effect.flatMap(
        sessions.byUri(requestUri),
        Option.match({
          onNone: () => unknown,
          onSome: (session) => advance(session, (server) => sendToServer(session, server))
        })
      ),

    callback: (callbackId, url) => {
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
    },

    answer: (session, code) =>
      Effect.gen(function*() {
        const state = yield* sessions.state(session)
        if (state._tag === "Authorized") return
        if (state._tag === "Pending") {
          const sent = yield* Effect.mapError(
            withServer(session, (server) => sendToServer(session, server)),
            toProblem
          )
          if (sent._tag !== "Redirect") return yield* Effect.fail("Failed" as const)
        }
        const query = new URLSearchParams({ code, state: Redacted.value(session.authorizationState) })
        const result = yield* Effect.mapError(
          withServer(session, (server) => receiveAnswer(session, server, query)),
          toProblem
        )
        if (result._tag !== "Redirect") return yield* Effect.fail("Failed" as const)
      }),

    refuse: (session) =>
      Effect.gen(function*() {
        const state = yield* sessions.state(session)
        if (state._tag === "Pending") yield* sessions.apply(session, Event.BrowserSent())
        yield* sessions.apply(session, Event.CallbackRefused({ reason: "Refused" }))
      }).pipe(Effect.mapError(toProblem)),

    expire: (session) => Effect.asVoid(Effect.mapError(sessions.apply(session, Event.Expired()), toProblem))
  }
}
