/** `PendingConsents` and `ConsentSignals` over a store for sealed values. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { ConsentStoreError, retentionAfterExpiry } from "../../internal/consentStoreError.js"
import * as Deadline from "../../internal/deadline.js"
import * as Listeners from "../../internal/pendingConsents/listeners.js"
import * as Signals from "../../internal/pendingConsents/signals.js"
import { ConsentSignals } from "../../internal/pendingConsents/store.js"
import * as PendingConsents from "../../PendingConsents.js"
import { PendingConsentsError } from "../ConsentStore.js"
import * as StoreKeys from "./storeKeys.js"

/** The names of an entry: its digest under the current key, then those under the previous keys. */
export type Names = readonly [current: string, ...previous: ReadonlyArray<string>]

export interface Sealed {
  /** The name that the value is sealed for. */
  readonly name: string
  readonly sealed: string
}

export interface SealedRegistration {
  readonly topic: string
  readonly execution: string
  readonly sealed: string
}

/** An operation of a store. Its error is a reason that is safe to log. */
type Attempt<A> = Effect.Effect<A, string>

/**
 * A store for sealed consents that several processes share. Names are keyed digests, values are sealed. Times are in
 * milliseconds since the epoch.
 */
export interface ConsentBacking {
  /** Stores a session under its current name, and under no other. */
  readonly open: (session: {
    readonly names: Names
    readonly sealed: string
    /** The time at which the entry is deleted. */
    readonly keptUntil: number
  }) => Attempt<unknown>
  /** Returns the session with one of these names. */
  readonly find: (names: Names) => Attempt<Sealed | undefined>
  readonly register: (
    registration: SealedRegistration & { readonly expiresAt: number; readonly now: number }
  ) => Attempt<unknown>
  /** Removes a registration, in one step among all processes. Returns whether it existed. */
  readonly unregister: (topics: Names, executions: Names) => Attempt<boolean>
  /** Returns all registrations of a topic, also expired ones. */
  readonly registrations: (topics: Names) => Attempt<ReadonlyArray<SealedRegistration>>
  /** Sends a message to all processes. A store without messages leaves the waits of other processes to poll. */
  readonly publish?: ((message: string) => Attempt<unknown>) | undefined
  /** Receives messages until the scope ends. It returns at once. */
  readonly subscribe?: ((onMessage: (message: string) => void) => Effect.Effect<void, never, Scope.Scope>) | undefined
}

const publishTimeout = "2 seconds"

// A new format of entries gets a new number.
const purpose = "pending consents 1"

const unreadable = "an entry cannot be read: it has another key, or it is damaged"

type Keys = Effect.Success<ReturnType<typeof makeKeys>>

const contents = (["Session", "Grant"] as const).flatMap((kind) =>
  (["Completed", "Failed", "Denied", "NotCompleted"] as const).map((outcome) => ({ kind, outcome }))
)

/** The first key makes names and seals. All keys find and open. */
export const makeKeys = (options: StoreKeys.KeyOptions) =>
  Effect.gen(function*() {
    const secrets = yield* Effect.mapError(
      StoreKeys.parse(options, "the store of consents"),
      (message) => new PendingConsentsError({ reason: "InvalidKey", message })
    )
    const all = secrets.map((secret) => {
      const signatureOf = StoreKeys.makeDigestOf(secret, `${purpose} messages`)
      return {
        digestOf: StoreKeys.makeDigestOf(secret, `${purpose} names`),
        // A message contains a name only. Its content is in the signature.
        sign: (name: string, kind: Signals.Topic["_tag"], outcome: Signals.Outcome) =>
          signatureOf(`${name} ${kind} ${outcome}`)
      }
    })
    return {
      sealing: yield* StoreKeys.makeSealing(purpose, secrets),
      // One name for each key.
      namesOf: (value: string) => all.map(({ digestOf }) => digestOf(value)) as ReadonlyArray<string> as Names,
      /** The messages of a signal, one for each key: a previous key may still be the current one of another process. */
      messagesOf: (topic: Signals.Topic, outcome: Signals.Outcome) =>
        all.map(({ digestOf, sign }) => {
          const name = digestOf(Signals.nameOf(topic))
          return `${name} ${sign(name, topic._tag, outcome)}`
        }),
      /** Returns `undefined` for a message that no key has signed. The name is a digest under the key of the sender. */
      read: (message: string) => {
        const [name = "", signature] = message.split(" ")
        const content = contents.find(({ kind, outcome }) =>
          all.some(({ sign }) => sign(name, kind, outcome) === signature)
        )
        return content && { name, ...content }
      }
    }
  })

const Registration = Schema.Tuple([Schema.String, Schema.Number])

