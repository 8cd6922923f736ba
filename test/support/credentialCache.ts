import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Recorder from "./recorder.js"
import { secret } from "./utils.js"

export { type StoredCredential, storeFailures } from "../../src/internal/credentialCache/cacheStore.js"
export { hits, makeGenerations, misses, sharedCalls } from "../../src/internal/credentialCache/engine.js"

const caller = WorkloadAccessToken.layer(secret("alice"))

/** Calls a plane like a program that recovers from a 401: a resource has rejected `token`. */
export const insteadOf = (token: string) => <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<R>) => {
    const exits: Array<Exit.Exit<A, E>> = []
    let requested = 0
    const renewed = Effect.exit(call).pipe(Effect.provideContext(context), Effect.map((exit) => exits.push(exit)))
    const getAccessToken = () => Effect.as(requested++ === 0 ? Effect.void : renewed, secret(token))
    return AccessToken.use({ provider: "github", flow: "M2M" }, () => Effect.fail("rejected"), {
      rejected: () => true
    }).pipe(
      Effect.provide(Layer.merge(Layer.mock(Identity.Identity, { getAccessToken }), caller)),
      Effect.ignore,
      Effect.andThen(Effect.suspend(() => exits[0]!))
    )
  })

/** The cache attribute on the span of a request of `Identity`. */
export const cacheResult = (request: { readonly forceAuthentication?: true } = {}) =>
  Effect.gen(function*() {
    const recorder = yield* Recorder.make
    yield* Effect.flatMap(
      Identity.Identity,
      (identity) => identity.getAccessToken({ provider: "github", flow: "USER_FEDERATION", ...request })
    ).pipe(
      Effect.ignore,
      Effect.provide(Layer.merge(Identity.layer, caller)),
      Effect.provide(recorder.layer)
    )
    const [span] = yield* recorder.spans
    return span?.attributes.get("agentcore.cache")
  })
