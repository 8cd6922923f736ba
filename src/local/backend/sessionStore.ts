/**
 * The consent sessions of one backend. Each change is one step of the state machine, and succeeds when the store has
 * it. So sessions go on after a restart. A code exchange that a restart interrupts has failed, because the code may be
 * spent.
 *
 * Only callers with a workload access token open sessions. A session is dropped one session lifetime after its expiry.
 * Until then, polls and repeated clicks get its final state.
 *
 * The sessions of a workload, and all sessions, have a limit in size. Beyond it sessions are dropped, the oldest first:
 * failed ones, then unfinished ones, then completed ones. A poll gets `Failed` for a dropped session. Sessions of other
 * workloads are dropped only if these take more space.
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createHash, randomBytes } from "node:crypto"
import * as KeyedLock from "../../internal/keyedLock.js"
import * as Heap from "../../internal/priorityQueue.js"
import { maxTime } from "../internal/dateRange.js"
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
  /** The parts in which the closest grant differs. Earlier versions stored none. */
  otherGrant: Schema.optional(RequestParts)
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

/** Names a session in actions. The URI has 256 random bits, so its digest opens nothing. */
export const idOf = ({ uri }: Session): string =>
  createHash("sha256").update(Redacted.value(uri)).digest("hex").slice(0, 32)

/** The shape of the request that opened the session. */
export const readShape = ({ customParameters, wanted }: Session): RequestShape => ({ ...wanted, customParameters })

const State = Schema.Union([
  Schema.TaggedStruct("Pending", {}),
  Schema.TaggedStruct("Authorizing", {}),
  Schema.TaggedStruct("Authorized", { callbackUrl: Secret }),
  Schema.TaggedStruct("Completing", {}),
  Schema.TaggedStruct("Completed", { grantId: Schema.String }),
  Schema.TaggedStruct("Failed", { reason: Schema.Literals(["Refused", "Rejected", "Expired", "ExchangeFailed"]) })
])

const StoredEntry = Schema.Struct({ session: Session, state: State })

interface Entry {
  readonly session: Session
  state: Sessions.State
  /** When the session is dropped. */
  readonly end: Heap.Entry<string>
}

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

/** In characters. */
const maxSize = { workload: 16 * 1024 * 1024, all: 64 * 1024 * 1024 }

/** What a session takes besides the texts of its request, in characters. */
const baseSize = 1024

const lengthOf = (texts: ReadonlyArray<string> = []): number =>
  // An item takes space, even if it is short.
  texts.reduce((sum, text) => sum + text.length + 16, 0)

/** The size of the parameters of a request, in characters. */
export const parametersSize = ({ customParameters, wanted }: Pick<Opening, "wanted" | "customParameters">): number =>
  lengthOf(wanted.scopes) + lengthOf(wanted.resources) + lengthOf(wanted.audiences)
  + lengthOf(Object.keys(customParameters)) + lengthOf(Object.values(customParameters))

/** The authorization server gets the parameters in a URL. Few servers take a longer one. */
export const maxParametersSize = 16 * 1024

const secretLength = Option.match({
  onNone: () => 0,
  onSome: (secret: Redacted.Redacted) => Redacted.value(secret).length
})

const sizeOf = (session: Session, state: Sessions.State): number =>
  baseSize + session.returnUrl.length + secretLength(session.customState) + parametersSize(session)
  + (state._tag === "Authorized" ? Redacted.value(state.callbackUrl).length : 0)

/** Sessions with a lower rank are dropped first. A code is exchanged in a session without a rank. */
const dropRank = (state: Sessions.State): number | undefined =>
  state._tag === "Failed" ? 0 : state._tag === "Completed" ? 2 : state._tag === "Completing" ? undefined : 1

const makeSecret = (): string => randomBytes(32).toString("base64url")

