/** All planes over their AWS SDK clients. */
import type * as Sdk from "@aws-sdk/client-bedrock-agentcore-control"
import type * as StsSdk from "@aws-sdk/client-sts"
import * as Effect from "effect/Effect"
import * as ControlPlane from "../../../ControlPlane.js"
import type * as Operation from "../../../Operation.js"
import * as SecurityTokenService from "../../../SecurityTokenService.js"
import type { Options } from "../../AwsPlanes.js"
import { stsExceptionNames } from "../failure.js"
import { loadSdk, unloadable } from "../operationCall.js"
import { controlPlaneVariables, stsVariables } from "../planeSettings.js"
import { makeServices } from "../services.js"
import { connect } from "./sdkCall.js"
import { dataPlane, regionSearch } from "./sdkDataPlane.js"
import { type Adapter, operations } from "./sdkPlane.js"

export const controlPlane: Adapter<
  typeof ControlPlane.operations,
  typeof Sdk,
  Sdk.BedrockAgentCoreControlClientConfig,
  Sdk.BedrockAgentCoreControlClient
> = {
  table: ControlPlane.operations,
  load: loadSdk(
    "@aws-sdk/client-bedrock-agentcore-control",
    "BedrockAgentCoreControlClient",
    () => import("@aws-sdk/client-bedrock-agentcore-control").catch(unloadable)
  ),
  make: (sdk, config) => new sdk.BedrockAgentCoreControlClient(config),
  connect: (sdk, client) => connect(sdk, client, sdk.BedrockAgentCoreControlServiceException),
  variables: controlPlaneVariables
}

// The SDK has STS's own names: members start with a capital, and exceptions have the names of the AWS Query protocol.

/** Tags are a list. An empty list is left out, because the SDK would send its name. */
const toInput = (
  { audience, durationSeconds, signingAlgorithm, tags = {} }: Operation.Request<
    typeof SecurityTokenService.operations.getWebIdentityToken
  >
): StsSdk.GetWebIdentityTokenCommandInput => ({
  Audience: [...audience],
  SigningAlgorithm: signingAlgorithm,
  ...(durationSeconds === undefined ? undefined : { DurationSeconds: durationSeconds }),
  ...(Object.keys(tags).length === 0
    ? undefined
    : { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) })
})

/** The properties of a response under the names of the plane. The SDK's metadata stays. */
const toResponse = (output: object): unknown =>
  Object.fromEntries(
    Object.entries(output).map(([name, value]) => [`${name.charAt(0).toLowerCase()}${name.slice(1)}`, value])
  )

export const securityTokenService: Adapter<
  typeof SecurityTokenService.operations,
  typeof StsSdk,
  StsSdk.STSClientConfig,
  StsSdk.STSClient
> = {
  table: SecurityTokenService.operations,
  load: loadSdk("@aws-sdk/client-sts", "STSClient", () => import("@aws-sdk/client-sts").catch(unloadable)),
  make: (sdk, config) => new sdk.STSClient(config),
  connect: (sdk, client) => {
    // Exceptions of the operation itself. Credentials of an assumed role also come from STS, with the same exceptions.
    // The SDK fetches them before the step that reads a response.
    const own = new WeakSet<Error>()
    const record = <A>(response: Promise<A>): Promise<A> =>
      response.catch((error: unknown) => {
        if (error instanceof Error) own.add(error)
        throw error
      })
    return {
      commands: {
        GetWebIdentityTokenCommand: class extends sdk.GetWebIdentityTokenCommand {
          constructor(request: Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken>) {
            super(toInput(request))
          }
        },
        GetCallerIdentityCommand: sdk.GetCallerIdentityCommand
      },
      send: (command, options) => {
        command.middlewareStack.add(
          (next) => (args) => record(next(args)),
          // Around the step that reads a response.
          { name: "effectAgentcoreIdentityException", step: "deserialize", priority: "high" }
        )
        // `commands` has commands of this client only.
        return client.send(command as Parameters<StsSdk.STSClient["send"]>[0], options).then(toResponse)
      },
      isOwn: (error) => error instanceof Error && own.has(error),
      config: client.config,
      exceptionNames: stsExceptionNames
    }
  },
  variables: stsVariables
}

export const make = (options: Options) =>
  Effect.flatMap(regionSearch, (search) =>
    makeServices({
      data: operations(dataPlane, options.dataPlane, options, search),
      control: operations(controlPlane, options.controlPlane, options, search),
      sts: operations(securityTokenService, options.sts, options, search)
    }))
