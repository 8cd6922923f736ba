/**
 * A small API that needs credentials, for the demo and tests. It verifies access tokens with the keys of their
 * authorization server, compares API keys, and responds with the caller.
 *
 * - `GET /me`: any access token for this API
 * - `GET /reports`: an access token with the scope `reports:read`
 * - `GET /quota`: an API key in the header `x-api-key`
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "jose"
import { isSameSecret } from "../internal/sameSecret.js"

export interface Options {
  readonly issuer: string
  readonly jwksUri: string
  readonly audience: string
  readonly apiKeys?: ReadonlyArray<{ readonly owner: string; readonly key: Redacted.Redacted }> | undefined
}

const reportsScope = "reports:read"

export const apiKeyHeader = "x-api-key"

const respond = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.jsonUnsafe(body, { status, headers: { ...headers, "cache-control": "no-store" } })

const reject = (status: 401 | 403, error: string, details = `error="${error}"`, scheme = "Bearer") =>
  respond({ error }, status, {
    "www-authenticate": [`${scheme} realm="protected-api"`, ...details === "" ? [] : [details]].join(", ")
  })

// RFC 6750, section 3.1: a request without a token gets no error code.
const noToken = reject(401, "missing_token", "")

const invalidToken = reject(401, "invalid_token")

const insufficientScope = reject(403, "insufficient_scope", `error="insufficient_scope", scope="${reportsScope}"`)

const invalidKey = reject(401, "invalid_api_key", "", "ApiKey")

const readScopes = (claims: JWTPayload): ReadonlyArray<string> =>
  typeof claims.scope === "string" ? claims.scope.split(" ").filter((scope) => scope !== "") : []

const toCaller = (claims: JWTPayload) => ({
  subject: claims.sub,
  client: claims.client_id,
  // The subject of a machine token is the client itself.
  kind: claims.sub === claims.client_id ? "machine" : "user",
  scopes: readScopes(claims)
})

/** Adds the routes to a server: `HttpRouter.serve(layer(options))`. */
export const layer = (options: Options): Layer.Layer<never, never, HttpRouter.HttpRouter> =>
  HttpRouter.use(Effect.fnUntraced(function*(router) {
    const keys = createRemoteJWKSet(new URL(options.jwksUri))

    const verify = (token: string) =>
      Effect.flatMap(DateTime.nowAsDate, (currentDate) =>
        Effect.tryPromise(() =>
          jwtVerify(token, keys, {
            issuer: options.issuer,
            audience: options.audience,
            algorithms: ["ES256"],
            typ: "at+jwt",
            requiredClaims: ["sub", "exp"],
            currentDate
          })
        ))

    const withToken = (scope: string | undefined, toBody: (claims: JWTPayload) => unknown) =>
      Effect.gen(function*() {
        const { authorization } = (yield* HttpServerRequest.HttpServerRequest).headers
        if (authorization === undefined) return noToken
        const [, token] = /^Bearer +([\w\-.~+/]+=*)$/i.exec(authorization) ?? []
        const verified = token === undefined ? Option.none() : yield* Effect.option(verify(token))
        if (Option.isNone(verified)) return invalidToken
        const { payload } = verified.value
        return scope === undefined || readScopes(payload).includes(scope) ? respond(toBody(payload)) : insufficientScope
      })

    yield* router.add("GET", "/me", withToken(undefined, toCaller))
    yield* router.add(
      "GET",
      "/reports",
      withToken(reportsScope, (claims) => ({
        caller: toCaller(claims),
        reports: [{ title: "Quarterly figures", pages: 12 }, { title: "Incident review", pages: 3 }]
      }))
    )
    yield* router.add(
      "GET",
      "/quota",
      Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) => {
        const given = headers[apiKeyHeader] ?? ""
        // Compares every key, so that the time does not depend on the position of the match.
        const [match] = (options.apiKeys ?? []).filter(({ key }) => isSameSecret(Redacted.value(key), given))
        return match === undefined
          ? invalidKey
          : respond({ owner: match.owner, limit: 1000, remaining: 997 })
      })
    )
  }))
