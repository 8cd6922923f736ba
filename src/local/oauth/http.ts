/**
 * OAuth 2 over HTTP, by `openid-client`.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as OpenidClient from "openid-client"
import type {
  AuthorizationServer,
  OAuthError,
  Service,
  TokenSet,
  UserTokenError,
  UserTokenErrorReason
} from "../OAuthClient.js"
import * as Answers from "./answers.js"
import { isSecure } from "./endpoints.js"
import * as AuthorizationRequest from "./parameters.js"
import * as PrivateKey from "./privateKey.js"
import * as UserToken from "./userToken.js"

type AuthenticationOf<Method extends AuthorizationServer["clientAuthenticationMethod"]> = Extract<
  AuthorizationServer,
  { readonly clientAuthenticationMethod: Method }
>

const jwtType = "urn:ietf:params:oauth:token-type:jwt"

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/** What makes an assertion one of this client, at this time, that is used once. */
const ownClaims: ReadonlySet<string> = new Set(["iss", "sub", "iat", "nbf", "exp", "jti"])

const additional = (
  claims: Readonly<Record<string, string>> | undefined,
  own: (name: string) => boolean
): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(claims ?? {}).filter(([name]) => !own(name)))

/** openid-client wants an id from everyone. This one is not sent. */
const anonymous = "-"

const openidClient: Effect.Effect<Answers.Openid> = Effect.promise(() => import("openid-client"))

