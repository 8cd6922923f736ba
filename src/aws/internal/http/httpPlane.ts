/** A plane over HTTP, from its table: its options, settings and hosts. Settings are checked when the layer is built. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as DataPlane from "../../../DataPlane.js"
import { readVariable } from "../../../internal/environment.js"
import { partitionOf } from "../../../internal/partitions.js"
import type * as Rows from "../../../internal/plane/operation.js"
import type { Sha256 } from "../../../internal/signature.js"
import type * as Operation from "../../../Operation.js"
import type { HttpOptions } from "../../AwsPlanes.js"
import * as Credentials from "../credentials.js"
import * as Adapters from "../operationCall.js"
import * as Settings from "../planeSettings.js"
import { makeClient } from "./httpCall.js"
import type { Transport } from "./httpTransport.js"
import { type Protocol, restJson } from "./protocol.js"

// -----------------------------------------------------------------------------
// Planes
// -----------------------------------------------------------------------------

export interface Plane<T extends Rows.Table> {
  readonly table: T
  readonly protocol: Protocol
  /** The first part of the host. */
  readonly host: string
  /** The name that requests are signed for. */
  readonly service: string
  readonly variables: Settings.EndpointVariables
}

/** Every layer has this plane. */
export const dataPlane: Plane<typeof DataPlane.operations> = {
  table: DataPlane.operations,
  protocol: restJson,
  host: "bedrock-agentcore",
  service: "bedrock-agentcore",
  variables: Settings.dataPlaneVariables
}

/** The settings of an AWS profile for all planes, as strings of its file. */
export interface Profile {
  readonly maxAttempts?: string | undefined
  readonly useFips?: string | undefined
  readonly useDualStack?: string | undefined
  /** The endpoint of a service, by the name of its section. */
  readonly endpoint: (service: string) => string | undefined
}

/** The profile of a runtime without files. */
export const noProfile: Profile = { endpoint: () => undefined }

/** The parts of the adapter that depend on the runtime. */
export interface Runtime {
  readonly transport: Transport
  readonly sha256: Sha256
  readonly profile: Profile
  /** Searches for a region. It runs if neither the options nor the environment have one. */
  readonly region: Effect.Effect<Option.Option<string>>
  /** The default credentials. */
  readonly credentials: Effect.Effect<Credentials.Source, Config.ConfigError, Scope.Scope>
}

/** The parts that all planes of a layer share, including the search for credentials. */
interface Shared extends Runtime {
  readonly options: HttpOptions
}

const fromOption = (
  given: Credentials.StaticCredentials | Credentials.CredentialsProvider
): Effect.Effect<Credentials.Source, Config.ConfigError, Scope.Scope> =>
  typeof given === "function"
    // The providers of the AWS SDK need no properties.
    ? Credentials.keep(Credentials.fromOwnProvider(() => given()))
    : Effect.map(Credentials.fromStatic(given), Credentials.always)

export const share = (options: HttpOptions, runtime: Runtime): Effect.Effect<Shared> =>
  Effect.map(
    Effect.cached(options.credentials === undefined ? runtime.credentials : fromOption(options.credentials)),
    (credentials) => ({ ...runtime, options, credentials })
  )

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

/** The endpoint of a service in a region. `service` is the first part of the host. */
export const regionalEndpoint = (service: string, region: string, { dualStack = false, fips = false } = {}): string => {
  const { dualStackSuffix, suffix } = partitionOf(region)
  // In GovCloud, the regular hosts of STS have FIPS.
  const name = fips && !(service === "sts" && region.startsWith("us-gov-") && !dualStack) ? `${service}-fips` : service
  return `https://${name}.${region}.${dualStack ? dualStackSuffix : suffix}`
}

const flag = (name: string, profile: string | undefined): Effect.Effect<boolean, Config.ConfigError> =>
  Effect.map(readVariable(Config.Boolean, name), Option.getOrElse(() => profile === "true"))

const endpoint = (
  plane: Pick<Plane<never>, "host" | "variables">,
  region: string,
  profile: Profile,
  option: string | undefined,
  allowInsecure = false
): Effect.Effect<string, Config.ConfigError> =>
  Effect.gen(function*() {
    const fips = yield* flag("AWS_USE_FIPS_ENDPOINT", profile.useFips)
    const dualStack = yield* flag("AWS_USE_DUALSTACK_ENDPOINT", profile.useDualStack)
    const given = yield* Settings.endpoint({ option, allowInsecure, ...plane.variables })
    const inProfile = given === undefined ? profile.endpoint(plane.host) : undefined
    const custom = inProfile === undefined
      ? given
      : yield* Settings.checkEndpoint("endpoint_url", inProfile, allowInsecure)
    if (custom === undefined) return regionalEndpoint(plane.host, region, { fips, dualStack })
    if (!fips && !dualStack) return custom
    return yield* Effect.fail(Settings.invalidConfig(
      fips ? "AWS_USE_FIPS_ENDPOINT" : "AWS_USE_DUALSTACK_ENDPOINT",
      "Expected no custom endpoint beside it: only hosts of AWS have FIPS and dual stack"
    ))
  })

// -----------------------------------------------------------------------------
// Operations
// -----------------------------------------------------------------------------

/** The default of the AWS SDKs. */
const defaultAttempts = 3

const attempts = (option: number | undefined, profile: Profile): Effect.Effect<number, Config.ConfigError> =>
  Effect.gen(function*() {
    if (option !== undefined) return yield* Settings.checkCount("maxAttempts", option)
    const variable = yield* readVariable(Config.Number, "AWS_MAX_ATTEMPTS")
    if (Option.isSome(variable)) return yield* Settings.checkCount("AWS_MAX_ATTEMPTS", variable.value)
    if (profile.maxAttempts === undefined) return defaultAttempts
    return yield* Settings.checkCount("max_attempts", Number(profile.maxAttempts))
  })

/** The operations of a plane, without the checks of the plane. */
export const operations = <const T extends Rows.Table>(
  plane: Plane<T>,
  own: HttpOptions["dataPlane"] = {},
  { credentials, options, profile, region: search, sha256, transport }: Shared
): Effect.Effect<Operation.Plane<T>, Config.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* Settings.checkNames({ ...options, ...own })
    const timeout = yield* Settings.timeout(own.timeout ?? options.timeout)
    const region = yield* Settings.region(own.region ?? options.region, search)
    const option = own.endpoint ?? options.endpoint
    const url = new URL(yield* endpoint(plane, region, profile, option, options.allowInsecureEndpoint))
    const maxAttempts = yield* attempts(own.maxAttempts ?? options.maxAttempts, profile)
    const isFound = own.credentials === undefined && options.credentials === undefined
    const client = makeClient({
      transport,
      protocol: plane.protocol,
      url,
      region,
      service: plane.service,
      sha256,
      profile: isFound ? yield* Adapters.environmentProfile : undefined,
      credentials: own.credentials === undefined ? yield* credentials : yield* fromOption(own.credentials),
      maxAttempts,
      timeout
    })
    return Adapters.operations(plane.table, Effect.succeed(client))
  })

export const makeDataPlane = (
  options: HttpOptions,
  runtime: Runtime
): Effect.Effect<DataPlane.DataPlane["Service"], Config.ConfigError, Scope.Scope> =>
  share(options, runtime).pipe(
    Effect.flatMap((shared) => operations(dataPlane, options.dataPlane, shared)),
    Effect.map(DataPlane.make)
  )
