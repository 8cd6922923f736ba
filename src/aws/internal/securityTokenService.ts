/**
 * STS over its AWS SDK client. The SDK has STS's own names: members with capitals, and the exceptions of the AWS Query protocol.
 */
import type * as Sdk from "@aws-sdk/client-sts"
import * as SecurityTokenService from "../../SecurityTokenService.js"
import { loadSdk } from "./loadSdk.js"
import { type Adapter, adapter } from "./sdk/adapter.js"
import { exceptionNames } from "./stsExceptions.js"

type Command = Parameters<Sdk.STSClient["send"]>[0]

/** The step that reads an answer. */
const step = { name: "effectAgentcoreIdentityAnswer", step: "deserialize", priority: "high" } as const

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

/** The members of an answer under the names of the plane. The SDK's metadata stays. */
const toAnswer = (output: object): unknown =>
  Object.fromEntries(
    Object.entries(output).map(([name, member]) => [`${name.charAt(0).toLowerCase()}${name.slice(1)}`, member])
  )

export const securityTokenService: Adapter<
  typeof SecurityTokenService.operations,
  typeof Sdk,
  Sdk.STSClientConfig,
  Sdk.STSClient
> = adapter({
  table: SecurityTokenService.operations,
  load: loadSdk("@aws-sdk/client-sts", "STSClient", () => import("@aws-sdk/client-sts")),
  make: (sdk, config: Sdk.STSClientConfig) => ({ client: new sdk.STSClient(config) }),
  connect: (sdk, client) => {
    // Exceptions of the operation itself. Credentials come from STS too (a role that is assumed), with the same exceptions, and the SDK
    // fetches them before the step that reads an answer.
    const answers = new WeakSet<Error>()
    const record = <A>(answer: Promise<A>): Promise<A> =>
      answer.catch((error: unknown) => {
        if (error instanceof Error) answers.add(error)
        throw error
      })
    return {
      commands: {
        GetWebIdentityTokenCommand: class extends sdk.GetWebIdentityTokenCommand {
          constructor(request: SecurityTokenService.GetWebIdentityTokenRequest) {
            super(toInput(request))
            this.middlewareStack.add((next) => (args) => record(next(args)), step)
          }
        },
        GetCallerIdentityCommand: class extends sdk.GetCallerIdentityCommand {
          constructor() {
            super({})
            this.middlewareStack.add((next) => (args) => record(next(args)), step)
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
