/**
 * Consent handlers, which show the authorization URL to the user, and the defaults of a program.
 *
 * @since 0.2.0
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { ConsentSession } from "./ConsentSession.js"
import {
  type AuthorizationFailed,
  type AuthorizationTimedOut,
  isIdentityError,
  RequiresUserConsent,
  type ValidationException
} from "./IdentityError.js"
import * as Messages from "./internal/messages.js"
import { isSecure } from "./internal/models/urls.js"
import type * as TokenPoller from "./TokenPoller.js"

type Show<E = never, R = never> = (session: ConsentSession) => Effect.Effect<unknown, E, R>

/**
 * What the flow does when the user has to consent. A function shows the authorization URL of a session to its user:
 * success means "shown, now wait", failure ends the flow. The flow calls it once per wait, and then waits as the
 * request says. `Connect.handler` and `LoopbackConsent.handler` make handlers.
 *
 * @since 0.2.0
 * @category models
 * @example
 * import type * as Consent from "effect-agentcore-identity/Consent"
 * import * as Context from "effect/Context"
 * import * as Data from "effect/Data"
 * import * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * class ChatClosed extends Data.TaggedError("ChatClosed")<{}> {}
 *
 * class Chat extends Context.Service<Chat, {
 *   readonly showLink: (url: Redacted.Redacted) => Effect.Effect<void, ChatClosed>
 * }>()("Chat") {}
 *
 * const inChat: Consent.Handler<ChatClosed, Chat> = (session) =>
 *   Effect.flatMap(Chat, (chat) => chat.showLink(session.authorizationUrl))
 */
export type Handler<E = never, R = never> = Show<E, R> | WaitingHandler<E, R>

/**
 * A handler that also decides how the flow waits. `wait` runs `shown`, and then waits for the token. What it acquires
 * for the wait, it releases when `shown` fails, too.
 *
 * @since 0.2.0
 * @category models
 * @example
 * import * as Consent from "effect-agentcore-identity/Consent"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * // Prints the URL, and says when the wait ends.
 * const verbose: Consent.WaitingHandler = {
 *   show: Consent.console,
 *   wait: ({ poll, poller, session, shown }) =>
 *     Effect.andThen(shown, poller({ session, poll })).pipe(Effect.ensuring(Console.log("The wait has ended")))
 * }
 */
export interface WaitingHandler<out E = never, out R = never> {
  /** Shows the session to the user. */
  readonly show: (session: ConsentSession) => Effect.Effect<unknown, E, R>
  /**
   * Whether the user sees a page other than that of the session, or the handler completes the session. The session is
   * then not stored in `PendingConsents`. Default: `false`.
   */
  readonly ownPage?: boolean | undefined
  /** Waits for the token. The user has not seen anything yet. */
  readonly wait: <E1, R1>(wait: {
    /** The session that the user has to authorize. */
    readonly session: ConsentSession
    /** Shows the session to the user: the `show` of the handler. */
    readonly shown: Effect.Effect<unknown, E1, R1>
    /** How the request waits, until the session expires at the latest. */
    readonly poller: TokenPoller.TokenPoller
    /** Requests the token once. */
    readonly poll: Effect.Effect<Option.Option<Redacted.Redacted>, E1, R1>
    /** Requests the token once without the session. It finds a consent that the user has given in any session. */
    readonly request: Effect.Effect<Option.Option<Redacted.Redacted>, E1, R1>
  }) => Effect.Effect<
    Redacted.Redacted,
    E | E1 | AuthorizationFailed | AuthorizationTimedOut | ValidationException,
    R | R1
  >
}

/**
 * The default handler. It fails with `RequiresUserConsent`, which contains the session: the caller shows the URL and
 * resumes later.
 *
 * @since 0.2.0
 * @category handlers
 */
export const fail: Show<RequiresUserConsent> = (session) => Effect.fail(new RequiresUserConsent({ session }))

/**
 * Prints the authorization URL with the `Console` service. It is for the user's own terminal: anyone who reads the URL
 * can consent in the user's place, so it must not go to a log.
 *
 * @since 0.2.0
 * @category handlers
 */
export const console: Show = (session) =>
  Console.log(
    `Open this page to give '${Messages.escape(session.provider)}' your consent:\n\n  ${
      Messages.escape(Redacted.value(session.authorizationUrl))
    }\n`
  )

