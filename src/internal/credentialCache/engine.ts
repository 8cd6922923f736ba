/** A cache over the calls of any plane. It reads memory, then the store, then makes one call for all callers. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Digest from "../digest.js"
import { freeze } from "../identity/declared.js"
import { Rejected } from "../identity/renewal.js"
import { isPlain } from "../models/plainData.js"
import * as SingleFlight from "../singleFlight.js"
import { none, type SafeStore, type StoredCredential } from "./cacheStore.js"

/** An operation whose credential is cached. `keyOf` and `variantOf` may throw for a request that the plane rejects. */
export interface Cacheable<in Request, in out Response> {
  /** Returns the same key for all requests for one credential. */
  readonly keyOf: (request: Request, digestOf: Digest.DigestOf) => string
  /** Returns the members that decide a response without a credential. Requests share a call only if these are equal. */
  readonly variantOf: (request: Request, digestOf: Digest.DigestOf) => ReadonlyArray<unknown>
  /** Whether the request goes to the service although a credential is cached. */
  readonly bypassesRead: (request: Request) => boolean
  /** Whether the service drops its current credential. A cached one is then invalid, whatever the service returns. */
  readonly replaces: (request: Request) => boolean
  /** Returns the response for all callers that share the call of this request. */
  readonly responseOf: (response: Response, request: Request) => Response
  readonly credentialOf: (response: Response) => Redacted.Redacted | undefined
  /**
   * In milliseconds since the epoch. A response is not cached unless this is after `now`. `skew` is how long before its
   * expiry a credential is no longer used.
   */
  readonly usableUntil: (
    response: Response,
    credential: Redacted.Redacted,
    time: { readonly now: number; readonly skew: number }
  ) => number
  /** Makes the response from a stored credential. Without it, credentials stay in memory. */
  readonly restore: ((credential: Redacted.Redacted) => Response) | undefined
}

type Cacheables<Plane> = {
  readonly [Operation in keyof Plane]?: Plane[Operation] extends
    (request: infer Request) => Effect.Effect<infer Response, infer _E> ? Cacheable<Request, Response> : never
}

export interface Engine {
  /** A decorator of a plane that caches these operations. */
  readonly decorator: <Plane>(
    cacheables: Cacheables<Plane>
  ) => <A, E>(operation: keyof Plane, effect: Effect.Effect<A, E>, request: unknown) => Effect.Effect<A, E>
  readonly invalidate: (credential: Redacted.Redacted) => Effect.Effect<void>
}

interface CachedResponse extends StoredCredential {
  readonly response: unknown
}

interface CacheRequest {
  readonly request: unknown
  readonly key: string
  readonly rejected: Redacted.Redacted | undefined
  readonly generation: Generation
  /** The credentials that were invalidated during the call: it may return one of them. */
  readonly invalidated: Array<Redacted.Redacted>
}

interface Outcome {
  readonly response: unknown
  readonly cache: "hit" | "miss"
}

type Call = (request: unknown, effect: Effect.Effect<unknown, unknown>) => Effect.Effect<unknown, unknown>

/**
 * A generation of a key ends when the credential of the key is dropped. Work that began in an earlier generation may
 * have an old credential. A generation exists only while work on its key is in flight.
 */
interface Generation {
  readonly id: number
  /** The work in flight. */
  running: number
}

export const makeGenerations = () => {
  const generations = new Map<string, Generation>()
  let nextId = 0
  const isCurrent = (key: string, generation: Generation): boolean => generations.get(key) === generation
  return {
    enter: (key: string): Generation => {
      const generation = generations.get(key) ?? { id: nextId++, running: 0 }
      generation.running++
      generations.set(key, generation)
      return generation
    },
    leave: (key: string, generation: Generation): void => {
      if (--generation.running === 0 && isCurrent(key, generation)) generations.delete(key)
    },
    isCurrent,
    end: (key: string): void => void generations.delete(key)
  }
}

/** Credentials in memory, up to a capacity, and the calls in flight. The oldest credential is dropped first. */
const makeMemory = (capacity: number) => {
  const entries = new Map<string, CachedResponse>()
  const generations = makeGenerations()
  const calls = new Set<CacheRequest>()
  const forget = (key: string): void => {
    generations.end(key)
    entries.delete(key)
  }
  return {
    generations,
    calls,
    get: (key: string) => entries.get(key),
    set: (key: string, entry: CachedResponse): void => {
      // A key that is set again becomes the newest.
      entries.delete(key)
      entries.set(key, entry)
      const [oldest] = entries.keys()
      if (entries.size > capacity && oldest !== undefined) entries.delete(oldest)
    },
    remove: (key: string): void => void entries.delete(key),
    forget,
    /** Forgets a credential, also for the calls in flight, and returns its keys. */
    invalidate: (credential: Redacted.Redacted): ReadonlyArray<string> => {
      for (const { invalidated } of calls) invalidated.push(credential)
      const keys = [...entries].flatMap(([key, entry]) => Equal.equals(entry.credential, credential) ? [key] : [])
      keys.forEach(forget)
      return keys
    }
  }
}

