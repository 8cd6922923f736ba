/** The operations of the data plane over registry, vault and consent sessions. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import * as DataPlane from "../../DataPlane.js"
import * as Messages from "../../internal/messages.js"
import type * as Operation from "../../Operation.js"
import type {
  AuthorizationServer,
  OAuthError,
  OnBehalfOf,
  Service as OAuthClient,
  TokenExchangeRequest,
  UserTokenError
} from "../oauth/oauthClient.js"
import * as Parameters from "../oauth/parameters.js"
import type { VaultStoreError } from "../vault/vaultStore.js"
import type { VaultUser } from "./backendModels.js"
import { explain, noteUser, warn } from "./callContext.js"
import { type Exception, type Invalid, invalid, mapStoreError, type Operations, raise } from "./failures.js"
import { formatParts, formatUser } from "./format.js"
import * as PaymentTokens from "./paymentTokens.js"
import type { Registry } from "./registry.js"
import type { Oauth2Provider } from "./registry/oauth2Providers.js"
import type { Workload } from "./registry/workloadIdentities.js"
import type { Settings } from "./secrets.js"
import { Event, type FailureReason, type Rejection } from "./session.js"
import { makeAuthorizationUrl, readShape, type Session, type SessionStore } from "./sessionStore.js"
import * as Vault from "./vault.js"
import * as Vendors from "./vendorEndpoints.js"
import * as WorkloadToken from "./workloadToken.js"

type TokenRequest = Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>

export interface Dependencies {
  readonly client: OAuthClient
  /** Without a trailing slash. */
  readonly publicUrl: string
  readonly registry: Registry
  /** Milliseconds. */
  readonly sessionLifetime: number
  readonly sessions: SessionStore
  readonly settings: Settings
  readonly vault: Vault.Vault
  readonly workloadTokens: WorkloadToken.WorkloadTokens
}

/** Characters. The parameters become part of a URL, and no server accepts a longer one. */
const maxShape = 16 * 1024

/** Like the live service, the backend does not pass on the error of an authorization server. */
const unparsable = (grant: "ClientCredentials" | "AuthorizationCode" | "RefreshToken") =>
  invalid(`Error parsing ${grant} response`)

/** Messages about the authorization server itself, of every flow. */
const describeServer = (
  { denial, discoveryUrl, reason, unresolvedHost }: OAuthError
): Invalid | Exception<"AccessDeniedException"> | undefined => {
  if (denial !== undefined) return raise("AccessDeniedException", denial)
  if (discoveryUrl !== undefined) return invalid("Invalid Discovery URL")
  if (unresolvedHost !== undefined) return invalid(`Failed to resolve hostname: ${unresolvedHost}`)
  return reason === "Misconfigured" ? invalid("Token endpoint is not a valid URL") : undefined
}

const mapGrantError = (grant: Parameters<typeof unparsable>[0]) => (error: OAuthError) =>
  describeServer(error) ?? unparsable(grant)

/** The second message was seen for a response without a token. No source documents that for a missing response. */
const mapExchangeError = (error: OAuthError) =>
  describeServer(error) ?? invalid(
    error.status === undefined
      ? "Error parsing token exchange response"
      : `Token exchange failed with HTTP status ${error.status}`
  )

const mapVaultError = <A>(effect: Effect.Effect<A, OAuthError | VaultStoreError>) =>
  mapStoreError(Effect.catchTag(effect, "OAuthError", (error) =>
    Effect.fail(
      describeServer(error) ?? (error.reason === "Unreachable"
        ? raise("InternalServerException", "The authorization server did not respond")
        : unparsable("RefreshToken"))
    )))

/** An unreachable issuer is not an `InternalServerException`, because the SDKs would repeat the request. */
const mapUserTokenError = ({ message, reason }: UserTokenError) =>
  reason === "Malformed" ? invalid(message, "userToken") : raise("UnauthorizedException", message)

