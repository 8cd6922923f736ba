/** The responses of a backend to browsers, and its consents and grants as `LocalControl` lists them. */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { LocalControl } from "../LocalControl.js"

/**
 * The response to a browser that opens an authorization URL, or returns from the authorization server.
 *
 * - `Redirect`: the browser is redirected to `url`
 * - `Denied`: the user denied consent. `returnUrl` is that of the session, with the error and without the session.
 * - `Rejected`: the authorization server sent another error. `returnUrl` is as with `Denied`.
 * - `Unavailable`: the authorization server cannot be reached or used. The session continues, and the page can be
 *   opened again.
 * - `Expired`: the session has expired. `returnUrl` is that of the session.
 * - `Replayed`: the session has already passed this step, or has ended. `returnUrl` is that of the session.
 * - `Unknown`: there is no such session, or it belongs to another callback
 */
export type BrowserResponse = Data.TaggedEnum<{
  Redirect: { readonly url: Redacted.Redacted }
  Denied: { readonly provider: string; readonly returnUrl: string }
  Rejected: { readonly provider: string; readonly returnUrl: string }
  Unavailable: { readonly provider: string }
  Expired: { readonly returnUrl: string }
  Replayed: { readonly returnUrl: string }
  Unknown: {}
}>

export const BrowserResponse: Data.TaggedEnum.Constructor<BrowserResponse> = Data.taggedEnum<BrowserResponse>()

type Control = LocalControl["Service"]

export type ConsentStatus = Effect.Success<Control["consents"]["list"]>[number]

export type GrantStatus = Effect.Success<Control["grants"]["list"]>[number]

export type VaultUser = ConsentStatus["user"]

export type RequestPart = ConsentStatus["otherGrant"][number]

export type RevocationOutcome = Effect.Success<ReturnType<Control["grants"]["revoke"]>>