type Memory = ReturnType<typeof makeMemory>

/** Adapters reject an empty credential, but a program's own plane, or a store, may have one. */
const isUsable = (
  { credential, usableUntil }: StoredCredential,
  now: number,
  rejected: Redacted.Redacted | undefined
): boolean =>
  now < usableUntil && Redacted.value(credential) !== ""
  && (rejected === undefined || !Equal.equals(credential, rejected))

const makeStorage = (memory: Memory, sharedStore: SafeStore, restore: Cacheable<unknown, unknown>["restore"]) => {
  const { generations } = memory
  const store = restore === undefined ? none : sharedStore

  const readStore = Effect.fnUntraced(function*({ generation, key, rejected }: CacheRequest) {
    const found = yield* store.get(key)
    const now = yield* Clock.currentTimeMillis
    if (restore === undefined || Option.isNone(found) || !generations.isCurrent(key, generation)) return Option.none()
    if (!isUsable(found.value, now, rejected)) {
      yield* store.remove(key)
      return Option.none()
    }
    const response = restore(found.value.credential)
    memory.set(key, { ...found.value, response })
    return Option.some(response)
  })

  const drop = (key: string): Effect.Effect<void> => {
    const dropped = Effect.sync(() => memory.forget(key))
    // Forgets again, for a request that read the store before the removal.
    return Effect.andThen(Effect.andThen(dropped, store.remove(key)), dropped)
  }

  const write = Effect.fnUntraced(function*(key: string, entry: StoredCredential, response: unknown) {
    memory.set(key, { ...entry, response })
    const current = generations.enter(key)
    yield* store.set(key, entry).pipe(
      // It may have been invalidated or replaced while the store was writing.
      Effect.andThen(Effect.suspend(() => generations.isCurrent(key, current) ? Effect.void : store.remove(key))),
      Effect.ensuring(Effect.sync(() => generations.leave(key, current)))
    )
  })

  return { drop, readStore, write }
}

type Storage = ReturnType<typeof makeStorage>

/** Drops a credential from memory, and from the store unless another process has stored a newer one. */
const invalidate = (memory: Memory, store: SafeStore, credential: Redacted.Redacted): Effect.Effect<void> => {
  const forgotten = Effect.sync(() => memory.invalidate(credential))
  const removeFromStore = (key: string) =>
    Effect.flatMap(
      store.get(key),
      (found) =>
        Option.exists(found, (entry) => Equal.equals(entry.credential, credential)) ? store.remove(key) : Effect.void
    )
  return forgotten.pipe(
    Effect.flatMap(Effect.forEach(removeFromStore, { discard: true, concurrency: "unbounded" })),
    // As in `drop`.
    Effect.andThen(forgotten)
  )
}

/** Makes a function that calls the service, and keeps the credential of its response. */
const makeCallService = (
  cacheable: Cacheable<unknown, unknown>,
  { calls, forget, generations }: Memory,
  storage: Storage,
  skew: number
) => {
  const keep = Effect.fnUntraced(function*(
    { generation, invalidated, key, rejected, request }: CacheRequest,
    response: unknown
  ) {
    const now = yield* Clock.currentTimeMillis
    const replaces = cacheable.replaces(request)
    const credential = cacheable.credentialOf(response)
    // Two requests replaced the credential, and only the service knows which was the last.
    if (credential === undefined || !generations.isCurrent(key, generation)) {
      return yield* replaces ? storage.drop(key) : Effect.void
    }
    const usableUntil = cacheable.usableUntil(response, credential, { now, skew })
    // A store cannot hold infinite numbers.
    const entry = { credential, usableUntil: Math.min(Math.floor(usableUntil), Number.MAX_SAFE_INTEGER) }
    if (!isUsable(entry, now, rejected) || invalidated.some((old) => Equal.equals(old, credential))) {
      // A cached credential is no longer the latest. A request that reads the cache has found none.
      return yield* cacheable.bypassesRead(request) ? storage.drop(key) : Effect.void
    }
    // Calls in flight may return the replaced credential.
    if (replaces) forget(key)
    yield* storage.write(key, entry, response)
  })

  return (request: CacheRequest, effect: Effect.Effect<unknown, unknown>) =>
    Effect.uninterruptibleMask((restoreMask) => {
      calls.add(request)
      return Effect.matchCauseEffect(restoreMask(effect), {
        // Even a failed or interrupted request may have replaced the credential at the service.
        onFailure: (cause) => {
          const failed = Effect.failCause(cause)
          return cacheable.replaces(request.request) ? Effect.andThen(storage.drop(request.key), failed) : failed
        },
        onSuccess: (response): Effect.Effect<Outcome> =>
          Effect.as(keep(request, response), {
            response: cacheable.responseOf(response, request.request),
            cache: "miss"
          })
      }).pipe(Effect.ensuring(Effect.sync(() => calls.delete(request))))
    })
}

