/**
 * A plane over its AWS SDK client: settings are checked when the layer is built, the client is loaded and made at the first call.
 *
 * @since 0.1.0
 */
import type * as DataPlaneSdk from "@aws-sdk/client-bedrock-agentcore"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { operations as rows } from "../../internal/dataPlaneOperations.js"
import type { Options } from "../AwsPlanes.js"
import * as AwsDataPlane from "./dataPlane.js"
import * as LazyClient from "./lazyClient.js"
import * as Settings from "./settings.js"

/** The options that all planes share. */
type Shared = Omit<Options, "dataPlane" | "controlPlane" | "sts">

/** What all client configurations have in common, of what is set here. */
type ClientConfig = Pick<
  DataPlaneSdk.BedrockAgentCoreClientConfig,
  "region" | "credentials" | "endpoint" | "maxAttempts" | "profile"
>

interface Client {
  readonly destroy: () => void
}

/**
 * What there is to know of a plane.
 *
 * @internal
 */
export interface Adapter<Sdk, Config, C, Operations> {
  readonly load: () => Promise<Sdk>
  readonly client: (sdk: Sdk, config: Config) => C
  readonly operations: (sdk: Sdk, client: C) => Operations
  readonly rows: { readonly [K in keyof Operations]: unknown }
  readonly variables: { readonly variable?: string; readonly awsVariable: string }
}

/** @internal */
export const adapter = <Sdk, Config extends ClientConfig, C extends Client, Operations>(
  self: Adapter<Sdk, Config, C, Operations>
): Adapter<Sdk, Config, C, Operations> => self

/** @internal */
export const dataPlane = adapter({
  load: () => import("@aws-sdk/client-bedrock-agentcore"),
  client: AwsDataPlane.makeClient,
  operations: (sdk, client) => AwsDataPlane.operations(sdk, client, rows),
  rows,
  variables: { variable: "BEDROCK_AGENTCORE_DP_ENDPOINT", awsVariable: "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE" }
})

/**
 * By profile.
 *
 * @internal
 */
export type RegionSearch = (profile: string | undefined) => Effect.Effect<Option.Option<string>>

const searchRegion: RegionSearch = (profile) =>
  Effect.promise(dataPlane.load).pipe(
    Effect.flatMap((sdk) =>
      Effect.acquireRelease(
        Effect.sync(() => dataPlane.client(sdk, profile === undefined ? {} : { profile })),
        (client) => Effect.sync(() => client.destroy())
      )
    ),
    Effect.flatMap((client) => Effect.option(Effect.tryPromise(() => client.config.region()))),
    Effect.scoped
  )

/**
 * The search of the SDK for a region, once for each profile. Only a client can start it: whose, makes no difference.
 *
 * @internal
 */
export const regionSearch: Effect.Effect<RegionSearch> = Effect.cachedFunction(searchRegion)

const clientConfig = (
  options: Shared,
  own: ClientConfig,
  variables: Adapter<never, never, never, never>["variables"],
  search: RegionSearch
): Effect.Effect<ClientConfig, ConfigError.ConfigError> =>
  Effect.gen(function*() {
    const allowInsecure = options.allowInsecureEndpoint ?? false
    // A function of the SDK's configuration, or an endpoint object, is the SDK's to make sense of.
    const region = own.region === undefined || typeof own.region === "string"
      ? yield* Settings.region(own.region ?? options.region, search(own.profile))
      : own.region
    const endpoint = own.endpoint === undefined || typeof own.endpoint === "string"
      ? yield* Settings.endpoint({ option: own.endpoint ?? options.endpoint, allowInsecure, ...variables })
      : own.endpoint
    const credentials = own.credentials !== undefined
      ? Settings.fromSdk(own.credentials)
      : options.credentials && Settings.fromOption(options.credentials)
    const maxAttempts = own.maxAttempts ?? options.maxAttempts
    return {
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
      ...(maxAttempts === undefined ? {} : { maxAttempts })
    }
  })

const isGiven = <C>(given: object): given is { readonly client: C } => "client" in given

/**
 * The operations of a plane. Settings are checked at once; the client is made at the first call.
 *
 * @internal
 */
export const operationsOf = <Sdk, Config extends ClientConfig, C extends Client, Operations>(
  { client, load, operations, rows, variables }: Adapter<Sdk, Config, C, Operations>,
  given: Config | { readonly client: C },
  options: Shared,
  search: RegionSearch
): Effect.Effect<Operations, ConfigError.ConfigError, Scope.Scope> =>
  Effect.map(
    isGiven<C>(given)
      ? LazyClient.make({
        load,
        make: (sdk) => ({ operations: operations(sdk, given.client), destroy: () => {} })
      })
      : Effect.flatMap(clientConfig(options, given, variables, search), (config) =>
        LazyClient.make({
          load,
          make: (sdk) => {
            const own = client(sdk, { ...given, ...config })
            return { operations: operations(sdk, own), destroy: () => own.destroy() }
          }
        })),
    (made) => LazyClient.operations(rows, made)
  )
