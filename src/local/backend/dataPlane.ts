/**
 * The data plane's operations over registry, vault and sessions.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import * as DataPlane from "../../DataPlane.js"
import {
  AccessDeniedException,
  InternalServerException,
  type ResourceNotFoundException,
  UnauthorizedException,
  ValidationException
} from "../../IdentityError.js"
import type { LocalSettings } from "../../internal/identitySetup/localSettings.js"
import type { OAuthError, Service as OAuthClientService, UserTokenError } from "../OAuthClient.js"
import { logged } from "./log.js"
import * as OnBehalfOf from "./onBehalfOf.js"
import * as PaymentTokens from "./paymentTokens.js"
import type { Oauth2Provider, Registry, Workload } from "./registry.js"
import { stored } from "./registry/resource.js"
import * as Sessions from "./session.js"
import type * as SessionServer from "./sessionServer.js"
import type { Session, SessionStore } from "./sessionStore.js"
import type { StoreError } from "./store.js"
import * as Vault from "./vault.js"
import * as WorkloadToken from "./workloadToken.js"

/** @internal */
export interface Parts {
  readonly client: OAuthClientService
  readonly publicUrl: string
  readonly registry: Registry
  readonly serverOf: SessionServer.Find
  readonly sessions: SessionStore
  readonly settings: LocalSettings
  readonly vault: Vault.Vault
  readonly workloadTokens: WorkloadToken.WorkloadTokens
}

/** @internal */
export type CompletionError =
  | Sessions.Rejection
  | OAuthError
  | StoreError
  | ResourceNotFoundException
  | ValidationException
  | InternalServerException

/** @internal */
export interface Operations {
  readonly dataPlane: DataPlane.Service
  /** Completes a session for the user of this artifact: exchanges the code, and stores what it gives. */
  readonly complete: (session: Session, artifact: string) => Effect.Effect<void, CompletionError>
}

const oauth2Operation = "GetResourceOauth2Token"
const completeOperation = "CompleteResourceTokenAuth"

/** The vault's answer, with what kept it from answering said as the operation's error. */
const fromVault = <A>(
  provider: Oauth2Provider,
  effect: Effect.Effect<A, OAuthError | StoreError>
): Effect.Effect<A, ValidationException | InternalServerException> =>
  effect.pipe(
    Effect.catchTag("OAuthError", (error) =>
      Effect.zipRight(
        Effect.ignore(logged(provider.name, Effect.fail(error))),
        Effect.fail(refreshError(error))
      )),
    Effect.catchTag("StoreError", (error) => stored(oauth2Operation, Effect.fail(error)))
  )

const invalid = (operation: string, message: string): ValidationException =>
  new ValidationException({ operation, message })

/** The live service passes on nothing of what an authorization server says. */
const unparsable = (
  operation: string,
  grant: "ClientCredentials" | "AuthorizationCode" | "RefreshToken" | "TokenExchange"
) => invalid(operation, `Error parsing ${grant} response`)

const refreshError = (error: OAuthError): ValidationException | InternalServerException =>
  error.reason === "Unreachable"
    ? new InternalServerException({ operation: oauth2Operation, message: "The authorization server did not answer" })
    : unparsable(oauth2Operation, "RefreshToken")

/** What is no JWT is not a valid request; a JWT that is not to be believed does not authorize. */
const userTokenError = (
  operation: string,
  { message, reason }: UserTokenError
): ValidationException | UnauthorizedException | InternalServerException =>
  reason === "Malformed"
    ? new ValidationException({
      operation,
      message,
      reason: "FieldValidationFailed",
      fieldList: [{ name: "userToken", message }]
    })
    : reason === "Unreachable"
    ? new InternalServerException({ operation, message })
    : new UnauthorizedException({ operation, message })

/** By the words of the live service. */
const checkReturnUrl = (
  workload: Workload,
  returnUrl: string | undefined
): Effect.Effect<string, ValidationException> => {
  const registered = workload.allowedResourceOauth2ReturnUrls
  return registered.length > 0 && returnUrl === undefined
    ? invalid(oauth2Operation, "You must provide a ResourceOauth2ReturnUrl to proceed with this flow")
    : returnUrl === undefined || !registered.includes(returnUrl)
    ? invalid(
      oauth2Operation,
      "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow"
    )
    : Effect.succeed(returnUrl)
}

