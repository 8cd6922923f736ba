/**
 * The authorization server of a consent session, as its provider is configured now.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import {
  type InternalServerException,
  ResourceNotFoundException,
  type ValidationException
} from "../../IdentityError.js"
import type { AuthorizationServer } from "../OAuthClient.js"
import type { Registry } from "./registry.js"
import type { Session } from "./sessionStore.js"

/**
 * A provider that was deleted since is not found, also when there is another one of its name.
 *
 * @internal
 */
export type Find = (
  operation: string,
  session: Session
) => Effect.Effect<AuthorizationServer, ResourceNotFoundException | ValidationException | InternalServerException>

/** @internal */
export const find = (registry: Pick<Registry, "oauth2Provider">): Find => (operation, { provider }) =>
  Effect.flatMap(
    registry.oauth2Provider(operation, provider.name),
    ({ callbackId, server }): Effect.Effect<AuthorizationServer, ResourceNotFoundException> =>
      callbackId === provider.callbackId
        ? Effect.succeed(server)
        : new ResourceNotFoundException({ operation, message: "The credential provider of the session is gone" })
  )
