/** Formats states and times for the log and for pages. The console uses it in a browser, so it imports no code. */
import type { ConsentStatus, RequestPart, VaultUser } from "./backendModels.js"

const stateTexts: { readonly [State in ConsentStatus["state"]]: string } = {
  Pending: "waiting for the user to open the page",
  Authorizing: "at the authorization server",
  Authorized: "allowed, waiting for the application to complete it",
  Completing: "being completed",
  Completed: "completed",
  Denied: "denied by the user",
  Rejected: "ended by an error of the authorization server",
  ExchangeFailed: "the code was not exchanged for a token",
  Expired: "expired"
}

export const formatUser = (user: VaultUser): string =>
  "userId" in user ? user.userId : `${user.subject} of ${user.issuer}`

export const formatParts = (parts: ReadonlyArray<RequestPart>): string =>
  parts.length < 2 ? parts.join() : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`

export const formatConsentState = ({ otherGrant, state }: Pick<ConsentStatus, "otherGrant" | "state">): string =>
  otherGrant.length === 0
    ? stateTexts[state]
    : `${stateTexts[state]}. A grant exists for other ${formatParts(otherGrant)}.`

/** Formats a duration in milliseconds in whole units: `3 min`. */
export const formatDuration = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`
}
