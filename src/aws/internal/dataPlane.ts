/**
 * The data plane over its AWS SDK client: one row per operation.
 *
 * @since 0.1.0
 */
import type * as Sdk from "@aws-sdk/client-bedrock-agentcore"
import type * as DataPlane from "../../DataPlane.js"
import type { Rows } from "../../internal/operation.js"
import { type Caller, caller } from "./call.js"
import { common } from "./exceptions.js"

type Command = Parameters<Sdk.BedrockAgentCoreClient["send"]>[0]

type Request = Parameters<Sdk.BedrockAgentCoreClientResolvedConfig["requestHandler"]["handle"]>[0]

/** The signals of the calls in flight, by their inputs. */
const signals = new WeakMap<object, AbortSignal>()

const ownClients = new WeakSet<Sdk.BedrockAgentCoreClient>()

/**
 * A client that puts its middleware together once for each operation, which saves a sixth of a call (`npm run bench`). The SDK does
 * so for calls without options only, of which the abort signal is one: here it goes with the input, to the end of the middleware.
 *
 * @internal
 */
export const makeClient = (
  sdk: typeof Sdk,
  config: Sdk.BedrockAgentCoreClientConfig
): Sdk.BedrockAgentCoreClient => {
  // A strategy of the first generation is noted in what all calls of a kept middleware share: longer and longer, until the service refuses.
  if (config.retryStrategy !== undefined) {
    return new sdk.BedrockAgentCoreClient(config)
  }
  const client = new sdk.BedrockAgentCoreClient({ cacheMiddleware: true, ...config })
  client.middlewareStack.add(
    // In the place of the SDK's own last step, which would send the request without the signal. At this step it is the handler's.
    () => ({ input, request }) =>
      client.config.requestHandler.handle(request as Request, { abortSignal: signals.get(input) }),
    { name: "effectAgentcoreIdentitySend", step: "deserialize", priority: "low" }
  )
  ownClients.add(client)
  return client
}

/** A client that was given is used in the way that every client can be. */
const sendOf = (client: Sdk.BedrockAgentCoreClient): Caller<Sdk.ServiceInputTypes>["send"] =>
  // `caller` takes commands of this client only, by their input.
  ownClients.has(client)
    ? (command, { abortSignal }) => {
      signals.set(command.input, abortSignal)
      return client.send(command as Command)
    }
    : (command, options) => client.send(command as Command, options)

/**
 * The operations without the checks before the wire.
 *
 * @internal
 */
export const operations = (
  sdk: typeof Sdk,
  client: Sdk.BedrockAgentCoreClient,
  rows: Rows<DataPlane.Service>
): DataPlane.Service => {
  const call = caller<Sdk.ServiceInputTypes>({
    send: sendOf(client),
    isOwn: (error) => error instanceof sdk.BedrockAgentCoreServiceException
  })
  return {
    getWorkloadAccessToken: call(rows.getWorkloadAccessToken, sdk.GetWorkloadAccessTokenCommand, common),
    getWorkloadAccessTokenForJwt: call(
      rows.getWorkloadAccessTokenForJwt,
      sdk.GetWorkloadAccessTokenForJWTCommand,
      common
    ),
    getWorkloadAccessTokenForUserId: call(
      rows.getWorkloadAccessTokenForUserId,
      sdk.GetWorkloadAccessTokenForUserIdCommand,
      common
    ),
    getResourceOauth2Token: call(rows.getResourceOauth2Token, sdk.GetResourceOauth2TokenCommand, common),
    getResourceApiKey: call(rows.getResourceApiKey, sdk.GetResourceApiKeyCommand, common),
    getResourcePaymentToken: call(rows.getResourcePaymentToken, sdk.GetResourcePaymentTokenCommand, common),
    completeResourceTokenAuth: call(rows.completeResourceTokenAuth, sdk.CompleteResourceTokenAuthCommand, common)
  }
}
