/**
 * The errors of authorization servers. The log and the console show them, because the service's own responses do not
 * contain them.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Ref from "effect/Ref"
import type { AuthorizationServer, OAuthError, Service as OAuthClient } from "../oauth/service.js"
import type { Rejection } from "./backendModels.js"
import { explain } from "./callContext.js"
import { requestNames } from "./format.js"

/** Older errors are dropped. */
const maxRejections = 100

/** A user's denial is logged as information, not as a warning. */
const log = ({ message, reason }: OAuthError, rejection: Rejection): Effect.Effect<void> =>
  Effect.andThen(
    Effect.annotateLogs(reason === "AccessDenied" ? Effect.logInfo(message) : Effect.logWarning(message), {
      provider: rejection.provider,
      request: requestNames[rejection.request]
    }),
    explain(`${requestNames[rejection.request]} of the provider '${rejection.provider}': ${message}`)
  )

/** Makes a client that records the errors of its requests, and the list of these errors, the newest first. */
export const observe = (client: OAuthClient) =>
  Effect.map(Ref.make<ReadonlyArray<Rejection>>([]), (recent) => {
    const report = (request: Rejection["request"], provider: string) => (error: OAuthError) =>
      Effect.flatMap(DateTime.now, (at) => {
        const { code, description, reason } = error
        const rejection: Rejection = { provider, request, reason, error: code, description, at }
        return Effect.andThen(
          Ref.update(recent, (rejections) => [rejection, ...rejections].slice(0, maxRejections)),
          log(error, rejection)
        )
      })

    const observeMethod = (name: Rejection["request"]) => (server: AuthorizationServer, request: never) =>
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

    return { client: { ...methods, discover, verifyUserToken }, rejections: Ref.get(recent) }
  })
