/**
 * The consent sessions of one backend. Each change is one step of the state machine. It succeeds when it is stored, so
 * sessions survive a restart. A code exchange that a restart interrupts fails, because the code may be spent.
 *
 * Only callers with a workload access token open sessions. A session is dropped one session lifetime after it expires.
 * Until then, polls and repeated clicks get its final state.
 *
 * The size of a workload's sessions is limited, and so is the size of all sessions. Beyond a limit, failed sessions are
 * dropped first, then unfinished ones, then completed ones, and within each of them the first to get there. A poll of a
 * dropped session gets `Failed`. Sessions of other workloads are dropped only if these workloads use more space.
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createHash, randomBytes } from "node:crypto"
import { maxTime } from "../../internal/dates.js"
import { type HeapEntry, makeHeap } from "../../internal/expiringMap.js"
import * as KeyedLock from "../../internal/keyedLock.js"
import { VaultStore, type VaultStoreError } from "../VaultStore.js"
import * as Sessions from "./session.js"
import { Access, readWorkload, RequestParts, type RequestShape } from "./vault.js"

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
export const idOf = ({ uri }: Session): string =>
  createHash("sha256").update(Redacted.value(uri)).digest("hex").slice(0, 32)

/** Returns the page that the user opens. Anyone who has its URL can consent in the user's place. */
export const makeAuthorizationUrl = (publicUrl: string, uri: Session["uri"]): Redacted.Redacted =>
  Redacted.make(`${publicUrl}/identities/oauth2/authorize?request_uri=${encodeURIComponent(Redacted.value(uri))}`)

/** Returns the shape of the request that opened the session. */
export const readShape = ({ customParameters, wanted }: Session): RequestShape => ({ ...wanted, customParameters })

const StoredEntry = Schema.Struct({ session: Session, state: Sessions.StoredState })

interface Entry {
  readonly session: Session
  state: Sessions.State
  /** When the session is dropped. */
  readonly end: HeapEntry<string>
}

interface Workload {
  size: number
  /** The URIs of its sessions by `dropRank`. A set keeps the order of insertion. */
  readonly ranks: readonly [failed: Set<string>, unfinished: Set<string>, completed: Set<string>, inUse: Set<string>]
}

export type SessionStore = Effect.Success<ReturnType<typeof make>>

/** The limits of all sessions of a workload, and of all workloads, in characters. */
const maxSize = { workload: 16 * 1024 * 1024, all: 64 * 1024 * 1024 }

/** The size of a session without the strings of its request, in characters. */
const baseSize = 1024

const lengthOf = (items: ReadonlyArray<string> = []): number =>
  // Every item uses space, even a short one.
  items.reduce((sum, item) => sum + item.length + 16, 0)

/** The size of the parameters of a request, in characters. */
export const parametersSize = ({ customParameters, wanted }: Pick<Opening, "wanted" | "customParameters">): number =>
  lengthOf(wanted.scopes) + lengthOf(wanted.resources) + lengthOf(wanted.audiences)
  + lengthOf(Object.keys(customParameters)) + lengthOf(Object.values(customParameters))

/** The parameters are part of a URL. Few authorization servers accept a longer one. */
export const maxParametersSize = 16 * 1024

const sizeOf = (session: Session, state: Sessions.State): number =>
  baseSize + session.returnUrl.length + parametersSize(session)
  + Redacted.value(Option.getOrElse(session.customState, () => Redacted.make(""))).length
  + (state._tag === "Authorized" ? Redacted.value(state.callbackUrl).length : 0)

/**
 * Sessions with a lower rank are dropped first. A session whose code is being exchanged is not dropped. Expired
 * sessions are the oldest of the unfinished ones.
 */
const dropRank = ({ _tag }: Sessions.State) =>
  _tag === "Failed" ? 0 : _tag === "Completed" ? 2 : _tag === "Completing" ? 3 : 1

const makeSecret = (): string => randomBytes(32).toString("base64url")

