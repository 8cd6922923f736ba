/** The promise forms of `mcp/GatewayConsent`. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { GatewayConsent, Recognized } from "../../mcp/gatewayConsent/recognize.js"
import * as Recognize from "../../mcp/gatewayConsent/recognize.js"
import type { HostOptions } from "../../mcp/gatewayConsent/retrying.js"
import * as Retrying from "../../mcp/gatewayConsent/retrying.js"
import { bind } from "./callerContext.js"

export type { HostOptions } from "../../mcp/gatewayConsent/retrying.js"

export interface Options extends HostOptions {
  /**
   * Shows the link to the user, and waits until the user is done: the browser is back at the return URL, or the consent
   * portal has the consent. A rejection ends the call.
   *
   * With `complete`, the page at the return URL must check that the signed-in user is the one who was asked. Anyone can
   * open a forwarded link, and would connect their own account.
   */
  readonly show: (consent: GatewayConsent) => unknown
  /**
   * Completes the authorization if the return URL is the application's own, with `completeAuthorization` and the
   * identifier that called the gateway. A newer JWT of the same user is rejected. It is not called for the link of a
   * consent portal. Default: the authorization is completed elsewhere, for example by the page at the return URL.
   */
  readonly complete?: ((sessionUri: Redacted.Redacted) => unknown) | undefined
}

const unwrap = (recognized: Recognized): GatewayConsent | undefined =>
  Option.getOrUndefined(Result.getOrThrow(recognized))?.consent

export const fromError = (error: unknown, { hosts }: HostOptions = {}): GatewayConsent | undefined =>
  unwrap(Recognize.fromError(error, hosts))

export const fromResult = (result: unknown, { hosts }: HostOptions = {}): GatewayConsent | undefined =>
  unwrap(Recognize.fromResult(result, hosts))

export const retrying = <A>(
  call: () => A | PromiseLike<A>,
  { complete, hosts, show }: Options
): Promise<A> =>
  Effect.runPromise(Retrying.retrying(
    Effect.suspend(bind(call)),
    { hosts, show: bind(show), complete: complete && bind(complete) }
  ))