const encodePending = Schema.encodeSync(Schema.fromJsonString(PendingConsents.PendingConsent))
const decodePending = Schema.decodeUnknownEffect(Schema.fromJsonString(PendingConsents.PendingConsent))
const decodeRegistration = Schema.decodeUnknownEffect(Registration)

const failWith = (operation: ConsentStoreError["operation"]) =>
  Effect.mapError((reason: string) => new ConsentStoreError({ operation, reason }))

const makePending = (
  { namesOf, sealing }: Keys,
  backing: ConsentBacking
): PendingConsents.PendingConsents["Service"] => {
  const namesOfSession = (sessionUri: Redacted.Redacted): Names => namesOf(Signals.nameOf(Signals.session(sessionUri)))
  const read = ({ name, sealed }: Sealed) =>
    Effect.flatMap(sealing.open(name, sealed), ([pending]) => decodePending(pending))
  return {
    open: (pending) =>
      Effect.gen(function*() {
        const names = namesOfSession(pending.session.sessionUri)
        const sealed = yield* sealing.seal(names[0], encodePending(pending))
        const keptUntil = DateTime.toEpochMillis(pending.session.expiresAt) + retentionAfterExpiry
        yield* backing.open({ names, sealed, keptUntil })
      }).pipe(failWith("open")),
    claim: (claim) =>
      backing.find(namesOfSession(claim.sessionUri)).pipe(
        Effect.flatMap((found) =>
          found === undefined
            ? Effect.succeed(undefined)
            // The error of a schema could quote the value.
            : Effect.mapError(read(found), () => unreadable)
        ),
        failWith("claim"),
        Effect.flatMap((consent) => PendingConsents.verify(consent, claim))
      )
  }
}

const makeSignals = (
  { messagesOf, namesOf, read, sealing }: Keys,
  backing: ConsentBacking
): Effect.Effect<ConsentSignals["Service"], never, Scope.Scope> =>
  Effect.gen(function*() {
    const listeners = Listeners.make<Signals.Outcome>()
    const clock = yield* Clock.Clock

    const notify = (message: string): void => {
      const content = read(message)
      if (content === undefined) return
      listeners.notify(content.kind, content.name, content.outcome, clock.currentTimeMillisUnsafe())
    }
    if (backing.subscribe !== undefined) yield* backing.subscribe(notify)

    // The page after consent sends signals uninterruptibly, so a server that does not respond must not delay it.
    const publish = (message: string): Effect.Effect<void> =>
      backing.publish === undefined ? Effect.void : backing.publish(message).pipe(
        Deadline.withDeadline({ duration: publishTimeout, onTimeout: () => "it took too long" }),
        Effect.catch((reason) =>
          Effect.logWarning(`The signal of a consent was not sent to other processes: ${reason}`)
        )
      )

    return {
      signal: (topic, outcome) =>
        Effect.forEach(
          messagesOf(topic, outcome),
          // Waits of this process are notified without a server.
          (message) => Effect.andThen(Effect.sync(() => notify(message)), publish(message)),
          { discard: true }
        ),
      listen: (topic, onSignal) => listeners.listen(namesOf(Signals.nameOf(topic))[0], onSignal),
      register: ({ execution, expiresAt, topic }) =>
        Effect.gen(function*() {
          const topicName = namesOf(Signals.nameOf(topic))[0]
          const executionName = namesOf(execution)[0]
          const end = DateTime.toEpochMillis(expiresAt)
          const now = yield* Clock.currentTimeMillis
          if (end <= now) return
          const sealed = yield* sealing.seal(`${topicName} ${executionName}`, execution, end)
          yield* backing.register({ topic: topicName, execution: executionName, sealed, expiresAt: end, now })
        }).pipe(failWith("register")),
      unregister: (topic, execution) =>
        failWith("unregister")(backing.unregister(namesOf(Signals.nameOf(topic)), namesOf(execution))),
      registrations: (topic) =>
        Effect.gen(function*() {
          const rows = yield* failWith("registrations")(backing.registrations(namesOf(Signals.nameOf(topic))))
          const now = yield* Clock.currentTimeMillis
          const found = yield* Effect.forEach(
            rows,
            ({ execution, sealed, topic }) =>
              Effect.option(Effect.flatMap(sealing.open(`${topic} ${execution}`, sealed), decodeRegistration))
          )
          const readable = found.flatMap(Option.toArray)
          // A damaged entry must not block the others.
          if (readable.length < found.length) {
            yield* Effect.logWarning(`In the registrations of a consent, ${unreadable}`)
          }
          return [...new Set(readable.flatMap(([execution, end]) => end <= now ? [] : [execution]))]
        })
    }
  })

export const makeServices = (keys: Keys, backing: ConsentBacking) =>
  Effect.map(
    makeSignals(keys, backing),
    (signals) =>
      Context.make(PendingConsents.PendingConsents, makePending(keys, backing)).pipe(
        Context.add(ConsentSignals, signals)
      )
  )
