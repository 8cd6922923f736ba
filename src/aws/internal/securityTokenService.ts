/**
 * STS over its AWS SDK client. The SDK has STS's own names: members with capitals, and the exceptions of the AWS Query protocol.
 *
 * @since 0.1.0
 */
import type * as Sdk from "@aws-sdk/client-sts"
import { hasProperty } from "effect/Predicate"
import * as SecurityTokenService from "../../SecurityTokenService.js"
import { adapter } from "./adapter.js"
import { loadSdk } from "./loadSdk.js"
import { exceptionNames } from "./stsExceptions.js"

type Command = Parameters<Sdk.STSClient["send"]>[0]

/** Tags are a list. The SDK would send the name of an empty one. */
const toInput = (
  { audience, durationSeconds, signingAlgorithm, tags = {} }: SecurityTokenService.GetWebIdentityTokenRequest
): Sdk.GetWebIdentityTokenCommandInput => ({
  Audience: [...audience],
  SigningAlgorithm: signingAlgorithm,
  ...(durationSeconds === undefined ? undefined : { DurationSeconds: durationSeconds }),
  ...(Object.keys(tags).length === 0
    ? undefined
    : { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) })
})

const toAnswer = (output: unknown): unknown =>
  hasProperty(output, "WebIdentityToken") && hasProperty(output, "Expiration")
    ? { ...output, webIdentityToken: output.WebIdentityToken, expiration: output.Expiration }
    : output

/** @internal */
export const securityTokenService = adapter({
  table: SecurityTokenService.operations,
  load: loadSdk("@aws-sdk/client-sts", "STSClient", () => import("@aws-sdk/client-sts")),
  make: (sdk, config: Sdk.STSClientConfig) => ({ client: new sdk.STSClient(config) }),
  connect: (sdk, client) => {
    // Exceptions of the operation itself. Credentials come from STS too (a role that is assumed), with the same exceptions, and the SDK
    // fetches them before the step that reads an answer.
    const answers = new WeakSet<Error>()
    return {
      commands: {
        GetWebIdentityTokenCommand: class extends sdk.GetWebIdentityTokenCommand {
          constructor(request: SecurityTokenService.GetWebIdentityTokenRequest) {
            super(toInput(request))
            this.middlewareStack.add(
              (next) => (args) =>
                next(args).catch((error: unknown) => {
                  if (error instanceof Error) answers.add(error)
                  throw error
                }),
              { name: "effectAgentcoreIdentityAnswer", step: "deserialize", priority: "high" }
            )
          }
        }
      },
      // `commands` has commands of this client only.
      send: (command, options) => client.send(command as Command, options).then(toAnswer),
      isOwn: (error) => error instanceof Error && answers.has(error),
      config: client.config,
      exceptionNames
    }
  },
  variables: { awsVariable: "AWS_ENDPOINT_URL_STS" }
})
