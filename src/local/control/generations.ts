/** One backend after the other over one store. The planes stay the same for their users. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { type LocalIssuer, SharedIssuer } from "../backend/issuer.js"
import * as LocalBackend from "../LocalBackend.js"
import { OAuthClient, type Service as Client } from "../OAuthClient.js"
import { VaultStore, type VaultStoreError } from "../VaultStore.js"
import type { ShiftedClock } from "./clock.js"
import type { Content, ControlledStore, Generation } from "./store.js"

type Backend = LocalBackend.LocalBackend | LocalBackend.Planes

export interface Generations {
  /** Waits while the backend is replaced. */
  readonly current: Effect.Effect<Context.Context<Backend>>
  readonly save: ControlledStore["save"]
  /**
   * Ends the backend, replaces the content of the store, runs `swap`, and starts another backend. Nothing is changed if the content
   * cannot be decoded.
   */
  readonly replace: (content: Content, swap: Effect.Effect<void>) => Effect.Effect<void, VaultStoreError>
}

export const make = (
  options: LocalBackend.Options,
  { client, clock, issuer, store }: {
    readonly client: Client
    readonly clock: ShiftedClock
    /** A generation has the keys of the one before: verifiers of its JWTs keep key sets for a while. */
    readonly issuer: LocalIssuer
    readonly store: ControlledStore
  }
): Effect.Effect<Generations, VaultStoreError, Scope.Scope> =>
  Effect.gen(function*() {
    const parent = yield* Effect.scope
    const open = yield* Latch.make(true)

    const start = Effect.gen(function*() {
      const generation = yield* store.generation
      const scope = yield* Scope.fork(parent)
      const context = yield* clock.shift(Layer.buildWithScope(
        LocalBackend.layerStore(options).pipe(
          Layer.provide(Layer.succeed(VaultStore, generation.store)),
          Layer.provide(Layer.succeed(OAuthClient, client)),
          Layer.provide(Layer.succeed(SharedIssuer, Option.some(issuer)))
        ),
        scope
      ))
      return { context, generation, scope }
    })

    const end = ({ generation, scope }: { readonly generation: Generation; readonly scope: Scope.Closeable }) =>
      Effect.andThen(generation.end, Scope.close(scope, Exit.void))

    let running = yield* start
    // The latch takes longer than most operations, also while it is open.
    let isOpen = true
    const current = Effect.andThen(open.await, Effect.sync(() => running.context))

    return {
      current: Effect.suspend(() => isOpen ? Effect.succeed(running.context) : current),
      save: store.save,
      replace: (content, swap) =>
        Effect.flatMap(store.load(content), (write) =>
          Effect.uninterruptible(Effect.gen(function*() {
            isOpen = false
            yield* open.close
            yield* end(running)
            const written = yield* Effect.exit(Effect.andThen(write, swap))
            // After a failure too: the backend goes on with what the store has.
            running = yield* start
            yield* written
          })).pipe(Effect.ensuring(Effect.andThen(
            Effect.sync(() => {
              isOpen = true
            }),
            open.open
          ))))
    }
  })

/** The services of the current backend, by the clock. */
export const delegate = (
  { current }: Generations,
  clock: ShiftedClock,
  issuer: LocalBackend.Issuer
): LocalBackend.Service => {
  const use = <A, E>(f: (backend: LocalBackend.Service) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
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
    grantPage: (options) => use((backend) => backend.grantPage(options)),
    expireGrant: (id) => use((backend) => backend.expireGrant(id)),
    revokeGrant: (id) => use((backend) => backend.revokeGrant(id)),
    forgetGrant: (id) => use((backend) => backend.forgetGrant(id)),
    refusals: use((backend) => backend.refusals)
  }
}
