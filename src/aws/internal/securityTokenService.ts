/**
 * STS over its AWS SDK client.
 *
 * @since 0.1.0
 */
import type * as Sdk from "@aws-sdk/client-sts"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { OutboundWebIdentityFederationDisabledException } from "../../IdentityError.js"
import { codec, request, type Rows } from "../../internal/operation.js"
import * as SecurityTokenService from "../../SecurityTokenService.js"
import { caller } from "./call.js"
import * as Exceptions from "./exceptions.js"

type Command = Parameters<Sdk.STSClient["send"]>[0]

const response = codec(
  Schema.Struct({
    WebIdentityToken: SecurityTokenService.GetWebIdentityTokenResponse.fields.webIdentityToken,
    Expiration: SecurityTokenService.GetWebIdentityTokenResponse.fields.expiration
  }).pipe(Schema.rename({ WebIdentityToken: "webIdentityToken", Expiration: "expiration" }))
)

/** STS writes its members with capitals, and tags as a list; of an empty list the SDK would send the name. */
const encode = (
  { audience, durationSeconds, signingAlgorithm, tags = {} }: SecurityTokenService.GetWebIdentityTokenRequest
): Sdk.GetWebIdentityTokenCommandInput => ({
  Audience: [...audience],
  SigningAlgorithm: signingAlgorithm,
  ...(durationSeconds === undefined ? undefined : { DurationSeconds: durationSeconds }),
  ...(Object.keys(tags).length === 0
    ? undefined
    : { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) })
})

/** @internal */
export const rows: Rows<SecurityTokenService.Service> = {
  getWebIdentityToken: {
    name: "GetWebIdentityToken",
    request: { ...request(SecurityTokenService.GetWebIdentityTokenRequest), encode },
    response
  }
}

const advice =
  "an administrator of the account turns outbound web identity federation on, once, by `aws iam enable-outbound-web-identity-federation`"

// What AWS says does not tell what to do.
const advised = (
  { message, operation, requestId }: OutboundWebIdentityFederationDisabledException
): OutboundWebIdentityFederationDisabledException =>
  new OutboundWebIdentityFederationDisabledException({
    operation,
    requestId,
    message: `${message.replace(/\.$/, "")}: ${advice}`
  })

/**
 * What the operation itself was answered. Credentials come from STS too (a role that is assumed), with the same exceptions; they are
 * fetched before the step in which an answer is read.
 */
const answers = new WeakSet<Error>()

const noted = <Arguments, Output>(next: (args: Arguments) => Promise<Output>) => (args: Arguments): Promise<Output> =>
  next(args).catch((error: unknown) => {
    if (error instanceof Error) answers.add(error)
    throw error
  })

/**
 * The operation without the checks before the wire.
 *
 * @internal
 */
export const operations = (sdk: typeof Sdk, client: Sdk.STSClient): SecurityTokenService.Service => {
  const call = caller<Sdk.ServiceInputTypes>({
    send: (command, options) => {
      // `caller` takes commands of this client only, by their input.
      const own = command as Command
      own.middlewareStack.add(noted, { name: "effectAgentcoreIdentityAnswer", step: "deserialize", priority: "high" })
      return client.send(own, options)
    },
    isOwn: (error) => error instanceof Error && answers.has(error)
  })
  const getWebIdentityToken = call(
    rows.getWebIdentityToken,
    sdk.GetWebIdentityTokenCommand,
    Exceptions.webIdentityToken
  )
  return {
    getWebIdentityToken: (request) =>
      Effect.catchTag(
        getWebIdentityToken(request),
        "OutboundWebIdentityFederationDisabledException",
        (error) => Effect.fail(advised(error))
      )
  }
}
