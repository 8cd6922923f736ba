/**
 * The data plane of AgentCore Identity: its seven operations, one call each, as an interface that adapters implement.
 *
 * Programs use `Identity`, which is built on it. Use the data plane itself to wrap it (`decorate`), to implement it, or
 * for a single call.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Flow } from "./ConsentSession.js"
import type { CommonError, ResourceNotFoundException, UnauthorizedException } from "./IdentityError.js"
import * as Plane from "./internal/plane.js"
import * as Constraint from "./models/internal/constraint.js"
import { ProviderName, ReturnUrl, WorkloadName } from "./models/internal/names.js"
import { UserId, UserIdentifier, UserToken } from "./UserIdentifier.js"

// -----------------------------------------------------------------------------
// Requests. Limits: the AWS service model.
// -----------------------------------------------------------------------------

const Token = Constraint.secret(1, 131072)
const SessionUri = Constraint.secret(1, 1024, /^urn:ietf:params:oauth:request_uri:[a-zA-Z0-9\-._~]+$/)

/**
 * @since 0.1.0
 * @category requests
 */
export const GetWorkloadAccessTokenRequest = Schema.Struct({
  workloadName: WorkloadName
})

/**
 * @since 0.1.0
 * @category requests
 */
export type GetWorkloadAccessTokenRequest = typeof GetWorkloadAccessTokenRequest.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const GetWorkloadAccessTokenForJwtRequest = Schema.Struct({
  workloadName: WorkloadName,
  userToken: UserToken
})

/**
 * @since 0.1.0
 * @category requests
 */
export type GetWorkloadAccessTokenForJwtRequest = typeof GetWorkloadAccessTokenForJwtRequest.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const GetWorkloadAccessTokenForUserIdRequest = Schema.Struct({
  workloadName: WorkloadName,
  userId: UserId
})

/**
 * @since 0.1.0
 * @category requests
 */
export type GetWorkloadAccessTokenForUserIdRequest = typeof GetWorkloadAccessTokenForUserIdRequest.Type

/**
 * `scopes` may be empty. `sessionUri` asks again for a session that is in progress; the return URL goes with it.
 * `forceAuthentication` ignores, and drops, what the vault holds.
 *
 * @since 0.1.0
 * @category requests
 */
export const GetResourceOauth2TokenRequest = Schema.Struct({
  workloadIdentityToken: Token,
  resourceCredentialProviderName: ProviderName,
  scopes: Schema.Array(Constraint.text(1, 128)),
  oauth2Flow: Flow,
  sessionUri: Constraint.optional(SessionUri),
  resourceOauth2ReturnUrl: Constraint.optional(ReturnUrl),
  forceAuthentication: Constraint.optional(Schema.Boolean),
  customParameters: Constraint.optional(
    Constraint.textMap(Constraint.text(1, 256, /^[a-zA-Z0-9\-_.]+$/), Constraint.text(1, 2048))
  ),
  customState: Constraint.optional(Constraint.secret(1, 4096)),
  resources: Constraint.optional(Schema.Array(Constraint.text(1, 2048))),
  audiences: Constraint.optional(Schema.Array(Constraint.text(1, 2048)))
})

/**
 * @since 0.1.0
 * @category requests
 */
export type GetResourceOauth2TokenRequest = typeof GetResourceOauth2TokenRequest.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const GetResourceApiKeyRequest = Schema.Struct({
  workloadIdentityToken: Token,
  resourceCredentialProviderName: ProviderName
})

/**
 * @since 0.1.0
 * @category requests
 */
export type GetResourceApiKeyRequest = typeof GetResourceApiKeyRequest.Type

const RequestHost = Constraint.text(1, 256, /^[a-zA-Z0-9\-.]+$/)
const RequestPath = Constraint.text(1, 2048, /^\/[a-zA-Z0-9/_\-.~%?=&]+$/)
const RequestBody = Constraint.secret(1, 16384, /^[\t\n\r\x20-\x7E]+$/)

