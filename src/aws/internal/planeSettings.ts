/** Region, endpoint, attempts and time limit of the planes: from options, the environment, and a search. */
import * as Config from "effect/Config"
import { SourceError } from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readVariable } from "../../internal/environment.js"
import { isLoopback } from "../../internal/models/urls.js"

export const invalidConfig = (source: string, message: string): Config.ConfigError =>
  new Config.ConfigError(new SourceError({ message: `${source}: ${message}` }))

const invalid = (source: string, message: string): Effect.Effect<never, Config.ConfigError> =>
  Effect.fail(invalidConfig(source, message))

/** An empty variable counts as not set, as in the AWS SDK. */
export const readSetting = (name: string): Effect.Effect<string | undefined, Config.ConfigError> =>
  Effect.map(readVariable(Config.NonEmptyString, name), Option.getOrUndefined)

const names = [
  "region",
  "credentials",
  "endpoint",
  "allowInsecureEndpoint",
  "maxAttempts",
  "timeout",
  "maxSockets",
  "dataPlane",
  "controlPlane",
  "sts"
]

/** Without this check, a misspelled `endpoint` or `credentials` would send calls elsewhere, or as another caller. */
export const checkNames = (options: object): Effect.Effect<void, Config.ConfigError> => {
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  return unknown === undefined ? Effect.void : invalid(unknown, `Expected a known option, one of ${names.join(", ")}`)
}

/** The first region of AgentCore, and the default of the Python SDK. */
const defaultRegion = "us-west-2"

/** A region becomes part of a host name. Without this check it could name another host. */
const checkRegion = (source: string, region: string): Effect.Effect<string, Config.ConfigError> =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(region)
    ? Effect.succeed(region)
    : invalid(source, `Expected an AWS region, lower-case letters, digits and hyphens, as in ${defaultRegion}`)

/** The region of the option, `AWS_REGION`, a search, or `us-west-2`. The SDK ignores `AWS_DEFAULT_REGION` too. */
export const region = (
  option: string | undefined,
  search: Effect.Effect<Option.Option<string>>
): Effect.Effect<string, Config.ConfigError> =>
  option !== undefined
    ? checkRegion("region", option)
    : Effect.flatMap(readSetting("AWS_REGION"), (value) =>
      value !== undefined
        ? checkRegion("AWS_REGION", value)
        : Effect.flatMap(search, (found) => checkRegion("region", Option.getOrElse(found, () => defaultRegion))))

export interface EndpointVariables {
  /** The variable of this package, if it has one for the plane. */
  readonly variable?: string
  readonly awsVariable: string
}

export const dataPlaneVariables: EndpointVariables = {
  variable: "BEDROCK_AGENTCORE_DP_ENDPOINT",
  awsVariable: "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"
}

export const controlPlaneVariables: EndpointVariables = {
  variable: "BEDROCK_AGENTCORE_CP_ENDPOINT",
  awsVariable: "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL"
}

export const stsVariables: EndpointVariables = { awsVariable: "AWS_ENDPOINT_URL_STS" }

// Messages do not repeat the value, because it may contain a password.
const endpointProblem = (value: string, allowInsecure: boolean): string | undefined => {
  const url = URL.parse(value)
  if (url === null) return "Expected a URL, as in https://bedrock-agentcore.us-west-2.amazonaws.com"
  const { hash, hostname, password, protocol, search, username } = url
  if (protocol !== "https:" && protocol !== "http:") return "Expected a URL with https"
  if (username !== "" || password !== "") return "Expected a URL without user name and password"
  if (search !== "" || hash !== "") return "Expected a URL without query and fragment"
  return protocol === "https:" || allowInsecure || isLoopback(hostname)
    ? undefined
    : "Expected a URL with https: tokens would be readable on the network. http is allowed for loopback hosts, or with allowInsecureEndpoint"
}

/** Returns the endpoint without a trailing slash, because the SDK would double the slash in paths. */
export const checkEndpoint = (
  source: string,
  value: string,
  allowInsecure: boolean
): Effect.Effect<string, Config.ConfigError> => {
  const problem = endpointProblem(value, allowInsecure)
  return problem === undefined ? Effect.succeed(new URL(value).href.replace(/\/+$/, "")) : invalid(source, problem)
}

/** The endpoint of the option, or of the first variable that is set. `undefined` leaves the choice to the SDK. */
export const endpoint = (
  options: EndpointVariables & { readonly option: string | undefined; readonly allowInsecure: boolean }
): Effect.Effect<string | undefined, Config.ConfigError> =>
  Effect.gen(function*() {
    if (options.option !== undefined) return yield* checkEndpoint("endpoint", options.option, options.allowInsecure)
    const ignoreAws = (yield* readSetting("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) === "true"
    const names = [options.variable, ...(ignoreAws ? [] : [options.awsVariable, "AWS_ENDPOINT_URL"])]
    for (const name of names.filter((name) => name !== undefined)) {
      const value = yield* readSetting(name)
      if (value !== undefined) return yield* checkEndpoint(name, value, options.allowInsecure)
    }
    return undefined
  })

export const checkCount = (source: string, value: number): Effect.Effect<number, Config.ConfigError> =>
  Number.isInteger(value) && value > 0 ? Effect.succeed(value) : invalid(source, "Expected a whole number above zero")

/** AWS documents no limit. People do not wait longer for a page. */
const defaultTimeout = Duration.seconds(30)

/** The time limit of a call in milliseconds. */
export const timeout = (option: Duration.Input = defaultTimeout): Effect.Effect<number, Config.ConfigError> => {
  const millis = Option.getOrElse(Option.map(Duration.fromInput(option), Duration.toMillis), () => 0)
  return millis > 0
    ? Effect.succeed(millis)
    : invalid("timeout", "Expected a duration above zero, as in \"30 seconds\"")
}
