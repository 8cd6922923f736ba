/**
 * Links with which users connect their accounts, and the pages behind them: `http/Connect` without Effect. A link never
 * expires, and can be mailed. AgentCore's own authorization URL expires after 10 minutes.
 *
 * The pages work in any server: {@link Connect} has the form `fetch` for `Request` and `Response`, and the form `node`
 * for `node:http`, Express and the like. They list the connections of the signed-in user, connect, reconnect and
 * disconnect, and the browser returns to them after consent. Paths and guards are those of `http/Connect`.
 *
 * AgentCore sends the browser back to `<path>/return` of this server. Register this address as a return URL of the
 * workload identity.
 *
 * @since 0.2.0
 * @example
 * import * as Connect from "effect-agentcore-identity/promise/Connect"
 * import { runWithContext } from "effect-agentcore-identity/promise/Identity"
 *
 * // The application's own sign-in.
 * declare const userOf: (cookie: string | null) => Promise<string | undefined>
 * // Any chat of the application.
 * declare const post: (message: string) => Promise<void>
 *
 * const connect = Connect.make({
 *   path: "/connect",
 *   origin: "https://app.example.com",
 *   workload: "my-agent",
 *   credentials: {
 *     calendar: {
 *       providerName: "google",
 *       scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *       authFlow: "USER_FEDERATION"
 *     }
 *   },
 *   currentUser: async (request: Request) => {
 *     const userId = await userOf(request.headers.get("cookie"))
 *     return userId === undefined ? undefined : { userId }
 *   }
 * })
 *
 * // The server: https://app.example.com/connect lists a user's connections.
 * export const fetch = (request: Request): Promise<Response> => connect.fetch(request)
 *
 * // The agent: the user is shown the link, and the call continues when they have connected.
 * const agenda = connect.withAccessToken("calendar", { onLink: (link) => post(`Connect your calendar: ${link}`) })(
 *   async (day: string, token: string) => `${day}, with a token of ${token.length} characters`
 * )
 *
 * export const answer = (userId: string) =>
 *   runWithContext({ workload: connect.workload({ name: "my-agent", user: { userId } }) }, () => agenda("today"))
 */
import type { IncomingMessage } from "node:http"
import * as Implementation from "./internal/connect.js"

/**
 * A credential that users connect: a class of `AccessToken.Tag`, or a configuration as `withAccessToken` takes it,
 * without what belongs to a single call. The return URL of a configuration without `callbackUrl` is `<path>/return` of
 * the option `origin`.
 *
 * @since 0.2.0
 * @category models
 */
export type Credential = Implementation.Credential

/**
 * The value of an option of a module with Effect, for programs without it. A secret may be a string, an `Option` is its
 * value or `undefined`, and a function that returns an effect returns a value or a promise.
 *
 * @since 0.2.0
 * @category models
 */
export type Input<A> = Implementation.Input<A>

/**
 * Options whose values are {@link Input}.
 *
 * @since 0.2.0
 * @category models
 */
export type Inputs<A> = Implementation.Inputs<A>

/**
 * The store of the consents that wait for the browser: Redis, PostgreSQL, or a file of SQLite. Values are encrypted
 * with `key`. All processes need the same key. Do not keep it in the store.
 *
 * @since 0.2.0
 * @category models
 */
export type StoreOptions = Implementation.StoreOptions

/**
 * The options of {@link make}: the {@link Inputs} of `http/Connect`.
 *
 * `Name` are the names of the credentials. `Req` is the request that `currentUser` gets: a `Request` in `fetch`, and
 * the request of the framework in `node`.
 *
 * @since 0.2.0
 * @category models
 */
export type Options<Name extends string = string, Req = Request | IncomingMessage> = Implementation.Options<Name, Req>

/**
 * How a call shows a link and waits.
 *
 * @since 0.2.0
 * @category models
 */
export type LinkOptions = Implementation.LinkOptions

/**
 * The options of `withAccessToken`.
 *
 * @since 0.2.0
 * @category models
 */
export type UseOptions = Implementation.UseOptions

/**
 * The pages, the links, and the functions of `promise/Identity` over the same services.
 *
 * @since 0.2.0
 * @category models
 */
export type Connect<Name extends string = string, Req = Request | IncomingMessage> = Implementation.Connect<Name, Req>

/**
 * A connection of a user, as the page and `status` show it.
 *
 * @since 0.2.0
 * @category models
 */
export type Connection = Implementation.Connection

/**
 * An event of a consent, for an audit. It contains no secrets.
 *
 * @since 0.2.0
 * @category models
 */
export type Event = Implementation.Event

/**
 * A page as data, for the option `respond`.
 *
 * @since 0.2.0
 * @category models
 */
export type View = Implementation.View

/**
 * Makes the pages and the links. Throws a `ValidationException` if a credential is invalid.
 *
 * The first use builds them, and connects to the store of `pendingConsents`. It rejects with `ValidationException` if
 * another option is invalid, and with `PendingConsentsError` if a package is missing or the store cannot be set up. The
 * next use tries again.
 *
 * A user who is not signed in gets a page with the status 401. To send another response, such as a redirect to the
 * sign-in, return it from `respond` for the view `Rejected` with the reason `NotSignedIn`.
 *
 * If a server has several processes, they need a shared store of `pendingConsents`, the same `formKey`, and clocks that
 * differ by less than the 10 minutes that a session lives.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make: <const Name extends string, Req = Request | IncomingMessage>(
  options: Options<Name, Req>
) => Connect<Name, Req> = Implementation.make