/**
 * A request to Coinbase CDP. The body is `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export const CoinbaseCdpTokenRequest = Schema.Struct({
  requestMethod: Constraint.oneOf("GET", "POST", "PUT", "DELETE", "PATCH"),
  requestHost: Constraint.optional(RequestHost),
  requestPath: RequestPath,
  includeWalletAuthToken: Constraint.optional(Schema.Boolean),
  requestBody: Constraint.optional(RequestBody)
})

/**
 * A request to Stripe's Privy. The body is `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export const StripePrivyTokenRequest = Schema.Struct({
  requestHost: Constraint.optional(RequestHost),
  requestPath: RequestPath,
  requestBody: RequestBody,
  includeAuthorizationSignature: Constraint.optional(Schema.Boolean)
})

/**
 * @since 0.1.0
 * @category models
 */
export type PaymentTokenRequest =
  | { readonly coinbaseCdpTokenRequest: typeof CoinbaseCdpTokenRequest.Type }
  | { readonly stripePrivyTokenRequest: typeof StripePrivyTokenRequest.Type }

/**
 * The request that a payment token authorizes.
 *
 * @since 0.1.0
 * @category models
 */
export const PaymentTokenRequest: Schema.Schema<
  PaymentTokenRequest,
  | { readonly coinbaseCdpTokenRequest: typeof CoinbaseCdpTokenRequest.Encoded }
  | { readonly stripePrivyTokenRequest: typeof StripePrivyTokenRequest.Encoded }
> = Constraint.union({
  coinbaseCdpTokenRequest: CoinbaseCdpTokenRequest,
  stripePrivyTokenRequest: StripePrivyTokenRequest
})

/**
 * @since 0.1.0
 * @category requests
 */
export const GetResourcePaymentTokenRequest = Schema.Struct({
  workloadIdentityToken: Token,
  resourceCredentialProviderName: ProviderName,
  paymentTokenRequest: PaymentTokenRequest
})

/**
 * @since 0.1.0
 * @category requests
 */
export type GetResourcePaymentTokenRequest = typeof GetResourcePaymentTokenRequest.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const CompleteResourceTokenAuthRequest = Schema.Struct({
  userIdentifier: UserIdentifier,
  sessionUri: SessionUri
})

/**
 * @since 0.1.0
 * @category requests
 */
export type CompleteResourceTokenAuthRequest = typeof CompleteResourceTokenAuthRequest.Type

// -----------------------------------------------------------------------------
// Answers
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category answers
 */
export const WorkloadAccessTokenResponse = Schema.Struct({ workloadAccessToken: Schema.Redacted(Schema.String) })

/**
 * @since 0.1.0
 * @category answers
 */
export type WorkloadAccessTokenResponse = typeof WorkloadAccessTokenResponse.Type

/**
 * The service gave a token.
 *
 * @since 0.1.0
 * @category answers
 */
export class Issued extends Schema.TaggedClass<Issued>("effect-agentcore-identity/DataPlane/Issued")("Issued", {
  accessToken: Schema.Redacted(Schema.String)
}) {}

/**
 * The user has to consent, at `authorizationUrl`, within 10 minutes (AWS documentation).
 *
 * @since 0.1.0
 * @category answers
 */
export class ConsentRequired extends Schema.TaggedClass<ConsentRequired>(
  "effect-agentcore-identity/DataPlane/ConsentRequired"
)("ConsentRequired", {
  authorizationUrl: Schema.Redacted(Schema.String),
  sessionUri: Schema.Redacted(Schema.String)
}) {}

/**
 * A session that is neither finished nor failed, whatever status AWS gives it.
 *
 * @since 0.1.0
 * @category answers
 */
export class InProgress extends Schema.TaggedClass<InProgress>("effect-agentcore-identity/DataPlane/InProgress")(
  "InProgress",
  {}
) {}

/**
 * A session that will give no token: refused, failed, or expired.
 *
 * @since 0.1.0
 * @category answers
 */
export class Failed extends Schema.TaggedClass<Failed>("effect-agentcore-identity/DataPlane/Failed")("Failed", {}) {}

/**
 * Every answer to `getResourceOauth2Token`. A token wins over a status `FAILED`, that over an authorization URL; all else is
 * a session in progress.
 *
 * @since 0.1.0
 * @category answers
 */
export const TokenAnswer = Schema.Union(Issued, ConsentRequired, InProgress, Failed)

/**
 * @since 0.1.0
 * @category answers
 */
