/**
 * The data plane of AgentCore Identity: a table of its seven operations, and a service with a method for each. Programs
 * use `Identity`, which is built on it. Use the data plane itself to wrap it (`decorate`), to implement it, or for a
 * single call.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Flow } from "./ConsentSession.js"
import {
  AccessDeniedException,
  InternalServerException,
  ResourceNotFoundException,
  ThrottlingException,
  UnauthorizedException,
  ValidationException
} from "./IdentityError.js"
import * as Constraint from "./internal/models/constraint.js"
import * as Rows from "./internal/plane/operation.js"
import * as OptionType from "./internal/plane/optionType.js"
import * as Plane from "./internal/plane/plane.js"
import * as Validation from "./internal/plane/validation.js"
import * as RateLimiter from "./internal/rateLimiter.js"
import type * as Operation from "./Operation.js"
import { UserIdentifier } from "./UserIdentifier.js"

// Limits: the AWS service model.
const Token = Constraint.secret(1, 131072)
const SessionUri = Constraint.secret(1, 1024, "urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+")

const RequestHost = Constraint.string(1, 256, String.raw`[a-zA-Z0-9\-\.]+`)
const RequestPath = Constraint.string(1, 2048, String.raw`/[a-zA-Z0-9/_\-\.~%?=&]+`)
const RequestBody = Constraint.secret(1, 16384, String.raw`[\u0009\u000A\u000D\u0020-\u007E]+`)

/**
 * The request that a payment token authorizes.
 *
 * @since 0.2.0
 * @category models
 */
