/**
 * The flow: a program names a credential, and `Identity` obtains it, with the user's consent where necessary.
 *
 * `test/languages/python.md` compares the names of the Python SDK with those of this package.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Consent from "./Consent.js"
import { ConsentSession, type Flow } from "./ConsentSession.js"
import {
  DataPlane,
  type DataPlaneError,
  type PaymentTokenRequest,
  type PaymentTokenResponse,
  type TokenResponse
} from "./DataPlane.js"
import {
  AuthorizationFailed,
  AuthorizationTimedOut,
  NoTokenOrUrl,
  type RequiresUserConsent,
  ResourceNotFoundException,
  ValidationException
} from "./IdentityError.js"
import type { ConsentStoreError } from "./internal/consentStoreError.js"
import * as Declared from "./internal/identity/declared.js"
import * as Renewal from "./internal/identity/renewal.js"
import * as Requests from "./internal/identity/requests.js"
import * as ReturnState from "./internal/identity/returnState.js"
import * as Review from "./internal/identity/review.js"
import * as Telemetry from "./internal/identity/telemetry.js"
import * as Transient from "./internal/identity/transient.js"
import { appendAdvice, isAboutReturnUrl } from "./internal/messages.js"
import { sessionLifetime } from "./internal/models/constraint.js"
import { PendingConsents } from "./internal/pendingConsents/store.js"
import { PollBudget } from "./internal/pollBudget.js"
import { CallPriority } from "./internal/rateLimiter.js"
import * as TokenPoller from "./TokenPoller.js"
import type { UserIdentifier } from "./UserIdentifier.js"
import { WorkloadAccessToken, type WorkloadAccessTokenError } from "./WorkloadAccessToken.js"

/**
 * What to do when the user has to consent.
 *
 * @since 0.2.0
 * @category models
 */
export interface ConsentOptions<out E = RequiresUserConsent, out R = never> {
  /**
   * Shows the authorization URL; then the flow waits. Default: `Consent.Handler`, and its default fails with
   * `RequiresUserConsent`.
   */
  readonly consent?: Consent.Handler<E, R> | undefined
  /** How to wait. Default: `TokenPoller.TokenPoller`, every 5 seconds for 10 minutes. */
  readonly poll?:
    | Parameters<typeof TokenPoller.schedule>[0]
    | TokenPoller.TokenPoller
    | undefined
}

/**
 * The properties of a request for an OAuth2 access token that belong to the credential, not to one use of it. AgentCore
 * stores a user's grant under all of them, so every use must have the same values.
 *
 * @since 0.2.0
 * @category models
 */
export interface AccessTokenDeclaration<out F extends Flow = Flow> {
  /** The name of the OAuth2 credential provider. */
  readonly provider: string
  /**
   * The OAuth2 flow: whose access it is, and how the token is obtained.
   *
   * - `USER_FEDERATION`: the user's access. The user consents once in a browser (authorization code).
   * - `M2M`: the agent's own access, without a user (client credentials).
   * - `ON_BEHALF_OF_TOKEN_EXCHANGE`: the user's access, without a page. The service exchanges the user's JWT, so the
   *   workload access token has to be one for that JWT.
   */
  readonly flow: F
  /** Default: none, so that the authorization server chooses. The list is always sent, even if it is empty. */
  readonly scopes?: ReadonlyArray<string> | undefined
  /** Resource indicators (RFC 8707). */
  readonly resources?: ReadonlyArray<string> | undefined
  /** The services that the token is for (RFC 8693), for authorization servers that know audiences. Default: none. */
  readonly audiences?: ReadonlyArray<string> | undefined
  /**
   * Where the browser goes after consent. It must be registered on the workload identity. Default: `Consent.ReturnUrl`.
   */
  readonly returnUrl?: string | undefined
  /**
   * Further parameters of the authorization request, such as Google's `access_type`. They never override standard
   * parameters. A request with other parameters asks the user again, as a request with other scopes does.
   */
  readonly customParameters?: { readonly [name: string]: string } | undefined
}

/**
 * A request for an OAuth2 access token.
 *
 * @since 0.2.0
 * @category models
 */