export const make = Effect.fnUntraced(
  function*(lifetime: number): Effect.fn.Return<SessionStore, VaultStoreError, VaultStore> {
    const collection = (yield* VaultStore).collection("consent-sessions", StoredEntry)
    const lock = yield* KeyedLock.make
    // Sorted by time of opening. That is not the order of expiry after the clock was moved back.
    const sessions = new Map<string, Entry>()
    const ends = Heap.make<string>()
    const uris = new Map<string, string>()
    /** In order of opening, too. */
    const workloads = new Map<string, { size: number; readonly uris: Set<string> }>()
    let allSize = 0

    /** Counts the size of a session, or takes it off. */
    const count = ({ session, state }: Entry, sign: 1 | -1) => {
      const name = readWorkload(session.key)
      const workload = workloads.get(name) ?? { size: 0, uris: new Set() }
      const size = sign * sizeOf(session, state)
      const uri = Redacted.value(session.uri)
      workload.size += size
      allSize += size
      if (sign > 0) workload.uris.add(uri)
      else workload.uris.delete(uri)
      if (workload.uris.size > 0) workloads.set(name, workload)
      else workloads.delete(name)
      return workload
    }

    const add = (session: Session, state: Sessions.State) => {
      const uri = Redacted.value(session.uri)
      const entry: Entry = { session, state, end: ends.add(session.expiresAt + lifetime, uri) }
      sessions.set(uri, entry)
      uris.set(Redacted.value(session.authorizationState), uri)
      return { uri, workload: count(entry, 1) }
    }

    const drop = (uri: string) => {
      const entry = sessions.get(uri)
      if (entry === undefined) return
      sessions.delete(uri)
      ends.remove(entry.end)
      uris.delete(Redacted.value(entry.session.authorizationState))
      count(entry, -1)
    }

    /** The session keeps its place in the order of opening. */
    const setState = (entry: Entry, state: Sessions.State) => {
      const change = sizeOf(entry.session, state) - sizeOf(entry.session, entry.state)
      const workload = workloads.get(readWorkload(entry.session.key))
      entry.state = state
      // A dropped session is not counted.
      if (workload === undefined || sessions.get(Redacted.value(entry.session.uri)) !== entry) return
      workload.size += change
      allSize += change
    }

    /** Drops sessions of a workload until they, and all sessions, are within their limits. `kept` is not dropped. */
    const dropOf = (
      workload: { readonly size: number; readonly uris: Iterable<string> },
      kept: string,
      now: number
    ): ReadonlyArray<string> => {
      const ranked: ReadonlyArray<Array<string>> = [[], [], []]
      for (const uri of workload.uris) {
        const entry = sessions.get(uri)
        if (entry === undefined || uri === kept) continue
        const rank = dropRank(Sessions.settle(entry.session, entry.state, now))
        if (rank !== undefined) ranked[rank]?.push(uri)
      }
      const dropped: Array<string> = []
      for (const uri of ranked.flat()) {
        if (workload.size <= maxSize.workload && allSize <= maxSize.all) break
        drop(uri)
        dropped.push(uri)
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

    const limit = (own: { readonly size: number; readonly uris: Set<string> }, kept: string, now: number) => {
      const dropped = own.size > maxSize.workload ? [...dropOf(own, kept, now)] : []
      while (allSize > maxSize.all) {
        const largest = Arr.reduce(workloads.values(), own, (a, b) => b.size > a.size ? b : a)
        const more = dropOf(largest, kept, now)
        // All sessions of the largest workload are in use.
        if (more.length === 0) break
        dropped.push(...more)
      }
      return dropped
    }

    /** Writes the state at the time of the write, so that the last of several writes has the last state. */
    const persist = (uri: string): Effect.Effect<void, VaultStoreError> =>
      lock(
        uri,
        Effect.suspend(() => {
          const entry = sessions.get(uri)
          return entry === undefined
            ? collection.remove(uri)
            : collection.put(uri, { session: entry.session, state: entry.state })
        })
      )

    // A session that the store does not remove is removed after the next start.
    const removeDropped = (dropped: ReadonlyArray<string>): Effect.Effect<void> =>
      Effect.forEach(dropped, (uri) => Effect.ignore(persist(uri)), { discard: true })

    const atNow = <A>(use: (now: number) => A): Effect.Effect<A> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const swept = sweep(now)
        const result = use(now)
        return Effect.as(removeDropped(swept), result)
      })

    const find = (uri: string | undefined): Option.Option<Session> =>
      Option.map(
        Option.fromNullishOr(uri === undefined ? undefined : sessions.get(uri)),
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
            expiresAt: Math.min(now + lifetime, maxTime)
          }
          const { uri, workload } = add(session, Sessions.State.Pending())
          return { session, uri, dropped: limit(workload, uri, now) }
        }).pipe(
          Effect.tap(({ dropped }) => removeDropped(dropped)),
          Effect.tap(({ uri }) =>
            // The caller gets no session that the store does not have.
            Effect.tapError(persist(uri), () => Effect.sync(() => drop(uri)))
          ),
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
        return atNow((now) => {
          const entry = sessions.get(uri)
          if (entry === undefined) return Result.fail<Sessions.Rejection>("Expired")
          const before = Sessions.settle(session, entry.state, now)
          setState(entry, before)
          return Result.map(Sessions.transition(session, before, event, now), (after) => {
            setState(entry, after)
            // A change that the store does not have is undone, so that it can be tried again. A failure stays.
            const undo = Effect.sync(() => {
              if (entry.state === after && after._tag !== "Failed") setState(entry, before)
            })
            return { before, undo }
          })
        }).pipe(
          Effect.flatMap(Effect.fromResult),
          Effect.flatMap(({ before, undo }) => Effect.as(Effect.tapError(persist(uri), () => undo), before)),
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
