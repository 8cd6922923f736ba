/**
 * Region, endpoint and credentials of the planes: from options, from environment variables, and from the AWS SDK's own search.
 */
import type { BedrockAgentCoreClientConfig } from "@aws-sdk/client-bedrock-agentcore"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isNumber, isObject, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { readVariable } from "../../internal/environment.js"
import { isLoopback } from "../../models/internal/loopback.js"
import { closestName } from "../../plane/describeIssue.js"
import { invalidConfig } from "./invalidConfig.js"
import type { Credentials, CredentialsProvider, Options } from "./options.js"

const invalid = invalidConfig

/** An empty variable counts as not set, as in the AWS SDK. */
const variable = (name: string): Effect.Effect<Option.Option<string>, Config.ConfigError> =>
  readVariable(Config.NonEmptyString, name)

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/** The types make this list complete. */
const layerOptions: { readonly [K in keyof Options]-?: true } = {
  region: true,
  credentials: true,
  endpoint: true,
  allowInsecureEndpoint: true,
  maxAttempts: true,
  timeout: true,
  dataPlane: true,
  controlPlane: true,
  sts: true
}

/** The names of the options of all planes. */
export const optionNames: ReadonlyArray<string> = Object.keys(layerOptions)

const optionsProblem = (options: unknown, names: ReadonlyArray<string>): Config.ConfigError | undefined => {
  if (!isObject(options)) return invalid("options", "Expected an object, as in { region: \"us-west-2\" }")
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const suggestion = closestName(unknown, names)
    const expected = suggestion === undefined ? `one of [${names.join(", ")}]` : `did you mean '${suggestion}'?`
    return invalid(unknown, `Expected a known option; ${expected}`)
  }
  const { maxAttempts, region } = options
  return region !== undefined && !isString(region)
    ? invalid("region", `Expected a string, as in ${defaultRegion}`)
    : maxAttempts !== undefined && !(isNumber(maxAttempts) && maxAttempts >= 1)
    ? invalid("maxAttempts", "Expected a number, 1 or more")
    : undefined
}

/**
 * Checks the options' names, and the types that no other function here checks. Programs in plain JavaScript can have any.
 */
export const checkOptions = (
  options: object,
  names: ReadonlyArray<string> = optionNames
): Effect.Effect<void, Config.ConfigError> => {
  const problem = optionsProblem(options, names)
  return problem === undefined ? Effect.void : Effect.fail(problem)
}

// -----------------------------------------------------------------------------
// Region
// -----------------------------------------------------------------------------

/** The first region of AgentCore, and the default of the Python SDK. */
export const defaultRegion = "us-west-2"

/** A region becomes a part of host names. Without this check it could name another host. */
const checkRegion = (source: string, region: string): Effect.Effect<string, Config.ConfigError> =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(region)
    ? Effect.succeed(region)
    : Effect.fail(
      invalid(source, `Expected an AWS region, lower-case letters, digits and hyphens, as in ${defaultRegion}`)
    )

/**
 * The region of the option, of `AWS_REGION`, of the SDK's own search (the profile, then the instance), or `us-west-2`. Like the AWS SDK for
 * JavaScript, it does not read `AWS_DEFAULT_REGION`.
 */
export const region = (
  option: string | undefined,
  search: Effect.Effect<Option.Option<string>>
): Effect.Effect<string, Config.ConfigError> =>
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

// No message repeats the value, which may have a password in it.
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

/** An endpoint in the form of the SDK: without the slash at the end, which the SDK would double in paths. */
export const checkEndpoint = (
  source: string,
  value: string,
  allowInsecure: boolean
): Effect.Effect<string, Config.ConfigError> => {
  const problem = endpointProblem(value, allowInsecure)
  return problem === undefined
    ? Effect.succeed(new URL(value).href.replace(/\/+$/, ""))
    : Effect.fail(invalid(source, problem))
}

/**
 * The endpoint of the option, or of the first variable that is set. Undefined leaves the choice to the SDK. As in the SDK, the AWS variables
 * count only where `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is not set.
 */
export const endpoint = (options: {
  readonly option: string | undefined
  /** The variable of this package, if it has one for the plane. */
  readonly variable?: string | undefined
  readonly awsVariable: string
  readonly allowInsecure: boolean
}): Effect.Effect<string | undefined, Config.ConfigError> =>
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
// Time limit
// -----------------------------------------------------------------------------

/** A guess: AWS documents no limit. A person who waits for a page has given up by then. */
const defaultTimeout = Duration.seconds(30)

/** The time limit of a call in milliseconds. Programs in plain JavaScript can have a value that is no duration. */
export const timeout = (
  option: Duration.Input | undefined
): Effect.Effect<number, Config.ConfigError> =>
  Option.match(
    Option.filter(Duration.fromInput(option ?? defaultTimeout), (duration) =>
      Duration.isGreaterThan(duration, Duration.zero)),
    {
      onNone: () =>
        Effect.fail(invalid("timeout", "Expected a duration above zero, as in \"30 seconds\"")),
      onSome: (duration) => Effect.succeed(Duration.toMillis(duration))
    }
  )

// -----------------------------------------------------------------------------
// Credentials
// -----------------------------------------------------------------------------

/** Credentials in the form of the SDK: static ones, or a provider. */
export type SdkCredentials = NonNullable<BedrockAgentCoreClientConfig["credentials"]>

/** Names every failure of a provider so that `failure` recognizes missing credentials. */
const withErrorName = (provider: CredentialsProvider): CredentialsProvider => async (properties) => {
  try {
    return await provider(properties)
  } catch (cause) {
    throw Object.assign(new Error("The credentials provider failed", { cause }), { name: "CredentialsProviderError" })
  }
}

const credentialsProblem = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials): string | undefined =>
  typeof accessKeyId !== "string"
    ? "Expected accessKeyId to be a string"
    : !Redacted.isRedacted(secretAccessKey)
    ? "Expected secretAccessKey to be Redacted"
    : sessionToken !== undefined && !Redacted.isRedacted(sessionToken)
    ? "Expected sessionToken to be Redacted"
    : undefined

/**
 * This package's option in the form of the SDK. Programs in plain JavaScript can have secrets that are not `Redacted`.
 */
export const fromOption = (
  option: Credentials | CredentialsProvider
): Effect.Effect<SdkCredentials, Config.ConfigError> => {
  if (typeof option === "function") return Effect.succeed(withErrorName(option))
  const problem = credentialsProblem(option)
  return problem !== undefined ? Effect.fail(invalid("credentials", problem)) : Effect.succeed({
    accessKeyId: option.accessKeyId,
    secretAccessKey: Redacted.value(option.secretAccessKey),
    ...(option.sessionToken === undefined ? {} : { sessionToken: Redacted.value(option.sessionToken) })
  })
}

/** The credentials of the SDK's own configuration. */
export const fromSdk = (given: SdkCredentials): SdkCredentials =>
  typeof given === "function" ? withErrorName(given) : given