export type TokenAnswer = typeof TokenAnswer.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const GetResourceApiKeyResponse = Schema.Struct({ apiKey: Schema.Redacted(Schema.String) })

/**
 * @since 0.1.0
 * @category answers
 */
export type GetResourceApiKeyResponse = typeof GetResourceApiKeyResponse.Type

/**
 * What authorizes a payment request. `requestExpiry` is in milliseconds since the epoch, as AWS gives it.
 *
 * @since 0.1.0
 * @category models
 */
export const PaymentTokenResponse = Schema.Union(
  Schema.Struct({
    coinbaseCdpTokenResponse: Schema.Struct({
      bearerToken: Schema.Redacted(Schema.String),
      walletAuthToken: Constraint.optional(Schema.Redacted(Schema.String))
    })
  }),
  Schema.Struct({
    stripePrivyTokenResponse: Schema.Struct({
      authorizationSignature: Constraint.optional(Schema.Redacted(Schema.String)),
      requestExpiry: Constraint.optional(Schema.Number),
      appId: Schema.String,
      basicAuthToken: Schema.Redacted(Schema.String)
    })
  })
)

/**
 * @since 0.1.0
 * @category models
 */
export type PaymentTokenResponse = typeof PaymentTokenResponse.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const GetResourcePaymentTokenResponse = Schema.Struct({ paymentTokenResponse: PaymentTokenResponse })

/**
 * @since 0.1.0
 * @category answers
 */
export type GetResourcePaymentTokenResponse = typeof GetResourcePaymentTokenResponse.Type

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * What every operation of the data plane can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type DataPlaneError = CommonError | UnauthorizedException | ResourceNotFoundException

/**
 * The operations, named as AWS names them.
 *
 * @since 0.1.0
 * @category services
 */
export interface Service {
  /**
   * A token for the workload alone, for machine-to-machine credentials.
   */
  readonly getWorkloadAccessToken: (
    request: GetWorkloadAccessTokenRequest
  ) => Effect.Effect<WorkloadAccessTokenResponse, DataPlaneError>
  /**
   * A token for the workload and a user, known by a JWT whose signature, issuer and expiry the service checks.
   */
  readonly getWorkloadAccessTokenForJwt: (
    request: GetWorkloadAccessTokenForJwtRequest
  ) => Effect.Effect<WorkloadAccessTokenResponse, DataPlaneError>
  /**
   * A token for the workload and a user, known by an id that the application vouches for.
   */
  readonly getWorkloadAccessTokenForUserId: (
    request: GetWorkloadAccessTokenForUserIdRequest
  ) => Effect.Effect<WorkloadAccessTokenResponse, DataPlaneError>
  /**
   * An OAuth2 access token of a credential provider, or what stands between the caller and one.
   */
  readonly getResourceOauth2Token: (
    request: GetResourceOauth2TokenRequest
  ) => Effect.Effect<TokenAnswer, DataPlaneError>
  /**
   * The API key of a credential provider.
   */
  readonly getResourceApiKey: (
    request: GetResourceApiKeyRequest
  ) => Effect.Effect<GetResourceApiKeyResponse, DataPlaneError>
  /**
   * The tokens that authorize one payment request of a payment credential provider.
   */
  readonly getResourcePaymentToken: (
    request: GetResourcePaymentTokenRequest
  ) => Effect.Effect<GetResourcePaymentTokenResponse, DataPlaneError>
  /**
   * Completes an authorization for the user who started it (session binding). Only then does the service exchange
   * the code. The identifier must be the original artifact: the very JWT, or the exact user id, that the workload
   * access token was made for.
   */
  readonly completeResourceTokenAuth: (
    request: CompleteResourceTokenAuthRequest
  ) => Effect.Effect<void, DataPlaneError>
}

/**
 * The name of an operation of the data plane.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = keyof Service

/**
 * @since 0.1.0
 * @category services
 * @example
 * import * as DataPlane from "effect-agentcore-identity/DataPlane"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const dataPlane = yield* DataPlane.DataPlane
 *   return yield* dataPlane.getWorkloadAccessTokenForUserId({ workloadName: "my-agent", userId: "github+alice" })
 * })
 */