export const make = Effect.fnUntraced(
  function*(lifetime: number) {
    const collection = (yield* VaultStore).collection("consent-sessions", StoredEntry)
    const lock = yield* KeyedLock.make
    // Sorted by time of opening. After the clock is moved back, the order of expiry differs.
    const sessions = new Map<string, Entry>()
    const ends = makeHeap<string>()
    const uris = new Map<string, string>()
    const workloads = new Map<string, Workload>()
    let allSize = 0

    /** Moves a session from one state to another in its workload. A session that is not listed has no state. */
    const move = (session: Session, from: Sessions.State | undefined, to: Sessions.State | undefined): Workload => {
      const uri = Redacted.value(session.uri)
      const name = readWorkload(session.key)
      const workload = workloads.get(name) ?? { size: 0, ranks: [new Set(), new Set(), new Set(), new Set()] }
      const change = (to ? sizeOf(session, to) : 0) - (from ? sizeOf(session, from) : 0)
      workload.size += change
      allSize += change
      // Within a rank, a session keeps its place.
      if (from && !(to && dropRank(from) === dropRank(to))) workload.ranks[dropRank(from)].delete(uri)
      if (to) workload.ranks[dropRank(to)].add(uri)
      if (workload.size === 0) workloads.delete(name)
      else workloads.set(name, workload)
      return workload
    }

    const add = (session: Session, state: Sessions.State) => {
      const uri = Redacted.value(session.uri)
      sessions.set(uri, { session, state, end: ends.add(session.expiresAt + lifetime, uri) })
      uris.set(Redacted.value(session.authorizationState), uri)
      return { uri, workload: move(session, undefined, state) }
    }

    const drop = (uri: string) => {
      const entry = sessions.get(uri)
      if (entry === undefined) return
      const { session, state } = entry
      sessions.delete(uri)
      ends.remove(entry.end)
      uris.delete(Redacted.value(session.authorizationState))
      move(session, state, undefined)
    }

    const setState = (entry: Entry, state: Sessions.State) => {
      const { session, state: before } = entry
      entry.state = state
      // A dropped session is not listed.
      if (sessions.get(Redacted.value(session.uri)) === entry) move(session, before, state)
    }

    /** Drops sessions of a workload until they, and all sessions, are within their limits. `kept` is not dropped. */
    const dropOf = (workload: Workload, kept: string): ReadonlyArray<string> => {
      const [failed, unfinished, completed] = workload.ranks
      const dropped: Array<string> = []
      for (const uris of [failed, unfinished, completed]) {
        for (const uri of uris) {
          if (workload.size <= maxSize.workload && allSize <= maxSize.all) return dropped
          if (uri === kept) continue
          drop(uri)
          dropped.push(uri)
        }
      }
      return dropped
    }

    const found = (yield* collection.entries).map(([, entry]) => entry)
    for (const { session, state } of found.sort((a, b) => a.session.expiresAt - b.session.expiresAt)) {
      add(session, state._tag === "Completing" ? Sessions.State.Failed({ reason: "ExchangeFailed" }) : state)
    }

    const sweep = (now: number): ReadonlyArray<string> => {
      const swept: Array<string> = []
      for (let first = ends.first(); first !== undefined && first.key <= now; first = ends.first()) {
        drop(first.value)
        swept.push(first.value)
      }
      return swept
    }

    const limit = (own: Workload, kept: string) => {
      const dropped = own.size > maxSize.workload ? [...dropOf(own, kept)] : []
      while (allSize > maxSize.all) {
        const largest = Arr.reduce(workloads.values(), own, (a, b) => b.size > a.size ? b : a)
        const more = dropOf(largest, kept)
        // All sessions of the largest workload are in use.
        if (more.length === 0) break
        dropped.push(...more)
      }
      return dropped
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

    // If the store fails to remove a session, the session is removed after the next start.
    const removeDropped = (dropped: ReadonlyArray<string>): Effect.Effect<void> =>
      Effect.forEach(dropped, (uri) => Effect.ignore(persist(uri)), { concurrency: "unbounded", discard: true })

    const atNow = <A>(use: (now: number) => A): Effect.Effect<A> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const swept = sweep(now)
        const result = use(now)
        return Effect.as(removeDropped(swept), result)
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
          const { uri, workload } = add(session, Sessions.State.Pending())
          return { session, uri, dropped: limit(workload, uri) }
        }).pipe(
          Effect.tap(({ dropped, uri }) =>
            Effect.forEach([uri, ...dropped], (each) =>
              each !== uri
                ? Effect.ignore(persist(each))
                // A caller must not get a session that is not stored.
                : Effect.tapError(persist(uri), () => Effect.sync(() => drop(uri))), {
              concurrency: "unbounded",
              discard: true
            })
          ),
          Effect.map(({ session }) => session),
          Effect.uninterruptible
        ),
      byUri: (uri: Redacted.Redacted) => atNow(() => sessions.get(Redacted.value(uri))?.session),
      byAuthorizationState: (state: string) => atNow(() => sessions.get(uris.get(state) ?? "")?.session),
      state: (session: Session) =>
        atNow((now) => {
          const entry = sessions.get(Redacted.value(session.uri))
          return entry === undefined
            ? Sessions.State.Failed({ reason: "Expired" })
            : Sessions.settle(session, entry.state, now)
        }),
      /** Returns the state before the event. */
      apply: (session: Session, event: Sessions.Event): Effect.Effect<
        Sessions.State,
        Sessions.Rejection | VaultStoreError
      > => {
        const uri = Redacted.value(session.uri)
        return atNow((now) => {
          const entry = sessions.get(uri)
          if (entry === undefined) return Result.fail<Sessions.Rejection>("Expired")
          const before = Sessions.settle(session, entry.state, now)
          setState(entry, before)
          return Result.map(Sessions.transition(session, before, event, now), (after) => {
            setState(entry, after)
            // A change that is not stored is undone, so that the caller can try again. A failure is final.
            const undo = Effect.sync(() => {
              if (entry.state === after && after._tag !== "Failed") setState(entry, before)
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
        Array.from(sessions.values(), ({ session, state }) => [session, Sessions.settle(session, state, now)] as const)
      ),
      size: atNow(() => sessions.size)
    }
  }
)