export interface AccessTokenRequest<out E = RequiresUserConsent, out R = never, out F extends Flow = Flow>
  extends AccessTokenDeclaration<F>, ConsentOptions<E, R>
{
  /** Asks the user again, and drops the token in the vault. It is sent with the first request only. */
  readonly forceAuthentication?: boolean | undefined
  /**
   * State of the application. The return URL carries it back, and the page after consent compares it. Default: with
   * `PendingConsents` in context, a random one for each session. Your own protects the page only if it is random, new
   * for each session, and at least 22 characters long.
   */
  readonly customState?: Redacted.Redacted | undefined
}

/**
 * An access token that is declared once, see `AccessToken.Tag`. `F` is its flow: a function that needs a user's consent
 * takes an `AccessTokenCredential<"USER_FEDERATION">`.
 *
 * @since 0.2.0
 * @category models
 */
export interface AccessTokenCredential<out F extends Flow = Flow>
  extends Declared.Declared<"AccessToken", AccessTokenDeclaration<F>>
{}

/**
 * An API key that is declared once, see `ApiKey.Tag`.
 *
 * @since 0.2.0
 * @category models
 */
export interface ApiKeyCredential extends
  Declared.Declared<"ApiKey", {
    /** The name of the API-key credential provider. */
    readonly provider: string
  }>
{}

/**
 * The errors of a request for an access token. Only the flow `USER_FEDERATION` has those of an authorization. The
 * consent handler adds its own.
 *
 * @since 0.2.0
 * @category errors
 */
export type AccessTokenError<F extends Flow = Flow> =
  | DataPlaneError
  | WorkloadAccessTokenError
  | NoTokenOrUrl
  | ("USER_FEDERATION" extends F ? AuthorizationFailed | AuthorizationTimedOut | ConsentStoreError : never)

/**
 * The errors of a request for an API key or a payment token.
 *
 * @since 0.2.0
 * @category errors
 */
export type ApiKeyError = DataPlaneError | WorkloadAccessTokenError

/**
 * Obtains credentials for the caller of a run: access tokens, API keys and payment tokens. `AccessToken` and `ApiKey`
 * use it. {@link layer} provides it over a data plane, `AwsIdentity.layer()` and `LocalIdentity.layer()` provide both.
 *
 * @since 0.2.0
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
export class Identity extends Context.Service<Identity, {
  /**
   * Returns an access token for the workload and the user of the `WorkloadAccessToken` in context.
   *
   * If the user has to consent and there is no handler, it fails with `RequiresUserConsent` at once. With a handler,
   * the handler shows the URL once, and the flow waits for the token. Flows other than `USER_FEDERATION` need no
   * consent: an authorization URL is then `NoTokenOrUrl`, as the status `FAILED` is.
   *
   * `options` are for a declared credential. An inline request has them as its own properties.
   */
  readonly getAccessToken: <
    F extends Flow = Flow,
    E = "USER_FEDERATION" extends F ? RequiresUserConsent : never,
    R = never
  >(
    request: AccessTokenRequest<E, R, F> | AccessTokenCredential<F>,
    options?: ConsentOptions<E, R>
  ) => Effect.Effect<Redacted.Redacted, AccessTokenError<F> | E, WorkloadAccessToken | R>
  /**
   * Continues a session, also in another process. It polls at once. If the user has not consented yet, it continues
   * like `getAccessToken`, until the session expires at the latest.
   */
  readonly resumeAccessToken: <E = RequiresUserConsent, R = never>(
    session: ConsentSession,
    options?: ConsentOptions<E, R>
  ) => Effect.Effect<Redacted.Redacted, AccessTokenError<"USER_FEDERATION"> | E, WorkloadAccessToken | R>
  /** Returns the API key of a credential provider. */
  readonly getApiKey: (
    request: ApiKeyCredential["request"] | ApiKeyCredential
  ) => Effect.Effect<Redacted.Redacted, ApiKeyError, WorkloadAccessToken>
  /**
   * Returns the tokens that authorize one request to a payment vendor. They expire, and `CredentialCache` does not keep
   * them: obtain them right before the request. To send a rejected request once more, retry the two together.
   */
  readonly getPaymentToken: (request: {
    readonly provider: string
    readonly payment: PaymentTokenRequest
  }) => Effect.Effect<PaymentTokenResponse, ApiKeyError, WorkloadAccessToken>
  /**
   * Completes an authorization for the user who is signed in where the browser came back.
   *
   * `user` must be the identifier that the authorization was started for. It must come from the application's own
   * sign-in, never from the URL. That alone does not stop a user who sends their own link to another person, and
   * completes the session after that person's consent. So compare a `customState` too, as `http/ConsentCallback` does.
   */
  readonly completeAuthorization: (options: {
    readonly sessionUri: Redacted.Redacted
    readonly user: UserIdentifier
  }) => Effect.Effect<void, DataPlaneError>
}>()("effect-agentcore-identity/Identity") {}