export class DataPlane extends Context.Tag("effect-agentcore-identity/DataPlane")<DataPlane, Service>() {}

/**
 * A data plane over an implementation of its operations: requests are checked against the limits of the service model before
 * the implementation sees them (a violation is a `ValidationException` that names the member), and every call is a span
 * `DataPlane.<operation>`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (implementation: Service): Service => {
  const operation = Plane.operation("DataPlane")
  return DataPlane.of({
    getWorkloadAccessToken: operation(
      "getWorkloadAccessToken",
      "GetWorkloadAccessToken",
      GetWorkloadAccessTokenRequest,
      implementation.getWorkloadAccessToken
    ),
    getWorkloadAccessTokenForJwt: operation(
      "getWorkloadAccessTokenForJwt",
      "GetWorkloadAccessTokenForJWT",
      GetWorkloadAccessTokenForJwtRequest,
      implementation.getWorkloadAccessTokenForJwt
    ),
    getWorkloadAccessTokenForUserId: operation(
      "getWorkloadAccessTokenForUserId",
      "GetWorkloadAccessTokenForUserId",
      GetWorkloadAccessTokenForUserIdRequest,
      implementation.getWorkloadAccessTokenForUserId
    ),
    getResourceOauth2Token: operation(
      "getResourceOauth2Token",
      "GetResourceOauth2Token",
      GetResourceOauth2TokenRequest,
      implementation.getResourceOauth2Token
    ),
    getResourceApiKey: operation(
      "getResourceApiKey",
      "GetResourceApiKey",
      GetResourceApiKeyRequest,
      implementation.getResourceApiKey
    ),
    getResourcePaymentToken: operation(
      "getResourcePaymentToken",
      "GetResourcePaymentToken",
      GetResourcePaymentTokenRequest,
      implementation.getResourcePaymentToken
    ),
    completeResourceTokenAuth: operation(
      "completeResourceTokenAuth",
      "CompleteResourceTokenAuth",
      CompleteResourceTokenAuthRequest,
      implementation.completeResourceTokenAuth
    )
  })
}

/**
 * Wraps one call: gets the operation's name, the call, and the request, and returns what is called in its place.
 *
 * @since 0.1.0
 * @category models
 */
export type Decorator = <A>(
  operation: Operation,
  effect: Effect.Effect<A, DataPlaneError>,
  request: unknown
) => Effect.Effect<A, DataPlaneError>

/**
 * Wraps every operation of the data plane in context: for caches, spans, rate limits, faults in tests. Put it under
 * `Identity.layer`; on top of a layer that has `Identity` built already, it does not reach that `Identity`.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
 * import * as DataPlane from "effect-agentcore-identity/DataPlane"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const timed = DataPlane.decorate((operation, effect) => Effect.withLogSpan(effect, operation))
 *
 * const live = Identity.layer.pipe(
 *   Layer.provide(timed),
 *   Layer.provide(AwsDataPlane.layer({ region: "us-west-2" }))
 * )
 */
export const decorate = (decorator: Decorator): Layer.Layer<DataPlane, never, DataPlane> =>
  Layer.effect(
    DataPlane,
    Effect.map(DataPlane, (plane) =>
      DataPlane.of({
        getWorkloadAccessToken: (request) =>
          decorator("getWorkloadAccessToken", plane.getWorkloadAccessToken(request), request),
        getWorkloadAccessTokenForJwt: (request) =>
          decorator("getWorkloadAccessTokenForJwt", plane.getWorkloadAccessTokenForJwt(request), request),
        getWorkloadAccessTokenForUserId: (request) =>
          decorator("getWorkloadAccessTokenForUserId", plane.getWorkloadAccessTokenForUserId(request), request),
        getResourceOauth2Token: (request) =>
          decorator("getResourceOauth2Token", plane.getResourceOauth2Token(request), request),
        getResourceApiKey: (request) => decorator("getResourceApiKey", plane.getResourceApiKey(request), request),
        getResourcePaymentToken: (request) =>
          decorator("getResourcePaymentToken", plane.getResourcePaymentToken(request), request),
        completeResourceTokenAuth: (request) =>
          decorator("completeResourceTokenAuth", plane.completeResourceTokenAuth(request), request)
      }))
  )
