// The request of the bare programs, and its check.
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { awsRequest } from "../fixture.mjs"

export const bareRequest = { ...awsRequest, workloadIdentityToken: Redacted.make(awsRequest.workloadIdentityToken) }

const Request = Schema.Struct({
  workloadIdentityToken: Schema.Redacted(Schema.String.check(Schema.isMinLength(1))),
  resourceCredentialProviderName: Schema.String.check(Schema.isPattern(/^[a-z]+$/)),
  scopes: Schema.Array(Schema.String),
  oauth2Flow: Schema.Literals(["M2M", "USER_FEDERATION"])
})

export const checkRequest = Schema.decodeUnknownEffect(Schema.toType(Request))