const nonEmpty = <A extends object>(value: A): A | undefined => Object.keys(value).length === 0 ? undefined : value

const isAboutAccount = ({ reason }: AuthorizationFailed): boolean =>
  reason === "AccountUnknown" || reason === "RevokedAtVendor" || reason === "WrongAccount"

type Caller = WorkloadAccessToken | Telemetry.Attempts

type Oauth2TokenRequest = Requests.Oauth2TokenRequest

/** Copies lists, because the program may change them while the call waits for its workload access token. */
const toOauth2TokenRequest = (
  request: Omit<AccessTokenRequest<unknown, unknown>, keyof ConsentOptions | "forceAuthentication">
) => ({
  resourceCredentialProviderName: request.provider,
  oauth2Flow: request.flow,
  scopes: [...request.scopes ?? []],
  resources: nonEmpty([...request.resources ?? []]),
  audiences: nonEmpty([...request.audiences ?? []]),
  resourceOauth2ReturnUrl: request.returnUrl,
  customState: request.customState,
  customParameters: nonEmpty({ ...request.customParameters })
} satisfies Oauth2TokenRequest)

const withReturnUrl = <E, R>(
  subject: AccessTokenRequest<E, R> | AccessTokenCredential,
  returnUrl: Option.Option<string>
): AccessTokenRequest<E, R> | AccessTokenCredential => {
  if (Option.isNone(returnUrl)) return subject
  const request = Declared.requestOf<AccessTokenRequest<E, R>>("AccessToken", subject)
  // A program in plain JavaScript can pass anything. The check reports it.
  if (!Predicate.isObject(request) || request.returnUrl !== undefined) return subject
  return { ...request, returnUrl: returnUrl.value }
}

/** Accepts a copy of a session, which has properties of the same types. */
const isSession = (session: unknown): boolean =>
  Predicate.isObject(session) && Redacted.isRedacted(session["sessionUri"])
  && Redacted.isRedacted(session["authorizationUrl"]) && DateTime.isDateTime(session["expiresAt"])

const returnUrlAdvice = (returnUrl: string | undefined): string =>
  returnUrl === undefined
    ? "give the request a return URL (returnUrl, or callbackUrl without Effect), or set Consent.ReturnUrl for the program. "
      + "Register the URL on the workload identity"
    : `register '${returnUrl}' on the workload identity of the caller, in code with WorkloadIdentity.ensure, `
      + "or in the setup file under workloadIdentities as one of allowedResourceOauth2ReturnUrls"

/** Appends advice to an error about the return URL. The planes return the message of the service unchanged. */
const withReturnUrlAdvice = (error: ValidationException, returnUrl: string | undefined): ValidationException =>
  isAboutReturnUrl(error)
    ? new ValidationException({ ...error, message: appendAdvice(error.message, returnUrlAdvice(returnUrl)) })
    : error

/** Names the provider, because AWS does not. */
const withProviderName = (error: ResourceNotFoundException, provider: string): ResourceNotFoundException =>
  error.message !== "CredentialProvider not found" ? error : new ResourceNotFoundException({
    ...error,
    message: appendAdvice(error.message, `this account and region have no OAuth2 credential provider '${provider}'`)
  })

