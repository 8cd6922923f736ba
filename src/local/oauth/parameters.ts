/**
 * The parameters of requests to an authorization server.
 *
 * @since 0.1.0
 */

import type { AuthorizationServer } from "../OAuthClient.js"

/**
 * What makes a request the request that it is, by RFC 6749, 7521, 7523, 7636, 8693, 9101 and OpenID Connect.
 */
const standard: ReadonlySet<string> = new Set([
  "actor_token",
  "actor_token_type",
  "assertion",
  "client_assertion",
  "client_assertion_type",
  "client_id",
  "client_secret",
  "code",
  "code_challenge",
  "code_challenge_method",
  "code_verifier",
  "grant_type",
  "nonce",
  "redirect_uri",
  "refresh_token",
  "request",
  "request_uri",
  "response_mode",
  "response_type",
  "scope",
  "state",
  "subject_token",
  "subject_token_type"
])

/** @internal */
export interface Targets {
  readonly scopes?: ReadonlyArray<string> | undefined
  readonly resources?: ReadonlyArray<string> | undefined
  readonly audiences?: ReadonlyArray<string> | undefined
  readonly customParameters?: Readonly<Record<string, string>> | undefined
}

/**
 * Standard parameters first; a custom one never takes the place of one of them, nor adds a second of the same name.
 *
 * @internal
 */
export const parameters = (
  targets: Targets,
  own: Readonly<Record<string, string>> = {}
): URLSearchParams => {
  const result = new URLSearchParams(own)
  if (targets.scopes !== undefined && targets.scopes.length > 0) result.set("scope", targets.scopes.join(" "))
  for (const resource of targets.resources ?? []) result.append("resource", resource)
  for (const audience of targets.audiences ?? []) result.append("audience", audience)
  for (const [name, value] of Object.entries(targets.customParameters ?? {})) {
    if (!standard.has(name) && !result.has(name)) result.set(name, value)
  }
  return result
}

/**
 * Those of an authorization request, as the server wants them.
 *
 * @internal
 */
export const authorizationParameters = (
  targets: Targets,
  quirks: AuthorizationServer["quirks"],
  own: Readonly<Record<string, string>>
): URLSearchParams => {
  const customParameters = { ...quirks?.authorizationParameters, ...targets.customParameters }
  const result = parameters({ ...targets, customParameters }, own)
  if (quirks?.scopeSeparator !== undefined && result.has("scope")) {
    result.set("scope", (targets.scopes ?? []).join(quirks.scopeSeparator))
  }
  return result
}
