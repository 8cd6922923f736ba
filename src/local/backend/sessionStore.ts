/**
 * The consent sessions of one backend. Each change is one step of the state machine, and succeeds when the store has
 * it. So sessions go on after a restart. A code exchange that a restart interrupts has failed, because the code may be
 * spent.
 *
 * Only callers with a workload access token open sessions. A session is dropped one session lifetime after its expiry.
 * Until then, polls and repeated clicks get its final state.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { randomBytes } from "node:crypto"
import * as KeyedLock from "../../internal/keyedLock.js"
import { VaultStore, type VaultStoreError } from "../VaultStore.js"
import * as Sessions from "./session.js"
import { Access } from "./vault.js"

const Secret = Schema.Redacted(Schema.String)

const opening = {
  /** The key of the vault: workload, user and provider. */
  key: Schema.String,
  artifact: Schema.String,
  /** The configuration of the provider is read at each step. */
  provider: Schema.Struct({ name: Schema.String, callbackId: Schema.String, callbackUrl: Schema.String }),
  wanted: Access,
  returnUrl: Schema.String,
  customState: Schema.OptionFromNullOr(Secret),
  customParameters: Schema.Record({ key: Schema.String, value: Schema.String })
}

const Opening = Schema.Struct(opening)

/** @internal */
export type Opening = typeof Opening.Type

const Session = Schema.Struct({
  ...opening,
  uri: Secret,
  authorizationState: Secret,
  codeVerifier: Secret,
  expiresAt: Schema.Number
})

/** @internal */
export type Session = typeof Session.Type

const State = Schema.Union(
  Schema.TaggedStruct("Pending", {}),
  Schema.TaggedStruct("Authorizing", {}),
  Schema.TaggedStruct("Authorized", { callbackUrl: Secret }),
  Schema.TaggedStruct("Completing", {}),
  Schema.TaggedStruct("Completed", { grantId: Schema.String }),
  Schema.TaggedStruct("Failed", { reason: Schema.Literal("Refused", "Rejected", "Expired", "ExchangeFailed") })
)

const Entry = Schema.Struct({ session: Session, state: State })

/** @internal */
export interface SessionStore {
  readonly open: (opening: Opening) => Effect.Effect<Session, VaultStoreError>
  readonly byUri: (uri: Redacted.Redacted) => Effect.Effect<Option.Option<Session>>
  readonly byAuthorizationState: (state: string) => Effect.Effect<Option.Option<Session>>
  readonly state: (session: Session) => Effect.Effect<Sessions.State>
  /** Returns the state before the event. */
  readonly apply: (
    session: Session,
    event: Sessions.Event
  ) => Effect.Effect<Sessions.State, Sessions.Rejection | VaultStoreError>
  /** Sorted by time of opening. */
  readonly all: Effect.Effect<ReadonlyArray<readonly [session: Session, state: Sessions.State]>>
  readonly size: Effect.Effect<number>
}

const makeSecret = (): string => randomBytes(32).toString("base64url")

/** @internal */
export const make = Effect.fnUntraced(
  function*(lifetime: number): Effect.fn.Return<SessionStore, VaultStoreError, VaultStore> {
    const collection = (yield* VaultStore).collection("consent-sessions", Entry)
    const lock = yield* KeyedLock.make
    // Sorted by time of opening, and so by time of expiry.
    const sessions = new Map<string, { readonly session: Session; state: Sessions.State }>()
    const uris = new Map<string, string>()

    const add = (session: Session, state: Sessions.State) => {
      const uri = Redacted.value(session.uri)
      sessions.set(uri, { session, state })
      uris.set(Redacted.value(session.authorizationState), uri)
      return uri
    }

    const found = (yield* collection.entries).map(([, entry]) => entry)
    for (const { session, state } of found.sort((a, b) => a.session.expiresAt - b.session.expiresAt)) {
      add(session, state._tag === "Completing" ? Sessions.State.Failed({ reason: "ExchangeFailed" }) : state)
    }

    const sweep = (now: number): ReadonlyArray<string> => {
      const swept: Array<string> = []
      for (const [uri, { session }] of sessions) {
        if (now < session.expiresAt + lifetime) break
        sessions.delete(uri)
        uris.delete(Redacted.value(session.authorizationState))
        swept.push(uri)
      }
      return swept
    }

    /** Writes the state at the time of the write, so that the last of several writes has the last state. */
    const persist = (uri: string): Effect.Effect<void, VaultStoreError> =>
      lock(
        uri,
        Effect.suspend(() => {
          const entry = sessions.get(uri)
          return entry === undefined ? collection.remove(uri) : collection.put(uri, entry)
        })
      )

    const atNow = <A>(use: (now: number) => A): Effect.Effect<A> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const swept = sweep(now)
        const result = use(now)
        // A session that the store does not remove is removed after the next start.
        return Effect.as(Effect.forEach(swept, (uri) => Effect.ignore(persist(uri)), { discard: true }), result)
      })

    const find = (uri: string | undefined): Option.Option<Session> =>
      Option.map(
        Option.fromNullable(uri === undefined ? undefined : sessions.get(uri)),
        (entry) => entry.session
      )

    return {
      open: (opening) =>
        atNow((now) => {
          const session: Session = {
            ...opening,
            uri: Redacted.make(`urn:ietf:params:oauth:request_uri:${makeSecret()}`),
            authorizationState: Redacted.make(makeSecret()),
            codeVerifier: Redacted.make(makeSecret()),
            expiresAt: now + lifetime
          }
          return { session, uri: add(session, Sessions.State.Pending()) }
        }).pipe(
          Effect.tap(({ uri }) => persist(uri)),
          Effect.map(({ session }) => session),
          Effect.uninterruptible
        ),
      byUri: (uri) => atNow(() => find(Redacted.value(uri))),
      byAuthorizationState: (state) => atNow(() => find(uris.get(state))),
      state: (session) =>
        atNow((now) => {
          const entry = sessions.get(Redacted.value(session.uri))
          return entry === undefined
            ? Sessions.State.Failed({ reason: "Expired" })
            : Sessions.settle(session, entry.state, now)
        }),
      apply: (session, event) => {
        const uri = Redacted.value(session.uri)
        return atNow((now): Either.Either<Sessions.State, Sessions.Rejection> => {
          const entry = sessions.get(uri)
          if (entry === undefined) return Either.left("Expired")
          const before = Sessions.settle(session, entry.state, now)
          entry.state = before
          return Either.map(Sessions.transition(session, before, event, now), (after) => {
            entry.state = after
            return before
          })
        }).pipe(
          Effect.flatten,
          Effect.tap(() => persist(uri)),
          // The change is in memory, so an interruption must not keep it out of the store.
          Effect.uninterruptible
        )
      },
      all: atNow((now) =>
        Array.from(sessions.values(), ({ session, state }) => [session, Sessions.settle(session, state, now)] as const)
      ),
      size: atNow(() => sessions.size)
    }
  }
)