/** AWS sends no expiry of a session. */
const makeSession = (
  { flow, provider, returnUrl }: AccessTokenRequest<unknown, unknown>,
  { audiences, customParameters, customState, resources, scopes }: Oauth2TokenRequest,
  { authorizationUrl, customState: sent, sessionUri }: Extract<TokenResponse, { readonly _tag: "ConsentRequired" }>
): Effect.Effect<ConsentSession> =>
  Effect.map(DateTime.now, (now) =>
    new ConsentSession({
      provider,
      flow,
      scopes,
      resources,
      audiences,
      returnUrl,
      // A cache may have shared the call of another caller.
      customState: sent ?? customState,
      customParameters,
      sessionUri,
      authorizationUrl,
      expiresAt: DateTime.addDuration(now, sessionLifetime)
    }))

// AgentCore sends a state back to the return URL. A random one has 22 characters in base64url.
const minimumStateLength = 22

const makeState = Effect.gen(function*() {
  const isCompared = Option.isSome(yield* Effect.serviceOption(PendingConsents)) && (yield* Consent.ReturnState)
  return isCompared ? ReturnState.generate() : undefined
})

const logUnregistered = (reason: string): Effect.Effect<void> =>
  Effect.logWarning(`A session was not stored for the page after consent, which will reject it: ${reason}`)

/** Stores the session for the page after consent, before a user sees its link. */
const register = Effect.fnUntraced(function*(session: ConsentSession) {
  const pending = yield* Effect.serviceOption(PendingConsents)
  if (Option.isNone(pending)) return
  const { user, workload } = yield* WorkloadAccessToken
  const { customState } = session
  if (user === undefined) {
    return yield* logUnregistered("its caller has no user. Set it with WorkloadAccessToken.withUser")
  }
  const invalid = Requests.checkUser({ user })
  if (invalid !== undefined) return yield* invalid
  if (customState === undefined && (yield* Consent.ReturnState)) {
    return yield* logUnregistered("it was started without PendingConsents in context, so it has no state")
  }
  if (customState !== undefined && Redacted.value(customState).length < minimumStateLength) {
    yield* Effect.logWarning(
      `The customState of a request has fewer than ${minimumStateLength} characters, so it can be guessed. `
        + "Make a random one for each session, or leave it out"
    )
  }
  yield* pending.value.open({ session, user, workload })
})

const timeOut = (session: ConsentSession): Effect.Effect<never, AuthorizationTimedOut> =>
  DateTime.now.pipe(
    Effect.flatMap((now) => Effect.sleep(DateTime.distance(now, session.expiresAt))),
    Effect.flatMap(() => new AuthorizationTimedOut({ session }))
  )

/** Repeats a rejected call once, and only if there is a new workload access token. */
const authenticated = <A>(
  call: (workloadIdentityToken: Redacted.Redacted) => Effect.Effect<A, DataPlaneError>
): Effect.Effect<A, DataPlaneError | WorkloadAccessTokenError, Caller> =>
  WorkloadAccessToken.use(({ get, invalidate }) => {
    const attempt = (token: Redacted.Redacted) => Telemetry.countAttempt(call(token))
    return Effect.flatMap(
      get,
      (token) =>
        Effect.catchTag(attempt(token), "UnauthorizedException", (error) =>
          Effect.gen(function*() {
            yield* invalidate(token)
            const fresh = yield* get
            if (Equal.equals(fresh, token)) return yield* error
            return yield* attempt(fresh)
          }))
    )
  })

const requestUnreviewed = (dataPlane: DataPlane["Service"], request: Oauth2TokenRequest, isChecked = false) => {
  const response = authenticated((token) => Requests.requestToken(dataPlane, request, token, isChecked))
  return Effect.catch(response, (error) =>
    Effect.gen(function*() {
      // The quota belongs to the account, so another process may have used it up.
      if (Transient.isThrottled(error)) yield* PollBudget.use(({ throttled }) => throttled)
      switch (error._tag) {
        case "ValidationException":
          return yield* withReturnUrlAdvice(error, request.resourceOauth2ReturnUrl)
        case "ResourceNotFoundException":
          return yield* withProviderName(error, request.resourceCredentialProviderName)
        default:
          return yield* error
      }
    }))
}

