/**
 * STS over its AWS SDK client. The SDK has STS's own names: members start with a capital, and exceptions have the names
 * of the AWS Query protocol.
 */
import type * as Sdk from "@aws-sdk/client-sts"
import type * as Operation from "../../../Operation.js"
import * as SecurityTokenService from "../../../SecurityTokenService.js"
import { stsExceptionNames } from "../failure.js"
import { loadSdk, unloadable } from "../operationCall.js"
import { stsVariables } from "../planeSettings.js"
import type { Adapter } from "./sdkPlane.js"

type Command = Parameters<Sdk.STSClient["send"]>[0]

/** The step that reads a response. */
const step = { name: "effectAgentcoreIdentityResponse", step: "deserialize", priority: "high" } as const

/** Tags are a list. An empty list is left out, because the SDK would send its name. */
const toInput = (
  { audience, durationSeconds, signingAlgorithm, tags = {} }: Operation.Request<
    typeof SecurityTokenService.operations.getWebIdentityToken
  >
): Sdk.GetWebIdentityTokenCommandInput => ({
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
  typeof Sdk,
  Sdk.STSClientConfig,
  Sdk.STSClient
> = {
  table: SecurityTokenService.operations,
  load: loadSdk("@aws-sdk/client-sts", "STSClient", () => import("@aws-sdk/client-sts").catch(unloadable)),
  make: (sdk, config) => ({ client: new sdk.STSClient(config) }),
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
        // `commands` has commands of this client only.
        const ours = command as Command
        ours.middlewareStack.add((next) => (args) => record(next(args)), step)
        return client.send(ours, options).then(toResponse)
      },
      isOwn: (error) => error instanceof Error && own.has(error),
      config: client.config,
      exceptionNames: stsExceptionNames
    }
  },
  variables: stsVariables
}
