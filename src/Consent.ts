/**
 * What happens when a user has to consent: the handlers that show the authorization URL, and the defaults of a program.
 *
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ConsentSession } from "./ConsentSession.js"
import { RequiresUserConsent } from "./IdentityError.js"

/**
 * Shows a session's authorization URL to its user. Success means "shown, now wait", failure ends the flow. It is called once
 * for a wait.
 *
 * @since 0.1.0
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
 * class Chat extends Context.Tag("Chat")<Chat, {
 *   readonly showLink: (url: Redacted.Redacted) => Effect.Effect<void, ChatClosed>
 * }>() {}
 *
 * const inChat: Consent.ConsentHandler<ChatClosed, Chat> = (session) =>
 *   Effect.flatMap(Chat, (chat) => chat.showLink(session.authorizationUrl))
 */
export type ConsentHandler<out E = never, out R = never> = (session: ConsentSession) => Effect.Effect<unknown, E, R>

/**
 * Fails with `RequiresUserConsent`, which carries the session: the caller shows the URL and resumes later. The default.
 *
 * @since 0.1.0
 * @category handlers
 */
export const fail: ConsentHandler<RequiresUserConsent> = (session) => Effect.fail(new RequiresUserConsent({ session }))

const print: ConsentHandler = (session) =>
  Console.log(
    `Open this page to give '${session.provider}' your consent:\n\n  ${Redacted.value(session.authorizationUrl)}\n`
  )

/**
 * Prints the authorization URL by the `Console` service. For a terminal that the user sits at: whoever reads the URL can
 * consent in the user's place, so it must not go to a log.
 *
 * @since 0.1.0
 * @category handlers
 */
export const console: ConsentHandler = print

/**
 * Opens the authorization URL in the default browser of this machine, and prints it as well for machines without one. Only
 * `http:` and `https:` URLs are handed to the operating system.
 *
 * @since 0.1.0
 * @category handlers
 */
export const openBrowser: ConsentHandler = (session) =>
  Effect.zipRight(print(session), Effect.suspend(() => launch(Redacted.value(session.authorizationUrl))))

const launch = (url: string): Effect.Effect<void> =>
  URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
    ? Effect.tryPromise(async () => {
      const { default: open } = await import("open")
      const browser = await open(url)
      // A machine without a browser: the printed URL remains.
      browser.on("error", () => {})
    }).pipe(Effect.catchTag("UnknownException", () => Effect.logDebug("No browser could be opened")))
    : Effect.logWarning("The authorization URL is not a web page; it is not opened")

/**
 * The handler of requests that have none of their own, read from the context of the program that asks. Default: {@link fail}.
 *
 * @since 0.1.0
 * @category references
 */
export class Handler extends Context.Reference<Handler>()("effect-agentcore-identity/Consent/Handler", {
  defaultValue: (): ConsentHandler<RequiresUserConsent> => fail
}) {}

/**
 * The return URL of requests that have none of their own: where the user's browser goes after consent. It has to be registered
 * on the workload identity. Default: none.
 *
 * @since 0.1.0
 * @category references
 */
export class ReturnUrl extends Context.Reference<ReturnUrl>()("effect-agentcore-identity/Consent/ReturnUrl", {
  defaultValue: (): Option.Option<string> => Option.none()
}) {}
