/**
 * A plane over its AWS SDK client. Settings are checked when the layer is built. The client is loaded and made at the first call.
 */
import type { BedrockAgentCoreClientConfig } from "@aws-sdk/client-bedrock-agentcore"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { TransportError } from "../../../IdentityError.js"
import type * as Operation from "../../../Operation.js"
import { fromTable } from "../../../plane/make.js"
import * as LazyClient from "../lazyClient.js"
import type { SharedOptions } from "../options.js"
import * as SdkCredentials from "../sdkCredentials.js"
import * as Settings from "../settings.js"
import { environmentProfile } from "../target.js"
import { call, type Commands, type Connection } from "./call.js"
import { limit, type RequestHandler } from "./requestHandler.js"

/** The members of all client configurations that are set here. */
type ClientConfig = Pick<
  BedrockAgentCoreClientConfig,
  "region" | "credentials" | "endpoint" | "maxAttempts" | "profile"
>

interface Client {
  readonly destroy: () => void
  readonly config: { readonly region: () => Promise<string>; requestHandler: RequestHandler }
}

export type Send = Connection["send"]

/** A plane and its client of the SDK. */
export interface Adapter<T extends Operation.Table, Sdk, Config, C> {
  readonly table: T
  readonly load: Effect.Effect<Sdk, TransportError>
  /** Makes a client. `send` replaces the one of `connect`. */
  readonly make: (sdk: Sdk, config: Config) => { readonly client: C; readonly send?: Send }
  readonly connect: (sdk: Sdk, client: C) => Connection & { readonly commands: Commands<T> }
  readonly variables: { readonly variable?: string; readonly awsVariable: string }
}

export const adapter = <const T extends Operation.Table, Sdk, Config extends ClientConfig, C extends Client>(
  self: Adapter<T, Sdk, Config, C>
): Adapter<T, Sdk, Config, C> => self

/** The search of the SDK for the region of a profile. */
export type RegionSearch = (profile: string | undefined) => Effect.Effect<Option.Option<string>>

/** Runs an effect once for each key. */
const onceEach = <K, A>(run: (key: K) => Effect.Effect<A>): Effect.Effect<(key: K) => Effect.Effect<A>> =>
  Effect.sync(() => {
    const known = new Map<K, Effect.Effect<A>>()
    return (key) =>
      Effect.suspend(() => {
        const found = known.get(key)
        if (found !== undefined) return found
        const made = Effect.runSync(Effect.cached(run(key)))
        known.set(key, made)
        return made
      })
  })

/**
 * The SDK's search for a region, once for each profile. Only a client can start it, and every client has the same search.
 */
export const makeRegionSearch = <T extends Operation.Table, Sdk, Config extends ClientConfig, C extends Client>(
  { load, make }: Pick<Adapter<T, Sdk, Config, C>, "load" | "make">
): Effect.Effect<RegionSearch> =>
  onceEach((profile) =>
    load.pipe(
      Effect.flatMap((sdk) =>
        Effect.acquireRelease(
          // Every configuration of a client has the members of `ClientConfig`, all of them optional.
          Effect.sync(() => make(sdk, (profile === undefined ? {} : { profile }) as Config).client),
          (client) => Effect.sync(() => client.destroy())
        )
      ),
      Effect.flatMap((client) => Effect.tryPromise(() => client.config.region())),
      Effect.scoped,
      // A package that cannot be loaded is reported by the first call.
      Effect.option
    )
  )

const clientConfig = (
  options: SharedOptions,
  own: ClientConfig,
  variables: Adapter<never, never, never, never>["variables"],
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
    const given = own.credentials !== undefined
      ? Settings.fromSdk(own.credentials)
      : options.credentials && (yield* Settings.fromOption(options.credentials))
    const credentials = typeof given === "object" ? given : yield* SdkCredentials.keep(given)
    const maxAttempts = own.maxAttempts ?? options.maxAttempts
    return {
      region,
      credentials,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(maxAttempts === undefined ? {} : { maxAttempts })
    }
  })

/** The client of a program stays as it is: each command has the limits. */
const connectGiven = (connection: Connection, { config }: Client): Connection => ({
  ...connection,
  send: (command, options) => {
    const { handle } = limit(config.requestHandler)
    command.middlewareStack.add(
      // Replaces the SDK's own last step, in which the request is the handler's.
      () => ({ request }) => handle(request as never, options as never),
      { name: "effectAgentcoreIdentityLimit", step: "deserialize", priority: "low" }
    )
    return connection.send(command, options)
  }
})

const isClient = <C>(given: object): given is { readonly client: C } => "client" in given

/** The operations of a plane, without the checks of the plane. */
export const operations = <const T extends Operation.Table, Sdk, Config extends ClientConfig, C extends Client>(
  { connect, load, make, table, variables }: Adapter<T, Sdk, Config, C>,
  given: Config | { readonly client: C },
  options: SharedOptions,
  search: RegionSearch
): Effect.Effect<Operation.Plane<T>, Config.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* Settings.checkOptions(options)
    const timeout = yield* Settings.timeout(options.timeout)
    const profile = yield* environmentProfile
    const connection = isClient<C>(given)
      ? yield* LazyClient.make({
        load,
        make: (sdk) => ({
          value: connectGiven({ ...connect(sdk, given.client), profile }, given.client),
          destroy: () => {}
        })
      })
      : yield* Effect.flatMap(clientConfig(options, given, variables, search), (config) =>
        LazyClient.make({
          load,
          make: (sdk) => {
            const { client, ...send } = make(sdk, { ...given, ...config })
            client.config.requestHandler = limit(client.config.requestHandler)
            const own = given.credentials ?? options.credentials
            return {
              value: { ...connect(sdk, client), ...send, profile: own === undefined ? profile : undefined },
              destroy: () => client.destroy()
            }
          }
        }))
    return fromTable(
      table,
      <Request, Response, E>(row: Operation.Operation<string, Request, Response, E>) => (request: Request) =>
        Effect.flatMap(connection, (connection) => call(connection, row, request, timeout))
    )
  })
