/** A plane over its AWS SDK client. The first call loads the package and makes the client. */
import type * as DataPlaneSdk from "@aws-sdk/client-bedrock-agentcore"
import * as Cache from "effect/Cache"
import * as Clock from "effect/Clock"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Rows from "../../../internal/plane/operation.js"
import type * as Operation from "../../../Operation.js"
import type { Options } from "../../AwsPlanes.js"
import * as Credentials from "../credentials.js"
import type { NoResponse } from "../failure.js"
import * as Adapters from "../operationCall.js"
import * as Settings from "../planeSettings.js"
import { type Commands, type Connection, makeClient } from "./sdkCall.js"

/** The options that all planes share. */
export type SharedOptions = Omit<Options, "controlPlane" | "dataPlane" | "sts">

// -----------------------------------------------------------------------------
// Planes
// -----------------------------------------------------------------------------

/** The properties of client configurations that this module sets. */
type ClientConfig = Pick<
  DataPlaneSdk.BedrockAgentCoreClientConfig,
  "region" | "credentials" | "endpoint" | "maxAttempts" | "profile"
>

interface Client {
  readonly destroy: () => void
  readonly config: { readonly region: () => Promise<string> }
}

/** A plane and its client of the SDK. */
export interface Adapter<T extends Rows.Table, Sdk, Config, C> {
  readonly table: T
  readonly load: Effect.Effect<Sdk, NoResponse>
  readonly make: (sdk: Sdk, config: Config) => C
  readonly connect: (sdk: Sdk, client: C) => Connection & { readonly commands: Commands<T> }
  readonly variables: Settings.EndpointVariables
}

/** The search of the SDK for the region of a profile. */
export type RegionSearch = (profile: string | undefined) => Effect.Effect<Option.Option<string>>

/** The SDK's search for a region, once for each profile. Only a client can start it. All have the same search. */
export const makeRegionSearch = <T extends Rows.Table, Sdk, Config extends ClientConfig, C extends Client>(
  { load, make }: Pick<Adapter<T, Sdk, Config, C>, "load" | "make">
): Effect.Effect<RegionSearch> =>
  Effect.map(
    Cache.make({
      capacity: Infinity,
      lookup: (profile: string | undefined) =>
        load.pipe(
          Effect.flatMap((sdk) =>
            Effect.acquireRelease(
              // Every configuration of a client has the properties of `ClientConfig`, all of them optional.
              Effect.sync(() => make(sdk, (profile === undefined ? {} : { profile }) as Config)),
              (client) => Effect.sync(() => client.destroy())
            )
          ),
          Effect.flatMap((client) => Effect.tryPromise(() => client.config.region())),
          Effect.scoped,
          // A package that cannot be loaded is reported by the first call.
          Effect.option
        )
    }),
    (cache) => (profile) => Cache.get(cache, profile)
  )

// -----------------------------------------------------------------------------
// Credentials
// -----------------------------------------------------------------------------

type Properties = Parameters<Credentials.CredentialsProvider>[0]

/** The chain of the client. An interrupted search leaves its chain waiting, so the next search has a new one. */
const makeChain = () => {
  let chain: Credentials.CredentialsProvider | undefined
  return (properties: Properties): Credentials.Search =>
    Credentials.fromProvider(async () => {
      const config = properties?.callerClientConfig
      chain ??= config?.credentialDefaultProvider?.({ ...config, credentials: undefined, parentClientConfig: config })
      if (chain === undefined) throw new Error("The client has no credentials")
      return await chain(properties)
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => chain = undefined)))
}

/**
 * A provider that keeps the credentials of another one, by default of the SDK's chain. It rejects with
 * `NoResponse`s. The SDK's own cache would wait for a search that hangs, even while the old credentials are valid.
 */