/**
 * Opens the authorization URL in the default browser of this machine. It also prints the URL, for machines without a
 * browser. Only `https:` URLs, and `http:` URLs of this machine, are opened.
 *
 * Other users of the machine can read the arguments of a process. The browser is therefore started with the address of
 * a page on `127.0.0.1` that redirects once to the authorization URL. The handler succeeds when the browser has
 * requested that page, at the latest after 30 seconds, or 5 seconds after the browser failed to start. The page ends
 * with the handler. If the browser cannot open the page, another user of the machine may have opened the URL.
 *
 * @since 0.2.0
 * @category handlers
 */
export const openBrowser: Show = (session) =>
  Effect.andThen(console(session), Effect.suspend(() => launch(Redacted.value(session.authorizationUrl))))

const launch = (authorizationUrl: string): Effect.Effect<void> => {
  if (!isSecure(authorizationUrl)) {
    return Effect.logWarning(
      "The browser was not opened: the authorization URL is neither https nor http to this machine"
    )
  }
  return Effect.tryPromise(() => import("./internal/consent/redirectPage.js")).pipe(
    Effect.flatMap(({ open }) => Effect.asVoid(open(new URL(authorizationUrl)))),
    // Without a browser the user still has the printed URL.
    Effect.catchTag("UnknownError", () => Effect.logDebug("The browser did not open"))
  )
}

/**
 * The handler of requests that do not set one. The flow reads it from the context of the calling program.
 * Default: {@link fail}.
 *
 * @since 0.2.0
 * @category references
 */
export const Handler = Context.Reference("effect-agentcore-identity/Consent/Handler", {
  defaultValue: (): Handler<RequiresUserConsent> => fail
})

/**
 * The return URL of requests that do not set one: where the browser goes after consent. It must be
 * registered on the workload identity. Default: none.
 *
 * @since 0.2.0
 * @category references
 */
export const ReturnUrl = Context.Reference("effect-agentcore-identity/Consent/ReturnUrl", {
  defaultValue: (): Option.Option<string> => Option.none()
})

/**
 * Whether a session that is stored in `PendingConsents`, or opened by a page of `http/Connect`, has a random
 * `customState`. AgentCore sends it to the return URL, so only the browser that consented can complete the session.
 * Default: `true`.
 *
 * Turn it off only if AgentCore turns out not to send it back, with `Layer.succeed(Consent.ReturnState, false)` around
 * the program, or in the runtime of `promise/Identity` and `promise/Connect`. A user could then send their own link to
 * another user, and complete the consent in their place.
 *
 * @since 0.2.0
 * @category references
 */
export const ReturnState = Context.Reference("effect-agentcore-identity/Consent/ReturnState", {
  defaultValue: (): boolean => true
})

/**
 * What an application shows to its user. No other person and no model may see the link.
 *
 * @since 0.2.0
 * @category models
 */
export interface Required {
  /** The credential provider, such as `github`. */
  readonly provider: string
  /** The page where the user consents. */
  readonly link: Redacted.Redacted
  /** The session, to continue with `Identity.resumeAccessToken` or with `resume` of `promise/Identity`. */
  readonly session: ConsentSession
}

// Properties in which frameworks and `Cause` keep an error.
const wrappers = ["cause", "error", "errors", "reasons", "defect"]

/**
 * Returns the consent that an error asks for, or `undefined`. It takes whatever a call rejects with: the error itself,
 * a `Cause`, or an error of a framework that wraps it. `Redacted.value`, or `reveal` of `promise/Identity`, returns the
 * link.
 *
 * @since 0.2.0
 * @category constructors
 * @example
 * import * as Consent from "effect-agentcore-identity/Consent"
 * import { reveal } from "effect-agentcore-identity/promise/Identity"
 *
 * declare const callTool: () => Promise<void>
 * declare const show: (text: string, link: string) => void
 *
 * const program = async () => {
 *   try {
 *     await callTool()
 *   } catch (error) {
 *     const consent = Consent.fromError(error)
 *     if (consent === undefined) throw error
 *     show(`Connect ${consent.provider}`, reveal(consent.link))
 *   }
 * }
 */
export const fromError = (error: unknown): Required | undefined => {
  const values = new Set([error])
  // The loop also visits the values that it adds.
  for (const value of values) {
    if (isIdentityError(value) && value._tag === "RequiresUserConsent") {
      return { provider: value.provider, link: value.authorizationUrl, session: value.session }
    }
    const inner: ReadonlyArray<unknown> = Array.isArray(value)
      ? value
      : wrappers.flatMap((name) => hasProperty(value, name) ? [value[name]] : [])
    for (const item of inner) values.add(item)
  }
  return undefined
}
