/**
 * A simulated user with a browser, for tests. They open the link of a consent, sign in at the development authorization
 * server, press its buttons, and return to the application. They use the same pages and routes as people do.
 *
 * Each action of a user is a function of the link, so it can replace the code that shows a consent. They follow
 * redirects, store cookies, and run no scripts. On each page they send the first form that they know, with the values
 * that it has, until there is none. So a sign-in that leads to a page of `http/Connect` ends with the consent. Forms:
 *
 * - a sign-in, by its first button: their name in `user`, `username`, `login`, `email` or `autocomplete="username"`
 * - the decision: a button with the value `allow`, `accept`, `approve` or `yes`, or `deny`, `refuse`, `reject` or `no`
 * - the button *Connect* of `http/Connect`, once, and not *Reconnect*, *Check* or *Disconnect*
 *
 * @since 0.2.0
 * @example
 * import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
 * import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
 * import * as TestUser from "effect-agentcore-identity/local/TestUser"
 * import * as Effect from "effect/Effect"
 *
 * // Handlers for `consent`, in a test of an agent that works for Alice.
 * const handlers = Effect.gen(function*() {
 *   const { clock } = yield* LocalControl.LocalControl
 *   const authorizationServer = yield* AuthorizationServer.AuthorizationServer
 *   const alice = yield* TestUser.make("alice")
 *   const bob = yield* TestUser.make("bob")
 *   return {
 *     agrees: alice.approves,
 *     denies: alice.denies,
 *     isCareless: alice.forwardsLinkTo(bob),
 *     isLate: alice.returnsAfter(clock.advance("11 minutes")),
 *     changesHerMind: alice.revokes(authorizationServer)
 *   }
 * })
 */
import * as Effect from "effect/Effect"
import { hasProperty, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { AuthorizationServer } from "./AuthorizationServer.js"
import { isWebUrl, makeWalk, type Obstacle } from "./internal/browser.js"

/** A URL, or a consent session with its authorization URL. */
type Link = string | Redacted.Redacted | { readonly authorizationUrl: Redacted.Redacted }

/**
 * The last page that the user sees, which can be an error page. A redirect to a custom scheme of an application is not
 * followed. Then `status` is the status of the redirect, and `url` is its target.
 *
 * @since 0.2.0
 * @category models
 */
export interface Page {
  readonly status: number
  readonly url: Redacted.Redacted
  /** The visible text. */
  readonly text: string
}

/** An action of a user, as a function of a link. */
type Act<A = Page, E = never, R = never> = (link: Link) => Effect.Effect<A, TestUserError | E, R>

/**
 * A user, with cookies of their own.
 *
 * @since 0.2.0
 * @category models
 */
export interface TestUser {
  /** The user name at the authorization server. */
  readonly name: string
  /** Opens a page, such as the sign-in of the application, and follows its redirects. Sends no form. */
  readonly opens: Act
  /**
   * Opens the link, signs in with their name, presses *Connect*, and allows, in the order of the pages. The server
   * does not prompt a user who has already allowed it.
   */
  readonly approves: Act
  /** Opens the link, signs in, and denies. */
  readonly denies: Act
  /** Gives the link to another user, who approves in their own browser. */
  readonly forwardsLinkTo: (other: TestUser) => Act
  /**
   * Approves, and presses the button of the decision twice. The result has the pages of both clicks, or one page if
   * there is no button.
   */
  readonly clicksTwice: Act<ReadonlyArray<Page>>
  /** Approves, and returns to AgentCore, which sends them to the application, only after an effect, such as a sleep. */
  readonly returnsAfter: <E, R>(meanwhile: Effect.Effect<unknown, E, R>) => Act<Page, E, R>
  /**
   * Withdraws their consent at the authorization server, for all clients. Returns the number of refresh tokens that are
   * revoked.
   */
  readonly revokes: (authorizationServer: Pick<AuthorizationServer["Service"], "revoke">) => Effect.Effect<number>
  /** Returns a user with the same browser who signs in with another name. */
  readonly as: (name: string) => TestUser
}

const explanations = {
  InvalidUrl: "this is not a web URL",
  Unreachable: "no server responds",
  TooManySteps: "there are too many pages and redirects"
} as const

/**
 * Why a user did not reach a page:
 *
 * - `InvalidUrl`: a link, a redirect or a form leads to a URL that is not a web URL
 * - `Unreachable`: no server responds within 30 seconds
 * - `TooManySteps`: there are more than 30 pages and redirects
 *
 * `at` is the origin and path of the URL, because the query may contain secrets.
 *
 * @since 0.2.0
 * @category errors
 */
export class TestUserError extends Schema.TaggedError<TestUserError>()("TestUserError", {
  reason: Schema.Literals(Struct.keys(explanations)),
  at: Schema.String
}) {
  override get message() {
    return `The test user cannot go on at ${this.at}: ${explanations[this.reason]}`
  }
}

const failure = (reason: Obstacle, url: string) => {
  const { origin, pathname, protocol } = URL.parse(url) ?? {}
  const other = protocol === undefined ? "an invalid URL" : `a URL of the scheme ${protocol}`
  return new TestUserError({ reason, at: isWebUrl(url) ? `${origin}${pathname}` : other })
}

/** A program in JavaScript can pass any value. The empty string is an invalid URL. */
const toUrl = (link: unknown): string => {
  const url = hasProperty(link, "authorizationUrl") ? link.authorizationUrl : link
  const value = Redacted.isRedacted(url) ? Redacted.value(url) : url
  return isString(value) ? value : ""
}

/**
 * Makes a user with a new browser. They stay signed in. At the application, let them sign in first: `opens`, or
 * `approves` for a form.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (name: string): Effect.Effect<TestUser> => Effect.sync(() => makeUser(name, makeWalk(failure)))

const makeUser = (userName: string, walk: ReturnType<typeof makeWalk<TestUserError>>): TestUser => {
  const visit = <E = never, R = never>(
    link: Link,
    decision?: "allow" | "deny",
    options: { readonly clicks?: 2; readonly meanwhile?: Effect.Effect<unknown, E, R> } = {}
  ) => walk({ url: toUrl(link) }, { input: decision && { userName, decision, connects: true }, ...options })
  const lastPage = <E, R>(pages: Effect.Effect<readonly [Page, ...ReadonlyArray<Page>], E, R>) =>
    Effect.map(pages, ([page]) => page)
  return {
    name: userName,
    opens: (link) => lastPage(visit(link)),
    approves: (link) => lastPage(visit(link, "allow")),
    denies: (link) => lastPage(visit(link, "deny")),
    forwardsLinkTo: (other) => other.approves,
    clicksTwice: (link) => visit(link, "allow", { clicks: 2 }),
    returnsAfter: (meanwhile) => (link) => lastPage(visit(link, "allow", { meanwhile })),
    revokes: (authorizationServer) => authorizationServer.revoke({ userName }),
    as: (name) => makeUser(name, walk)
  }
}