export const keepCredentials = (
  provider: Credentials.CredentialsProvider | undefined
): Effect.Effect<Credentials.CredentialsProvider, never, Scope.Scope> =>
  Effect.gen(function*() {
    // All calls of a client have the same properties.
    let properties: Properties
    const search = provider === undefined
      ? makeChain()
      : (properties: Properties) => Credentials.fromOwnProvider(() => provider(properties))
    const source = yield* Credentials.keep(Effect.suspend(() => search(properties)))
    const runtime = yield* Effect.context()
    let controller = new AbortController()
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        controller.abort()
        // The program may still use the client.
        controller = new AbortController()
      })
    )
    const clock = yield* Clock.Clock
    const kept: Credentials.CredentialsProvider = async (given) => {
      properties = given
      const known = source.kept(clock.currentTimeMillisUnsafe())
      if (known !== undefined) return known
      return await Effect.runPromiseWith(runtime)(source.search, { signal: controller.signal })
    }
    // The SDK does not cache the credentials again.
    return Object.assign(kept, { memoized: true })
  })

// -----------------------------------------------------------------------------
// Clients
// -----------------------------------------------------------------------------

/**
 * The inner effect makes the client at its first run. Each caller loads the SDK, and the first to finish makes it, so
 * that interrupting one caller neither delays nor fails the others.
 */
export const makeLazily = <Sdk, A, E>(
  load: Effect.Effect<Sdk, E>,
  make: (sdk: Sdk) => { readonly value: A; readonly destroy: () => void }
): Effect.Effect<Effect.Effect<A, E>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    let made: Effect.Effect<A> | undefined
    const first = Effect.flatMap(load, (sdk) =>
      Effect.suspend(() => {
        if (made !== undefined) return made
        const { destroy, value } = make(sdk)
        made = Effect.succeed(value)
        return Effect.andThen(Scope.addFinalizer(scope, Effect.sync(destroy)), made)
      }).pipe(Effect.uninterruptible))
    return Effect.suspend(() => made ?? first)
  })

const clientConfig = (
  options: SharedOptions,
  own: ClientConfig,
  variables: Settings.EndpointVariables,
  search: RegionSearch
): Effect.Effect<ClientConfig, Config.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const allowInsecure = options.allowInsecureEndpoint ?? false
    // The SDK's configuration may have a function or an endpoint object, which only the SDK can read.
    const region = own.region === undefined || typeof own.region === "string"
      ? yield* Settings.region(own.region ?? options.region, search(own.profile))
      : own.region
    const endpoint = own.endpoint === undefined || typeof own.endpoint === "string"
      ? yield* Settings.endpoint({ option: own.endpoint ?? options.endpoint, allowInsecure, ...variables })
      : own.endpoint
    const given = own.credentials
      ?? (typeof options.credentials === "object"
        ? yield* Credentials.fromStatic(options.credentials)
        : options.credentials)
    const credentials = typeof given === "object" ? given : yield* keepCredentials(given)
    const maxAttempts = own.maxAttempts ?? options.maxAttempts
    return {
      region,
      credentials,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(maxAttempts === undefined ? {} : { maxAttempts })
    }
  })

const isClient = <C>(given: object): given is { readonly client: C } => "client" in given

/** The operations of a plane, without the checks of the plane. */
export const operations = <const T extends Rows.Table, Sdk, Config extends ClientConfig, C extends Client>(
  { connect, load, make, table, variables }: Adapter<T, Sdk, Config, C>,
  given: Config | { readonly client: C } | undefined,
  options: SharedOptions,
  search: RegionSearch
): Effect.Effect<Operation.Plane<T>, Config.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* Settings.checkNames(options)
    if (options.maxAttempts !== undefined) yield* Settings.checkCount("maxAttempts", options.maxAttempts)
    const timeout = yield* Settings.timeout(options.timeout)
    const profile = yield* Adapters.environmentProfile
    const client = given !== undefined && isClient<C>(given)
      ? makeLazily(load, (sdk) => ({
        value: makeClient(connect(sdk, given.client), timeout, profile),
        destroy: () => {}
      }))
      : Effect.flatMap(clientConfig(options, given ?? {}, variables, search), (config) =>
        makeLazily(load, (sdk) => {
          // Every configuration of a client has the properties of `ClientConfig`.
          const client = make(sdk, { ...given, ...config } as Config)
          const isFound = given?.credentials === undefined && options.credentials === undefined
          return {
            value: makeClient(connect(sdk, client), timeout, isFound ? profile : undefined),
            destroy: () => client.destroy()
          }
        }))
    return Adapters.operations(table, yield* client)
  })
