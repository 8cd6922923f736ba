/** The condition keys of requests. */
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import { decodeJwt } from "jose"
import type { Call } from "./iamPolicy.js"

interface User {
  readonly userId?: string | undefined
  readonly userToken?: Redacted.Redacted | undefined
}

/** The members of any request that have a condition key. */
export interface RequestContext extends User {
  readonly userIdentifier?: User
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly tagKeys?: ReadonlyArray<string>
  readonly audience?: ReadonlyArray<string>
  readonly durationSeconds?: number | undefined
  readonly signingAlgorithm?: string
}

type Values = Call["context"]

/** The keys of tags, as in `aws:RequestTag/team`. */
export const prefixKeys = (prefix: string, tags: Readonly<Record<string, string>> = {}): Values =>
  Record.mapKeys(tags, (key) => `${prefix}/${key}`)

/** Reads the claims without checking the token. The operation rejects an invalid one. */
const readClaims = (token: Redacted.Redacted | undefined): Values => {
  if (token === undefined) return {}
  try {
    const { aud, client_id, iss, scope, sub } = decodeJwt<{ readonly client_id?: string; readonly scope?: string }>(
      Redacted.value(token)
    )
    const claims = { aud, client_id, iss, scope: scope?.split(" "), sub }
    return Record.mapKeys(claims, (name) => `bedrock-agentcore:InboundJwtClaim/${name}`)
  } catch {
    return {}
  }
}

export const readContext = (
  { audience, durationSeconds, signingAlgorithm, tagKeys, tags, userId, userIdentifier, userToken }: RequestContext
): Values => ({
  "bedrock-agentcore:userid": userIdentifier?.userId ?? userId,
  ...readClaims(userIdentifier?.userToken ?? userToken),
  "aws:TagKeys": tagKeys ?? (tags && Object.keys(tags)),
  ...prefixKeys("aws:RequestTag", tags),
  "sts:IdentityTokenAudience": audience,
  "sts:DurationSeconds": durationSeconds?.toString(),
  "sts:SigningAlgorithm": signingAlgorithm
})
