/** The parameters of requests to an authorization server. */
import type { ClientCredentialsRequest, Quirks } from "./service.js"

/** The parameters of RFC 6749, 7521, 7523, 7636, 8693, 9101 and OpenID Connect that a request sets itself. */
const standard: ReadonlySet<string> = new Set(
  ("actor_token actor_token_type assertion client_assertion client_assertion_type client_id client_secret code "
    + "code_challenge code_challenge_method code_verifier grant_type nonce redirect_uri refresh_token request "
    + "request_uri response_mode response_type scope state subject_token subject_token_type").split(" ")
)

type Targets = Partial<ClientCredentialsRequest>

/**
 * Makes the parameters of a request for tokens. A custom parameter never replaces or repeats a standard one. It
 * replaces a default, as AWS documents for `subject_token_type` and `requested_token_use`.
 */
export const make = (
  targets: Targets,
  own: Readonly<Record<string, string>> = {},
  defaults: Readonly<Record<string, string>> = {}
): URLSearchParams => {
  const result = new URLSearchParams({ ...own, ...defaults })
  if (targets.scopes !== undefined && targets.scopes.length > 0) result.set("scope", targets.scopes.join(" "))
  for (const resource of targets.resources ?? []) result.append("resource", resource)
  for (const audience of targets.audiences ?? []) result.append("audience", audience)
  for (const [name, value] of Object.entries(targets.customParameters ?? {})) {
    if (Object.hasOwn(defaults, name) || (!standard.has(name) && !result.has(name))) result.set(name, value)
  }
  return result
}

/** Makes the parameters of an authorization request, with the quirks of the server. */
export const makeAuthorization = (
  targets: Targets,
  quirks: Quirks | undefined,
  own: Readonly<Record<string, string>>
): URLSearchParams => {
  const customParameters = { ...quirks?.authorizationParameters, ...targets.customParameters }
  const result = make({ ...targets, customParameters }, own)
  if (quirks?.scopeSeparator !== undefined && result.has("scope")) {
    result.set("scope", (targets.scopes ?? []).join(quirks.scopeSeparator))
  }
  return result
}
