/**
 * The cache itself, over calls of any plane: memory, then the store, then one call for all who ask.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Metric from "effect/Metric"
import * as MetricLabel from "effect/MetricLabel"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import { Rejected } from "../rejectedCredential.js"
import * as Flight from "../singleFlight.js"
import { Observation } from "../telemetry.js"
import { isPlain } from "../validity.js"
import * as Digest from "./digest.js"
import * as Memory from "./memory.js"
import type * as SafeStore from "./safeStore.js"

/**
 * In milliseconds: the time it is, and how much of a credential's life is not used.
 *
 * @internal
 */
export interface Time {
  readonly now: number
  readonly skew: number
}

/**
 * A call whose credential is kept.
 *
 * @internal
 */
export interface Cacheable<Request, Answer> {
  readonly operation: string
  /** The same for all requests that the same credential answers. May throw for a request that the plane would refuse. */
  readonly keyOf: (request: Request) => string
  /** What else the answer depends on when it is not a credential: only requests that are equal in this too share one call. As `keyOf`. */
  readonly variantOf: (request: Request) => ReadonlyArray<unknown>
  /** Whether the request is not to be answered by what is kept. */
  readonly asksAnew: (request: Request) => boolean
  /** Whether the service drops the credential that it has: none that is kept is good any more, whatever the answer. */
  readonly replaces: (request: Request) => boolean
  readonly credentialOf: (answer: Answer) => Redacted.Redacted | undefined
  /** In milliseconds since the epoch; not after `now` for an answer that is not to be kept. */
  readonly usableUntil: (answer: Answer, credential: Redacted.Redacted, time: Time) => number
  /** The answer that a credential from the store stands for. Without it nothing goes to the store. */
  readonly restore: ((credential: Redacted.Redacted) => Answer) | undefined
}

interface Kept extends Memory.Entry {
  readonly answer: unknown
}

interface Question<Request> {
  readonly request: Request
  readonly key: string
  readonly rejected: Redacted.Redacted | undefined
  readonly epoch: number
}

interface Outcome<Answer> {
  readonly answer: Answer
  readonly cache: "hit" | "miss"
}

/** @internal */
export interface Counters {
  readonly hits: Metric.Metric.Counter<number>
  readonly misses: Metric.Metric.Counter<number>
  readonly shared: Metric.Metric.Counter<number>
}

/** @internal */
export interface Engine {
  readonly cached: <Request, Answer, E>(
    cacheable: Cacheable<Request, Answer>,
    call: (request: Request) => Effect.Effect<Answer, E>
  ) => (request: Request) => Effect.Effect<Answer, E>
  readonly invalidate: (credential: Redacted.Redacted) => Effect.Effect<void>
}

