/**
 * A scripted authorization server, without HTTP. The same calls return the same responses, as `LocalIdentity.layerTest`
 * documents. A callback with the state of an authorization is accepted with any code, once, with the verifier of its
 * challenge.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import { toUtc } from "../../internal/dates.js"
import { setBounded } from "../internal/boundedMap.js"
import * as Exchange from "./exchange.js"
import {
  type AuthorizationServer,
  type CallbackRequest,
  OAuthClient,
  OAuthError,
  type OAuthErrorReason,
  type Service,
  type TokenSet
} from "./oauthClient.js"
import * as Parameters from "./parameters.js"
import * as UserToken from "./userToken.js"

type ScriptedGrant = {
  readonly type: "client_credentials" | "authorization_code" | "refresh_token" | "token_exchange" | "jwt_bearer"
  readonly clientId: string
  readonly scopes: ReadonlyArray<string>
  readonly number: number
}

export interface Options {
  /** The lifetime of an access token. `none`: tokens do not report one. Default: 1 hour. */
  readonly tokenLifetime?: Duration.Input | "none" | undefined
  /** Whether an authorization issues a refresh token. Each refresh replaces the refresh token. Default: true. */
  readonly refreshTokens?: boolean | undefined
  /** How long each request for tokens takes. Default: 0. */
  readonly latency?: Duration.Input | undefined
  /** The discovery URLs that cannot be read, and why. Default: none. */
  readonly unreadable?: ((discoveryUrl: string) => OAuthErrorReason | undefined) | undefined
  /** The requests for tokens that fail, and why. `number` counts the requests, from 1. Default: none. */
  readonly fail?: ((grant: ScriptedGrant) => OAuthErrorReason | undefined) | undefined
}

type Grant = Pick<ScriptedGrant, "clientId" | "scopes">

const tokenEndpoint = "https://authorization.invalid/token"

const toChallenge = (verifier: Redacted.Redacted): string =>
  createHash("sha256").update(Redacted.value(verifier)).digest("base64url")

/** Beyond this number the oldest authorizations are dropped. The local backend has fewer sessions at one time. */
const maxAuthorizations = 100_000

const invalidGrant = () => new OAuthError({ reason: "InvalidGrant", status: 400, code: "invalid_grant" })

const readCode = (request: CallbackRequest): Effect.Effect<string, OAuthError> =>
  Effect.suspend(() => {
    const url = new URL(Redacted.value(request.callbackUrl))
    const exchange = Exchange.make()
    exchange.hideCallback(url)
    const query = url.searchParams
    const code = query.get("code")
    if (query.get("state") !== Redacted.value(request.state)) return new OAuthError({ reason: "Rejected" })
    if (query.has("error")) {
      return Exchange.fromCallback(exchange.toRejection(query.get("error"), query.get("error_description")))
    }
    return code === null ? new OAuthError({ reason: "Rejected" }) : Effect.succeed(code)
  })

const readSubject = (token: Redacted.Redacted): Effect.Effect<string, OAuthError> =>
  Effect.mapBoth(UserToken.decode(token), { onFailure: invalidGrant, onSuccess: ({ sub }) => sub })

/** `token-3` for a token of this server, `aws` for any other. */
const nameActor = (token: Redacted.Redacted): string => /^token-\d+/.exec(Redacted.value(token))?.[0] ?? "aws"

