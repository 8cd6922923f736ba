/**
 * The flow: a program names a credential, `Identity` obtains it, with the user's consent where that is needed.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Schedule from "effect/Schedule"
import * as Consent from "./Consent.js"
import { ConsentSession, type Flow } from "./ConsentSession.js"
import {
  DataPlane,
  type DataPlaneError,
  type GetResourceOauth2TokenRequest,
  type PaymentTokenRequest,
  type PaymentTokenResponse,
  type Service as DataPlaneService,
  type TokenAnswer
} from "./DataPlane.js"
import { AuthorizationFailed, AuthorizationTimedOut, NoTokenOrUrl, type RequiresUserConsent } from "./IdentityError.js"
import { Rejected } from "./internal/rejectedCredential.js"
import * as Observe from "./internal/telemetry.js"
import { isTransient } from "./internal/transient.js"
import * as TokenPoller from "./TokenPoller.js"
import type { UserIdentifier } from "./UserIdentifier.js"
import { WorkloadAccessToken, type WorkloadAccessTokenError } from "./WorkloadAccessToken.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * How to go on when the user has to consent.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsentOptions<out E = RequiresUserConsent, out R = never> {
  /**
   * Shows the authorization URL; afterwards the flow waits. Without one, and with the default of `Consent.Handler`, the flow
   * fails with `RequiresUserConsent` instead.
   */
  readonly consent?: Consent.ConsentHandler<E, R> | undefined
  /**
   * How to wait. Default: `TokenPoller.TokenPoller`, every 5 seconds for 10 minutes.
   */
  readonly poll?: Schedule.Schedule<unknown, TokenPoller.PollState> | TokenPoller.Poller | undefined
}

/**
 * An OAuth2 access token, described.
 *
 * @since 0.1.0
 * @category models
 */
export interface AccessTokenRequest<out E = RequiresUserConsent, out R = never> extends ConsentOptions<E, R> {
  /** The name of the OAuth2 credential provider. */
  readonly provider: string
  readonly flow: Flow
  /** Default: none, which leaves the scopes to the authorization server. Always sent. */
  readonly scopes?: ReadonlyArray<string> | undefined
  /** Resource indicators (RFC 8707). */
  readonly resources?: ReadonlyArray<string> | undefined
  readonly audiences?: ReadonlyArray<string> | undefined
  /** Where the user's browser goes after consent: registered on the workload identity. Default: `Consent.ReturnUrl`. */
  readonly returnUrl?: string | undefined
  /** Asks the user anew, and drops what the vault holds. Goes with the first call only. */
  readonly forceAuthentication?: boolean | undefined
  /** The application's own state: comes back on the return URL. */
  readonly customState?: Redacted.Redacted | undefined
  /** Further parameters of the authorization request, such as Google's `access_type`. They never override standard ones. */
  readonly customParameters?: { readonly [name: string]: string } | undefined
}

/**
 * What obtaining an access token can fail with, besides what the consent handler adds.
 *
 * @since 0.1.0
 * @category errors
 */
export type AccessTokenError =
  | DataPlaneError
  | WorkloadAccessTokenError
  | NoTokenOrUrl
  | AuthorizationFailed
  | AuthorizationTimedOut

/**
 * What obtaining an API key or a payment token can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ApiKeyError = DataPlaneError | WorkloadAccessTokenError

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category services
 */
