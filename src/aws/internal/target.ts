/** Where a client of the SDK sends its requests, for the errors of calls without a response. */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import { TransportError } from "../../IdentityError.js"
import { readVariable } from "../../internal/environment.js"
import { withTimeLimit } from "../../internal/timeLimit.js"

/** Where a call went. */
interface Target {
  readonly host?: string | undefined
  readonly region?: string | undefined
  readonly profile?: string | undefined
}

/** The members of a client's configuration are values, or functions that search for them. A search can fail. */
const read = async (config: unknown, member: string): Promise<unknown> => {
  try {
    const value: unknown = hasProperty(config, member) ? config[member] : undefined
    return typeof value === "function" ? await value() : value
  } catch {
    return undefined
  }
}

const text = (value: unknown): string | undefined => isString(value) && value !== "" ? value : undefined

/** Host and port alone: a path or a query can have secrets. */
const hostOf = (endpoint: unknown): string | undefined => {
  const url = hasProperty(endpoint, "url") ? endpoint.url : undefined
  if (url instanceof URL) return text(url.host)
  const hostname = hasProperty(endpoint, "hostname") ? text(endpoint.hostname) : undefined
  const port = hasProperty(endpoint, "port") && endpoint.port ? `:${String(endpoint.port)}` : ""
  return hostname === undefined ? undefined : `${hostname}${port}`
}

/** The endpoint of the service in the region, by the rules of the SDK. */
const regional = async (config: unknown, Region: string | undefined): Promise<unknown> => {
  const provider = hasProperty(config, "endpointProvider") ? config.endpointProvider : undefined
  if (Region === undefined || typeof provider !== "function") return undefined
  const parameters = {
    Region,
    UseFIPS: await read(config, "useFipsEndpoint"),
    UseDualStack: await read(config, "useDualstackEndpoint"),
    UseGlobalEndpoint: await read(config, "useGlobalEndpoint")
  }
  try {
    return provider(parameters, {}) as unknown
  } catch {
    return undefined
  }
}

/** A configuration of a program can search without end. */
const searchLimit = 1000

/** Reads the configuration of a client. The SDK has no type for what its clients share. */
const targetOf = (config: unknown): Effect.Effect<Target> =>
  Effect.promise(() =>
    withTimeLimit(searchLimit, undefined, async (): Promise<Target> => {
      const region = text(await read(config, "region"))
      const endpoint = (await read(config, "endpoint")) ?? (await regional(config, region))
      return { region, host: hostOf(endpoint), profile: text(await read(config, "profile")) }
    }).catch(() => ({}))
  )

/** The profile that the environment names, read when a call has failed. */
export type EnvironmentProfile = Effect.Effect<string | undefined>

/** Reads the profile with the `ConfigProvider` of the layer, which a later call can be without. */
export const environmentProfile: Effect.Effect<EnvironmentProfile> = Effect.map(
  ConfigProvider.ConfigProvider,
  (provider) =>
    readVariable(Config.NonEmptyString, "AWS_PROFILE").pipe(
      Effect.map(Option.getOrUndefined),
      Effect.orElseSucceed(() => undefined),
      Effect.provideService(ConfigProvider.ConfigProvider, provider)
    )
)

/**
 * Adds to an error where the call went. Without credentials nothing was sent, and region and profile matter instead of the host.
 */
export const withTarget = (
  { cause, code, kind, operation, requestId, status }: TransportError,
  { host, profile, region }: Target
): TransportError =>
  new TransportError({
    operation,
    kind,
    code,
    status,
    requestId,
    // The type of `Error` for it is `unknown`.
    cause: cause as ConstructorParameters<typeof TransportError>[0]["cause"],
    region,
    ...(kind === "credentials" ? { profile } : { host })
  })

/**
 * Adds to an error what the configuration of the client says. Credentials that the program gives are of no profile: `environment` is undefined.
 */
export const addTo = (
  error: TransportError,
  config: unknown,
  environment: EnvironmentProfile | undefined
): Effect.Effect<never, TransportError> =>
  Effect.gen(function*() {
    const target = yield* targetOf(config)
    const profile = environment === undefined ? undefined : target.profile ?? (yield* environment)
    return yield* withTarget(error, { ...target, profile })
  })