/** @internal */
export const make = (
  { client, publicUrl, registry, serverOf, sessions, settings, vault, workloadTokens }: Parts
): Operations => {
  const userTokens = { issuers: settings.inboundIssuers, signature: settings.inboundJwt !== "decode" }

  const seal = (operation: string, workloadName: string, user: WorkloadToken.User) =>
    Effect.flatMap(
      registry.workload(operation, workloadName),
      ({ name }) => Effect.map(workloadTokens.seal(name, user), (workloadAccessToken) => ({ workloadAccessToken }))
    )

  const caller = Effect.fnUntraced(function*(operation: string, token: Redacted.Redacted) {
    const claims = Option.getOrUndefined(yield* workloadTokens.open(token))
    if (claims === undefined) {
      return yield* new UnauthorizedException({ operation, message: "Workload access token is invalid or expired" })
    }
    return { user: claims.user, workload: yield* registry.workload(operation, claims.workload) }
  })

  const issued = (accessToken: Redacted.Redacted): DataPlane.TokenAnswer => new DataPlane.Issued({ accessToken })

  const machineToMachine = (provider: Oauth2Provider, request: DataPlane.GetResourceOauth2TokenRequest) =>
    logged(provider.name, client.clientCredentials(provider.server, request)).pipe(
      Effect.mapError(() => unparsable(oauth2Operation, "ClientCredentials")),
      Effect.map(({ accessToken }) => issued(accessToken))
    )

  const onBehalfOf = (
    user: WorkloadToken.User,
    provider: Oauth2Provider,
    request: DataPlane.GetResourceOauth2TokenRequest
  ) =>
    OnBehalfOf.exchange(client, user, provider.server, request).pipe(
      Effect.tapErrorTag("OAuthError", (error) => logged(provider.name, Effect.fail(error))),
      Effect.catchTag("OAuthError", () => unparsable(oauth2Operation, "TokenExchange")),
      Effect.map(({ accessToken }) => issued(accessToken))
    )

  const poll = Effect.fnUntraced(function*(key: string, provider: Oauth2Provider, sessionUri: Redacted.Redacted) {
    const session = Option.getOrUndefined(yield* sessions.byUri(sessionUri))
    // Somebody else's session looks like one that is long gone: failed.
    if (session === undefined || session.key !== key) return new DataPlane.Failed()
    const state = yield* sessions.state(session)
    if (state._tag === "Failed") return new DataPlane.Failed()
    if (state._tag !== "Completed") return new DataPlane.InProgress()
    // The authorization server may have granted less than is asked for: it is this session's token all the same.
    const token = yield* fromVault(provider, vault.get(key, provider.server, state.grantId))
    return Option.match(token, { onNone: () => new DataPlane.Failed(), onSome: issued })
  })

  const userFederation = Effect.fnUntraced(function*(
    { user, workload }: { readonly user: WorkloadToken.User; readonly workload: Workload },
    provider: Oauth2Provider,
    request: DataPlane.GetResourceOauth2TokenRequest
  ) {
    // By the id, not the name: what was granted through a provider that is gone is not for the next one of its name.
    const key = Vault.keyOf(workload.name, user, provider.callbackId)
    const { audiences, resources, scopes } = request
    const wanted = { audiences, resources, scopes }
    if (request.forceAuthentication !== true) {
      const token = yield* fromVault(provider, vault.find(key, provider.server, wanted))
      if (Option.isSome(token)) return issued(token.value)
    }
    const returnUrl = yield* checkReturnUrl(workload, request.resourceOauth2ReturnUrl)
    if (request.sessionUri !== undefined) return yield* poll(key, provider, request.sessionUri)
    if (user._tag === "None") {
      return yield* invalid(
        oauth2Operation,
        "USER_FEDERATION needs a workload access token of a user: get it by GetWorkloadAccessTokenForJWT or GetWorkloadAccessTokenForUserId"
      )
    }
    if (provider.server.clientId === "") {
      return yield* invalid(
        oauth2Operation,
        "USER_FEDERATION needs a clientId in the credential provider's configuration"
      )
    }
    if (request.forceAuthentication === true) yield* stored(oauth2Operation, vault.drop(key))
    const session = yield* stored(
      oauth2Operation,
      sessions.open({
        key,
        artifact: user.artifact,
        provider: { name: provider.name, callbackId: provider.callbackId, callbackUrl: provider.callbackUrl },
        wanted,
        returnUrl,
        customState: Option.fromNullable(request.customState),
        customParameters: request.customParameters ?? {}
      })
    )
    return new DataPlane.ConsentRequired({
      authorizationUrl: Redacted.make(
        `${publicUrl}/identities/oauth2/authorize?request_uri=${encodeURIComponent(Redacted.value(session.uri))}`
      ),
      sessionUri: session.uri
    })
  })

  const complete = (session: Session, artifact: string): Effect.Effect<void, CompletionError> =>
    // A code is good for one exchange: a caller who hangs up does not leave the session half way.
    Effect.uninterruptible(Effect.gen(function*() {
      const server = yield* serverOf(completeOperation, session)
      const before = yield* sessions.apply(session, Sessions.Event.CompletionClaimed({ artifact }))
      // The machine lets nothing but an authorized session be claimed.
      if (before._tag !== "Authorized") return yield* Effect.fail("TooEarly" as const)
      const tokens = yield* logged(
        session.provider.name,
        client.exchangeCode(server, {
          callbackUrl: before.callbackUrl,
          state: session.authorizationState,
          codeVerifier: session.codeVerifier,
          resources: session.wanted.resources
        })
      ).pipe(Effect.tapError(() => Effect.ignore(sessions.apply(session, Sessions.Event.ExchangeFailed()))))
      const grantId = randomUUID()
      yield* vault.store(
        session.key,
        grantId,
        session.wanted,
        tokens,
        // A session whose time ended meanwhile yields nothing, though its tokens are here.
        sessions.apply(session, Sessions.Event.TokensStored({ grantId }))
      )
    }))

  const dataPlane: DataPlane.Service = {
    getWorkloadAccessToken: ({ workloadName }) => seal("GetWorkloadAccessToken", workloadName, { _tag: "None" }),

    getWorkloadAccessTokenForJwt: Effect.fnUntraced(function*({ userToken, workloadName }) {
      const operation = "GetWorkloadAccessTokenForJWT"
      const claims = yield* Effect.mapError(
        client.verifyUserToken(userToken, userTokens),
        (error) => userTokenError(operation, error)
      )
      return yield* seal(operation, workloadName, WorkloadToken.userOfJwt(userToken, claims))
    }),

    getWorkloadAccessTokenForUserId: ({ userId, workloadName }) =>
      seal("GetWorkloadAccessTokenForUserId", workloadName, WorkloadToken.userOfId(userId)),

    getResourceOauth2Token: Effect.fnUntraced(function*(request) {
      const from = yield* caller(oauth2Operation, request.workloadIdentityToken)
      const provider = yield* registry.oauth2Provider(oauth2Operation, request.resourceCredentialProviderName)
      switch (request.oauth2Flow) {
        case "M2M":
          return yield* machineToMachine(provider, request)
        case "USER_FEDERATION":
          return yield* userFederation(from, provider, request)
        case "ON_BEHALF_OF_TOKEN_EXCHANGE":
          return yield* onBehalfOf(from.user, provider, request)
      }
    }),

    getResourceApiKey: Effect.fnUntraced(function*(request) {
      const operation = "GetResourceApiKey"
      yield* caller(operation, request.workloadIdentityToken)
      return { apiKey: yield* registry.apiKey(operation, request.resourceCredentialProviderName) }
    }),

    getResourcePaymentToken: Effect.fnUntraced(function*(request) {
      const operation = "GetResourcePaymentToken"
      yield* caller(operation, request.workloadIdentityToken)
      const credentials = yield* registry.paymentCredentials(operation, request.resourceCredentialProviderName)
      return { paymentTokenResponse: yield* PaymentTokens.make(credentials, request.paymentTokenRequest) }
    }),

    completeResourceTokenAuth: Effect.fnUntraced(function*({ sessionUri, userIdentifier }) {
      const operation = completeOperation
      // Wrong user, unknown, too early, too late, done already: the live service tells none from the other. A session
      // survives a wrong attempt, or whoever sees its URI could end it.
      const refused = new AccessDeniedException({ operation, message: "Invalid or expired session" })
      const session = Option.getOrUndefined(yield* sessions.byUri(sessionUri))
      if (session === undefined) return yield* refused
      const artifact = userIdentifier.userId !== undefined
        ? WorkloadToken.artifactOf("UserId", userIdentifier.userId)
        : WorkloadToken.artifactOf("Jwt", Redacted.value(userIdentifier.userToken))
      yield* Effect.catchAll(complete(session, artifact), (error): Effect.Effect<
        never,
        AccessDeniedException | ValidationException | InternalServerException
      > =>
        typeof error === "string" || error._tag === "ResourceNotFoundException"
          ? refused
          : error._tag === "OAuthError"
          ? unparsable(operation, "AuthorizationCode")
          : error._tag === "StoreError"
          ? stored(operation, Effect.fail(error))
          : Effect.fail(error))
    })
  }

  return { dataPlane, complete }
}