export interface Service {
  /**
   * An access token, for the workload and the user of the `WorkloadAccessToken` in context.
   *
   * When the user has to consent: without a handler it fails with `RequiresUserConsent` at once; with one, the handler shows the
   * URL (once), and the flow waits for the token.
   */
  readonly getAccessToken: <E = RequiresUserConsent, R = never>(
    request: AccessTokenRequest<E, R>
  ) => Effect.Effect<Redacted.Redacted, AccessTokenError | E, WorkloadAccessToken | R>
  /**
   * Goes on with a session: asks at once, and if the user has not consented yet, goes on like `getAccessToken`, until the
   * session expires. Works in another process than the one that the session began in.
   */
  readonly resumeAccessToken: <E = RequiresUserConsent, R = never>(
    session: ConsentSession,
    options?: ConsentOptions<E, R>
  ) => Effect.Effect<Redacted.Redacted, AccessTokenError | E, WorkloadAccessToken | R>
  /**
   * The API key of a credential provider.
   */
  readonly getApiKey: (request: {
    readonly provider: string
  }) => Effect.Effect<Redacted.Redacted, ApiKeyError, WorkloadAccessToken>
  /**
   * The tokens that authorize one payment request.
   */
  readonly getPaymentToken: (request: {
    readonly provider: string
    readonly payment: PaymentTokenRequest
  }) => Effect.Effect<PaymentTokenResponse, ApiKeyError, WorkloadAccessToken>
  /**
   * Completes an authorization, for the user who is signed in where the browser came back. `user` has to be the identifier that
   * the authorization was started for, and it has to be told by the application's own sign-in, never by the URL: session binding
   * exists so that a forwarded link cannot bind another person's account.
   */
  readonly completeAuthorization: (options: {
    readonly sessionUri: Redacted.Redacted
    readonly user: UserIdentifier
  }) => Effect.Effect<void, DataPlaneError>
}

/**
 * @since 0.1.0
 * @category services
 * @example
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const identity = yield* Identity.Identity
 *   return yield* identity.getAccessToken({ provider: "github", flow: "USER_FEDERATION", scopes: ["repo"] })
 * }).pipe(
 *   Effect.catchTag("RequiresUserConsent", (error) => Effect.succeed(error.authorizationUrl))
 * )
 */
export class Identity extends Context.Tag("effect-agentcore-identity/Identity")<Identity, Service>() {}

// -----------------------------------------------------------------------------
// Constructors
// -----------------------------------------------------------------------------

const sessionLifetime = Duration.minutes(10)

const nonEmpty = <A extends object>(value: A | undefined): A | undefined =>
  value === undefined || Object.keys(value).length === 0 ? undefined : value

type Question = Omit<GetResourceOauth2TokenRequest, "workloadIdentityToken" | "sessionUri" | "forceAuthentication">

const questionOf = (
  request: Omit<AccessTokenRequest<unknown, unknown>, keyof ConsentOptions>,
  returnUrl: string | undefined
): Question => ({
  resourceCredentialProviderName: request.provider,
  oauth2Flow: request.flow,
  scopes: request.scopes ?? [],
  resources: nonEmpty(request.resources),
  audiences: nonEmpty(request.audiences),
  resourceOauth2ReturnUrl: returnUrl,
  customState: request.customState,
  customParameters: nonEmpty(request.customParameters)
})

const timeLeft = (session: ConsentSession): Effect.Effect<number> =>
  Effect.map(Clock.currentTimeMillis, (now) => Math.max(0, DateTime.toEpochMillis(session.expiresAt) - now))

// One re-authentication: a token that was refused is renewed where that is possible, and only then is the call repeated.
const authenticated = <A>(
  call: (workloadIdentityToken: Redacted.Redacted) => Effect.Effect<A, DataPlaneError>
): Effect.Effect<A, DataPlaneError | WorkloadAccessTokenError, WorkloadAccessToken> =>
  Effect.flatMap(WorkloadAccessToken, ({ get, invalidate }) => {
    const attempt = (token: Redacted.Redacted) => Observe.attempt(call(token))
    return Effect.flatMap(
      get,
      (token) =>
        Effect.catchTag(attempt(token), "UnauthorizedException", (error) =>
          invalidate(token).pipe(
            Effect.zipRight(get),
            Effect.flatMap((fresh) =>
              Redacted.value(fresh) === Redacted.value(token) ? Effect.fail(error) : attempt(fresh)
            )
          ))
    )
  })

