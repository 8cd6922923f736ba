/** The data plane over its AWS SDK client. */
import type * as Sdk from "@aws-sdk/client-bedrock-agentcore"
import * as Effect from "effect/Effect"
import * as DataPlane from "../../../DataPlane.js"
import type { Options } from "../../AwsPlanes.js"
import { loadSdk, unloadable } from "../operationCall.js"
import { dataPlaneVariables } from "../planeSettings.js"
import { connect, isThrottledResponse } from "./sdkCall.js"
import { type Adapter, makeRegionSearch, operations, type RegionSearch, type Send } from "./sdkPlane.js"

type Command = Parameters<Sdk.BedrockAgentCoreClient["send"]>[0]

type Request = Parameters<Sdk.BedrockAgentCoreClientResolvedConfig["requestHandler"]["handle"]>[0]

/**
 * A client that assembles its middleware once for each operation, which saves a sixth of a call (`npm run bench`). The
 * SDK does so only for calls without options, and the abort signal is an option. So the last step of the middleware
 * finds the signal by the input.
 */
const makeClient = (
  sdk: typeof Sdk,
  config: Sdk.BedrockAgentCoreClientConfig
): { readonly client: Sdk.BedrockAgentCoreClient; readonly send?: Send } => {
  // With cached middleware, calls would share the state of a first-generation retry strategy. It grows until the
  // service rejects the request.
  if (config.retryStrategy !== undefined) return { client: new sdk.BedrockAgentCoreClient(config) }
  const client = new sdk.BedrockAgentCoreClient({ cacheMiddleware: true, ...config })
  /** The calls in flight, by their inputs. */
  const calls = new WeakMap<object, { readonly abortSignal: AbortSignal; isThrottled: boolean }>()
  client.middlewareStack.add(
    // Replaces the SDK's own last step, which would send the request without the signal. In this step a request has the
    // type of the handler.
    () => async ({ input, request }) => {
      const call = calls.get(input)
      const result = await client.config.requestHandler.handle(request as Request, { abortSignal: call?.abortSignal })
      if (call !== undefined && isThrottledResponse(result)) call.isThrottled = true
      return result
    },
    { name: "effectAgentcoreIdentitySend", step: "deserialize", priority: "low" }
  )
  return {
    client,
    send: async (command, { abortSignal }) => {
      const call = { abortSignal, isThrottled: false }
      calls.set(command.input, call)
      // `Commands` has commands of this client only.
      const output = await client.send(command as Command)
      return call.isThrottled ? Object.assign(output, { isThrottled: true }) : output
    }
  }
}

export const dataPlane: Adapter<
  typeof DataPlane.operations,
  typeof Sdk,
  Sdk.BedrockAgentCoreClientConfig,
  Sdk.BedrockAgentCoreClient
> = {
  table: DataPlane.operations,
  load: loadSdk(
    "@aws-sdk/client-bedrock-agentcore",
    "BedrockAgentCoreClient",
    () => import("@aws-sdk/client-bedrock-agentcore").catch(unloadable)
  ),
  make: makeClient,
  connect: (sdk, client) => connect(sdk, client, sdk.BedrockAgentCoreServiceException),
  variables: dataPlaneVariables
}

export const regionSearch: Effect.Effect<RegionSearch> = makeRegionSearch(dataPlane)

export const make = (options: Omit<Options, "controlPlane" | "sts">) =>
  regionSearch.pipe(
    Effect.flatMap((search) => operations(dataPlane, options.dataPlane, options, search)),
    Effect.map(DataPlane.make)
  )
