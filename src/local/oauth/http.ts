/** OAuth 2 over HTTP, with `openid-client`. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as OpenidClient from "openid-client"
import { boundedFetch } from "../../internal/boundedFetch.js"
import { loadPackage } from "../../internal/loadPackage.js"
import { isEndpointOf, isIssuer } from "../../internal/models/urls.js"
import { setBounded } from "../internal/boundedMap.js"
import * as Exchange from "./exchange.js"
import { type AuthorizationServer, OAuthClient, OAuthError, type Service } from "./oauthClient.js"
import * as Parameters from "./parameters.js"
import * as PrivateKey from "./privateKey.js"
import * as UserToken from "./userToken.js"

type PrivateKeyServer = Extract<AuthorizationServer, { readonly clientAuthenticationMethod: "PRIVATE_KEY_JWT" }>

type Evaluate<A, Rest extends ReadonlyArray<unknown> = []> = (
  openid: Exchange.Openid,
  configuration: OpenidClient.Configuration,
  ...rest: Rest
) => Promise<A>

type Endpoint = "authorization_endpoint" | "token_endpoint" | "revocation_endpoint"

const jwtType = "urn:ietf:params:oauth:token-type:jwt"

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/** Headers that describe the signature. */
const reservedHeaders = ["alg", "typ"]

/** Claims that bind an assertion to the client, a time, and one use. */
const reservedClaims = ["iss", "sub", "iat", "nbf", "exp", "jti"]

const omitReserved = (claims: Readonly<Record<string, string>> = {}, reserved: ReadonlyArray<string>) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !reserved.includes(name)))

/** The authorization servers whose metadata is kept. An account has at most 50 providers. */
const maxServers = 100

/** openid-client requires a client id. This placeholder is not sent. */
const anonymous = "-"

// It is a dependency of this package, so its absence is a defect.
const openidClient: Effect.Effect<Exchange.Openid> = Effect.orDie(
  loadPackage("openid-client", "discovery", () => import("openid-client"))
)

/** Runs requests that time out after `timeout` milliseconds. */
const run = <A>(
  timeout: number,
  openid: Exchange.Openid,
  evaluate: (fetch: OpenidClient.CustomFetch) => Promise<A>,
  exchange = Exchange.make()
): Effect.Effect<A, OAuthError> =>
  Effect.tryPromise({
    // Replaces the signal of openid-client, which is an `AbortSignal.timeout`.
    try: (signal) => evaluate(exchange.record((url, init) => boundedFetch(url, init, { timeout, signal }))),
    catch: (cause) => Exchange.toOAuthError(openid, cause, exchange)
  })

const privateKeyJwt = (openid: Exchange.Openid, server: PrivateKeyServer, audience: string) => {
  const key = PrivateKey.parse(server.privateKey, server.signingAlgorithm)
  if (key === undefined) return new OAuthError({ reason: "Misconfigured" })
  return Effect.map(
    Effect.promise(() => PrivateKey.toCryptoKey(key, server.signingAlgorithm)),
    (cryptoKey) =>
      openid.PrivateKeyJwt(cryptoKey, {
        [openid.modifyAssertion]: (header, payload) => {
          Object.assign(header, omitReserved(server.additionalHeaderClaims, reservedHeaders))
          Object.assign(payload, { aud: audience }, omitReserved(server.additionalPayloadClaims, reservedClaims))
        }
      })
  )
}

/** RFC 7521, section 4.2: the assertion identifies the client, so `client_id` is optional. */
const awsJwt = (assertion: Redacted.Redacted): OpenidClient.ClientAuth => (_server, client, body) => {
  if (client.client_id !== anonymous) body.set("client_id", client.client_id)
  body.set("client_assertion_type", assertionType)
  body.set("client_assertion", Redacted.value(assertion))
}

