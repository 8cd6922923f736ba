/**
 * The consent sessions of one backend. Every change goes through the state machine, in one step.
 *
 * Only callers with a workload access token open sessions. A session is forgotten one session lifetime after its expiry:
 * until then a poll and a second click learn what became of it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import type { Oauth2Provider } from "./registry.js"
import * as Sessions from "./sessions.js"
import type { Wanted } from "./vault.js"

/** @internal */
export interface Opening {
  /** The key of the vault: workload, user and provider. */
  readonly key: string
  readonly artifact: string
  readonly provider: Oauth2Provider
  readonly wanted: Wanted
  readonly returnUrl: string
  readonly customState: Option.Option<Redacted.Redacted>
  readonly customParameters: Readonly<Record<string, string>>
}

/** @internal */
export interface Session extends Opening, Sessions.Terms {
  readonly uri: Redacted.Redacted
  readonly authorizationState: Redacted.Redacted
  readonly codeVerifier: Redacted.Redacted
}

/** @internal */
export interface SessionStore {
  readonly open: (opening: Opening) => Effect.Effect<Session>
  readonly byUri: (uri: Redacted.Redacted) => Effect.Effect<Option.Option<Session>>
  readonly byAuthorizationState: (state: string) => Effect.Effect<Option.Option<Session>>
  readonly state: (session: Session) => Effect.Effect<Sessions.State>
  /**
   * Changes the session, or says why not. The state that it returns is the one before. `changed` runs in the same step.
   */
  readonly apply: (
    session: Session,
    event: Sessions.Event,
    changed?: () => void
  ) => Effect.Effect<Sessions.State, Sessions.Rejection>
  /** How many sessions are held. */
  readonly size: Effect.Effect<number>
}

const secret = (): string => randomBytes(32).toString("base64url")

/** @internal */
export const make = (lifetime: number): Effect.Effect<SessionStore> =>
  Effect.sync(() => {
    // In the order of opening, which is the order of expiry.
    const sessions = new Map<string, { readonly session: Session; state: Sessions.State }>()
    const uris = new Map<string, string>()

    const sweep = (now: number) => {
      for (const [uri, { session }] of sessions) {
        if (now < session.expiresAt + lifetime) break
        sessions.delete(uri)
        uris.delete(Redacted.value(session.authorizationState))
      }
    }

    const at = <A>(use: (now: number) => A): Effect.Effect<A> =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        sweep(now)
        return use(now)
      })

    const find = (uri: string | undefined): Option.Option<Session> =>
      Option.map(
        Option.fromNullable(uri === undefined ? undefined : sessions.get(uri)),
        (entry) => entry.session
      )

    return {
      open: (opening) =>
        at((now) => {
          const uri = `urn:ietf:params:oauth:request_uri:${secret()}`
          const authorizationState = secret()
          const session: Session = {
            ...opening,
            uri: Redacted.make(uri),
            authorizationState: Redacted.make(authorizationState),
            codeVerifier: Redacted.make(secret()),
            expiresAt: now + lifetime
          }
          sessions.set(uri, { session, state: Sessions.State.Pending() })
          uris.set(authorizationState, uri)
          return session
        }),
      byUri: (uri) => at(() => find(Redacted.value(uri))),
      byAuthorizationState: (state) => at(() => find(uris.get(state))),
      state: (session) =>
        at((now) => {
          const entry = sessions.get(Redacted.value(session.uri))
          return entry === undefined
            ? Sessions.State.Failed({ reason: "Expired" })
            : Sessions.settle(session, entry.state, now)
        }),
      apply: (session, event, changed) =>
        Effect.flatMap(
          at((now): Either.Either<Sessions.State, Sessions.Rejection> => {
            const entry = sessions.get(Redacted.value(session.uri))
            if (entry === undefined) return Either.left("Expired")
            const before = Sessions.settle(session, entry.state, now)
            entry.state = before
            return Either.map(Sessions.transition(session, before, event, now), (after) => {
              entry.state = after
              changed?.()
              return before
            })
          }),
          (either) => either
        ),
      size: at(() => sessions.size)
    }
  })