/** @internal */
export const make = (
  failure: (refusal: Answers.Refusal) => OAuthError,
  refusal: (reason: UserTokenErrorReason) => UserTokenError
): Service => {
  const discovered = new Map<string, OpenidClient.ServerMetadata>()
  const verifyUserToken = UserToken.makeVerify(refusal)

  const run = <A>(openid: Answers.Openid, evaluate: (fetch: OpenidClient.CustomFetch) => Promise<A>) =>
    Effect.tryPromise({
      try: (signal) =>
        evaluate((url, options) =>
          fetch(url, {
            ...options,
            signal: options.signal === undefined ? signal : AbortSignal.any([options.signal, signal])
            // Their type of `body` has an `undefined` that fetch takes too.
          } as RequestInit)
        ),
      catch: (cause) => failure(Answers.refusal(openid, cause))
    })

  const metadata = Effect.fnUntraced(function*(openid: Answers.Openid, { discovery }: AuthorizationServer) {
    if ("authorizationServerMetadata" in discovery) {
      const { authorizationEndpoint, issuer, responseTypes, tokenEndpoint } = discovery.authorizationServerMetadata
      return {
        issuer,
        authorization_endpoint: authorizationEndpoint,
        token_endpoint: tokenEndpoint,
        ...(responseTypes === undefined ? {} : { response_types_supported: [...responseTypes] })
      }
    }
    const { discoveryUrl } = discovery
    const known = discovered.get(discoveryUrl)
    if (known !== undefined) return known
    if (!isSecure(discoveryUrl)) return yield* failure({ reason: "Misconfigured" })
    const found = yield* run(
      openid,
      (fetch) =>
        openid.discovery(new URL(discoveryUrl), "discovery", undefined, openid.None(), {
          [openid.customFetch]: fetch,
          execute: discoveryUrl.startsWith("https:") ? [] : [openid.allowInsecureRequests]
        })
    )
    const server = found.serverMetadata()
    discovered.set(discoveryUrl, server)
    return server
  })

  const privateKeyJwt = (
    openid: Answers.Openid,
    server: AuthenticationOf<"PRIVATE_KEY_JWT">
  ): Effect.Effect<OpenidClient.ClientAuth, OAuthError> => {
    const key = PrivateKey.parse(server.privateKey, server.signingAlgorithm)
    if (key === undefined) return failure({ reason: "Misconfigured" })
    return Effect.map(
      Effect.promise(() => PrivateKey.cryptoKey(key, server.signingAlgorithm)),
      (cryptoKey) =>
        openid.PrivateKeyJwt(cryptoKey, {
          [openid.modifyAssertion]: (header, payload) => {
            Object.assign(header, additional(server.additionalHeaderClaims, (name) => name === "alg"))
            Object.assign(payload, additional(server.additionalPayloadClaims, (name) => ownClaims.has(name)))
          }
        })
    )
  }

  /** RFC 7521, section 4.2: the assertion says who the client is, with or without an id. */
  const awsJwt = (assertion: Redacted.Redacted): OpenidClient.ClientAuth => (_server, client, body) => {
    if (client.client_id !== anonymous) body.set("client_id", client.client_id)
    body.set("client_assertion_type", assertionType)
    body.set("client_assertion", Redacted.value(assertion))
  }

  const clientAuthentication = (
    openid: Answers.Openid,
    issuer: string,
    server: AuthorizationServer
  ): Effect.Effect<OpenidClient.ClientAuth, OAuthError> => {
    switch (server.clientAuthenticationMethod) {
      case "PRIVATE_KEY_JWT":
        return privateKeyJwt(openid, server)
      case "AWS_IAM_ID_TOKEN_JWT":
        return Effect.map(server.awsToken(issuer), awsJwt)
      default: {
        const secret = Redacted.value(server.clientSecret)
        return Effect.succeed(
          secret === ""
            ? openid.None()
            : server.clientAuthenticationMethod === "CLIENT_SECRET_POST"
            ? openid.ClientSecretPost(secret)
            : openid.ClientSecretBasic(secret)
        )
      }
    }
  }

  /** One call with a configuration of its own, so that interruption reaches its requests and no others. */
  const call = <A>(
    server: AuthorizationServer,
    endpoint: "authorization_endpoint" | "token_endpoint",
    evaluate: (openid: Answers.Openid, configuration: OpenidClient.Configuration) => Promise<A>
  ): Effect.Effect<A, OAuthError> =>
    Effect.gen(function*() {
      const openid = yield* openidClient
      const as = yield* metadata(openid, server)
      const url = as[endpoint]
      if (url === undefined || !isSecure(url)) return yield* failure({ reason: "Misconfigured" })
      // Where no token is asked for, nobody has to prove anything.
      const authentication = endpoint === "token_endpoint"
        ? yield* clientAuthentication(openid, as.issuer, server)
        : openid.None()
      return yield* run(openid, (fetch) => {
        const configuration = new openid.Configuration(as, server.clientId || anonymous, undefined, authentication)
        configuration[openid.customFetch] = server.quirks?.unusualAnswers === true ? Answers.usual(fetch) : fetch
        if (!url.startsWith("https:")) openid.allowInsecureRequests(configuration)
        return evaluate(openid, configuration)
      })
    })

  const tokens = (
    server: AuthorizationServer,
    evaluate: (
      openid: Answers.Openid,
      configuration: OpenidClient.Configuration
    ) => Promise<OpenidClient.TokenEndpointResponse>
  ): Effect.Effect<TokenSet, OAuthError> =>
    // The clock is read before the request: a token never seems to live longer than it does.
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.map(call(server, "token_endpoint", evaluate), (response) => Answers.tokenSet(now, response)))

  const span = (method: string) => Effect.withSpan(`OAuthClient.${method}`, { captureStackTrace: false })

  return {
    clientCredentials: (server, request) =>
      tokens(
        server,
        (openid, configuration) =>
          openid.clientCredentialsGrant(configuration, AuthorizationRequest.parameters(request))
      )
        .pipe(span("clientCredentials")),

    authorizationUrl: (server, request) =>
      call(server, "authorization_endpoint", async (openid, configuration) => {
        const challenge = await openid.calculatePKCECodeChallenge(Redacted.value(request.codeVerifier))
        const url = openid.buildAuthorizationUrl(
          configuration,
          AuthorizationRequest.authorizationParameters(request, server.quirks, {
            redirect_uri: request.redirectUri,
            state: Redacted.value(request.state),
            code_challenge: challenge,
            code_challenge_method: "S256"
          })
        )
        return Redacted.make(url.href)
      }).pipe(span("authorizationUrl")),

    checkCallback: (server, request) =>
      call(server, "token_endpoint", async (openid, configuration) => {
        // openid-client checks and exchanges in one go. Cut off where it turns to the token endpoint, its own checks are
        // all that has happened.
        let passed = false
        configuration[openid.customFetch] = () => {
          passed = true
          return Promise.reject(new TypeError("not sent"))
        }
        await openid.authorizationCodeGrant(configuration, new URL(Redacted.value(request.callbackUrl)), {
          expectedState: Redacted.value(request.state),
          pkceCodeVerifier: "unused"
        }).catch((cause: unknown) => {
          if (!passed) throw cause
        })
      }).pipe(span("checkCallback")),

    exchangeCode: (server, request) =>
      tokens(server, (openid, configuration) =>
        openid.authorizationCodeGrant(
          configuration,
          new URL(Redacted.value(request.callbackUrl)),
          {
            expectedState: Redacted.value(request.state),
            pkceCodeVerifier: Redacted.value(request.codeVerifier)
          },
          AuthorizationRequest.parameters({ resources: request.resources })
        ))
        .pipe(span("exchangeCode")),

    refresh: (server, request) =>
      tokens(server, (openid, configuration) =>
        openid.refreshTokenGrant(
          configuration,
          Redacted.value(request.refreshToken),
          AuthorizationRequest.parameters({ resources: request.resources })
        ))
        .pipe(span("refresh")),

    exchangeToken: (server, request) =>
      Effect.gen(function*() {
        const actor = request.actor
        const actorToken = actor === undefined
          ? undefined
          : yield* Effect.flatMap(Effect.flatMap(openidClient, (openid) => metadata(openid, server)), ({ issuer }) =>
            actor.token(issuer))
        const parameters = AuthorizationRequest.parameters(request, {
          subject_token: Redacted.value(request.subjectToken),
          subject_token_type: jwtType,
          ...(actor === undefined || actorToken === undefined
            ? {}
            : { actor_token: Redacted.value(actorToken), actor_token_type: actor.type })
        })
        return yield* tokens(server, (openid, configuration) =>
          openid.genericGrantRequest(configuration, "urn:ietf:params:oauth:grant-type:token-exchange", parameters))
      }).pipe(span("exchangeToken")),

    jwtGrant: (server, request) =>
      tokens(server, (openid, configuration) =>
        openid.genericGrantRequest(
          configuration,
          "urn:ietf:params:oauth:grant-type:jwt-bearer",
          AuthorizationRequest.parameters(request, {
            assertion: Redacted.value(request.assertion),
            ...(request.requestedTokenUse === undefined ? {} : { requested_token_use: request.requestedTokenUse })
          })
        )).pipe(span("jwtGrant")),

    verifyUserToken: (token, options) => verifyUserToken(token, options).pipe(span("verifyUserToken"))
  }
}
