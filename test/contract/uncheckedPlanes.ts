import * as Data from "@aws-sdk/client-bedrock-agentcore"
import * as Control from "@aws-sdk/client-bedrock-agentcore-control"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { caller } from "../../src/internal/aws/call.js"
import { common, newProvider } from "../../src/internal/aws/exceptions.js"
import * as Operations from "../../src/internal/operations.js"

/** A request as it is, valid or not. */
const unwrap = (value: unknown): unknown =>
  Redacted.isRedacted(value)
    ? Redacted.value(value)
    : Array.isArray(value)
    ? value.map(unwrap)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unwrap(member)]))
    : value

const unchecked = <Request, Response>(
  operation: Operations.Operation<Request, Response>
): Operations.Operation<Request, Response> => ({ ...operation, request: { ...operation.request, encode: unwrap } })

/** The SDK's clients without the checks of `DataPlane.make` and `ControlPlane.make`: all that is checked is checked by the server. */
export const layer = (endpoint: string): Layer.Layer<DataPlane.DataPlane | ControlPlane.ControlPlane> =>
  Layer.scopedContext(Effect.gen(function*() {
    const config = {
      endpoint,
      region: "us-west-2",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      maxAttempts: 1
    }
    const dataClient = yield* Effect.acquireRelease(
      Effect.sync(() => new Data.BedrockAgentCoreClient(config)),
      (client) => Effect.sync(() => client.destroy())
    )
    const controlClient = yield* Effect.acquireRelease(
      Effect.sync(() => new Control.BedrockAgentCoreControlClient(config)),
      (client) => Effect.sync(() => client.destroy())
    )
    const data = caller<Data.ServiceInputTypes>({
      send: (command, options) => dataClient.send(command as Parameters<typeof dataClient.send>[0], options),
      isOwn: (error) => error instanceof Data.BedrockAgentCoreServiceException
    })
    const control = caller<Control.ServiceInputTypes>({
      send: (command, options) => controlClient.send(command as Parameters<typeof controlClient.send>[0], options),
      isOwn: (error) => error instanceof Control.BedrockAgentCoreControlServiceException
    })
    const { controlPlane, dataPlane } = Operations
    return Context.make(DataPlane.DataPlane, {
      getWorkloadAccessToken: data(
        unchecked(dataPlane.getWorkloadAccessToken),
        Data.GetWorkloadAccessTokenCommand,
        common
      ),
      getWorkloadAccessTokenForJwt: data(
        unchecked(dataPlane.getWorkloadAccessTokenForJwt),
        Data.GetWorkloadAccessTokenForJWTCommand,
        common
      ),
      getWorkloadAccessTokenForUserId: data(
        unchecked(dataPlane.getWorkloadAccessTokenForUserId),
        Data.GetWorkloadAccessTokenForUserIdCommand,
        common
      ),
      getResourceOauth2Token: data(
        unchecked(dataPlane.getResourceOauth2Token),
        Data.GetResourceOauth2TokenCommand,
        common
      ),
      getResourceApiKey: data(unchecked(dataPlane.getResourceApiKey), Data.GetResourceApiKeyCommand, common),
      getResourcePaymentToken: data(
        unchecked(dataPlane.getResourcePaymentToken),
        Data.GetResourcePaymentTokenCommand,
        common
      ),
      completeResourceTokenAuth: data(
        unchecked(dataPlane.completeResourceTokenAuth),
        Data.CompleteResourceTokenAuthCommand,
        common
      )
    }).pipe(Context.add(ControlPlane.ControlPlane, {
      createWorkloadIdentity: control(
        unchecked(controlPlane.createWorkloadIdentity),
        Control.CreateWorkloadIdentityCommand,
        common
      ),
      getWorkloadIdentity: control(
        unchecked(controlPlane.getWorkloadIdentity),
        Control.GetWorkloadIdentityCommand,
        common
      ),
      createOauth2CredentialProvider: control(
        unchecked(controlPlane.createOauth2CredentialProvider),
        Control.CreateOauth2CredentialProviderCommand,
        newProvider
      ),
      createApiKeyCredentialProvider: control(
        unchecked(controlPlane.createApiKeyCredentialProvider),
        Control.CreateApiKeyCredentialProviderCommand,
        newProvider
      )
    }))
  }))
