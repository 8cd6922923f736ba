/** A plane over HTTP, from its table: settings are checked when the layer is built. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { readVariable } from "../../../internal/environment.js"
import type * as Operation from "../../../Operation.js"
import { fromTable } from "../../../plane/make.js"
import * as Identities from "../credentials.js"
import { invalidConfig } from "../invalidConfig.js"
import type { Credentials, CredentialsProvider } from "../options.js"
import * as Settings from "../settings.js"
import { environmentProfile } from "../target.js"
import { call } from "./call.js"
import { regionalEndpoint } from "./endpoint.js"
import type { HashConstructor } from "./hash.js"
import type { PlaneOptions, SharedOptions } from "./options.js"
import type { Protocol } from "./protocol.js"
import * as Retry from "./retry.js"
import * as ServiceClock from "./serviceClock.js"
import * as Signer from "./signer.js"
import type { Transport } from "./transport.js"

/** A plane at AWS. */
export interface Plane<T extends Operation.Table> {
  readonly table: T
  readonly protocol: Protocol
  /** The first part of the host. */
  readonly host: string
  /** The name that requests are signed for. */
  readonly service: string
  readonly variables: { readonly variable?: string; readonly awsVariable: string }
}

/** What an AWS profile has for all planes, in the form of its file. */
export interface Profile {
  readonly maxAttempts?: string | undefined
  readonly useFips?: string | undefined
  readonly useDualStack?: string | undefined
  /** The endpoint of a service, by the name of its section. */
  readonly endpoint: (service: string) => string | undefined
}

/** Without files there is no profile. */
export const noProfile: Profile = { endpoint: () => undefined }

/** What the adapter is given by its surroundings. */
export interface Runtime {
  readonly transport: Transport
  readonly hash: HashConstructor
  readonly profile: Profile
  /** Looks for a region that neither the options nor the environment have. */
  readonly region: Effect.Effect<Option.Option<string>>
  /** The credentials of a program that gives none, one search for all planes. */
  readonly credentials: Effect.Effect<Identities.Source, Config.ConfigError, Scope.Scope>
}

/** The credentials of all planes without credentials of their own: one search for all. */
export interface Shared {
  readonly options: SharedOptions
  readonly credentials: Effect.Effect<Identities.Source, Config.ConfigError, Scope.Scope>
}

const fromOption = (
  credentials: Credentials | CredentialsProvider
): Effect.Effect<Identities.Source, Config.ConfigError, Scope.Scope> =>
  Effect.flatMap(Settings.fromOption(credentials), Identities.fromOption)

export const shared = (
  options: SharedOptions,
  runtime: Runtime
): Effect.Effect<Shared, Config.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* Settings.checkOptions(options, [...Settings.optionNames, "hash"])
    const credentials = yield* Effect.cached(
      options.credentials === undefined ? runtime.credentials : fromOption(options.credentials)
    )
    return { options, credentials }
  })

/** The types make this list complete. */
const planeOptions: { readonly [K in keyof PlaneOptions]-?: true } = {
  region: true,
  credentials: true,
  endpoint: true,
  maxAttempts: true,
  timeout: true
}

const invalid = (source: string, message: string) => Effect.fail(invalidConfig(source, message))

const checkAttempts = (source: string, value: number): Effect.Effect<number, Config.ConfigError> =>
  Number.isInteger(value) && value > 0 ? Effect.succeed(value) : invalid(source, "Expected a whole number above zero")

/** The default of the AWS SDKs. */
const defaultAttempts = 3

const attempts = (
  option: number | undefined,
  profile: Profile
): Effect.Effect<number, Config.ConfigError> =>
  option !== undefined
    ? checkAttempts("maxAttempts", option)
    : Effect.flatMap(
      readVariable(Config.Number, "AWS_MAX_ATTEMPTS"),
      Option.match({
        onSome: (value) => checkAttempts("AWS_MAX_ATTEMPTS", value),
        onNone: () =>
          profile.maxAttempts === undefined
            ? Effect.succeed(defaultAttempts)
            : checkAttempts("max_attempts", Number(profile.maxAttempts))
      })
    )

const flag = (name: string, profile: string | undefined): Effect.Effect<boolean, Config.ConfigError> =>
  Effect.map(readVariable(Config.Boolean, name), Option.getOrElse(() => profile === "true"))

const endpoint = (
  plane: Pick<Plane<never>, "host" | "variables">,
  option: string | undefined,
  allowInsecure: boolean,
  region: string,
  profile: Profile
): Effect.Effect<string, Config.ConfigError> =>
  Effect.gen(function*() {
    const fips = yield* flag("AWS_USE_FIPS_ENDPOINT", profile.useFips)
    const dualStack = yield* flag("AWS_USE_DUALSTACK_ENDPOINT", profile.useDualStack)
    const given = yield* Settings.endpoint({ option, allowInsecure, ...plane.variables })
    const inProfile = given ?? profile.endpoint(plane.host)
    const custom = given
      ?? (inProfile === undefined ? undefined : yield* Settings.checkEndpoint("endpoint_url", inProfile, allowInsecure))
    if (custom === undefined) return regionalEndpoint(plane.host, region, { fips, dualStack })
    return fips || dualStack
      ? yield* invalid(
        fips ? "AWS_USE_FIPS_ENDPOINT" : "AWS_USE_DUALSTACK_ENDPOINT",
        "Expected no endpoint of your own beside it: FIPS and dual-stack hosts are those of AWS"
      )
      : custom
  })

/** The operations of a plane, without the checks of the plane. */
export const operations = <const T extends Operation.Table>(
  plane: Plane<T>,
  own: PlaneOptions,
  { credentials, options }: Shared,
  runtime: Runtime
): Effect.Effect<Operation.Plane<T>, Config.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* Settings.checkOptions(own, Object.keys(planeOptions))
    const { profile } = runtime
    const allowInsecure = options.allowInsecureEndpoint ?? false
    const timeout = yield* Settings.timeout(own.timeout ?? options.timeout)
    const region = yield* Settings.region(own.region ?? options.region, runtime.region)
    const url = new URL(yield* endpoint(plane, own.endpoint ?? options.endpoint, allowInsecure, region, profile))
    const maxAttempts = yield* attempts(own.maxAttempts ?? options.maxAttempts, profile)
    const connection = {
      transport: runtime.transport,
      protocol: plane.protocol,
      origin: url.origin,
      host: url.host,
      basePath: url.pathname.replace(/\/+$/, ""),
      region,
      profile: (own.credentials ?? options.credentials) === undefined ? yield* environmentProfile : undefined,
      credentials: own.credentials === undefined ? yield* credentials : yield* fromOption(own.credentials),
      sign: Signer.make(runtime.hash, plane.service, region),
      policy: Retry.make(maxAttempts),
      maxAttempts,
      clock: ServiceClock.make(),
      timeout
    }
    return fromTable(
      plane.table,
      <Request, Response, E>(row: Operation.Operation<string, Request, Response, E>) => (request: Request) =>
        call(connection, row, request)
    )
  })
