/**
 * Words for states, refusals and times, in the log and on pages. The console uses them in a browser, so this module
 * imports no code.
 */
import type { ConsentStatus, Refusal, RequestPart } from "./statuses.js"

const stateTexts: { readonly [State in ConsentStatus["state"]]: string } = {
  Pending: "waiting for the user to open the page",
  Authorizing: "at the authorization server",
  Authorized: "allowed, waiting for the application to complete it",
  Completing: "being completed",
  Completed: "completed",
  Refused: "refused by the user",
  Rejected: "ended by an error of the authorization server",
  ExchangeFailed: "the code was not exchanged for a token",
  Expired: "expired"
}

/** Joins parts of a request for a sentence. */
export const formatParts = (parts: ReadonlyArray<RequestPart>): string =>
  parts.length < 2 ? parts.join() : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`

/** The state, and why a user who has consented before is asked again. */
export const formatConsentState = ({ otherGrant, state }: Pick<ConsentStatus, "otherGrant" | "state">): string =>
  otherGrant.length === 0
    ? stateTexts[state]
    : `${stateTexts[state]}. A grant exists for other ${formatParts(otherGrant)}.`

/** The requests to authorization servers, in the words of OAuth. */
export const requestNames: { readonly [Request in Refusal["request"]]: string } = {
  clientCredentials: "client credentials",
  authorizationUrl: "authorization request",
  checkCallback: "authorization response",
  exchangeCode: "authorization code",
  refresh: "refresh token",
  exchangeToken: "token exchange",
  jwtGrant: "JWT authorization grant",
  revoke: "revocation"
}

/** For a refusal without a description. */
const refusalTexts: { readonly [Reason in Refusal["reason"]]: string } = {
  Unreachable: "no answer",
  InvalidGrant: "the code, the refresh token or the user's token is not accepted",
  InvalidClient: "the client's credentials are not accepted",
  AccessDenied: "the user refused",
  Rejected: "refused, or an answer that fails a check",
  Misconfigured: "an endpoint of the configuration cannot be used"
}

export const formatRefusal = (
  { description, reason }: { readonly description?: string | undefined; readonly reason: Refusal["reason"] }
): string => description ?? refusalTexts[reason]

/** Formats a time in milliseconds in whole units: `3 min`. */
export const formatDuration = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  return seconds < 60
    ? `${seconds} s`
    : seconds < 3600
    ? `${Math.floor(seconds / 60)} min`
    : seconds < 172_800
    ? `${Math.floor(seconds / 3600)} h`
    : `${Math.floor(seconds / 86_400)} days`
}

/** Formats the time between two instants, in milliseconds. */
export const formatAge = (from: number, to: number): string => formatDuration(to - from)
