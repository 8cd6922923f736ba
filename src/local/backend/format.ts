/** States and times for the log and for lists. The console uses it in a browser, so it imports no code. */
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

export const isWaiting = ({ state }: Pick<ConsentStatus, "state">): boolean =>
  state === "Pending" || state === "Authorizing" || state === "Authorized"

type Waiting = Pick<ConsentStatus, "provider" | "scopes" | "state" | "workload"> & { readonly user: unknown }

const keyOf = ({ provider, scopes, user, workload }: Waiting) => JSON.stringify([provider, scopes, user, workload])

/**
 * Of the sessions that wait for one request, keeps one: the one whose page was opened, or else the newest, and none if a
 * newer one has ended. An agent that polls opens a session each time.
 */
export const foldWaiting = <C extends Waiting>(newestFirst: ReadonlyArray<C>): ReadonlyArray<C> => {
  const kept = new Map<string, C>()
  for (const consent of newestFirst) {
    const state = kept.get(keyOf(consent))?.state
    if (state === undefined || state === "Pending" && consent.state !== "Pending" && isWaiting(consent)) {
      kept.set(keyOf(consent), consent)
    }
  }
  return newestFirst.filter((consent) => !isWaiting(consent) || kept.get(keyOf(consent)) === consent)
}

/** Formats a duration in milliseconds in whole units: `3 min`. */
export const formatDuration = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`
}
