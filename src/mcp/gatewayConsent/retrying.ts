/** A call that shows the link, completes the session, and is repeated once. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { Found, GatewayConsent, Hosts, InvalidGatewayConsent } from "./recognize.js"
import { fromError, fromResult, GatewayConsentRequired } from "./recognize.js"

export interface HostOptions {
  /**
   * The allowed hosts of the link, with or without a port: `["portal.example.com"]`. Set it to the host of your own
   * consent portal, or to the one region of your gateway. Default: the hosts of AgentCore and of its consent portals in
   * all regions, and this machine, for the local server.
   */
  readonly hosts?: ReadonlyArray<string> | undefined
}

export interface Options<E1 = never, R1 = never, E2 = never, R2 = never> extends HostOptions {
  /**
   * Shows the link to the user, and waits until the user is done: the browser is back at the return URL, or the consent
   * portal has the consent. Success completes the authorization and repeats the call, failure ends the call.
   *
   * With `complete`, the page at the return URL must check that the signed-in user is the one who was asked. Anyone can
   * open a forwarded link, and would connect their own account.
   */
  readonly show: (consent: GatewayConsent) => Effect.Effect<unknown, E1, R1>
  /**
   * Completes the authorization if the return URL is the application's own, with `Identity.completeAuthorization` and
   * the identifier that called the gateway. A newer JWT of the same user is rejected. It is not called for the link of
   * a consent portal. Default: the authorization is completed elsewhere, for example by the page at the return URL.
   */
  readonly complete?: ((sessionUri: Redacted.Redacted) => Effect.Effect<unknown, E2, R2>) | undefined
}

/** Runs a call. A consent that it asks for goes to `onConsent`. */
const run = <A, E, R, B, E2, R2>(
  call: Effect.Effect<A, E, R>,
  hosts: Hosts,
  onConsent: (found: Found) => Effect.Effect<B, E2, R2>
): Effect.Effect<A | B, E | E2 | InvalidGatewayConsent, R | R2> =>
  Effect.matchEffect(call, {
    onFailure: (error) =>
      Effect.flatMap(
        Effect.fromResult(fromError(error, hosts)),
        (found): Effect.Effect<B, E | E2, R2> => Option.isSome(found) ? onConsent(found.value) : Effect.fail(error)
      ),
    onSuccess: (result) =>
      Effect.flatMap(
        Effect.fromResult(fromResult(result, hosts)),
        (found): Effect.Effect<A | B, E2, R2> => Option.isSome(found) ? onConsent(found.value) : Effect.succeed(result)
      )
  })

export const retryingWith = <A, E, R, E1, R1, E2, R2>(
  call: (retry: Found["retry"] | undefined, attempt: 1 | 2) => Effect.Effect<A, E, R>,
  { complete, hosts, show }: Options<E1, R1, E2, R2>
): Effect.Effect<A, E | E1 | E2 | GatewayConsentRequired | InvalidGatewayConsent, R | R1 | R2> =>
  run(call(undefined, 1), hosts, ({ consent, retry }) =>
    Effect.gen(function*() {
      yield* show(consent)
      if (complete !== undefined && consent.sessionUri !== undefined) yield* complete(consent.sessionUri)
      return yield* run(call(retry, 2), hosts, ({ consent }) => Effect.fail(new GatewayConsentRequired({ consent })))
    }))

export const retrying = <A, E, R, E1 = never, R1 = never, E2 = never, R2 = never>(
  call: Effect.Effect<A, E, R>,
  options: Options<E1, R1, E2, R2>
): Effect.Effect<A, E | E1 | E2 | GatewayConsentRequired | InvalidGatewayConsent, R | R1 | R2> =>
  retryingWith(() => call, options)