const requestReviewed = Effect.fnUntraced(function*(
  dataPlane: DataPlane["Service"],
  review: Review.Review,
  request: Oauth2TokenRequest,
  isPolled: boolean
) {
  const response = yield* requestUnreviewed(dataPlane, request, !isPolled)
  if (response._tag !== "Issued") return response
  const reviewed = review<Caller>({
    credential: {
      ...request,
      provider: request.resourceCredentialProviderName,
      returnUrl: request.resourceOauth2ReturnUrl
    },
    token: response.accessToken,
    isPolled,
    request: (forceAuthentication) =>
      requestUnreviewed(dataPlane, { ...request, sessionUri: undefined, forceAuthentication })
  })
  return reviewed === undefined ? response : yield* reviewed
})

type RequestToken = (
  request: Oauth2TokenRequest,
  isPolled: boolean
) => Effect.Effect<TokenResponse, Review.ReviewError, Caller>

const makeRequestToken =
  (dataPlane: DataPlane["Service"], review: Review.Review | undefined): RequestToken => (request, isPolled) =>
    // Without a user's consent, no browser has chosen an account.
    review !== undefined && request.oauth2Flow === "USER_FEDERATION"
      ? requestReviewed(dataPlane, review, request, isPolled)
      : requestUnreviewed(dataPlane, request, !isPolled)

/** Returns `None` if the token does not exist yet, or the connection was lost. */
const poll = Effect.fnUntraced(
  function*(requestToken: RequestToken, session: ConsentSession, sessionUri?: Redacted.Redacted) {
    const { customState, ...request } = toOauth2TokenRequest(session)
    // A new session is not shown, so it has no state.
    const state = sessionUri === undefined ? undefined : { customState, sessionUri }
    const response = yield* requestToken({ ...request, ...state }, true)
    if (response._tag === "Failed") return yield* new AuthorizationFailed({ provider: session.provider })
    return response._tag === "Issued" ? Option.some(response.accessToken) : Option.none()
  },
  Effect.catchIf(
    (error) => error._tag !== "AuthorizationFailed" && Transient.isTransient(error),
    (error) => Effect.as(Effect.logDebug(`Polling continues after ${error._tag}`), Option.none())
  )
)

/** Also polls on after an error about the account: the vendor may name it later, or the user may connect it again. */
const pollOn = (requestToken: RequestToken, session: ConsentSession, sessionUri?: Redacted.Redacted) =>
  Effect.catchIf(
    poll(requestToken, session, sessionUri),
    (error) => error._tag === "AuthorizationFailed" && isAboutAccount(error),
    (error) => Effect.as(Effect.logDebug(`Polling continues: ${error.message}`), Option.none())
  )

/** Shows the session, and returns the wait. The frame of a generator would take memory as long as the wait lasts. */
const show = Effect.fnUntraced(function*<E, R>(
  requestToken: RequestToken,
  session: ConsentSession,
  options: ConsentOptions<E, R>
) {
  if (!(yield* DateTime.isFuture(session.expiresAt))) return yield* new AuthorizationTimedOut({ session })
  // Without a handler, a request has the same E and R as the default handler: RequiresUserConsent and never.
  const handler = options.consent
    ?? (yield* Consent.Handler) as Consent.Handler<unknown> as Consent.Handler<E, R>
  const { poll = yield* TokenPoller.TokenPoller } = options
  const base = Schedule.isSchedule(poll) ? TokenPoller.schedule(poll) : poll
  const poller: TokenPoller.TokenPoller = (wait) => Effect.raceFirst(base(wait), timeOut(session))
  const wait = { session, poll: Effect.suspend(() => pollOn(requestToken, session, session.sessionUri)) }
  if (Predicate.isFunction(handler) || handler.ownPage !== true) yield* register(session)
  if (Predicate.isFunction(handler)) {
    yield* handler(session)
    return poller(wait)
  }
  const shown = Effect.suspend(() => handler.show(session))
  return handler.wait<AccessTokenError | E, Caller | R>({
    ...wait,
    poller,
    request: Effect.suspend(() => pollOn(requestToken, session)),
    shown
  })
})

