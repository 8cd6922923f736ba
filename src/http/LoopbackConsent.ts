/**
 * Consent for command lines and desktop agents: the browser opens, and comes back to a server on this machine. The
 * server runs while the consent waits.
 *
 * The return URL is fixed, because AgentCore accepts only URLs that are registered on the workload identity. Set it as
 * `returnUrl` of each request, or as `Consent.ReturnUrl` of the program. `WorkloadIdentity.ensure` registers it.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Consent from "../Consent.js"
import type { ConsentSession } from "../ConsentSession.js"
import { Identity } from "../Identity.js"
import * as Completion from "../internal/consentCallback/completion.js"
import { isSecure } from "../internal/models/urls.js"
import * as Signals from "../internal/pendingConsents/signals.js"
import * as PendingConsents from "../PendingConsents.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import { WorkloadAccessToken } from "../WorkloadAccessToken.js"
import * as LoopbackServer from "./loopbackConsent/loopbackServer.js"

/**
 * The usual return URL of a program on this machine: port 8765 of `127.0.0.1`.
 *
 * @since 0.2.0
 * @category constants
 */
export const defaultReturnUrl = "http://127.0.0.1:8765/consent"

/** Callers who share a call of a cache wait for the same session. */
const signals = Signals.makeMemoryUnsafe()

const port = (returnUrl: string): string => new URL(returnUrl).port || "80"

/**
 * No server can receive the browser at the return URL.
 *
 * - `NotLoopback`: there is no return URL, or it is not an http URL of this machine
 * - `PortTaken`: another program listens on its port
 * - `CannotListen`: the operating system rejected it, with `code`
 * - `InsecureUrl`: the authorization URL is neither https nor http to this machine
 *
 * @since 0.2.0
 * @category errors
 */
export class LoopbackUnavailable extends Schema.TaggedError<LoopbackUnavailable>()("LoopbackUnavailable", {
  reason: Schema.Literals(["NotLoopback", "PortTaken", "CannotListen", "InsecureUrl"]),
  returnUrl: Schema.optional(Schema.String),
  /** The code of the operating system, as in `EACCES`. */
  code: Schema.optional(Schema.String)
}) {
  override get message(): string {
    const { code, reason, returnUrl } = this
    if (reason === "InsecureUrl") {
      return "The authorization URL of AgentCore is neither https nor http to this machine: check the endpoint of the data plane"
    }
    if (reason === "NotLoopback" || returnUrl === undefined) {
      const problem = returnUrl === undefined
        ? "The request has no return URL"
        : `The return URL '${returnUrl}' is not on this machine`
      return `${problem}: set returnUrl of the request, or Consent.ReturnUrl, to a URL as in ${defaultReturnUrl}, and register it on the workload identity`
    }
    return reason === "PortTaken"
      ? `Another program listens on port ${port(returnUrl)}, so the browser cannot come back to ${returnUrl}: `
        + "end that program, or register a return URL with another port"
      : `Cannot listen at ${returnUrl} (${code ?? "unknown"}): register a return URL with another port, above 1023`
  }
}

const hosts: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["127.0.0.1", ["127.0.0.1"]],
  ["[::1]", ["::1"]],
  ["localhost", ["127.0.0.1", "::1"]]
])

const addressOf = (returnUrl = ""): Effect.Effect<LoopbackServer.Address, LoopbackUnavailable> => {
  const url = URL.parse(returnUrl)
  const addresses = url?.protocol === "http:" ? hosts.get(url.hostname) : undefined
  return url === null || addresses === undefined
    ? new LoopbackUnavailable({ reason: "NotLoopback", returnUrl: returnUrl === "" ? undefined : returnUrl })
    : Effect.succeed({ hosts: addresses, port: Number(port(returnUrl)), path: url.pathname })
}

