/** The exceptions of STS, for every adapter. */
import * as Effect from "effect/Effect"
import { OutboundWebIdentityFederationDisabledException } from "../../IdentityError.js"
import type * as SecurityTokenService from "../../SecurityTokenService.js"

/** The usual names, by those of the AWS Query protocol. */
export const exceptionNames = {
  ValidationError: "ValidationException",
  AccessDenied: "AccessDeniedException",
  Throttling: "ThrottlingException",
  InternalFailure: "InternalServerException"
}

const advice =
  "an administrator of the account turns outbound web identity federation on, once, by `aws iam enable-outbound-web-identity-federation`"

/** Adds advice to the message of a disabled federation. The message of AWS has none. */
export const withAdvice = (service: SecurityTokenService.Operations): SecurityTokenService.Operations => ({
  ...service,
  getWebIdentityToken: (request) =>
    Effect.catchTag(
      service.getWebIdentityToken(request),
      "OutboundWebIdentityFederationDisabledException",
      ({ message, requestId }) =>
        new OutboundWebIdentityFederationDisabledException({
          requestId,
          message: `${message.replace(/\.$/, "")}: ${advice}`
        })
    )
})