/** Returns the token, or the wait for it. */
const getAccessToken = Effect.fnUntraced(function*<E, R>(
  requestToken: RequestToken,
  subject: AccessTokenRequest<E, R> | AccessTokenCredential,
  options: ConsentOptions<E, R> | undefined
) {
  const completed = withReturnUrl(subject, yield* Consent.ReturnUrl)
  const error = Requests.accessToken.checkRequest(completed)
    ?? (options === undefined ? undefined : Requests.checkConsentOptions(options))
  if (error !== undefined) return yield* error
  const request: AccessTokenRequest<E, R> = { ...Declared.requestOf("AccessToken", completed), ...options }
  const tokenRequest = toOauth2TokenRequest(request)
  const { flow, forceAuthentication, provider } = request
  if (flow === "USER_FEDERATION") tokenRequest.customState ??= yield* makeState
  const response = yield* requestToken({ ...tokenRequest, forceAuthentication }, false)
  switch (response._tag) {
    case "Issued":
      return Effect.succeed(response.accessToken)
    case "Failed":
      return yield* flow === "USER_FEDERATION"
        ? new AuthorizationFailed({ provider })
        : new NoTokenOrUrl({ provider, reason: "Failed" })
    case "InProgress":
      return yield* new NoTokenOrUrl({ provider })
    case "ConsentRequired": {
      if (flow !== "USER_FEDERATION") return yield* new NoTokenOrUrl({ provider, reason: "AuthorizationUrl" })
      const wait = Effect.flatten(show(requestToken, yield* makeSession(request, tokenRequest, response), request))
      // The handler can request other credentials. The rejected credential must not affect them.
      const rejected = yield* Renewal.Rejected
      return Option.isNone(rejected) ? wait : Effect.provideService(wait, Renewal.Rejected, Option.none())
    }
  }
})

/** Returns the token, or the wait for it. */
const resumeAccessToken = Effect.fnUntraced(function*<E, R>(
  requestToken: RequestToken,
  session: ConsentSession,
  options: ConsentOptions<E, R> = {}
) {
  const error = isSession(session) ? Requests.checkConsentOptions(options) : Requests.notASession(session)
  if (error !== undefined) return yield* error
  const token = yield* Effect.provideService(poll(requestToken, session, session.sessionUri), CallPriority, "normal")
  return Option.isSome(token) ? Effect.succeed(token.value) : Effect.flatten(show(requestToken, session, options))
})

const getApiKey = Effect.fnUntraced(function*(
  dataPlane: DataPlane["Service"],
  subject: Parameters<Identity["Service"]["getApiKey"]>[0]
) {
  const error = Requests.apiKey.checkRequest(subject)
  if (error !== undefined) return yield* error
  const { provider: resourceCredentialProviderName } = Declared.requestOf("ApiKey", subject)
  const response = yield* authenticated((workloadIdentityToken) =>
    dataPlane.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName })
  )
  return response.apiKey
})

const getPaymentToken = Effect.fnUntraced(function*(
  dataPlane: DataPlane["Service"],
  request: Parameters<Identity["Service"]["getPaymentToken"]>[0]
) {
  const error = Requests.checkPaymentToken(request)
  if (error !== undefined) return yield* error
  const { payment: paymentTokenRequest, provider: resourceCredentialProviderName } = request
  const response = yield* authenticated((workloadIdentityToken) =>
    dataPlane.getResourcePaymentToken({ workloadIdentityToken, resourceCredentialProviderName, paymentTokenRequest })
  )
  return response.paymentTokenResponse
})

const completeAuthorization = Effect.fnUntraced(function*(
  dataPlane: DataPlane["Service"],
  options: Parameters<Identity["Service"]["completeAuthorization"]>[0]
) {
  const error = Requests.checkCompletion(options)
  if (error !== undefined) return yield* error
  const { sessionUri, user: userIdentifier } = options
  yield* Telemetry.countAttempt(dataPlane.completeResourceTokenAuth({ sessionUri, userIdentifier }))
})

