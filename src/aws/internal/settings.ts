/**
 * Where the planes are called, and as whom: from options, configuration, and what the AWS SDK finds by itself.
 *
 * @since 0.1.0
 */
import type { BedrockAgentCoreClientConfig } from "@aws-sdk/client-bedrock-agentcore"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { isLoopback } from "../../internal/loopback.js"

const invalid = (source: string, message: string): ConfigError.ConfigError => ConfigError.InvalidData([source], message)

/** An empty variable is one that is not set, as for the AWS SDK. */
const variable = (name: string): Effect.Effect<Option.Option<string>, ConfigError.ConfigError> =>
  Config.option(Config.nonEmptyString(name))

// -----------------------------------------------------------------------------
// Region
// -----------------------------------------------------------------------------

/**
 * Where AgentCore started, and what the Python SDK falls back to.
 *
 * @internal
 */
export const defaultRegion = "us-west-2"

/** A region becomes a part of host names: without this check it could name another host. */
const checkRegion = (source: string, region: string): Effect.Effect<string, ConfigError.ConfigError> =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(region)
    ? Effect.succeed(region)
    : Effect.fail(
      invalid(source, `Expected an AWS region, lower-case letters, digits and hyphens, as in ${defaultRegion}`)
    )

/**
 * The region of the option, of `AWS_REGION`, of the SDK's own search (the profile, then the instance), or `us-west-2`.
 * `AWS_DEFAULT_REGION` is not read: the AWS SDK for JavaScript does not read it either.
 *
 * @internal
 */
export const region = (
  option: string | undefined,
  search: Effect.Effect<Option.Option<string>>
): Effect.Effect<string, ConfigError.ConfigError> =>
  option !== undefined ? checkRegion("region", option) : Effect.flatMap(
    variable("AWS_REGION"),
    Option.match({
      onSome: (value) => checkRegion("AWS_REGION", value),
      onNone: () =>
        Effect.flatMap(search, (found) => checkRegion("region", Option.getOrElse(found, () => defaultRegion)))
    })
  )

// -----------------------------------------------------------------------------
// Endpoints
// -----------------------------------------------------------------------------

// No message repeats the value: there may be a password in it.
const endpointProblem = (value: string, allowInsecure: boolean): string | undefined => {
  if (!URL.canParse(value)) {
    return "Expected a URL, as in https://bedrock-agentcore.us-west-2.amazonaws.com"
  }
  const url = new URL(value)
  return url.protocol !== "https:" && url.protocol !== "http:"
    ? "Expected a URL with https"
    : url.username !== "" || url.password !== ""
    ? "Expected a URL without user name and password"
    : url.search !== "" || url.hash !== ""
    ? "Expected a URL without query and fragment"
    : url.protocol === "http:" && !allowInsecure && !isLoopback(url.hostname)
    ? "Expected a URL with https: tokens would travel in clear. http is for loopback hosts only, unless allowInsecureEndpoint is set"
    : undefined
}

/**
 * An endpoint as the SDK takes it: without the slash at the end, which would be doubled in paths.
 *
 * @internal
 */
export const checkEndpoint = (
  source: string,
  value: string,
  allowInsecure: boolean
): Effect.Effect<string, ConfigError.ConfigError> => {
  const problem = endpointProblem(value, allowInsecure)
  return problem === undefined
    ? Effect.succeed(new URL(value).href.replace(/\/+$/, ""))
    : Effect.fail(invalid(source, problem))
}

/**
 * The endpoint of the option or of the first variable that is set; none leaves it to the SDK. The AWS variables count only
 * where `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is not set, as for the SDK.
 *
 * @internal
 */
export const endpoint = (options: {
  readonly option: string | undefined
  /** Of this package, where it has one. */
  readonly variable?: string | undefined
  readonly awsVariable: string
  readonly allowInsecure: boolean
}): Effect.Effect<string | undefined, ConfigError.ConfigError> =>
  Effect.gen(function*() {
    if (options.option !== undefined) {
      return yield* checkEndpoint("endpoint", options.option, options.allowInsecure)
    }
    const ignoreAws = Option.contains(yield* variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true")
    const names = [options.variable, ...(ignoreAws ? [] : [options.awsVariable, "AWS_ENDPOINT_URL"])]
    for (const name of names.filter((name) => name !== undefined)) {
      const value = yield* variable(name)
      if (Option.isSome(value)) {
        return yield* checkEndpoint(name, value.value, options.allowInsecure)
      }
    }
    return undefined
  })

// -----------------------------------------------------------------------------
// Credentials
// -----------------------------------------------------------------------------

/** @internal */
export type SdkCredentials = NonNullable<BedrockAgentCoreClientConfig["credentials"]>

/** @internal */
export type CredentialsProvider = Extract<SdkCredentials, (...args: never) => unknown>

/** @internal */
export interface StaticCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted.Redacted
  readonly sessionToken?: Redacted.Redacted | undefined
}

/** Whatever a provider throws is recognized as a failure to get credentials. */
const recognized = (provider: CredentialsProvider): CredentialsProvider => async (properties) => {
  try {
    return await provider(properties)
  } catch (cause) {
    throw Object.assign(new Error("The credentials provider failed", { cause }), { name: "CredentialsProviderError" })
  }
}

/**
 * This package's option as the SDK takes it.
 *
 * @internal
 */
export const fromOption = (option: StaticCredentials | CredentialsProvider): SdkCredentials =>
  typeof option === "function" ? recognized(option) : {
    accessKeyId: option.accessKeyId,
    secretAccessKey: Redacted.value(option.secretAccessKey),
    ...(option.sessionToken === undefined ? {} : { sessionToken: Redacted.value(option.sessionToken) })
  }

/**
 * What stands in the SDK's own configuration.
 *
 * @internal
 */
export const fromSdk = (given: SdkCredentials): SdkCredentials =>
  typeof given === "function" ? recognized(given) : given
