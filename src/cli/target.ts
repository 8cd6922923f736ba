/** The endpoint, the account, the region and the caller of a command. */
import type * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as AwsPlanes from "../aws/AwsPlanes.js"
import * as AwsSettings from "../aws/internal/planeSettings.js"
import { regionSearch } from "../aws/internal/sdk/sdkDataPlane.js"
import { ControlPlane } from "../ControlPlane.js"
import { DataPlane } from "../DataPlane.js"
import * as Messages from "../internal/messages.js"
import { isLoopback } from "../internal/models/urls.js"
import * as SecurityTokenService from "../SecurityTokenService.js"
import * as StateFile from "./stateFile.js"

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

/** Finds the account and the caller at STS, or the reason why they are unknown. */
export const findCaller = (
  region: string
): Effect.Effect<Pick<Target, "account" | "caller" | "unknownCaller">, Config.ConfigError> =>
  Effect.flatMap(SecurityTokenService.SecurityTokenService, (sts) => sts.getCallerIdentity({})).pipe(
    Effect.match({
      onSuccess: ({ account, arn }) => ({ account, caller: arn }),
      onFailure: (error) => ({
        unknownCaller: error._tag === "TransportError" && error.kind === "timeout"
          ? `no response in ${timeLimit}`
          : Messages.codeOf(error)
      })
    }),
    Effect.provide(AwsPlanes.layer({ region, maxAttempts: 1, timeout: timeLimit }))
  )

type Plane = "control" | "data"

/** Finds the endpoint of a plane. Only the SDK knows it, so it is taken from a request that is not sent. */
export const findEndpoint = (plane: Plane, region: string): Effect.Effect<string, Config.ConfigError> =>
  Effect.suspend(() => {
    let endpoint = "unknown"
    const handle = (request: { readonly hostname: string; readonly port?: number; readonly protocol: string }) => {
      endpoint = `${request.protocol}//${request.hostname}${request.port === undefined ? "" : `:${request.port}`}`
      return Promise.reject(new Error("not sent"))
    }
    const credentials = { accessKeyId: "none", secretAccessKey: "none" }
    const client = { credentials, maxAttempts: 1, requestHandler: { handle } }
    const call: Effect.Effect<unknown, unknown, ControlPlane | DataPlane> = plane === "control"
      ? ControlPlane.use((control) => control.listWorkloadIdentities({}))
      : DataPlane.use((data) => data.getWorkloadAccessToken({ workloadName: "none" }))
    return Effect.ignore(call).pipe(
      Effect.provide(AwsPlanes.layer({ region, controlPlane: client, dataPlane: client })),
      Effect.map(() => endpoint)
    )
  })

/** A shell without the variables of a local server calls AWS, also while the server runs. */
const noteLocalServer = Effect.gen(function*() {
  const servers = yield* Effect.orElseSucceed(StateFile.selected, () => [])
  const [server] = servers
  if (server === undefined) return
  const select = servers.length === 1 ? "" : ` --port ${new URL(server.url).port}`
  yield* Console.error(
    `This command calls AWS, and not the local server at ${server.url} (process ${server.pid}). To use that server, run `
      + `eval "$(npx agentcore-identity env${select})" first.\n`
  )
})

/** Finds the target as the planes do, without its caller. Calls nothing. */
export const locate = (option: string | undefined, plane: Plane): Effect.Effect<Target, Config.ConfigError> =>
  Effect.gen(function*() {
    const region = yield* AwsSettings.region(option, (yield* regionSearch)(undefined))
    const endpoint = yield* findEndpoint(plane, region)
    return { endpoint, region, local: isLoopback(URL.parse(endpoint)?.hostname ?? "") }
  })

/** Finds the target as the planes do. Fails if the region or the endpoint is invalid. */
export const find = (option: string | undefined, plane: Plane = "control"): Effect.Effect<Target, Config.ConfigError> =>
  Effect.gen(function*() {
    const target = yield* locate(option, plane)
    if (target.local) return target
    yield* noteLocalServer
    return { ...target, ...yield* findCaller(target.region) }
  })

export const explainRegion = Effect.fnUntraced(function*(option: string | undefined) {
  if (option !== undefined) return "from --region"
  if ((yield* AwsSettings.readSetting("AWS_REGION")) !== undefined) return "from AWS_REGION"
  return Option.isSome(yield* (yield* regionSearch)(undefined))
    ? "from the AWS profile or the instance"
    : "the default, because no region is set. Give --region"
})

export const format = ({ account, caller, endpoint, local, region, unknownCaller }: Target): string =>
  (local
    ? [`Target: the local server at ${endpoint}, region ${region}, no AWS account`]
    : [
      `Target: AgentCore Identity at ${endpoint}`,
      `  account ${account ?? "unknown"}, region ${region}, caller ${
        caller ?? `unknown (${unknownCaller ?? "no ARN"})`
      }`
    ]).map(Messages.escape).join("\n")