/**
 * An `Identity` over the data plane in context. Every operation is a span `Identity.<operation>` and is counted and timed:
 * `IdentityMetrics` has the names.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, DataPlane> = Effect.map(DataPlane, (dataPlane) => {
  const pollOnce = (session: ConsentSession) =>
    ask(dataPlane, { ...questionOf(session, session.returnUrl), sessionUri: session.sessionUri }).pipe(
      Effect.flatMap((answer) => {
        switch (answer._tag) {
          case "Issued":
            return Effect.succeedSome(answer.accessToken)
          case "Failed":
            return Effect.fail(new AuthorizationFailed({ provider: session.provider }))
          case "ConsentRequired":
          case "InProgress":
            return Effect.succeedNone
        }
      }),
      Effect.catchIf(
        (error) => error._tag !== "AuthorizationFailed" && isTransient(error),
        (error) => Effect.as(Effect.logDebug(`Polling goes on after ${error._tag}`), Option.none())
      )
    )

  const showAndWait = Effect.fnUntraced(function*<E, R>(session: ConsentSession, options: ConsentOptions<E, R>) {
    const timedOut = new AuthorizationTimedOut({ session })
    if ((yield* timeLeft(session)) === 0) {
      return yield* timedOut
    }
    // Without a handler of its own a request has E = RequiresUserConsent, R = never: the type of the default one.
    const handler = options.consent
      ?? (yield* Consent.Handler) as Consent.ConsentHandler<unknown> as Consent.ConsentHandler<E, R>
    yield* handler(session)
    const poller = options.poll === undefined ? yield* TokenPoller.TokenPoller : TokenPoller.from(options.poll)
    return yield* Effect.timeoutFail(poller({ session, poll: pollOnce(session) }), {
      duration: yield* timeLeft(session),
      onTimeout: () => timedOut
    })
  })

  const getAccessToken = Effect.fnUntraced(function*<E, R>(request: AccessTokenRequest<E, R>) {
    const returnUrl = request.returnUrl ?? Option.getOrUndefined(yield* Consent.ReturnUrl)
    const question = questionOf(request, returnUrl)
    const answer = yield* ask(dataPlane, { ...question, forceAuthentication: request.forceAuthentication })
    switch (answer._tag) {
      case "Issued":
        return answer.accessToken
      case "Failed":
        return yield* new AuthorizationFailed({ provider: request.provider })
      case "InProgress":
        return yield* new NoTokenOrUrl({ provider: request.provider })
      case "ConsentRequired": {
        const session = new ConsentSession({
          provider: request.provider,
          flow: request.flow,
          scopes: question.scopes,
          resources: question.resources,
          audiences: question.audiences,
          returnUrl,
          customState: question.customState,
          customParameters: question.customParameters,
          sessionUri: answer.sessionUri,
          authorizationUrl: answer.authorizationUrl,
          expiresAt: DateTime.addDuration(yield* DateTime.now, sessionLifetime)
        })
        // The user is asked for a credential, and may be asked by code that asks for others: whatever was rejected is settled.
        return yield* Effect.provideService(showAndWait(session, request), Rejected, Option.none())
      }
    }
  })

  const resumeAccessToken = Effect.fnUntraced(function*<E, R>(
    session: ConsentSession,
    options: ConsentOptions<E, R> = {}
  ) {
    const answer = yield* pollOnce(session)
    if (Option.isSome(answer)) {
      return answer.value
    }
    return yield* showAndWait(session, options)
  })

  return Observe.identity({
    getAccessToken,
    resumeAccessToken,
    getApiKey: ({ provider }) =>
      authenticated((workloadIdentityToken) =>
        dataPlane.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName: provider })
      ).pipe(
        Effect.map((answer) => answer.apiKey)
      ),
    getPaymentToken: ({ payment, provider }) =>
      authenticated((workloadIdentityToken) =>
        dataPlane.getResourcePaymentToken({
          workloadIdentityToken,
          resourceCredentialProviderName: provider,
          paymentTokenRequest: payment
        })
      ).pipe(
        Effect.map((answer) => answer.paymentTokenResponse)
      ),
    completeAuthorization: ({ sessionUri, user }) =>
      Observe.attempt(dataPlane.completeResourceTokenAuth({ sessionUri, userIdentifier: user }))
  })
})

const ask = (
  dataPlane: DataPlaneService,
  request: Omit<GetResourceOauth2TokenRequest, "workloadIdentityToken">
): Effect.Effect<TokenAnswer, DataPlaneError | WorkloadAccessTokenError, WorkloadAccessToken> =>
  authenticated((workloadIdentityToken) => dataPlane.getResourceOauth2Token({ workloadIdentityToken, ...request }))

/**
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Identity, never, DataPlane> = Layer.effect(Identity, make)
