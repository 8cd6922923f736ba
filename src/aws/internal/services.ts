/** The services of all planes, from the operations of an adapter. */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ControlPlane from "../../ControlPlane.js"
import * as DataPlane from "../../DataPlane.js"
import { OutboundWebIdentityFederationDisabledException } from "../../IdentityError.js"
import { appendAdvice } from "../../internal/messages.js"
import * as Plane from "../../internal/plane/plane.js"
import type * as Operation from "../../Operation.js"
import * as SecurityTokenService from "../../SecurityTokenService.js"

const advice =
  "an administrator of the account can enable outbound web identity federation by `aws iam enable-outbound-web-identity-federation`"

/** Adds advice to the message of a disabled federation, because that of AWS has none. */
const withAdvice = (
  service: SecurityTokenService.SecurityTokenService["Service"]
): SecurityTokenService.SecurityTokenService["Service"] => ({
  ...service,
  getWebIdentityToken: (request) =>
    Effect.catchTag(
      service.getWebIdentityToken(request),
      "OutboundWebIdentityFederationDisabledException",
      ({ message, operation, requestId }) =>
        new OutboundWebIdentityFederationDisabledException({
          operation,
          requestId,
          message: appendAdvice(message, advice)
        })
    )
})

type Making<Operations> = Effect.Effect<Operations, Config.ConfigError, Scope.Scope>

export const makeServices = (operations: {
  readonly data: Making<DataPlane.DataPlane["Service"]>
  readonly control: Making<Operation.Plane<typeof ControlPlane.operations>>
  readonly sts: Making<SecurityTokenService.SecurityTokenService["Service"]>
}) =>
  // Sequential, so that an invalid setting of all planes is reported once.
  Effect.map(Effect.all(operations), ({ control, data, sts }) =>
    Context.make(DataPlane.DataPlane, DataPlane.make(data)).pipe(
      Context.add(ControlPlane.ControlPlane, ControlPlane.make(control)),
      Context.add(
        SecurityTokenService.SecurityTokenService,
        Plane.make("SecurityTokenService", SecurityTokenService.operations, withAdvice(sts))
      )
    ))
