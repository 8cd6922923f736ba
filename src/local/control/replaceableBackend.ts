/** Successive backends over one store. The planes stay the same for their users. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { type LocalIssuer, SharedIssuer } from "../backend/issuer.js"
import * as LocalBackend from "../backend/localBackend.js"
import { OAuthClient, type Service as Client } from "../oauth/oauthClient.js"
import * as VaultStore from "../vault/vaultStore.js"
import type { ShiftedClock } from "./clock.js"

// The store can be emptied, copied and replaced while it is in use. Each backend writes through its own lease of the
// store. A write fails when its lease has ended.

export type Content = ReadonlyMap<string, ReadonlyArray<readonly [key: string, value: unknown]>>

interface Lease {
  readonly store: VaultStore.VaultStore["Service"]
  /** Waits for the writes that have started. */
  readonly end: Effect.Effect<void>
}

const failure = (message: string) => new VaultStore.VaultStoreError({ message })

const replaceEntries = Effect.fnUntraced(function*(
  collection: VaultStore.Collection<unknown>,
  entries: ReadonlyArray<readonly [key: string, value: unknown]> = []
) {
  const kept = new Set(entries.map(([key]) => key))
  for (const [key] of yield* collection.entries) {
    if (!kept.has(key)) yield* collection.remove(key)
  }
  yield* Effect.forEach(entries, ([key, value]) => collection.put(key, value), { discard: true })
})

/** More than the number of concurrent writes. */
const allPermits = 1_000_000

export const makeStore = (inner: VaultStore.VaultStore["Service"]) =>
  Effect.map(Semaphore.make(allPermits), (gate) => {
    const collections = new Map<string, VaultStore.Collection<unknown>>()
    const exclusive = gate.withPermits(allPermits)
    const writing = gate.withPermits(1)
    return {
      lease: Effect.sync((): Lease => {
        let ended = false
        const write = (effect: Effect.Effect<void, VaultStore.VaultStoreError>) =>
          writing(Effect.suspend(() => ended ? failure("the content of the backend was replaced") : effect))
        return {
          store: {
            collection: (name, schema) => {
              const collection = inner.collection(name, schema)
              // A collection gets back only its own values.
              collections.set(name, collection as unknown as VaultStore.Collection<unknown>)
              return {
                get: collection.get,
                entries: collection.entries,
                page: collection.page,
                put: (key, value) => write(collection.put(key, value)),
                remove: (key) => write(collection.remove(key))
              }
            }
          },
          end: exclusive(Effect.sync(() => {
            ended = true
          }))
        }
      }),
      /** Copies all entries, while no lease writes. */
      save: exclusive(Effect.suspend(() =>
        Effect.map(
          Effect.forEach(
            collections,
            ([name, { entries }]) => Effect.map(entries, (all) => [name, all] as const)
          ),
          (all): Content => new Map(all)
        )
      )),
      /** Replaces all entries, while no lease writes. */
      load: (content: Content) =>
        exclusive(Effect.suspend(() =>
          Effect.forEach(collections, ([name, collection]) => replaceEntries(collection, content.get(name)), {
            discard: true
          })
        ))
    }
  })

export type ReplaceableBackend = Effect.Success<ReturnType<typeof make>>

export const make = (
  options: LocalBackend.Options,
  { client, clock, issuer, store }: {
    readonly client: Client
    readonly clock: ShiftedClock
    /** Shared by all backends, which neither empty nor copy its keys, because verifiers of JWTs cache them. */
    readonly issuer: LocalIssuer
    readonly store: Effect.Success<ReturnType<typeof makeStore>>
  }
) =>
  Effect.gen(function*() {
    const parent = yield* Effect.scope
    const open = yield* Latch.make(true)

    const start = Effect.gen(function*() {
      const lease = yield* store.lease
      const scope = yield* Scope.fork(parent)
      const context = yield* clock.shift(Layer.buildWithScope(
        LocalBackend.layer(options).pipe(
          Layer.provide(Layer.succeed(VaultStore.VaultStore, lease.store)),
          Layer.provide(Layer.succeed(OAuthClient, client)),
          Layer.provide(Layer.succeed(SharedIssuer, Option.some(issuer)))
        ),
        scope
      ))
      return { context, lease, scope }
    })

    const end = ({ lease, scope }: { readonly lease: Lease; readonly scope: Scope.Closeable }) =>
      Effect.andThen(lease.end, Scope.close(scope, Exit.void))

    let running = yield* start

    return {
      /** Waits while the backend is replaced. */
      current: Effect.andThen(open.await, Effect.sync(() => running.context)),
      save: store.save,
      /** Ends the backend, replaces the content of the store, runs `swap`, and starts another backend. */
      replace: (content: Content, swap: Effect.Effect<void>) =>
        Effect.uninterruptible(Effect.gen(function*() {
          yield* open.close
          yield* end(running)
          const written = yield* Effect.exit(Effect.andThen(store.load(content), swap))
          // Also after a failure: the next backend uses what the store has.
          running = yield* start
          yield* written
        })).pipe(Effect.ensuring(open.open))
    }
  })

/** The services of the current backend, with the shifted clock. */
export const delegate = (
  { current }: ReplaceableBackend,
  clock: ShiftedClock,
  issuer: LocalIssuer
): LocalBackend.LocalBackend["Service"] => {
  const use = <A, E>(f: (backend: LocalBackend.LocalBackend["Service"]) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.flatMap(current, (context) => clock.shift(f(Context.get(context, LocalBackend.LocalBackend))))
  return {
    issuer,
    authorize: (requestUri) => use((backend) => backend.authorize(requestUri)),
    callback: (callbackId, callbackUrl) => use((backend) => backend.callback(callbackId, callbackUrl)),
    approve: (sessionUri) => use((backend) => backend.approve(sessionUri)),
    deny: (sessionUri) => use((backend) => backend.deny(sessionUri)),
    expire: (sessionUri) => use((backend) => backend.expire(sessionUri)),
    complete: (sessionUri) => use((backend) => backend.complete(sessionUri)),
    findSession: (id) => use((backend) => backend.findSession(id)),
    consents: use((backend) => backend.consents),
    grants: use((backend) => backend.grants),
    expireGrant: (id) => use((backend) => backend.expireGrant(id)),
    revokeGrant: (id) => use((backend) => backend.revokeGrant(id)),
    forgetGrant: (id) => use((backend) => backend.forgetGrant(id))
  }
}