/**
 * An `Identity` over the data plane in context. Every operation has a span `Identity.<operation>`, and updates
 * metrics in Effect's registry, where an exporter such as `@effect/opentelemetry` reads them:
 *
 * - `agentcore.identity.operations`: the number of ended operations
 * - `agentcore.identity.operation.duration`, in seconds. With a consent handler it includes the wait for the user
 * - `agentcore.identity.operation.attempts`: the calls of the data plane. More than one means polls, or a rejected and
 *   renewed workload access token. None means that there was no workload access token. Cache hits count as calls;
 *   retries of the AWS SDK do not
 *
 * The metrics have these labels. The span has them as attributes, except the first, which is in its name.
 *
 * - `agentcore.operation`: the method of `Identity`
 * - `agentcore.provider`: the credential provider. `other` stands for invalid names, and for those after the first 1000
 * - `agentcore.flow`: the OAuth2 flow, where the operation has one
 * - `agentcore.outcome`: `ok`, the `_tag` of the error, `failure` for an error without one, `interrupted` or `defect`
 *
 * The span also has `agentcore.attempts`, and with a `CredentialCache` `agentcore.cache`: `hit` or `miss`. The span of
 * a call at AWS, `DataPlane.<operation>`, has the id of the request as `aws.request_id`. Labels and attributes never
 * contain scopes, users, URLs or secrets.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make: Effect.Effect<Identity["Service"], never, DataPlane> = Effect.gen(function*() {
  const dataPlane = yield* DataPlane
  const requestToken = makeRequestToken(
    dataPlane,
    Option.getOrUndefined(yield* Effect.serviceOption(Review.TokenReview))
  )
  const observe = Telemetry.make()

  const observed = <E, R>(
    subject: AccessTokenRequest<E, R> | AccessTokenCredential,
    options?: ConsentOptions<E, R>
  ) => {
    const token = Effect.flatten(getAccessToken(requestToken, subject, options))
    return observe("getAccessToken", Declared.requestOf("AccessToken", subject), token)
  }

  return {
    // TypeScript cannot see that the errors of a consent end the flow `USER_FEDERATION` only.
    getAccessToken: observed as Identity["Service"]["getAccessToken"],
    resumeAccessToken: (session, options) =>
      observe("resumeAccessToken", session, Effect.flatten(resumeAccessToken(requestToken, session, options))),
    getApiKey: (subject) => observe("getApiKey", Declared.requestOf("ApiKey", subject), getApiKey(dataPlane, subject)),
    getPaymentToken: (request) => observe("getPaymentToken", request, getPaymentToken(dataPlane, request)),
    completeAuthorization: (options) =>
      observe("completeAuthorization", undefined, completeAuthorization(dataPlane, options))
  }
})

/**
 * Provides {@link Identity} over a data plane: that of `AwsDataPlane.layer()`, `AwsDataPlane.layerHttpNode()`, or a
 * decorated one. `AwsIdentity.layer()` and `LocalIdentity.layer()` already include this layer.
 *
 * Each `Effect.provide` builds this layer for its own data plane. The same holds for all layers of this package that
 * depend on an account or a user, with their caches and budgets. To share one between two parts of a program for one
 * account, compose it with its plane into one constant, and provide that to both. If your own layer depends on an
 * `Identity`, use `Layer.fresh`, or `Effect.provide` with `{ local: true }`: Effect shares other layers between two
 * programs.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
 * import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * // With a cache between `Identity` and the data plane.
 * const live = WorkloadAccessToken.layerWorkload({ name: "my-agent" }).pipe(
 *   Layer.provideMerge(Identity.layer),
 *   Layer.provideMerge(CredentialCache.layer()),
 *   Layer.provide(AwsDataPlane.layer({ region: "us-west-2" }))
 * )
 *
 * const program = AccessToken.get({ provider: "reports", flow: "M2M" }).pipe(Effect.provide(live))
 */
export const layer: Layer.Layer<Identity, never, DataPlane> = Layer.fresh(Layer.effect(Identity, make))
