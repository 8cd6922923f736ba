/**
 * The consent sessions of one backend. Each change is one step of the state machine. It succeeds when it is stored, so
 * sessions survive a restart. A code exchange that a restart interrupts fails, because the code may be spent.
 *
 * A session is dropped a day after it expires. Until then, polls and late clicks get its final state. Beyond a limit,
 * the oldest session is dropped. A poll of a dropped session gets `Failed`.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createHash, randomBytes } from "node:crypto"
import { maxTime } from "../../internal/dates.js"
import * as ExpiringMap from "../../internal/expiringMap.js"
import * as KeyedLock from "../../internal/keyedLock.js"
import { VaultStore, type VaultStoreError } from "../vault/vaultStore.js"
import * as Sessions from "./session.js"
import { Access, RequestParts, type RequestShape } from "./vault.js"

const Secret = Schema.RedactedFromValue(Schema.String)

const opening = {
  /** The key of the vault: workload, user and provider. */
  key: Schema.String,
  artifact: Schema.String,
  /** The configuration of the provider is read at each step. */
  provider: Schema.Struct({ name: Schema.String, callbackId: Schema.String, callbackUrl: Schema.String }),
  wanted: Access,
  returnUrl: Schema.String,
  customState: Schema.OptionFromNullOr(Secret),
  customParameters: Schema.Record(Schema.String, Schema.String),
  /** The parts in which the closest grant differs. */
  otherGrant: RequestParts
}

const Opening = Schema.Struct(opening)

export type Opening = typeof Opening.Type

const Session = Schema.Struct({
  ...opening,
  uri: Secret,
  authorizationState: Secret,
  codeVerifier: Secret,
  expiresAt: Schema.Number.check(Schema.isBetween({ minimum: -maxTime, maximum: maxTime }))
})

export type Session = typeof Session.Type

/** Returns the id of a session in actions. It is safe to show, because it is a digest of 256 random bits. */
export const idOf = (uri: Session["uri"]): string =>
  createHash("sha256").update(Redacted.value(uri)).digest("hex").slice(0, 32)

/** Returns the page that the user opens. Anyone who has its URL can consent in the user's place. */
export const makeAuthorizationUrl = (publicUrl: string, uri: Session["uri"]): Redacted.Redacted =>
  Redacted.make(`${publicUrl}/identities/oauth2/authorize?request_uri=${encodeURIComponent(Redacted.value(uri))}`)

export const readShape = ({ customParameters, wanted }: Session): RequestShape => ({ ...wanted, customParameters })

const StoredEntry = Schema.Struct({ session: Session, state: Sessions.StoredState })

interface Entry {
  readonly session: Session
  state: Sessions.State
}

export type SessionStore = Effect.Success<ReturnType<typeof make>>

/** Milliseconds. */
const retention = 24 * 60 * 60_000

/** Beyond these, the oldest one is dropped, unless its code is being exchanged. */
const maxSessions = 20_000

const uriOf = ({ uri }: Session): string => Redacted.value(uri)

const makeSecret = (): string => randomBytes(32).toString("base64url")

