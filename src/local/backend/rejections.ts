/** Reports the errors of authorization servers, which the service's responses do not contain. */
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import type { AuthorizationServer, OAuthError, Service as OAuthClient } from "../oauth/oauthClient.js"
import { explain } from "./callContext.js"

const requestNames: { readonly [Method in Exclude<keyof OAuthClient, "discover" | "verifyUserToken">]: string } = {
  clientCredentials: "client credentials",
  authorizationUrl: "authorization request",
  checkCallback: "authorization response",
  exchangeCode: "authorization code",
  refresh: "refresh token",
  exchangeToken: "token exchange",
  jwtGrant: "JWT authorization grant",
  revoke: "revocation"
}

/** A user's denial is logged as information, not as a warning. */
const report = (method: keyof typeof requestNames, provider: string) => ({ message, reason }: OAuthError) => {
  const request = requestNames[method]
  const log = reason === "AccessDenied" ? Effect.logInfo(message) : Effect.logWarning(message)
  return Effect.andThen(
    Effect.annotateLogs(log, { provider, request }),
    explain(`${request} of the provider '${provider}': ${message}`)
  )
}

export const observe = (client: OAuthClient): OAuthClient => {
  const observeMethod = (name: keyof typeof requestNames) => (server: AuthorizationServer, request: never) =>
    Effect.tapError<unknown, OAuthError, never, void, never, never>(
      client[name](server, request),
      report(name, server.provider ?? server.clientId)
    )
  // Each method keeps its type.
  const methods = Record.map(requestNames, (_, name) => observeMethod(name)) as unknown as OAuthClient
  const { verifyUserToken } = client

  /** A new provider, which has no name yet, reports its errors itself. */
  const discover: OAuthClient["discover"] = (server, options) =>
    Effect.tapError(
      client.discover(server, options),
      server.provider === undefined ? () => Effect.void : report("authorizationUrl", server.provider)
    )
  return { ...methods, discover, verifyUserToken }
}