const counter = (name: string, description: string): Metric.Counter<number> =>
  Metric.counter(`agentcore.credential_cache.${name}`, { description, incremental: true })

export const hits = counter("hits", "Requests served from the cache")

export const misses = counter("misses", "Requests for which no credential is cached")

export const sharedCalls = counter("shared", "Requests that joined a call in flight")

/** Returns `undefined` for a request that the plane rejects. */
const readProperty = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const annotate = (cache: Outcome["cache"]) => Effect.annotateCurrentSpan("agentcore.cache", cache)

interface Options {
  readonly capacity: number
  /** In milliseconds. */
  readonly skew: number
  readonly store: SafeStore
}

const makeCall = (
  operation: string,
  cacheable: Cacheable<unknown, unknown>,
  memory: Memory,
  digestOf: Digest.DigestOf,
  { skew, store }: Options
): Call => {
  const storage = makeStorage(memory, store, cacheable.restore)
  const callService = makeCallService(cacheable, memory, storage, skew)
  const share = SingleFlight.makeUnsafe<Outcome, unknown>()
  const increment = (metric: Metric.Counter<number>) =>
    Metric.update(Metric.withAttributes(metric, { "agentcore.operation": operation }), 1)
  const [hit, miss, shared] = [increment(hits), increment(misses), increment(sharedCalls)]

  const lookUp = Effect.fnUntraced(function*(request: CacheRequest, effect: Effect.Effect<unknown, unknown>) {
    const found = yield* storage.readStore(request)
    if (Option.isNone(found)) {
      yield* miss
      return yield* callService(request, effect)
    }
    yield* hit
    return { response: found.value, cache: "hit" } as const
  })

  return (request, effect) =>
    Effect.withFiber((fiber) => {
      const key = readProperty(() => cacheable.keyOf(request, digestOf))
      if (key === undefined) return effect
      const rejected = Option.getOrUndefined(fiber.getRef(Rejected))
      // A caller whose credential was rejected needs another one, and the cache may have it already.
      const reads = rejected !== undefined || !cacheable.bypassesRead(request)
      const found = reads ? memory.get(key) : undefined
      if (found !== undefined) {
        const now = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
        if (isUsable(found, now, rejected)) return Effect.andThen(annotate("hit"), Effect.as(hit, found.response))
        memory.remove(key)
      }
      const variant = readProperty(() => cacheable.variantOf(request, digestOf))
      if (variant === undefined) return effect
      const run = (generation: Generation) => {
        // A call of an earlier generation, or of a caller without this rejection, may return the old credential.
        const flight = JSON.stringify([generation.id, rejected === undefined ? null : digestOf(rejected), ...variant])
        const cacheRequest = { request, key, rejected, generation, invalidated: [] }
        const call = reads ? lookUp(cacheRequest, effect) : callService(cacheRequest, effect)
        return Effect.flatMap(
          share(flight, call, shared),
          ({ cache, response }) => Effect.as(annotate(cache), response)
        )
      }
      return Effect.acquireUseRelease(
        Effect.andThen(annotate("miss"), Effect.sync(() => memory.generations.enter(key))),
        run,
        (generation) => Effect.sync(() => memory.generations.leave(key, generation))
      )
    })
}

export const make = (options: Options): Engine => {
  const memory = makeMemory(options.capacity)
  const digestOf = Digest.makeDigestOf()
  return {
    decorator: <Plane>(cacheables: Cacheables<Plane>) => {
      // A record of operations loses the types of each operation's requests and responses.
      const calls: { readonly [K in keyof Plane]?: Call } = Record.map(
        cacheables as Record<string, Cacheable<unknown, unknown>>,
        (cacheable, operation) => makeCall(operation, cacheable, memory, digestOf, options)
      )
      return <A, E>(operation: keyof Plane, effect: Effect.Effect<A, E>, request: unknown) => {
        const call = calls[operation]
        return call === undefined ? effect : call(request, effect) as Effect.Effect<A, E>
      }
    },
    invalidate: (credential) => invalidate(memory, options.store, credential)
  }
}

/**
 * Makes a plane that copies its requests. A caller may change a list while the cache reads the store, but the key and
 * the call need the same list.
 */
export const copyRequests = <Plane extends object>(plane: Plane): Plane =>
  // Every property of a plane is a function of one request.
  Record.map(
    plane as Record<string, (request: unknown) => unknown>,
    (call) => (request: unknown) => call(isPlain(request) ? freeze(request) : request)
  ) as Plane