/** @internal */
export const make = ({ capacity, counters, skew, store }: {
  readonly capacity: number
  /** In milliseconds. */
  readonly skew: number
  readonly counters: Counters
  readonly store: SafeStore.SafeStore
}): Engine => {
  const memory = Memory.make<Kept>(capacity)
  // The epoch of a key ends when its credential is replaced or invalidated: what was asked for before may be the old one. Keys that
  // share a slot by chance cost each other a call.
  const epochs = new Uint32Array(4096)
  const slotOf = (key: string): number => Buffer.from(key, "base64url").readUInt32BE() % epochs.length
  const epochOf = (key: string): number => epochs[slotOf(key)] ?? 0
  const forget = (key: string): void => {
    epochs[slotOf(key)]! += 1
    memory.remove(key)
  }

  const cached = <Request, Answer, E>(
    cacheable: Cacheable<Request, Answer>,
    call: (request: Request) => Effect.Effect<Answer, E>
  ): (request: Request) => Effect.Effect<Answer, E> => {
    const { operation, restore } = cacheable
    const flights = Flight.make<Outcome<Answer>, E>()
    const labels = [MetricLabel.make("agentcore.operation", operation)]
    // `Metric.tagged` makes its labels anew at each update, and costs more than all the rest of a hit.
    const counter = (metric: Metric.Metric.Counter<number>) =>
      Effect.map(
        Effect.metricLabels,
        (own) => metric.unsafeUpdate(1, own.length === 0 ? labels : Arr.union(labels, own))
      )
    const hit = counter(counters.hits)
    const miss = counter(counters.misses)
    const shared = counter(counters.shared)

    const stored = ({ epoch, key, rejected }: Question<Request>): Effect.Effect<Option.Option<Answer>> =>
      restore === undefined ? Effect.succeedNone : Effect.flatMap(
        Effect.zip(store.get(key), Clock.currentTimeMillis),
        ([found, now]) => {
          if (Option.isNone(found) || epoch !== epochOf(key)) return Effect.succeedNone
          if (!isUsable(found.value, now, rejected)) return Effect.as(store.remove(key), Option.none())
          const answer = restore(found.value.credential)
          memory.set(key, { ...found.value, answer })
          return Effect.succeedSome(answer)
        }
      )

    const drop = (key: string): Effect.Effect<void> => {
      const dropped = Effect.sync(() => forget(key))
      // Again, for whoever found it while it was still in the store.
      return restore === undefined ? dropped : Effect.zipRight(Effect.zipRight(dropped, store.remove(key)), dropped)
    }

    const keep = ({ epoch, key, rejected, request }: Question<Request>, answer: Answer): Effect.Effect<void> => {
      const replaces = cacheable.replaces(request)
      // Of two that replace it, the service alone knows which it did last.
      if (epoch !== epochOf(key)) return replaces ? drop(key) : Effect.void
      if (replaces) forget(key)
      const credential = cacheable.credentialOf(answer)
      if (credential === undefined) return replaces ? drop(key) : Effect.void
      const own = epochOf(key)
      return Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const usableUntil = cacheable.usableUntil(answer, credential, { now, skew })
        // For ever is a number too: a store takes nothing else.
        const entry = { credential, usableUntil: Math.min(Math.floor(usableUntil), Number.MAX_SAFE_INTEGER) }
        if (!isUsable(entry, now, rejected)) {
          // What was kept before is not the latest any more. Where it was looked for, there is none.
          return cacheable.asksAnew(request) ? drop(key) : Effect.void
        }
        memory.set(key, { ...entry, answer })
        return restore === undefined ? Effect.void : Effect.zipRight(
          store.set(key, entry),
          // Whoever invalidated it, or replaced it, on the way may have been there before it.
          Effect.suspend(() => own === epochOf(key) ? Effect.void : store.remove(key))
        )
      })
    }

    // A credential that is replaced is given up whatever comes of the call: the service may have done it, and failed afterwards.
    const ask = (question: Question<Request>) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.matchCauseEffect(restore(call(question.request)), {
          onFailure: (cause) => {
            const failed = Effect.failCause(cause)
            return cacheable.replaces(question.request) ? Effect.zipRight(drop(question.key), failed) : failed
          },
          onSuccess: (answer): Effect.Effect<Outcome<Answer>> =>
            Effect.as(keep(question, answer), { answer, cache: "miss" })
        })
      )

    const lookUp = (question: Question<Request>) =>
      Effect.flatMap(
        stored(question),
        Option.match({
          onNone: () => Effect.zipRight(miss, ask(question)),
          onSome: (answer) => Effect.as(hit, { answer, cache: "hit" } as const)
        })
      )

    return (request) =>
      Effect.withFiberRuntime<Answer, E>((fiber) => {
        const key = orUndefined(() => cacheable.keyOf(request))
        // The plane says what is wrong with the request.
        if (key === undefined) return call(request)
        const observed = (cache: Outcome<Answer>["cache"]) => {
          const observation = Context.get(fiber.currentContext, Observation)
          if (observation !== undefined) observation.cache = cache
        }
        const rejected = Option.getOrUndefined(Context.get(fiber.currentContext, Rejected))
        // Whoever recovers from a rejection wants another credential, and one that somebody else has obtained since then is one.
        const reads = rejected !== undefined || !cacheable.asksAnew(request)
        const kept = memory.get(key)
        if (kept !== undefined && reads) {
          const now = Context.get(fiber.currentDefaultServices, Clock.Clock).unsafeCurrentTimeMillis()
          if (isUsable(kept, now, rejected)) {
            observed("hit")
            // The key names the operation, so that what is kept under it is an answer to it.
            return Effect.as(hit, kept.answer as Answer)
          }
          memory.remove(key)
        }
        const variant = orUndefined(() => cacheable.variantOf(request))
        if (variant === undefined) return call(request)
        const epoch = epochOf(key)
        // A flight belongs to its epoch and rejection: what was asked for before may be the old credential again.
        const flight = Digest.ofValues([
          key,
          epoch,
          rejected === undefined ? null : Digest.ofSecret(rejected),
          ...variant
        ])
        const question = { request: snapshot(request), key, rejected, epoch }
        // Also if it fails.
        observed("miss")
        return Effect.map(
          flights.share(flight, reads ? lookUp(question) : ask(question), shared),
          ({ answer, cache }) => {
            observed(cache)
            return answer
          }
        )
      })
  }

  return {
    cached,
    invalidate: (credential) => {
      const forgotten = Effect.sync(() => {
        const keys = memory.keysOf(credential)
        keys.forEach(forget)
        return keys
      })
      const removeFromStore = (key: string) =>
        // Another process may have put a newer one there.
        Effect.flatMap(store.get(key), (found) =>
          Option.exists(found, (entry) =>
              Memory.isSame(entry.credential, credential))
            ? store.remove(key)
            : Effect.void)
      return forgotten.pipe(
        Effect.flatMap(Effect.forEach(removeFromStore, { discard: true, concurrency: "unbounded" })),
        // As in `drop`.
        Effect.zipRight(forgotten)
      )
    }
  }
}

// Whoever asks may change his lists while the store is read: what is sent is what the key was made of.
const snapshot = <A>(value: A): A => copy(value) as A

const copy = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(copy) : isPlain(value) ? Record.map(value, copy) : value

const orUndefined = <A>(f: () => A): A | undefined => {
  try {
    return f()
  } catch {
    return undefined
  }
}

const isUsable = (
  { credential, usableUntil }: Memory.Entry,
  now: number,
  rejected: Redacted.Redacted | undefined
): boolean => now < usableUntil && (rejected === undefined || !Memory.isSame(credential, rejected))