export const make = Effect.fnUntraced(
  function*(lifetime: number) {
    const collection = (yield* VaultStore).collection("consent-sessions", StoredEntry)
    const lock = KeyedLock.makeUnsafe()
    // By URI, in the order of opening. After the clock is moved back, the order of expiry differs.
    const sessions = ExpiringMap.make<Entry>()
    /** By authorization state. */
    const uris = new Map<string, string>()

    const add = (session: Session, state: Sessions.State) => {
      sessions.set(uriOf(session), { session, state }, session.expiresAt + retention)
      uris.set(Redacted.value(session.authorizationState), uriOf(session))
    }

    const drop = (session: Session): string => {
      sessions.remove(uriOf(session))
      uris.delete(Redacted.value(session.authorizationState))
      return uriOf(session)
    }

    const found = (yield* collection.entries).map(([, entry]) => entry)
    for (const { session, state } of found.sort((a, b) => a.session.expiresAt - b.session.expiresAt)) {
      add(session, state._tag === "Completing" ? Sessions.State.Failed({ reason: "ExchangeFailed" }) : state)
    }

    const sweep = (now: number): ReadonlyArray<string> => {
      const dropped = sessions.removeExpired(now)
      // The code of a session is spent while it is exchanged, so the session must get its tokens.
      const oldest = sessions.size() > maxSessions
        ? sessions.oldest(({ state }) => state._tag !== "Completing")
        : undefined
      return [...dropped, ...(oldest === undefined ? [] : [oldest])].map(({ session }) => drop(session))
    }

    /** Reads the state when it writes, so that the last of several writes stores the last state. */
    const persist = (uri: string): Effect.Effect<void, VaultStoreError> =>
      lock(
        uri,
        Effect.suspend(() => {
          const { session, state } = sessions.get(uri) ?? {}
          return session && state ? collection.put(uri, { session, state }) : collection.remove(uri)
        })
      )

    const atNow = <A>(use: (now: number) => A): Effect.Effect<A> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const swept = sweep(now)
        const result = use(now)
        // If the store fails to remove a session, the session is removed after the next start.
        const remove = Effect.forEach(swept, (uri) => Effect.ignore(persist(uri)), { discard: true })
        return Effect.as(remove, result)
      })

    return {
      open: (opening: Opening): Effect.Effect<Session, VaultStoreError> =>
        atNow((now) => {
          const session: Session = {
            ...opening,
            uri: Redacted.make(`urn:ietf:params:oauth:request_uri:${makeSecret()}`),
            authorizationState: Redacted.make(makeSecret()),
            codeVerifier: Redacted.make(makeSecret()),
            expiresAt: Math.min(now + lifetime, maxTime)
          }
          add(session, Sessions.State.Pending())
          return session
        }).pipe(
          // A caller must not get a session that is not stored.
          Effect.tap((session) => Effect.tapError(persist(uriOf(session)), () => Effect.sync(() => drop(session)))),
          Effect.uninterruptible
        ),
      byUri: (uri: Redacted.Redacted) => atNow(() => sessions.get(Redacted.value(uri))?.session),
      byAuthorizationState: (state: string) => atNow(() => sessions.get(uris.get(state) ?? "")?.session),
      state: (session: Session) =>
        atNow((now) => {
          const entry = sessions.get(uriOf(session))
          return entry === undefined
            ? Sessions.State.Failed({ reason: "Expired" })
            : Sessions.settle(session, entry.state, now)
        }),
      /** Returns the state before the event. */
      apply: (session: Session, event: Sessions.Event): Effect.Effect<
        Sessions.State,
        Sessions.Rejection | VaultStoreError
      > => {
        const uri = uriOf(session)
        return atNow((now) => {
          const entry = sessions.get(uri)
          if (entry === undefined) return Result.fail<Sessions.Rejection>("Expired")
          const before = Sessions.settle(session, entry.state, now)
          entry.state = before
          return Result.map(Sessions.transition(session, before, event, now), (after) => {
            entry.state = after
            // A change that is not stored is undone, so that the caller can try again. A failure is final.
            const undo = Effect.sync(() => {
              if (entry.state === after && after._tag !== "Failed") entry.state = before
            })
            return { before, undo }
          })
        }).pipe(
          Effect.flatMap(Effect.fromResult),
          Effect.flatMap(({ before, undo }) => Effect.as(Effect.tapError(persist(uri), () => undo), before)),
          // The change is already in memory, so an interruption must not prevent that it is stored.
          Effect.uninterruptible
        )
      },
      /** Sorted by time of opening. */
      all: atNow((now) =>
        sessions.values().map(({ session, state }) => [session, Sessions.settle(session, state, now)] as const)
      )
    }
  }
)
