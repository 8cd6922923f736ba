/**
 * JWTs that AWS signs for the caller's own IAM identity (STS GetWebIdentityToken), for services outside of AWS that trust the account's
 * issuer: outbound web identity federation. An interface that adapters implement; programs use `IamAccessToken`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type {
  CommonError,
  JWTPayloadSizeExceededException,
  OutboundWebIdentityFederationDisabledException,
  SessionDurationEscalationException
} from "./IdentityError.js"
import * as Plane from "./internal/plane.js"
import * as Constraint from "./models/internal/constraint.js"

// -----------------------------------------------------------------------------
// Requests. Limits: the AWS service model of STS.
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category models
 */
export const SigningAlgorithm: Schema.Literal<["ES384", "RS256"]> = Constraint.oneOf("ES384", "RS256")

/**
 * @since 0.1.0
 * @category models
 */
export type SigningAlgorithm = typeof SigningAlgorithm.Type

/**
 * - `audience`: 1 to 10 audiences of 1 to 1000 characters
 * - `durationSeconds`: 60 to 3600; the service's default is 300
 * - `tags`: up to 50, keys of 1 to 128 characters and values of up to 256; the token carries them as claims
 *
 * @since 0.1.0
 * @category requests
 */
export const GetWebIdentityTokenRequest = Schema.Struct({
  audience: Constraint.items(Constraint.text(1, 1000), 1, 10),
  signingAlgorithm: SigningAlgorithm,
  durationSeconds: Constraint.optional(Constraint.whole(60, 3600)),
  tags: Constraint.optional(Constraint.textMap(Constraint.text(1, 128), Constraint.text(0, 256), 50))
})

/**
 * @since 0.1.0
 * @category requests
 */
export type GetWebIdentityTokenRequest = typeof GetWebIdentityTokenRequest.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const GetWebIdentityTokenResponse = Schema.Struct({
  webIdentityToken: Schema.Redacted(Schema.String),
  expiration: Schema.DateTimeUtcFromDate
})

/**
 * @since 0.1.0
 * @category answers
 */
export type GetWebIdentityTokenResponse = typeof GetWebIdentityTokenResponse.Type

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category errors
 */
export type SecurityTokenServiceError =
  | CommonError
  | OutboundWebIdentityFederationDisabledException
  | SessionDurationEscalationException
  | JWTPayloadSizeExceededException

/**
 * @since 0.1.0
 * @category services
 */
export interface Service {
  /**
   * A JWT, signed by AWS, that says which IAM identity asked for it.
   */
  readonly getWebIdentityToken: (
    request: GetWebIdentityTokenRequest
  ) => Effect.Effect<GetWebIdentityTokenResponse, SecurityTokenServiceError>
}

/**
 * The name of an operation.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = keyof Service

/**
 * @since 0.1.0
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
export class SecurityTokenService
  extends Context.Tag("effect-agentcore-identity/SecurityTokenService")<SecurityTokenService, Service>()
{}

/**
 * The service over an implementation: requests are checked against the limits of the service model before the implementation sees
 * them, and every call is a span `SecurityTokenService.<operation>`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (implementation: Service): Service =>
  SecurityTokenService.of({
    getWebIdentityToken: Plane.operation("SecurityTokenService")(
      "getWebIdentityToken",
      "GetWebIdentityToken",
      GetWebIdentityTokenRequest,
      implementation.getWebIdentityToken
    )
  })

/**
 * Wraps one call: gets the operation's name, the call, and the request, and returns what is called in its place.
 *
 * @since 0.1.0
 * @category models
 */
export type Decorator = <A>(
  operation: Operation,
  effect: Effect.Effect<A, SecurityTokenServiceError>,
  request: unknown
) => Effect.Effect<A, SecurityTokenServiceError>

/**
 * Wraps every operation of the service in context.
 *
 * @since 0.1.0
 * @category layers
 */
export const decorate = (
  decorator: Decorator
): Layer.Layer<SecurityTokenService, never, SecurityTokenService> =>
  Layer.effect(
    SecurityTokenService,
    Effect.map(SecurityTokenService, (service) =>
      SecurityTokenService.of({
        getWebIdentityToken: (request) =>
          decorator("getWebIdentityToken", service.getWebIdentityToken(request), request)
      }))
  )