export const PaymentTokenRequest = Constraint.union({
  /** A request to Coinbase CDP. The body is `Redacted`. */
  coinbaseCdpTokenRequest: Schema.Struct({
    /** The HTTP method of the request. */
    requestMethod: Schema.Literals(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    /** The host name of the request. Default: the vendor's, which the service knows. */
    requestHost: Constraint.optional(RequestHost),
    /** The path of the request, with its query. */
    requestPath: RequestPath,
    /**
     * Whether to issue a wallet token too. Requests that move the wallet's money need one. Default: false, chosen by
     * the service.
     */
    includeWalletAuthToken: Constraint.optional(Schema.Boolean),
    /** The body of the request, which a wallet token covers: `Redacted.make(body)`. */
    requestBody: Constraint.optional(RequestBody)
  }),
  /** A request to Stripe's Privy. The body is `Redacted`. */
  stripePrivyTokenRequest: Schema.Struct({
    /** The host name of the request. Default: the vendor's, which the service knows. */
    requestHost: Constraint.optional(RequestHost),
    /** The path of the request, with its query. */
    requestPath: RequestPath,
    /** The body of the request: `Redacted.make(body)`. */
    requestBody: RequestBody,
    /** Whether to sign the request with the provider's authorization key. Default: false, chosen by the service. */
    includeAuthorizationSignature: Constraint.optional(Schema.Boolean)
  })
})

/**
 * @since 0.2.0
 * @category models
 */
export type PaymentTokenRequest = typeof PaymentTokenRequest.Type

// An empty credential is invalid. A resource would reject it, and a cache would repeat it.
const Credential = Schema.RedactedFromValue(Schema.NonEmptyString)

const WorkloadAccessTokenResponse = Schema.Struct({ workloadAccessToken: Credential })

/**
 * The service returned a token.
 *
 * @since 0.2.0
 * @category responses
 */
export class Issued extends Data.TaggedClass("Issued")<{ readonly accessToken: Redacted.Redacted }> {}

/**
 * The user has to consent at `authorizationUrl`, within 10 minutes (AWS documentation).
 *
 * @since 0.2.0
 * @category responses
 */
export class ConsentRequired extends Data.TaggedClass("ConsentRequired")<{
  readonly authorizationUrl: Redacted.Redacted
  readonly sessionUri: Redacted.Redacted
  /**
   * The `customState` that the session was opened with, if the request of another caller opened it. A decorator that
   * shares one response among several requests sets it.
   */
  readonly customState?: Redacted.Redacted | undefined
}> {}

/**
 * The session has neither finished nor failed. An unknown status counts as in progress.
 *
 * @since 0.2.0
 * @category responses
 */
export class InProgress extends Data.TaggedClass("InProgress") {}

/**
 * The session ended without a token: the user denied consent, the authorization failed, or the session expired.
 *
 * @since 0.2.0
 * @category responses
 */
export class Failed extends Data.TaggedClass("Failed") {}

/**
 * The response of `getResourceOauth2Token`. A token takes precedence over a status `FAILED`, and the status over an
 * authorization URL. Every other response is a session in progress.
 *
 * @since 0.2.0
 * @category responses
 */
export type TokenResponse = Issued | ConsentRequired | InProgress | Failed

/**
 * The tokens that authorize a payment request. The response has one member. A member that AWS adds later is ignored.
 * `requestExpiry` is in milliseconds since the epoch, as AWS sends it.
 *
 * @since 0.2.0
 * @category models
 */
export class PaymentTokenResponse extends Schema.Opaque<PaymentTokenResponse>()(Schema.Struct({
  coinbaseCdpTokenResponse: Constraint.optional(Schema.Struct({
    bearerToken: Credential,
    walletAuthToken: Constraint.optional(Credential)
  })),
  stripePrivyTokenResponse: Constraint.optional(Schema.Struct({
    authorizationSignature: Constraint.optional(Credential),
    requestExpiry: Constraint.optional(Schema.Number),
    appId: Schema.String,
    basicAuthToken: Credential
  }))
})) {}

const wireMembers = ["accessToken", "authorizationUrl", "sessionUri", "sessionStatus"] as const

type Wire = { readonly [M in typeof wireMembers[number]]?: string | undefined }

/** Only the status may be empty. */
const isWire = (output: unknown): output is Wire =>
  Predicate.isObject(output) && wireMembers.every((name) => {
    const value = output[name]
    return value === undefined || typeof value === "string" && (value !== "" || name === "sessionStatus")
  })

// The member is optional in the model. The URL carries the same URI.
const sessionUriIn = (authorizationUrl: string): string | undefined =>
  URL.parse(authorizationUrl)?.searchParams.get("request_uri") || undefined

const fromWire = ({ accessToken, authorizationUrl, sessionStatus, sessionUri }: Wire): TokenResponse | undefined => {
  if (accessToken !== undefined) return new Issued({ accessToken: Redacted.make(accessToken) })
  if (sessionStatus === "FAILED") return new Failed()
  if (authorizationUrl === undefined) return new InProgress()
  const uri = sessionUri ?? sessionUriIn(authorizationUrl)
  return uri === undefined ? undefined : new ConsentRequired({
    authorizationUrl: Redacted.make(authorizationUrl),
    sessionUri: Redacted.make(uri)
  })
}

const toWire = (response: TokenResponse): Wire => {
  switch (response._tag) {
    case "Issued":
      return { accessToken: Redacted.value(response.accessToken) }
    case "ConsentRequired":
      return {
        authorizationUrl: Redacted.value(response.authorizationUrl),
        sessionUri: Redacted.value(response.sessionUri),
        sessionStatus: "IN_PROGRESS"
      }
    case "InProgress":
      return { sessionStatus: "IN_PROGRESS" }
    case "Failed":
      return { sessionStatus: "FAILED" }
  }
}

/**
 * An unknown status is a session in progress. An empty token, URL or session is invalid, and so is an authorization URL
 * without a session, which cannot be polled. A schema would take a tenth of the time of a call (`npm run bench`).
 */
const tokenCodec: Rows.Codec<TokenResponse> = {
  decode: (output) => isWire(output) ? Option.fromNullishOr(fromWire(output)) : Option.none(),
  encode: toWire
}

// What rows share. `quota`: calls per second of each operation (AWS documentation).
const commonRow = {
  errors: [
    ValidationException,
    UnauthorizedException,
    AccessDeniedException,
    ResourceNotFoundException,
    ThrottlingException,
    InternalServerException
  ],
  quota: 200
} as const

/**
 * The operations, one row each.
 *
 * @since 0.2.0
 * @category operations
 */
export const operations = {
  /** Returns a token for the workload alone, for machine-to-machine credentials. */
  getWorkloadAccessToken: Rows.make("GetWorkloadAccessToken", {
    ...commonRow,
    request: Schema.Struct({
      workloadName: Constraint.WorkloadName
    }),
    response: WorkloadAccessTokenResponse
  }),
  /** Returns a token for the workload and the user of a JWT. The service checks its signature, issuer and expiry. */
  getWorkloadAccessTokenForJwt: Rows.make("GetWorkloadAccessTokenForJWT", {
    ...commonRow,
    request: Schema.Struct({
      workloadName: Constraint.WorkloadName,
      userToken: Constraint.UserToken
    }),
    response: WorkloadAccessTokenResponse
  }),
  /** Returns a token for the workload and the user with an id. The application vouches for the id. */
  getWorkloadAccessTokenForUserId: Rows.make("GetWorkloadAccessTokenForUserId", {
    ...commonRow,
    request: Schema.Struct({
      workloadName: Constraint.WorkloadName,
      userId: Constraint.UserId
    }),
    response: WorkloadAccessTokenResponse
  }),
  /**
   * Returns an OAuth2 access token of a credential provider, or the state of the authorization that it needs.
   *
   * `scopes` may be empty. `sessionUri` polls a session that is in progress, together with the return URL. The vault
   * stores a user's token for one set of scopes, resources, audiences and custom parameters. For another set, the user
   * has to consent again. `forceAuthentication` ignores and drops the token in the vault.
   */
  getResourceOauth2Token: Rows.make("GetResourceOauth2Token", {
    ...commonRow,
    request: Schema.Struct({
      workloadIdentityToken: Token,
      resourceCredentialProviderName: Constraint.ProviderName,
      scopes: Schema.Array(Constraint.string(1, 128)),
      oauth2Flow: Flow,
      sessionUri: Constraint.optional(SessionUri),
      resourceOauth2ReturnUrl: Constraint.optional(Constraint.ReturnUrl),
      forceAuthentication: Constraint.optional(Schema.Boolean),
      customParameters: Constraint.optional(
        Constraint.stringMap(Constraint.string(1, 256, String.raw`[a-zA-Z0-9\-_\.]+`), Constraint.string(1, 2048))
      ),
      customState: Constraint.optional(Constraint.secret(1, 4096)),
      resources: Constraint.optional(Schema.Array(Constraint.string(1, 2048))),
      audiences: Constraint.optional(Schema.Array(Constraint.string(1, 2048)))
    }),
    response: tokenCodec,
    path: "/identities/oauth2/token"
  }),
  /** Returns the API key of a credential provider. */
  getResourceApiKey: Rows.make("GetResourceApiKey", {
    ...commonRow,
    request: Schema.Struct({
      workloadIdentityToken: Token,
      resourceCredentialProviderName: Constraint.ProviderName
    }),
    response: Schema.Struct({ apiKey: Credential }),
    path: "/identities/api-key"
  }),
  /** Returns the tokens that authorize one payment request of a payment credential provider. */
  getResourcePaymentToken: Rows.make("GetResourcePaymentToken", {
    ...commonRow,
    request: Schema.Struct({
      workloadIdentityToken: Token,
      resourceCredentialProviderName: Constraint.ProviderName,
      paymentTokenRequest: PaymentTokenRequest
    }),
    response: Schema.Struct({ paymentTokenResponse: PaymentTokenResponse }),
    path: "/identities/payment/token"
  }),
  /**
   * Completes an authorization for the user who started it (session binding). Only then does the service exchange the
   * code. The identifier must be the JWT or the user id that the workload access token was requested for.
   */
  completeResourceTokenAuth: Rows.make("CompleteResourceTokenAuth", {
    ...commonRow,
    request: Schema.Struct({
      userIdentifier: UserIdentifier,
      sessionUri: SessionUri
    }),
    response: Rows.noResponse,
    quota: 100
  })
}

/**
 * The errors of every operation of the data plane.
 *
 * @since 0.2.0
 * @category errors
 */
export type DataPlaneError = Operation.Error<(typeof operations)[keyof typeof operations]>

/**
 * The data plane: one method for each operation. `AwsDataPlane.layer()` provides it at AWS, `LocalIdentity.layer()` on
 * this machine.
 *
 * @since 0.2.0
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
export class DataPlane
  extends Context.Service<DataPlane, Operation.Plane<typeof operations>>()("effect-agentcore-identity/DataPlane")
{}

/**
 * A data plane over an implementation of its operations. It checks requests against the limits of the service model
 * before it calls the implementation. `Identity` checks its own requests, and skips this check. A violation is a
 * `ValidationException` that names the member. Every call is a span `DataPlane.<operation>`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (implementation: DataPlane["Service"]): DataPlane["Service"] =>
  Plane.make("DataPlane", operations, implementation)

/**
 * Wraps every operation of the data plane in context, for example with a cache, spans, rate limits, or faults in tests.
 * Provide it to `Identity.layer`. If it is merged with that layer instead, it does not reach the calls of `Identity`.
 *
 * @since 0.2.0
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
export const decorate = (
  decorator: Operation.Decorator<typeof operations, DataPlaneError>
): Layer.Layer<DataPlane, never, DataPlane> => Plane.layerDecorate(DataPlane, operations, decorator)

/**
 * Keeps the data plane in context within its quotas, in calls per second of each operation. Put it under
 * `Identity.layer`. Default: the quotas of the AWS documentation, 200 for tokens and keys, 100 for completions. With
 * invalid quotas, the layer dies with a `ValidationException`.
 *
 * Polls for users who have not consented yet wait until all other calls of the operation have run.
 *
 * Each use of the layer has its own budget: two uses together may exceed the quota. `Identity.layer` says how to share
 * one.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerRateLimit = (
  quotas: { readonly [K in keyof typeof operations]?: number } = {}
): Layer.Layer<DataPlane, never, DataPlane> => {
  const check = Validation.makeCheck(
    "DataPlane.layerRateLimit",
    () => Record.map(operations, () => Constraint.optional(OptionType.Rate))
  )
  return Layer.fresh(Validation.makeLayer(check, quotas, (quotas) =>
    Layer.suspend(() => {
      // AWS counts each operation separately.
      const limiters = Record.map(operations, ({ quota }, name) => RateLimiter.make(quotas[name] ?? quota))
      return decorate((operation, effect, request) =>
        operation === "getResourceOauth2Token"
          ? Effect.flatMap(
            RateLimiter.priorityOf(request),
            (priority) => Effect.andThen(limiters[operation](priority), effect)
          )
          : Effect.andThen(limiters[operation]("normal"), effect)
      )
    })))
}
