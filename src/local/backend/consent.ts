/**
 * The browser's side of a consent: to the authorization server, and back from it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { appendQuery } from "../oauth/endpoints.js"
import type { AuthorizationServer, OAuthError, Service as OAuthClientService } from "../OAuthClient.js"
import { logged } from "./log.js"
import * as Sessions from "./session.js"
import type * as SessionServer from "./sessionServer.js"
import type { Session, SessionStore } from "./sessionStore.js"
import type { StoreError } from "./store.js"

/** @internal */
export type Answer =
  | { readonly _tag: "Redirect"; readonly url: Redacted.Redacted }
  | { readonly _tag: "Refused" | "Rejected" | "Unavailable"; readonly provider: string }
  | { readonly _tag: "Expired" | "Replayed" | "Unknown" }

/** @internal */
export interface Browser {
  readonly authorize: (requestUri: Redacted.Redacted) => Effect.Effect<Answer>
  readonly callback: (callbackId: string, callbackUrl: Redacted.Redacted) => Effect.Effect<Answer>
  /** Takes a session through authorization with an answer of our own making. A session that has its answer is left as it is. */
  readonly answerAs: (
    session: Session,
    answer: { readonly code: string } | { readonly error: string }
  ) => Effect.Effect<void, "Expired" | "Finished" | "Failed">
  readonly expire: (session: Session) => Effect.Effect<void, "Expired" | "Finished" | "Failed">
}

const refusals = (rejection: Sessions.Rejection): Answer =>
  rejection === "Expired"
    ? { _tag: "Expired" }
    // No authorization URL was ever made for it, so no authorization server can have sent this.
    : rejection === "TooEarly"
    ? { _tag: "Unknown" }
    : { _tag: "Replayed" }

/** What is over, or has gone too far, before an authorization server is asked anything for it. */
const past = (state: Sessions.State): Answer | undefined =>
  state._tag === "Pending" || state._tag === "Authorizing"
    ? undefined
    : { _tag: state._tag === "Failed" && state.reason === "Expired" ? "Expired" : "Replayed" }

const ended = (error: Sessions.Rejection | StoreError): "Expired" | "Finished" | "Failed" =>
  typeof error !== "string" ? "Failed" : error === "Expired" ? "Expired" : "Finished"

type Step = Effect.Effect<Answer, Sessions.Rejection | StoreError>

/** A store that fails is told in the log; the page may be opened again. */
const notStored = (session: Session, { reason }: StoreError): Effect.Effect<Answer> =>
  Effect.as(Effect.logError(`The store of the local backend failed: ${reason}`), {
    _tag: "Unavailable",
    provider: session.provider.name
  })

/** @internal */
export const make = ({ client, customStateParameter, serverOf, sessions }: {
  readonly client: OAuthClientService
  readonly serverOf: SessionServer.Find
  readonly sessions: SessionStore
  readonly customStateParameter: string
}): Browser => {
  const redirect = (session: Session, server: AuthorizationServer): Effect.Effect<Redacted.Redacted, OAuthError> =>
    logged(
      session.provider.name,
      client.authorizationUrl(server, {
        ...session.wanted,
        customParameters: session.customParameters,
        redirectUri: session.provider.callbackUrl,
        state: session.authorizationState,
        codeVerifier: session.codeVerifier
      })
    )

  const returnUrl = (session: Session): Redacted.Redacted =>
    Redacted.make(appendQuery(session.returnUrl, [
      ["session_id", Redacted.value(session.uri)],
      ...Option.match(session.customState, {
        onNone: () => [],
        onSome: (state) => [[customStateParameter, Redacted.value(state)] as const]
      })
    ]))

  const authorize = (session: Session, server: AuthorizationServer): Step =>
    Effect.matchEffect(redirect(session, server), {
      // The session stays as it was: a server that is down now may be up in a minute.
      onFailure: () => Effect.succeed({ _tag: "Unavailable", provider: session.provider.name }),
      onSuccess: (url) => Effect.as(sessions.apply(session, Sessions.Event.BrowserSent()), { _tag: "Redirect", url })
    })

  /** The query that came, on the redirect URI that was registered: a host header has no part in what is sent on. */
  const callbackUrl = (session: Session, query: URLSearchParams): Redacted.Redacted =>
    Redacted.make(`${session.provider.callbackUrl}?${query}`)

  const answered = (session: Session, server: AuthorizationServer, query: URLSearchParams): Step => {
    const url = callbackUrl(session, query)
    const provider = session.provider.name
    return Effect.matchEffect(
      logged(
        provider,
        client.checkCallback(server, { callbackUrl: url, state: session.authorizationState })
      ),
      {
        onFailure: ({ reason }): Step => {
          // What could not be checked is no answer: the page may be opened again.
          if (reason === "Unreachable" || reason === "Misconfigured") {
            return Effect.succeed({ _tag: "Unavailable", provider })
          }
          const outcome = reason === "AccessDenied" ? "Refused" : "Rejected"
          return Effect.as(sessions.apply(session, Sessions.Event.CallbackRefused({ reason: outcome })), {
            _tag: outcome,
            provider
          })
        },
        onSuccess: () =>
          Effect.as(sessions.apply(session, Sessions.Event.CallbackAccepted({ callbackUrl: url })), {
            _tag: "Redirect",
            url: returnUrl(session)
          })
      }
    )
  }

  const unknown = Effect.succeed<Answer>({ _tag: "Unknown" })

  const step = (session: Session, take: (server: AuthorizationServer) => Step): Step =>
    Effect.matchEffect(serverOf("GetResourceOauth2Token", session), {
      onFailure: ({ _tag }) =>
        Effect.succeed<Answer>(
          _tag === "ResourceNotFoundException"
            ? { _tag: "Unknown" }
            : { _tag: "Unavailable", provider: session.provider.name }
        ),
      onSuccess: take
    })

  const unlessPast = (session: Session, take: (server: AuthorizationServer) => Step): Effect.Effect<Answer> =>
    Effect.flatMap(sessions.state(session), (state) => {
      const over = past(state)
      return over === undefined
        ? Effect.merge(
          Effect.catchAll(
            step(session, take),
            (error) => typeof error === "string" ? Effect.fail(refusals(error)) : notStored(session, error)
          )
        )
        : Effect.succeed(over)
    })

  return {
    authorize: (requestUri) =>
      Effect.flatMap(
        sessions.byUri(requestUri),
        Option.match({
          onNone: () => unknown,
          onSome: (session) => unlessPast(session, (server) => authorize(session, server))
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
              ? unlessPast(session, (server) => answered(session, server, query))
              : unknown
        })
      )
    },

    answerAs: (session, answer) =>
      Effect.gen(function*() {
        const state = yield* sessions.state(session)
        if (state._tag === "Authorized" && "code" in answer) return
        if (state._tag === "Pending") {
          const sent = yield* Effect.mapError(step(session, (server) => authorize(session, server)), ended)
          if (sent._tag !== "Redirect") return yield* Effect.fail("Failed" as const)
        }
        const query = new URLSearchParams({ ...answer, state: Redacted.value(session.authorizationState) })
        const result = yield* Effect.mapError(step(session, (server) => answered(session, server, query)), ended)
        if (result._tag !== "Redirect" && !("error" in answer && result._tag === "Refused")) {
          return yield* Effect.fail("Failed" as const)
        }
      }),

    expire: (session) => Effect.asVoid(Effect.mapError(sessions.apply(session, Sessions.Event.Expired()), ended))
  }
}