const make = (options: Options): Service => {
  const lifetime = options.tokenLifetime === "none"
    ? Option.none()
    : Option.some(Duration.fromInputUnsafe(options.tokenLifetime ?? "1 hour"))
  const latency = Duration.fromInputUnsafe(options.latency ?? 0)
  const authorizations = new Map<string, { readonly challenge: string } & Grant>()
  const refreshTokens = new Map<string, { readonly grant: string } & Grant>()
  let count = 0

  // The server changes its state after the wait, so concurrent requests see each other's changes.
  const wait = Duration.equals(latency, Duration.zero) ? Effect.void : Effect.sleep(latency)

  const issue = Effect.fnUntraced(function*(
    type: ScriptedGrant["type"],
    server: AuthorizationServer,
    grant: string,
    scopes: ReadonlyArray<string>
  ): Effect.fn.Return<TokenSet, OAuthError> {
    const { clientId } = server
    // The only way to authenticate that can be denied.
    if (server.clientAuthenticationMethod === "AWS_IAM_ID_TOKEN_JWT") yield* server.awsToken(tokenEndpoint)
    const now = yield* Clock.currentTimeMillis
    count += 1
    const reason = options.fail?.({ type, clientId, scopes, number: count })
    if (reason !== undefined) {
      const hasResponse = reason !== "Unreachable" && reason !== "Misconfigured"
      return yield* new OAuthError({ reason, ...(hasResponse ? { status: 400 } : {}) })
    }
    const isRefreshable = options.refreshTokens !== false
      && (type === "authorization_code" || type === "refresh_token")
    const refreshToken = `refresh-${count}.${clientId}`
    if (isRefreshable) refreshTokens.set(refreshToken, { clientId, grant, scopes })
    return {
      accessToken: Redacted.make(`token-${count}.${clientId}.${grant}.${scopes.join("+")}`),
      refreshToken: isRefreshable ? Option.some(Redacted.make(refreshToken)) : Option.none(),
      expiresAt: Option.map(lifetime, (length) => toUtc(now + Duration.toMillis(length)))
    }
  })

  const discover: Service["discover"] = ({ discovery }) =>
    Effect.suspend(() => {
      if (!("discoveryUrl" in discovery)) return Effect.void
      const { discoveryUrl } = discovery
      const reason = options.unreadable?.(discoveryUrl)
      return reason === undefined ? Effect.void : new OAuthError({ reason, discoveryUrl })
    })

  return {
    discover,

    clientCredentials: (server, request) =>
      discover(server).pipe(
        Effect.andThen(wait),
        Effect.andThen(issue("client_credentials", server, "m2m", request.scopes))
      ),

    authorizationUrl: (server, request) =>
      Effect.sync(() => {
        const state = Redacted.value(request.state)
        const challenge = toChallenge(request.codeVerifier)
        const authorization = { challenge, clientId: server.clientId, scopes: request.scopes }
        setBounded(authorizations, maxAuthorizations, state, authorization)
        const query = Parameters.makeAuthorization(request, server.deviations, {
          response_type: "code",
          client_id: server.clientId,
          redirect_uri: request.redirectUri,
          state,
          code_challenge: challenge,
          code_challenge_method: "S256"
        })
        return Redacted.make(`https://authorization.invalid/authorize?${query}`)
      }),

    checkCallback: (_server, request) => Effect.asVoid(readCode(request)),

    exchangeCode: (server, request) =>
      Effect.flatMap(Effect.andThen(wait, readCode(request)), (code) => {
        const state = Redacted.value(request.state)
        const authorization = authorizations.get(state)
        authorizations.delete(state)
        return authorization === undefined || authorization.clientId !== server.clientId
            || authorization.challenge !== toChallenge(request.codeVerifier)
          ? invalidGrant()
          : issue("authorization_code", server, code, authorization.scopes)
      }),

    refresh: (server, request) =>
      Effect.flatMap(wait, () => {
        const token = Redacted.value(request.refreshToken)
        const known = refreshTokens.get(token)
        return known === undefined || known.clientId !== server.clientId
          ? invalidGrant()
          : Effect.tap(issue("refresh_token", server, known.grant, known.scopes), () =>
            Effect.sync(() => refreshTokens.delete(token)))
      }),

    revoke: (server, request) =>
      Effect.map(wait, () => {
        const token = Redacted.value(request.token)
        if (refreshTokens.get(token)?.clientId === server.clientId) refreshTokens.delete(token)
      }),

    exchangeToken: Effect.fnUntraced(function*(server, { actor, scopes, subjectToken }) {
      yield* discover(server)
      const actorToken = actor && (yield* actor.token(tokenEndpoint))
      yield* wait
      const subject = yield* readSubject(subjectToken)
      const grant = actorToken === undefined ? `obo-${subject}` : `obo-${subject}-by-${nameActor(actorToken)}`
      return yield* issue("token_exchange", server, grant, scopes)
    }),

    jwtGrant: (server, request) =>
      Effect.flatMap(
        discover(server).pipe(Effect.andThen(wait), Effect.andThen(readSubject(request.assertion))),
        (subject) => issue("jwt_bearer", server, `obo-${subject}`, request.scopes)
      ),

    verifyUserToken: (token, verification = {}) =>
      Effect.flatMap(UserToken.decode(token), (claims) => UserToken.checkIssuer(claims, verification))
  }
}

export const layer = (options: Options = {}): Layer.Layer<OAuthClient> => Layer.sync(OAuthClient, () => make(options))