/** Omits the query and the fragment of the return URL, because they may contain secrets. */
const explainReturnUrl = ({ allowedResourceOauth2ReturnUrls: registered, name }: Workload, returnUrl?: string) => {
  const sent = returnUrl?.replace(/([?#]).*$/s, "$1…")
  const problem = sent === undefined
    ? "The request has no resourceOauth2ReturnUrl"
    : `The return URL ${sent} is not registered on the workload identity '${name}'`
  const registeredUrls = registered.join(", ")
  const advice = registered.length === 0
    ? `'${name}' has no return URLs: add ${sent === undefined ? "one" : "it"} to allowedResourceOauth2ReturnUrls`
    : sent === undefined
    ? `Send one that is registered on the workload identity '${name}' (${registeredUrls})`
    : `Send a registered one (${registeredUrls}), or add it to allowedResourceOauth2ReturnUrls`
  return Messages.escape(`${problem}. ${advice}`)
}

/** The messages are those of the live service. */
const checkReturnUrl = (workload: Workload, returnUrl: string | undefined) => {
  const registered = workload.allowedResourceOauth2ReturnUrls
  if (returnUrl !== undefined && registered.includes(returnUrl)) return Effect.succeed(returnUrl)
  const error = registered.length > 0 && returnUrl === undefined
    ? invalid("You must provide a ResourceOauth2ReturnUrl to proceed with this flow")
    : invalid(
      "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow"
    )
  return Effect.andThen(warn(explainReturnUrl(workload, returnUrl)), error)
}

const failures: { readonly [Reason in FailureReason]: string } = {
  Denied: "The user denied consent",
  Rejected: "The authorization server sent the user's browser back with an error",
  Expired: "The session has expired",
  ExchangeFailed: "The authorization server issued no token for the code"
}

const rejections: { readonly [Reason in Rejection]: string } = {
  Expired: "The session has expired",
  Finished: "The session has ended without a token",
  Replayed: "The session is already completed, or is being completed",
  TooEarly: "The user has not consented yet",
  WrongUser: "Another user, or another JWT of the user, opened the session"
}

const describeWrongUser = (user: VaultUser, userId: string | undefined): string =>
  `The user '${formatUser(user)}' opened the session, and the request completes it for ${
    userId === undefined ? "another JWT" : `the user id '${userId}'`
  }`

/** The live service was seen to reject these names in requests on behalf of users. */
const checkParameters = ({ audiences = [], customParameters = {}, resources = [] }: TokenRequest) => {
  const reserved = [
    ...Parameters.reserved,
    ...resources.length > 0 ? ["resource"] : [],
    ...audiences.length > 0 ? ["audience"] : []
  ]
  const name = reserved.find((name) => Object.hasOwn(customParameters, name))
  return name === undefined
    ? Effect.void
    : invalid(`${name} cannot be present in customParameters for the specified OAuth2 Flow`)
}

const toIssued = (accessToken: Redacted.Redacted): DataPlane.TokenResponse => new DataPlane.Issued({ accessToken })

const authenticate = Effect.fnUntraced(function*({ registry, workloadTokens }: Dependencies, token: Redacted.Redacted) {
  const claims = yield* workloadTokens.open(token)
  if (claims === undefined) {
    yield* explain("The workload access token has expired, or this server did not issue it")
    return yield* raise("UnauthorizedException", "Workload access token is invalid or expired")
  }
  const user = WorkloadToken.nameOf(claims.user)
  if (user !== undefined) yield* noteUser(user)
  return { user: claims.user, workload: yield* registry.findWorkload(claims.workload) }
})

const makeActor = (
  client: OAuthClient,
  server: AuthorizationServer,
  { actor }: Extract<OnBehalfOf, { readonly grantType: "TOKEN_EXCHANGE" }>
): TokenExchangeRequest["actor"] =>
  actor.content === "M2M"
    ? {
      type: "urn:ietf:params:oauth:token-type:access_token",
      token: () => Effect.map(client.clientCredentials(server, { scopes: actor.scopes }), (set) => set.accessToken)
    }
    : actor.content === "AWS_IAM_ID_TOKEN_JWT"
    ? { type: "urn:ietf:params:oauth:token-type:jwt", token: actor.awsToken }
    : undefined

const exchangeUserToken = Effect.fnUntraced(function*(
  client: OAuthClient,
  user: WorkloadToken.User,
  { server, vendor }: Oauth2Provider,
  { audiences, customParameters, resources, scopes }: TokenRequest
) {
  const { onBehalfOf } = server
  if (user._tag !== "Jwt") {
    return yield* invalid(
      "ON_BEHALF_OF_TOKEN_EXCHANGE needs a workload access token that was made of a user's JWT: make the caller with the user's JWT (GetWorkloadAccessTokenForJWT)"
    )
  }
  if (user.token === undefined) {
    return yield* invalid("The user's JWT cannot be exchanged, because it is too large for a workload access token")
  }
  if (onBehalfOf === undefined) {
    yield* explain("Use the vendor MicrosoftOauth2, or CustomOauth2 with onBehalfOfTokenExchangeConfig")
    // Seen for CustomOauth2.
    return yield* invalid(
      `OnBehalfOfTokenExchangeConfig is required in the OBO flow for OAuth2 credential provider type: ${vendor}`
    )
  }
  const targets = { audiences, customParameters, resources, scopes }
  const { token } = user
  const { accessToken } = yield* Effect.mapError(
    onBehalfOf.grantType === "JWT_AUTHORIZATION_GRANT"
      ? client.jwtGrant(server, { ...targets, assertion: token, requestedTokenUse: onBehalfOf.requestedTokenUse })
      : client.exchangeToken(server, { ...targets, subjectToken: token, actor: makeActor(client, server, onBehalfOf) }),
    mapExchangeError
  )
  return toIssued(accessToken)
})

/** Logs a reason, because the responses of the service contain none. */
const logReason = (key: string, provider: Oauth2Provider, reason: string) =>
  Effect.andThen(
    Effect.annotateLogs(Effect.logInfo(reason), { provider: provider.name, workload: Vault.readKey(key).workload }),
    explain(reason)
  )

const poll = Effect.fnUntraced(function*(
  { sessions, vault }: Dependencies,
  key: string,
  provider: Oauth2Provider,
  sessionUri: Redacted.Redacted,
  shape: Vault.RequestShape
) {
  const session = yield* sessions.byUri(sessionUri)
  const fail = (reason: string) => Effect.as(explain(reason), new DataPlane.Failed())
  // The response does not distinguish the session of another user from a dropped one.
  if (session === undefined) return yield* fail("There is no such session, or it was dropped")
  if (session.key !== key) {
    const owner = Vault.readKey(session.key)
    yield* warn(
      "A poll names a session of another user, workload identity or provider",
      `The session belongs to the user '${formatUser(owner.user)}', the workload identity '${owner.workload}' and `
        + `the provider '${session.provider.name}'`
    )
    return new DataPlane.Failed()
  }
  const others = Vault.differences(readShape(session), shape)
  if (others.length > 0) {
    yield* logReason(key, provider, `A poll fails, because its session was opened for other ${formatParts(others)}`)
    return new DataPlane.Failed()
  }
  const state = yield* sessions.state(session)
  if (state._tag === "Failed") return yield* fail(failures[state.reason])
  if (state._tag !== "Completed") return new DataPlane.InProgress()
  // The token is found by the id of its grant, because a later grant of the same shape belongs to another session.
  const token = yield* mapVaultError(vault.get(key, provider.server, state.grantId))
  return Option.match(token, { onNone: () => new DataPlane.Failed(), onSome: toIssued })
})

const explainConsent = (vault: Vault.Vault, key: string, provider: Oauth2Provider, shape: Vault.RequestShape) =>
  Effect.tap(mapStoreError(vault.differences(key, shape)), (parts) => {
    const reason = `The user has to consent again, because a grant exists for other ${formatParts(parts)}`
    return parts.length === 0 ? Effect.void : logReason(key, provider, reason)
  })

const getUserToken = Effect.fnUntraced(function*(
  dependencies: Dependencies,
  { user, workload }: { readonly user: WorkloadToken.User; readonly workload: Workload },
  provider: Oauth2Provider,
  request: TokenRequest
) {
  const { client, publicUrl, sessions, vault } = dependencies
  // Like the live service, it checks the return URL even if a grant exists.
  const returnUrl = yield* checkReturnUrl(workload, request.resourceOauth2ReturnUrl)
  if (user._tag === "None") {
    return yield* invalid(
      "USER_FEDERATION needs a workload access token of a user: make the caller with a user (GetWorkloadAccessTokenForJWT or GetWorkloadAccessTokenForUserId)"
    )
  }
  // The key contains the callback id, so that a provider does not inherit the tokens of a deleted one with its name.
  const key = Vault.makeKey(workload.name, user, provider.callbackId)
  const { audiences, customParameters = {}, resources, scopes } = request
  const wanted = { audiences, resources, scopes }
  const shape = { ...wanted, customParameters }
  const isForced = request.forceAuthentication === true
  if (!isForced) {
    const token = yield* mapVaultError(vault.find(key, provider.server, shape))
    if (Option.isSome(token)) return toIssued(token.value)
  }
  if (request.sessionUri !== undefined) return yield* poll(dependencies, key, provider, request.sessionUri, shape)
  if (provider.server.clientId === "") {
    return yield* invalid("USER_FEDERATION needs a clientId in the credential provider's configuration")
  }
  // Otherwise the caller would get a link that leads to an error page.
  if (JSON.stringify(shape).length > maxShape) {
    return yield* invalid(
      `scopes, resources, audiences and customParameters must have at most ${maxShape} characters together, as JSON`
    )
  }
  yield* Effect.mapError(client.discover(provider.server), mapGrantError("AuthorizationCode"))
  if (isForced) yield* mapStoreError(vault.drop(key, shape))
  const session = yield* mapStoreError(
    sessions.open({
      key,
      artifact: user.artifact,
      provider: { name: provider.name, callbackId: provider.callbackId, callbackUrl: provider.callbackUrl },
      wanted,
      returnUrl,
      customState: Option.fromNullishOr(request.customState),
      customParameters,
      otherGrant: isForced ? [] : yield* explainConsent(vault, key, provider, shape)
    })
  )
  return new DataPlane.ConsentRequired({
    authorizationUrl: makeAuthorizationUrl(publicUrl, session.uri),
    sessionUri: session.uri
  })
})

/** Completes a session for the user with this artifact: it exchanges the code, and stores the tokens. */
export const completeSession = (
  { client, registry, sessions, vault }: Dependencies,
  session: Session,
  artifact: string
) =>
  // A code is valid for one exchange, so a caller who disconnects must not interrupt it.
  Effect.uninterruptible(Effect.gen(function*() {
    const server = yield* registry.findAuthorizationServer(session.provider)
    const before = yield* sessions.apply(session, Event.CompletionClaimed({ artifact }))
    // The state machine accepts a claim in no other state.
    if (before._tag !== "Authorized") return yield* Effect.fail("TooEarly" as const)
    const tokens = yield* client.exchangeCode(server, {
      callbackUrl: before.callbackUrl,
      state: session.authorizationState,
      codeVerifier: session.codeVerifier,
      resources: session.wanted.resources
    }).pipe(Effect.tapError(() => Effect.ignore(sessions.apply(session, Event.ExchangeFailed()))))
    const grantId = randomUUID()
    yield* vault.store(
      session.key,
      grantId,
      readShape(session),
      tokens,
      // If the session has expired in the meantime, this fails, and the vault stores nothing.
      sessions.apply(session, Event.TokensStored({ grantId }))
    ).pipe(
      // The code is used up, and the tokens are not stored.
      Effect.tapErrorTag("VaultStoreError", () => Effect.ignore(sessions.apply(session, Event.ExchangeFailed())))
    )
  }))

const completeResourceTokenAuth = Effect.fnUntraced(function*(
  dependencies: Dependencies,
  { sessionUri, userIdentifier }: Operation.Request<typeof DataPlane.operations.completeResourceTokenAuth>
) {
  // The live service has one error for a wrong user and for a session that is unknown, not authorized yet, expired
  // or completed. A failed attempt does not end the session, so that knowing its URI is not enough to end it.
  const reject = (message: string, reason = message) =>
    Effect.andThen(warn(message, reason), raise("AccessDeniedException", "Invalid or expired session"))
  const { userId } = userIdentifier
  if (userId !== undefined) yield* noteUser({ userId })
  const session = yield* dependencies.sessions.byUri(sessionUri)
  if (session === undefined) return yield* reject("There is no such session, or it was dropped")
  const { user } = Vault.readKey(session.key)
  const artifact = userIdentifier.userId !== undefined
    ? WorkloadToken.makeArtifact("UserId", userIdentifier.userId)
    : WorkloadToken.makeArtifact("Jwt", Redacted.value(userIdentifier.userToken))
  // Nothing verifies another JWT than that of the session.
  if (artifact === session.artifact) yield* noteUser(user)
  yield* completeSession(dependencies, session, artifact).pipe(
    Effect.catchTags({
      OAuthError: mapGrantError("AuthorizationCode"),
      ResourceNotFoundException: () => reject("The credential provider of the session was deleted"),
      VaultStoreError: (error) => mapStoreError(Effect.fail(error))
    }),
    Effect.catch((error) =>
      typeof error !== "string"
        ? Effect.fail(error)
        : reject(rejections[error], error === "WrongUser" ? describeWrongUser(user, userId) : undefined)
    )
  )
})

export const make = (dependencies: Dependencies): Operations<typeof DataPlane.operations> => {
  const { client, registry, settings, workloadTokens } = dependencies
  const issueWorkloadToken = ({ name }: Workload, user: WorkloadToken.User, endsAt?: number) =>
    Effect.map(workloadTokens.seal(name, user, endsAt), (workloadAccessToken) => ({ workloadAccessToken }))

  return {
    getWorkloadAccessToken: ({ workloadName }) =>
      Effect.flatMap(registry.findCaller(workloadName), (workload) => issueWorkloadToken(workload, { _tag: "None" })),

    getWorkloadAccessTokenForJwt: Effect.fnUntraced(function*({ userToken, workloadName }) {
      const workload = yield* registry.findCaller(workloadName)
      const current = yield* settings
      const issuers = current.inboundIssuers?.flatMap((name) => [name, Vendors.findIssuer(name, current) ?? name])
      const standIn = (issuer: string) => Vendors.findIssuer(issuer, { offlineIssuer: current.offlineIssuer })
      const claims = yield* Effect.mapError(
        client.verifyUserToken(userToken, { issuers, standIn, signature: current.inboundJwt !== "decode" }),
        mapUserTokenError
      )
      yield* noteUser({ issuer: claims.iss, subject: claims.sub })
      return yield* issueWorkloadToken(workload, WorkloadToken.userOfJwt(userToken, claims), claims.exp)
    }),

    getWorkloadAccessTokenForUserId: ({ userId, workloadName }) =>
      Effect.flatMap(
        Effect.andThen(noteUser({ userId }), registry.findCaller(workloadName)),
        (workload) => issueWorkloadToken(workload, WorkloadToken.userOfId(userId))
      ),

    getResourceOauth2Token: Effect.fnUntraced(function*(request) {
      const caller = yield* authenticate(dependencies, request.workloadIdentityToken)
      const provider = yield* registry.findOauth2Provider(request.resourceCredentialProviderName)
      yield* checkParameters(request)
      switch (request.oauth2Flow) {
        case "M2M":
          return yield* Effect.mapBoth(client.clientCredentials(provider.server, request), {
            onFailure: mapGrantError("ClientCredentials"),
            onSuccess: ({ accessToken }) => toIssued(accessToken)
          })
        case "USER_FEDERATION":
          return yield* getUserToken(dependencies, caller, provider, request)
        case "ON_BEHALF_OF_TOKEN_EXCHANGE":
          return yield* exchangeUserToken(client, caller.user, provider, request)
      }
    }),

    getResourceApiKey: Effect.fnUntraced(function*(request) {
      yield* authenticate(dependencies, request.workloadIdentityToken)
      const apiKey = yield* registry.findApiKey(request.resourceCredentialProviderName)
      // The model accepts an empty key at creation. A caller would treat an empty credential as a valid one.
      if (Redacted.value(apiKey) === "") return yield* invalid("The API key of the credential provider is empty")
      return { apiKey }
    }),

    getResourcePaymentToken: Effect.fnUntraced(function*(request) {
      yield* authenticate(dependencies, request.workloadIdentityToken)
      const credentials = yield* registry.findPaymentCredentials(request.resourceCredentialProviderName)
      return { paymentTokenResponse: yield* PaymentTokens.make(credentials, request.paymentTokenRequest) }
    }),

    completeResourceTokenAuth: (request) => completeResourceTokenAuth(dependencies, request)
  }
}
