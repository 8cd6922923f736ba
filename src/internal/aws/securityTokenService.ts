/**
 * STS over its AWS SDK client.
 *
 * @since 0.1.0
 */
import type * as Sdk from "@aws-sdk/client-sts"
import * as Schema from "effect/Schema"
import * as SecurityTokenService from "../../SecurityTokenService.js"
import { codec, request, type Rows } from "../operation.js"
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

/**
 * The operation without the checks before the wire.
 *
 * @internal
 */
export const operations = (sdk: typeof Sdk, client: Sdk.STSClient): SecurityTokenService.Service => {
  const call = caller<Sdk.ServiceInputTypes>({
    // `caller` takes commands of this client only, by their input.
    send: (command, options) => client.send(command as Command, options),
    isOwn: (error) => error instanceof sdk.STSServiceException
  })
  return {
    getWebIdentityToken: call(rows.getWebIdentityToken, sdk.GetWebIdentityTokenCommand, Exceptions.webIdentityToken)
  }
}
