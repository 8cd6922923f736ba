/** The parameters of requests to an authorization server. */
import type { ClientCredentialsRequest, Deviations } from "./oauthClient.js"

/** The parameters that a custom parameter cannot set, even if the request does not have them. */
export const reserved: ReadonlyArray<string> = [
  "grant_type",
  "scope",
  "client_id",
  "client_secret",
  "subject_token",
  "actor_token",
  "actor_token_type"
]

type Targets = Partial<ClientCredentialsRequest>

/**
 * Makes the parameters of a request for tokens. A custom parameter never replaces or repeats one of the request. It
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
    if (Object.hasOwn(defaults, name) || (!reserved.includes(name) && !result.has(name))) result.set(name, value)
  }
  return result
}

/** Makes the parameters of an authorization request, with the deviations of the server. */
export const makeAuthorization = (
  targets: Targets,
  deviations: Deviations | undefined,
  own: Readonly<Record<string, string>>
): URLSearchParams => {
  const customParameters = { ...deviations?.authorizationParameters, ...targets.customParameters }
  const result = make({ ...targets, customParameters }, own)
  if (deviations?.scopeSeparator !== undefined && result.has("scope")) {
    result.set("scope", (targets.scopes ?? []).join(deviations.scopeSeparator))
  }
  return result
}
