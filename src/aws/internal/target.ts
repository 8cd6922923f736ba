/**
 * Where a client of the SDK sends its requests, for the errors of calls without a response.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import { TransportError } from "../../IdentityError.js"

/** @internal */
export interface Target {
  readonly host?: string | undefined
  readonly region?: string | undefined
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

/**
 * Reads the configuration of a client. The SDK has no type for what its clients share.
 *
 * @internal
 */
export const targetOf = (config: unknown): Effect.Effect<Target> =>
  Effect.promise(async () => {
    const region = text(await read(config, "region"))
    return { region, host: hostOf((await read(config, "endpoint")) ?? (await regional(config, region))) }
  })

/** Credentials that the program gives are of no profile. */
const profileOf = (config: unknown, hasCredentials: boolean): Effect.Effect<string | undefined> =>
  hasCredentials ? Effect.succeed(undefined) : Effect.flatMap(
    Effect.promise(() => read(config, "profile")),
    (profile) =>
      text(profile) !== undefined
        ? Effect.succeed(text(profile))
        : Effect.map(Effect.option(Config.nonEmptyString("AWS_PROFILE")), Option.getOrUndefined)
  )

/**
 * Adds to an error where the call went. Without credentials nothing was sent, and only region and profile matter.
 *
 * @internal
 */
export const addTo = (
  error: TransportError,
  config: unknown,
  hasCredentials: boolean
): Effect.Effect<never, TransportError> =>
  Effect.gen(function*() {
    const { host, region } = yield* targetOf(config)
    const { code, kind, operation, requestId, status } = error
    const cause = error.cause as TransportError["cause"]
    return yield* new TransportError({
      operation,
      kind,
      code,
      status,
      requestId,
      cause,
      region,
      ...kind === "credentials" ? { profile: yield* profileOf(config, hasCredentials) } : { host }
    })
  })
