/** The endpoint, the account, the region and the caller of a command. */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as AwsPlanes from "../aws/AwsPlanes.js"
import { regionSearch } from "../aws/internal/sdk/dataPlane.js"
import * as AwsEndpoint from "../aws/internal/sdk/endpoint.js"
import * as AwsSettings from "../aws/internal/settings.js"
import { codeOf } from "../internal/errorCode.js"
import * as Printable from "../internal/printable.js"
import { isLoopback } from "../models/internal/loopback.js"
import * as SecurityTokenService from "../SecurityTokenService.js"

export interface Target {
  readonly endpoint: string
  readonly region: string
  /** Whether the endpoint is a server on this machine. */
  readonly local: boolean
  readonly account?: string | undefined
  readonly caller?: string | undefined
  /** Why account and caller are unknown. */
  readonly unknownCaller?: string | undefined
}

const timeLimit = "5 seconds"

const findCaller = (region: string) =>
  Effect.flatMap(SecurityTokenService.SecurityTokenService, (sts) => sts.getCallerIdentity({})).pipe(
    Effect.match({
      onSuccess: ({ account, arn }) => ({ account, caller: arn }),
      onFailure: (error) => ({
        unknownCaller: error._tag === "TransportError" && error.kind === "timeout"
          ? `no response in ${timeLimit}`
          : codeOf(error)
      })
    }),
    Effect.provide(AwsPlanes.layer({ region, maxAttempts: 1, timeout: timeLimit }))
  )

/** Finds the endpoint of a plane as the plane does. Fails if it is invalid. */
export const findEndpoint = (plane: AwsEndpoint.Plane, region: string): Effect.Effect<string, Config.ConfigError> => {
  const variables = plane === "control" ? AwsSettings.controlPlaneVariables : AwsSettings.dataPlaneVariables
  return Effect.flatMap(
    AwsSettings.endpoint({ option: undefined, ...variables, allowInsecure: false }),
    (configured) => AwsEndpoint.resolve(plane, region, configured)
  )
}

/** Finds the target as the planes do. Fails if the region or the endpoint is invalid. */
export const find = (
  option: string | undefined,
  plane: AwsEndpoint.Plane = "control"
): Effect.Effect<Target, Config.ConfigError> =>
  Effect.gen(function*() {
    const search = yield* regionSearch
    const region = yield* AwsSettings.region(option, search(undefined))
    const endpoint = yield* findEndpoint(plane, region)
    const local = URL.canParse(endpoint) && isLoopback(new URL(endpoint).hostname)
    return { endpoint, region, local, ...(local ? {} : yield* findCaller(region)) }
  })

export const format = ({ account, caller, endpoint, local, region, unknownCaller }: Target): string =>
  (local
    ? [`Target: the local server at ${endpoint}, region ${region}, no AWS account`]
    : [
      `Target: AgentCore Identity at ${endpoint}`,
      `  account ${account ?? "unknown"}, region ${region}, caller ${
        caller ?? `unknown (${unknownCaller ?? "no ARN"})`
      }`
    ]).map(Printable.escape).join("\n")
