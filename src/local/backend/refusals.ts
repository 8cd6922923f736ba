/**
 * The errors of authorization servers. The log and the console show them, because the service's own responses do not
 * contain them.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { AuthorizationServer, OAuthError, Service as OAuthClient } from "../oauth/service.js"
import { explain } from "./callContext.js"
import { requestNames } from "./format.js"
import type { Rejection } from "./statuses.js"

/** A developer does not need more. */
const maxRefusals = 100

/** A user's denial is logged as information, not as a warning. */
const log = ({ message, reason }: OAuthError, refusal: Rejection): Effect.Effect<void> =>
  Effect.andThen(
    Effect.annotateLogs(reason === "AccessDenied" ? Effect.logInfo(message) : Effect.logWarning(message), {
      provider: refusal.provider,
      request: requestNames[refusal.request]
    }),
    explain(`${requestNames[refusal.request]} of the provider '${refusal.provider}': ${message}`)
  )

/** Makes a client that records the errors of its requests, and the list of these errors, the newest first. */
export const observe = (client: OAuthClient) =>
  Effect.map(Ref.make<ReadonlyArray<Rejection>>([]), (recent) => {
    const report = (request: Rejection["request"], provider: string) => (error: OAuthError) =>
      Effect.flatMap(DateTime.now, (at) => {
        const refusal: Rejection = {
          provider,
          request,
          reason: error.reason,
          error: error.code,
          description: error.description,
          at
        }
        return Effect.andThen(
          Ref.update(recent, (refusals) => [refusal, ...refusals].slice(0, maxRefusals)),
          log(error, refusal)
        )
      })

    const observed = <Request, A>(
      name: Rejection["request"],
      method: (server: AuthorizationServer, request: Request) => Effect.Effect<A, OAuthError>
    ) =>
    (server: AuthorizationServer, request: Request): Effect.Effect<A, OAuthError> =>
      Effect.tapError(method(server, request), report(name, server.provider ?? server.clientId))

    const observing: OAuthClient = {
      // The control plane reports its errors.
      discover: client.discover,
      clientCredentials: observed("clientCredentials", client.clientCredentials),
      authorizationUrl: observed("authorizationUrl", client.authorizationUrl),
      checkCallback: observed("checkCallback", client.checkCallback),
      exchangeCode: observed("exchangeCode", client.exchangeCode),
      refresh: observed("refresh", client.refresh),
      exchangeToken: observed("exchangeToken", client.exchangeToken),
      jwtGrant: observed("jwtGrant", client.jwtGrant),
      revoke: observed("revoke", client.revoke),
      verifyUserToken: client.verifyUserToken
    }
    return { client: observing, refusals: Ref.get(recent) }
  })
