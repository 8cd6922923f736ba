/**
 * Credentials for a client of the SDK. The SDK's own memory of credentials waits for a search that hangs, also while the old ones are valid.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Credentials from "./credentials.js"
import type { CredentialsProvider } from "./options.js"

type Properties = Parameters<CredentialsProvider>[0]

/**
 * The chain of the SDK, of the client that asks for credentials: a client without credentials of the program has the same. A search that was
 * interrupted leaves its chain waiting, so the next one has a new chain.
 */
const makeChain = () => {
  let chain: CredentialsProvider | undefined
  return (properties: Properties): Credentials.Search =>
    Credentials.fromProvider(async () => {
      const config = properties?.callerClientConfig
      chain ??= config?.credentialDefaultProvider?.({ ...config, credentials: undefined, parentClientConfig: config })
      if (chain === undefined) throw new Error("The client has no credentials")
      return await chain(properties)
    }).pipe(
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          chain = undefined
        })
      )
    )
}

/**
 * A provider that keeps the credentials of another, by default of the SDK's chain. It rejects with `TransportError`s.
 */
export const keep = (
  provider: CredentialsProvider | undefined
): Effect.Effect<CredentialsProvider, never, Scope.Scope> =>
  Effect.gen(function*() {
    // The same for all calls of a client.
    let properties: Properties
    const search = provider === undefined
      ? makeChain()
      : (properties: Properties) => Credentials.fromProvider(() => provider(properties))
    const source = yield* Credentials.keep(Effect.suspend(() => search(properties)))
    const runtime = yield* Effect.context()
    let controller = new AbortController()
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        controller.abort()
        // A program can still have the client.
        controller = new AbortController()
      })
    )
    const clock = yield* Clock.Clock
    const kept: CredentialsProvider = async (given) => {
      properties = given
      const known = source.kept(clock.currentTimeMillisUnsafe())
      if (known !== undefined) return known
      const found = await Effect.runPromiseWith(runtime)(Effect.result(source.search), { signal: controller.signal })
      return Result.getOrThrowWith(found, (error) => error)
    }
    // The SDK keeps nothing itself.
    return Object.assign(kept, { memoized: true })
  })
