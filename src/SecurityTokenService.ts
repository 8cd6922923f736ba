/**
 * The operations of STS on the caller's own IAM identity: who it is, and a JWT that AWS signs for services outside of
 * AWS (outbound web identity federation). Programs use `IamAccessToken`, which is built on this service.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import {
  AccessDeniedException,
  InternalServerException,
  JWTPayloadSizeExceededException,
  OutboundWebIdentityFederationDisabledException,
  SessionDurationEscalationException,
  ThrottlingException,
  ValidationException
} from "./IdentityError.js"
import * as Constraint from "./internal/models/constraint.js"
import { timestamp } from "./internal/models/resource.js"
import * as Rows from "./internal/plane/operation.js"
import type * as Operation from "./Operation.js"

const tagCharacters = String.raw`[\p{L}\p{Z}\p{N}_.:/=+\-@]`

/** The pattern of the keys and values of tags. The expression of the service model needs the flag `u`. */
const tagPattern = (quantifier: "+" | "*") => ({
  model: tagCharacters + quantifier,
  check: new RegExp(`^${tagCharacters}${quantifier}$`, "u")
})

/**
 * The operations, one row each.
 *
 * @since 0.2.0
 * @category operations
 */
export const operations = {
  /** Returns a JWT, signed by AWS, that names the IAM identity of the caller. */
  getWebIdentityToken: Rows.make("GetWebIdentityToken", {
    request: Schema.Struct({
      /** 1 to 10 audiences, each of 1 to 1000 characters. */
      audience: Constraint.items(Constraint.string(1, 1000), 1, 10),
      signingAlgorithm: Schema.Literals(["ES384", "RS256"]),
      /** 60 to 3600. Default: 300, chosen by the service. */
      durationSeconds: Constraint.optional(Constraint.whole(60, 3600)),
      /**
       * Up to 50 claims of the token, with keys of 1 to 128 characters and values of up to 256, of letters, digits,
       * spaces and `_.:/=+-@`. Keys that differ only in case are equal.
       */
      tags: Constraint.optional(
        Constraint.stringMap(
          Constraint.string(1, 128, tagPattern("+")),
          Constraint.string(0, 256, tagPattern("*")),
          50
        )
      )
    }),
    response: Schema.Struct({
      // An empty token is invalid.
      webIdentityToken: Schema.RedactedFromValue(Schema.NonEmptyString),
      expiration: timestamp
    }),
    errors: [
      ValidationException,
      AccessDeniedException,
      ThrottlingException,
      InternalServerException,
      OutboundWebIdentityFederationDisabledException,
      SessionDurationEscalationException,
      JWTPayloadSizeExceededException
    ],
    path: "/"
  }),
  /** Returns account and ARN of the caller's credentials. No policy can forbid it. */
  getCallerIdentity: Rows.make("GetCallerIdentity", {
    // STS reads the caller from the signature.
    request: Constraint.noMembers,
    response: Schema.Struct({
      /** The id of the account, 12 digits. */
      account: Schema.String,
      /** The user, or the role and its session. */
      arn: Schema.String,
      /** The unique id of the user, or of the role with the name of its session. */
      userId: Schema.String
    }),
    // The service model has no errors for the operation. Every operation of STS can fail with these.
    errors: [ValidationException, AccessDeniedException, ThrottlingException, InternalServerException],
    path: "/"
  })
}

/**
 * The errors of every operation of the service.
 *
 * @since 0.2.0
 * @category errors
 */
export type SecurityTokenServiceError = Operation.Error<(typeof operations)[keyof typeof operations]>

/**
 * STS: one method for each operation. A request that violates a limit of the service model is a `ValidationException`
 * before it is sent. Every call is a span `SecurityTokenService.<operation>`. `AwsPlanes.layer()` provides it at AWS,
 * `LocalIdentity.layer()` on this machine.
 *
 * @since 0.2.0
 * @category services
 * @example
 * import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const sts = yield* SecurityTokenService.SecurityTokenService
 *   return yield* sts.getWebIdentityToken({ audience: ["https://api.example.com"], signingAlgorithm: "ES384" })
 * })
 */
export class SecurityTokenService extends Context.Service<SecurityTokenService, Operation.Plane<typeof operations>>()(
  "effect-agentcore-identity/SecurityTokenService"
) {}