/**
 * A consent handler for a program on the user's own machine. It listens at the return URL of the session, which has to
 * be an http URL of a loopback address, and opens the authorization URL. When the browser comes back, it completes the
 * authorization for `user`, and the flow polls at once. The server stops when the wait ends: with a token, with an
 * error, or by interruption.
 *
 * The server accepts only a top-level navigation with the session of a waiting consent, and with its `customState` if
 * it has one. A page of another site cannot end or redirect a consent. The handler never completes a session that the
 * program did not start. Concurrent consents share the port.
 *
 * If it cannot listen there, it fails with {@link LoopbackUnavailable} before it shows anything. Use `127.0.0.1`, as
 * RFC 8252 advises: `localhost` can have another address.
 *
 * @since 0.2.0
 * @category handlers
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
 * import * as LoopbackConsent from "effect-agentcore-identity/http/LoopbackConsent"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import type * as Redacted from "effect/Redacted"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *   returnUrl: LoopbackConsent.defaultReturnUrl
 * }) {}
 *
 * declare const listEvents: (token: Redacted.Redacted) => Effect.Effect<ReadonlyArray<string>>
 *
 * const user = { userId: "alice" }
 *
 * const program = Effect.flatMap(Calendar, listEvents).pipe(
 *   AccessToken.withAccessToken(Calendar, { consent: LoopbackConsent.handler({ user }) }),
 *   Effect.provide(
 *     WorkloadAccessToken.layerWorkload({ name: "my-agent", user }).pipe(Layer.provideMerge(AwsIdentity.layer()))
 *   )
 * )
 */
export const handler = <E = never, R = never>(options: {
  /** The user of this program and of its workload access token. The authorization is completed for them. */
  readonly user: UserIdentifier
  /** Shows the authorization URL. Default: `Consent.openBrowser`. */
  readonly show?: ((session: ConsentSession) => Effect.Effect<unknown, E, R>) | undefined
}): Consent.WaitingHandler<E | LoopbackUnavailable, R | Identity> => ({
  ownPage: true,
  show: options.show ?? Consent.openBrowser,
  wait: ({ poll, poller, session, shown }) =>
    Effect.acquireUseRelease(
      Scope.make(),
      Effect.fnUntraced(function*(scope) {
        yield* Scope.provide(listen(session, options.user), scope)
        yield* shown
        return yield* Signals.poller(signals, poller)({ session, poll })
      }),
      Scope.close
    )
})

/** Listens at the return URL of the session. Completes the session when the browser comes back. */
const listen = Effect.fnUntraced(function*(session: ConsentSession, user: UserIdentifier) {
  const address = yield* addressOf(session.returnUrl)
  if (!isSecure(Redacted.value(session.authorizationUrl))) {
    return yield* new LoopbackUnavailable({ reason: "InsecureUrl" })
  }
  const identity = yield* Identity
  // The caller of the flow that runs this handler.
  const caller = yield* Effect.serviceOption(WorkloadAccessToken)
  const dependencies = {
    identity,
    callerOf: () => Effect.succeed(caller),
    claim: (claim: PendingConsents.Claim) =>
      Effect.tap(PendingConsents.verify({ session, user }, claim), () =>
        Effect.sync(() => {
          isOwn = true
        })),
    signals,
    visits: Completion.makeVisits()
  }
  let isOwn = false
  const complete = (url: string) =>
    Effect.tap(
      Completion.complete(dependencies, Completion.visitOf(url), user),
      // No other process completes the session. So if AgentCore rejected it, it never will be complete.
      ({ _tag }) =>
        isOwn && _tag === "NotUsable"
          ? signals.signal(Signals.session(session.sessionUri), "Failed")
          : Effect.void
    )
  yield* Effect.mapError(LoopbackServer.open(address, session, complete), ({ code }) =>
    new LoopbackUnavailable({
      reason: code === "EADDRINUSE" ? "PortTaken" : "CannotListen",
      returnUrl: session.returnUrl,
      code
    }))
})