const authenticateClient = (openid: Exchange.Openid, tokenEndpoint: string, server: AuthorizationServer) => {
  switch (server.clientAuthenticationMethod) {
    case "PRIVATE_KEY_JWT":
      return privateKeyJwt(openid, server, tokenEndpoint)
    case "AWS_IAM_ID_TOKEN_JWT":
      return Effect.map(server.awsToken(tokenEndpoint), awsJwt)
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

/** The calls of endpoints, with the metadata of the servers. They time out after `timeout` milliseconds. */
const makeCalls = (timeout: number) => {
  const discovered = new Map<string, OpenidClient.ServerMetadata>()

  const readMetadata = Effect.fnUntraced(function*(
    openid: Exchange.Openid,
    { discovery }: Pick<AuthorizationServer, "discovery">
  ) {
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
    if (!isIssuer(discoveryUrl)) return yield* new OAuthError({ reason: "Misconfigured", discoveryUrl })
    const found = yield* run(
      timeout,
      openid,
      (fetch) =>
        openid.discovery(new URL(discoveryUrl), "discovery", undefined, openid.None(), {
          [openid.customFetch]: fetch,
          execute: discoveryUrl.startsWith("https:") ? [] : [openid.allowInsecureRequests]
        })
    ).pipe(Effect.mapError(Exchange.atDiscovery(discoveryUrl)))
    const server = found.serverMetadata()
    setBounded(discovered, maxServers, discoveryUrl, server)
    return server
  })

  const findEndpoint = (openid: Exchange.Openid, server: AuthorizationServer, endpoint: Endpoint) =>
    Effect.flatMap(readMetadata(openid, server), (as) => {
      const url = as[endpoint]
      // A program that names the endpoints itself may name any.
      const issuer = "discoveryUrl" in server.discovery ? server.discovery.discoveryUrl : url
      return url !== undefined && issuer !== undefined && isEndpointOf(issuer, url)
        ? Effect.succeed({ as, url })
        : new OAuthError({ reason: "Misconfigured" })
    })

  /** Each call has its own configuration, so that an interruption aborts only its own requests. */
  const call = Effect.fnUntraced(function*<A>(
    server: AuthorizationServer,
    endpoint: Endpoint,
    evaluate: Evaluate<A>,
    exchange?: Exchange.Exchange
  ): Effect.fn.Return<A, OAuthError> {
    const openid = yield* openidClient
    const { as, url } = yield* findEndpoint(openid, server, endpoint)
    // A browser opens the authorization endpoint. The other endpoints authenticate clients.
    const authentication = endpoint === "authorization_endpoint"
      ? openid.None()
      : yield* authenticateClient(openid, url, server)
    return yield* run(timeout, openid, (fetch) => {
      const configuration = new openid.Configuration(as, server.clientId || anonymous, undefined, authentication)
      configuration[openid.customFetch] = Exchange.normalizeTokens(fetch, server.deviations)
      if (!url.startsWith("https:")) openid.allowInsecureRequests(configuration)
      return evaluate(openid, configuration)
    }, exchange)
  })

  const requestTokens = Effect.fnUntraced(function*(
    server: AuthorizationServer,
    evaluate: Evaluate<OpenidClient.TokenEndpointResponse>
  ) {
    // The clock is read before the request, so that `expiresAt` is never too late.
    const now = yield* Clock.currentTimeMillis
    return Exchange.toTokenSet(now, yield* call(server, "token_endpoint", evaluate))
  })

  return { call, discovered, findEndpoint, readMetadata, requestTokens }
}

const span = (method: string) => Effect.withSpan(`OAuthClient.${method}`)

/** Milliseconds, for each request: `tokens` to authorization servers, `keys` to issuers of users' JWTs. */
export interface Timeouts {
  readonly tokens?: number | undefined
  readonly keys?: number | undefined
}

export const make = ({ keys, tokens: timeout = 30_000 }: Timeouts = {}): Service => {
  const verifyUserToken = UserToken.makeVerify(keys)

  const { call, discovered, findEndpoint, readMetadata, requestTokens } = makeCalls(timeout)

  const tokenMethod =
    <Request>(method: string, evaluate: Evaluate<OpenidClient.TokenEndpointResponse, [request: Request]>) =>
    (server: AuthorizationServer, request: Request) =>
      requestTokens(server, (openid, configuration) => evaluate(openid, configuration, request)).pipe(span(method))

  return {
    discover: (server, { again = false } = {}) =>
      Effect.flatMap(openidClient, (openid) => {
        if (again && "discoveryUrl" in server.discovery) discovered.delete(server.discovery.discoveryUrl)
        return Effect.asVoid(readMetadata(openid, server))
      }).pipe(span("discover")),

    clientCredentials: tokenMethod(
      "clientCredentials",
      (openid, configuration, request) => openid.clientCredentialsGrant(configuration, Parameters.make(request))
    ),

    authorizationUrl: (server, request) =>
      call(server, "authorization_endpoint", async (openid, configuration) => {
        const challenge = await openid.calculatePKCECodeChallenge(Redacted.value(request.codeVerifier))
        const url = openid.buildAuthorizationUrl(
          configuration,
          Parameters.makeAuthorization(request, server.deviations, {
            response_type: "code",
            redirect_uri: request.redirectUri,
            state: Redacted.value(request.state),
            code_challenge: challenge,
            code_challenge_method: "S256"
          })
        )
        return Redacted.make(url.href)
      }).pipe(span("authorizationUrl")),

    checkCallback: (server, request) =>
      Effect.suspend(() => {
        const url = new URL(Redacted.value(request.callbackUrl))
        const exchange = Exchange.make()
        exchange.hideCallback(url)
        return call(server, "token_endpoint", async (openid, configuration) => {
          // openid-client checks the response and exchanges the code in one call. This fetch stops it after the checks.
          let passed = false
          configuration[openid.customFetch] = () => {
            passed = true
            return Promise.reject(new TypeError("not sent"))
          }
          await openid.authorizationCodeGrant(configuration, url, {
            expectedState: Redacted.value(request.state),
            pkceCodeVerifier: "unused"
          }).catch((cause: unknown) => {
            if (!passed) throw cause
          })
        }, exchange)
      }).pipe(span("checkCallback")),

    exchangeCode: tokenMethod(
      "exchangeCode",
      (openid, configuration, { callbackUrl, codeVerifier, resources, state }) =>
        openid.authorizationCodeGrant(configuration, new URL(Redacted.value(callbackUrl)), {
          expectedState: Redacted.value(state),
          pkceCodeVerifier: Redacted.value(codeVerifier)
        }, Parameters.make({ resources }))
    ),

    refresh: tokenMethod(
      "refresh",
      (openid, configuration, { refreshToken, resources }) =>
        openid.refreshTokenGrant(configuration, Redacted.value(refreshToken), Parameters.make({ resources }))
    ),

    revoke: (server, { token, type }) =>
      call(
        server,
        "revocation_endpoint",
        (openid, configuration) =>
          openid.tokenRevocation(configuration, Redacted.value(token), { token_type_hint: type })
      ).pipe(span("revoke")),

    exchangeToken: Effect.fnUntraced(function*(server, { actor, subjectToken, ...targets }) {
      const { url } = yield* findEndpoint(yield* openidClient, server, "token_endpoint")
      const actorToken = actor && (yield* actor.token(url))
      const parameters = Parameters.make(targets, {
        subject_token: Redacted.value(subjectToken),
        ...(actorToken && { actor_token: Redacted.value(actorToken), actor_token_type: actor.type })
      }, { subject_token_type: jwtType })
      return yield* requestTokens(
        server,
        (openid, configuration) =>
          openid.genericGrantRequest(configuration, "urn:ietf:params:oauth:grant-type:token-exchange", parameters)
      )
    }, span("exchangeToken")),

    jwtGrant: tokenMethod(
      "jwtGrant",
      (openid, configuration, { assertion, requestedTokenUse, ...targets }) =>
        openid.genericGrantRequest(
          configuration,
          "urn:ietf:params:oauth:grant-type:jwt-bearer",
          Parameters.make(
            targets,
            { assertion: Redacted.value(assertion) },
            requestedTokenUse === undefined ? {} : { requested_token_use: requestedTokenUse }
          )
        )
    ),

    verifyUserToken: (token, options) => verifyUserToken(token, options).pipe(span("verifyUserToken"))
  }
}

/**
 * The client over HTTP. It uses plain http only for loopback hosts, and caches metadata by discovery URL. Interruption
 * closes the connection of a request, except for the keys of an issuer, which callers share.
 */
export const layer: Layer.Layer<OAuthClient> = Layer.sync(OAuthClient, () => make())
