/** The types that the public module exports: options, errors, views, events and the service. */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Metric from "effect/Metric"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { ConsentSession } from "../../ConsentSession.js"
import type { AccessTokenCredential, AccessTokenError, Identity } from "../../Identity.js"
import type { ValidationException } from "../../IdentityError.js"
import type { ConsentSignals } from "../../internal/pendingConsents/store.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import type { WorkloadAccessToken, WorkloadAccessTokenError } from "../../WorkloadAccessToken.js"
import type * as Appearances from "./appearance.js"
import type { Texts } from "./appearance.js"

/** An account at a vendor. */
export interface Account {
  /** The vendor's own identifier of the account, which never changes: 1 to 256 characters, none of them a control. */
  readonly id: string
  /**
   * What its owner recognizes, such as an email address. The vendor chooses it. For `expect`, it is the id if it is not
   * verified, or has control characters or more than 200 characters.
   */
  readonly label: string
  /** Whether the vendor has verified the address in `label`. `undefined`: it does not say so of any label. */
  readonly verified?: boolean | undefined
}

/** Options of `Connect.layerLinks`. All processes of a program need the same. */
export interface LinkOptions {
  /** The path of the connections page, as in `/connect`. It has no parameters. */
  readonly path: HttpRouter.PathInput
  /**
   * The credentials that users connect, by their names in links and stored consents. A name has letters, digits, `-`
   * and `_`, and is not `return`. Do not change it: mailed links contain it.
   */
  readonly credentials: { readonly [name: string]: AccessTokenCredential<"USER_FEDERATION"> }
  /** The name of the workload identity that acts for the users. */
  readonly workload: string
  /**
   * The origin of this server in the users' browsers, as in `https://app.example.com`. Default: the common origin of
   * the return URLs of the credentials.
   */
  readonly origin?: string | undefined
  /**
   * How the program identifies its users to AgentCore: by ids, or by their JWTs. AgentCore stores the grants of the two
   * separately, so all parts of a program need the same kind. Default: `userId`.
   */
  readonly users?: "userId" | "jwt" | undefined
  /**
   * The addresses that `?continue=` of a link may have. An entry allows its URL and every path below it.
   * Pages without such an address lead back to the first entry, or to `origin`. Default: none.
   */
  readonly continueTo?: ReadonlyArray<string> | undefined
  /**
   * What `Connect` does at the vendors, by name in `credentials`. Default: nothing. `http/VendorAccount` has it for
   * known vendors. The functions get the `HttpClient` of the program, or `fetch`. It follows no redirects, or with
   * `HttpClient.followRedirects` of the program only those to the same origin. `HttpClient.make` has to make the
   * innermost client, and no inner client may turn tracing off: otherwise the requests have neither headers nor a body,
   * and fail. It reads at most 1 MB of a response. The functions end after 5 seconds.
   */
  readonly accounts?: {
    readonly [name: string]: {
      /**
       * Returns the account that an access token belongs to. An error with the status 401 (`status`, or that of its
       * `response`) says that the vendor no longer accepts the token: the declared scopes must include those that this
       * request needs. After any other failure the account is unknown, which never prevents a consent. The pages and
       * the waits remember that for 30 seconds, unless the user presses *Check*.
       * Default: the account is not asked for.
       */
      readonly account?:
        | ((token: Redacted.Redacted) => Effect.Effect<Account, unknown, HttpClient.HttpClient>)
        | undefined
      /**
       * Whether the user may connect this account. It needs `account`. If it returns `false`, AgentCore drops the
       * token, and no agent gets it. If the account is unknown, no agent gets the token. If the vendor rejects the
       * token of an agent's request twice within 5 seconds, AgentCore drops it, and the user is asked again. A
       * `Connect` drops at most 10 tokens a minute: it treats further accounts as unknown. Of credentials with one
       * grant, the functions of all decide, and those of fewer scopes decide on a step-up too. Compare the `id`, or a
       * label that its owner cannot choose. Default: any account.
       */
      readonly expect?: ((user: UserIdentifier, account: Account) => boolean | Effect.Effect<boolean>) | undefined
      /**
       * Ends the grant at the vendor, before AgentCore drops the tokens of a user who disconnects. A failure does not
       * prevent that. Default: nothing is sent to the vendor.
       */
      readonly revoke?:
        | ((token: Redacted.Redacted) => Effect.Effect<unknown, unknown, HttpClient.HttpClient>)
        | undefined
    } | undefined
  } | undefined
}

export type AccountOptions = NonNullable<NonNullable<LinkOptions["accounts"]>[string]>

/** How the pages look and read. */
export type Appearance = typeof Appearances.Appearance.Type

/** Options of `Connect.layer`. */
export interface Options<E, R, E2 = never, R2 = never> extends LinkOptions {
  /**
   * The user who is signed in in this browser, from the application's own session, usually a cookie. There is no
   * default. If it fails, nothing is opened. `Connect` responds to a `NotSignedIn` with a page, and the application to
   * any other failure, for example with a redirect to its sign-in.
   *
   * The cookie needs `SameSite=Lax`: with `Strict`, a browser that returns from another site does not send it.
   */
  readonly currentUser: Effect.Effect<UserIdentifier, E, R>
  /**
   * Returns the name of a user on the pages. Default: the id, or the claim `email`, `preferred_username`, `name` or
   * `sub` of the JWT.
   */
  readonly describeUser?: ((user: UserIdentifier) => Effect.Effect<string>) | undefined
  /**
   * Returns the application's own page, or `None` for the page of `Connect`. Headers that forbid caching and frames are
   * added to responses that lack them.
   */
  readonly respond?:
    | ((view: View) => Effect.Effect<Option.Option<HttpServerResponse.HttpServerResponse>, E2, R2>)
    | undefined
  /** The name, logo, colors, languages and texts of the pages. Default: plain pages in English and German. */
  readonly appearance?: Appearance | undefined
  /**
   * Returns when a user connected a credential, by its name in `credentials`, for the pages. AgentCore does not report
   * it. A program that stores the events `Completed` knows it. Default: the pages have no date.
   */
  readonly connectedSince?:
    | ((user: UserIdentifier, credential: string) => Effect.Effect<Date | undefined>)
    | undefined
  /**
   * The pages where users withdraw the access at the vendor, by name in `credentials`, such as
   * `https://myaccount.google.com/connections` or `https://github.com/settings/applications`.
   */
  readonly revokeAt?: { readonly [name: string]: string | undefined } | undefined
  /**
   * Signs the forms, and seals the cookies with what the pages need to know of a session: 32 random bytes in base64 or
   * hex, such as the output of `openssl rand -base64 32`. The processes with the pages share it. Default: random, for a
   * single process.
   */
  readonly formKey?: Redacted.Redacted | undefined
  /**
   * Whether to read the workload identity, the credential providers and the return URLs when the pages start. They do
   * not start if one is wrong, and the error says what `npx agentcore-identity doctor` says. It needs a `ControlPlane`
   * in context, and calls AWS. The log names what the program may not read. Default: false.
   */
  readonly checkSetup?: boolean | undefined
  /** How long shutdown waits for running requests. Default: 10 seconds. */
  readonly gracefulShutdownTimeout?: Duration.Input | undefined
}

/**
 * No user is signed in in this browser. `currentUser` fails with it, and the page says so. A route of the application
 * that fails with it responds with the status 401.
 */
export class NotSignedIn extends Schema.TaggedError<NotSignedIn>()("NotSignedIn", {}) {
  [HttpServerRespondable.symbol]() {
    return Effect.succeed(HttpServerResponse.empty({ status: 401 }))
  }

  override get message(): string {
    return "No user is signed in in this browser"
  }
}

const kinds: { readonly [Kind in OtherUserKind["found"]]: string } = { userId: "a user id", jwt: "a JWT" }

/**
 * Two parts of a program identify their users in different ways. The agent would never find what the user grants on the
 * page.
 */
export class OtherUserKind extends Schema.TaggedError<OtherUserKind>()("OtherUserKind", {
  /** The part whose user has the wrong kind. */
  part: Schema.Literals(["currentUser", "handler", "connections", "check", "disconnectAll", "runAs"]),
  /** The option `users` of `Connect`. */
  expected: Schema.Literals(["userId", "jwt"]),
  found: Schema.Literals(["userId", "jwt"])
}) {
  override get message(): string {
    const { expected, found, part } = this
    const source = part === "currentUser" ? "currentUser of Connect returned" : `Connect.${part} was called with`
    return `${source} ${kinds[found]}, and Connect expects ${kinds[expected]}. `
      + "AgentCore stores the grants of user ids and JWTs separately: take the user of the agent and of the pages from one "
      + `function, and set the option users to '${found}' if that function returns ${kinds[found]}`
  }
}

/**
 * A credential of the signed-in user.
 *
 * - `Granted`: AgentCore has a token, or can refresh it. AgentCore does not detect a revocation at the vendor.
 * - `NotGranted`: the user would have to consent
 * - `RevokedAtVendor`: the vendor does not accept the token. The user has to reconnect. AgentCore has the token, or an
 *   agent of this process has dropped it in the last 10 minutes.
 * - `WrongAccount`: an agent of this process has dropped the token in the last 10 minutes, because `expect` does not
 *   allow `account`
 * - `Unknown`: AgentCore did not respond, or the vendor did not name the account that `expect` needs. The log has the
 *   reason.
 */
export interface Connection {
  /** The name in `credentials`. */
  readonly name: string
  /** The name of the OAuth2 credential provider. */
  readonly provider: string
  readonly scopes: ReadonlyArray<string>
  readonly state: keyof typeof Texts.Type["states"]
  /**
   * The account at the vendor. `"unknown"`: the vendor did not name it. `undefined`: the credential has no function
   * `account`, or is not granted.
   */
  readonly account: Account | "unknown" | undefined
  /** When the user connected it, by the option `connectedSince`, as in `2026-03-03T09:00:00.000Z`. */
  readonly since?: string | undefined
  /** The link of the credential. Its forms post to this address. */
  readonly link: string
  /** Where the user withdraws the access at the vendor, see the option `revokeAt`. */
  readonly revokeAt: string | undefined
}

/**
 * A page of `Connect`, as data. `formToken` is the value of the field `token` of every form. The field `action` is
 * `connect`, `reconnect`, `check` or `disconnect`. As JSON (`accept: application/json`), a view has `token` instead of
 * `formToken`, `error` and `message` instead of `reason`, no `_tag`, and in connections the texts of `appearance`. A
 * single-page application posts `{ action, token, continue }` as JSON to the `link` of a connection, from the same
 * origin. After `connect` and `reconnect` it sends the browser to the `authorizationUrl` of the response.
 *
 * - `Connections`: all connections of the signed-in user
 * - `Link`: the page of a link, and the response to `check`. `continue` is the value of the field `continue` of its
 *   form.
 * - `Started`: the response to `connect` and `reconnect`. The page sends the browser to `authorizationUrl` by a
 *   refresh, because Chromium applies `form-action` to redirects.
 * - `Disconnected`: AgentCore and the caches have dropped the tokens. `atVendor` says what happened at the vendor.
 * - `Returned`: the browser came back as `user`. After consent it continues to `continue`. `account` is the account
 *   that the browser was signed in to at the vendor, if it is asked for. After `NotUsable`, `continue` leads back to
 *   the application.
 * - `Rejected`: nothing was done
 *
 * `connectionsUrl` is the address of the page of all connections. `link` is where the user can try again.
 */
export type View = Data.TaggedEnum<{
  readonly Connections: {
    readonly user: string
    readonly connections: ReadonlyArray<Connection>
    readonly formToken: Redacted.Redacted
  }
  readonly Link: {
    readonly user: string
    readonly connection: Connection
    readonly formToken: Redacted.Redacted
    readonly continue: string | undefined
    readonly connectionsUrl: string
  }
  readonly Started: {
    readonly connection: Omit<Connection, "account" | "state">
    readonly authorizationUrl: Redacted.Redacted
  }
  readonly Disconnected: {
    readonly connection: Connection
    /**
     * - `Revoked`: `revoke` succeeded
     * - `NotSupported`: the credential has no `revoke`, its OpenID provider has no revocation endpoint, or there was no
     *   token. The vendor may still list the access.
     * - `Failed`: `revoke` failed. The log has the reason.
     */
    readonly atVendor: keyof typeof Texts.Type["atVendor"]
    readonly continue: string | undefined
    readonly connectionsUrl: string
  }
  readonly Returned: {
    /**
     * How a visit of the return URL ends, as `ConsentCallback.Outcome` has it. `WrongAccount`: `expect` does not allow
     * the account, and its token is dropped. `AccountUnknown`: the vendor did not name the account, so no agent gets
     * the token.
     */
    readonly outcome: keyof typeof Texts.Type["outcomes"]
    readonly user: string
    readonly account: Account | "unknown" | undefined
    readonly credential: string | undefined
    readonly continue: string | undefined
    readonly link: string | undefined
    readonly connectionsUrl: string
  }
  readonly Rejected: {
    /**
     * - `NotSignedIn`: `currentUser` failed with `NotSignedIn`
     * - `OtherSite`: a page of another site sent the form
     * - `StaleForm`: the form is old, or was made for another user. The user opens the page again.
     * - `FormTooLarge`: the form is larger than 16 KiB
     * - `UnknownCredential`: `credentials` has no such name
     * - `ContinueNotAllowed`: the option `continueTo` does not allow the address
     * - `OtherUserKind`: the user has another kind of identifier than `Connect` expects. The log has the reason.
     * - `Unavailable`: AgentCore or the store of pending consents failed. The log has the reason.
     * - `Stopping`: the request came while the pages end
     */
    readonly reason: keyof typeof Texts.Type["rejections"]
    readonly link: string | undefined
    readonly connectionsUrl: string
  }
}>

/** The constructors of {@link View}, and `$match`. */
export const View = Data.taggedEnum<View>()

/**
 * What `disconnectAll` did with a connection.
 *
 * - `Disconnected`: AgentCore and the caches have dropped the tokens
 * - `NotConnected`: there was no token
 * - `Failed`: AgentCore did not respond, or still returns a token. The log has the reason.
 */
export interface Disconnection {
  /** The name in `credentials`. */
  readonly name: string
  readonly outcome: "Disconnected" | "NotConnected" | "Failed"
  /** What happened at the vendor, as in {@link View}. */
  readonly atVendor: keyof typeof Texts.Type["atVendor"]
}

/**
 * An event of a consent, for an audit. It contains no secrets.
 *
 * - `Opened`: the user pressed the button, and AgentCore opened a session
 * - `Completed`: AgentCore has stored the authorization
 * - `Denied`: the user came back, and had not allowed the access. Or AgentCore reports the session as failed before
 *   it expires: it may show a page of its own after a denial. Only the process that opened the session notices this,
 *   within about 5 seconds.
 * - `Rejected`: AgentCore did not complete the authorization
 * - `WrongAccount`: `expect` does not allow `account`, and AgentCore has dropped its token
 * - `AccountUnknown`: AgentCore has stored the authorization, and no agent gets the token, because the vendor did not
 *   name the account
 * - `RevokedAtVendor`: the vendor no longer accepts the token. With `expect`, AgentCore drops it when an agent requests
 *   it.
 * - `Disconnected`: AgentCore has dropped the tokens. `atVendor` says what happened at the vendor.
 */
export interface Event {
  readonly _tag:
    | "Opened"
    | "Completed"
    | "Denied"
    | "Rejected"
    | "WrongAccount"
    | "AccountUnknown"
    | "RevokedAtVendor"
    | "Disconnected"
  /** The name in `credentials`. It is unknown if the store of consents failed. */
  readonly credential: string | undefined
  readonly workload: string
  /** The user who is signed in: their id, or the issuer and the subject of their JWT, unless it cannot be read. */
  readonly user: { readonly userId: string } | { readonly issuer: string; readonly subject: string } | undefined
  /** The account at the vendor, of `Completed` and `WrongAccount`, if it is known. */
  readonly account?: Account | undefined
  /** What happened at the vendor, of `Disconnected`. */
  readonly atVendor?: Disconnection["atVendor"] | undefined
  readonly at: DateTime.Utc
}

/** Labels: `agentcore.event`, and `agentcore.credential` if it is known. */
export const eventCount: Metric.Counter<number> = Metric.counter("agentcore.consent.events", {
  description: "Consents that were opened, completed, denied, rejected or disconnected",
  incremental: true
})

/**
 * The links of the program, and its consent events: see the functions of this module. `Connect.layer` provides it with
 * the pages, `Connect.layerLinks` without them.
 */
export class Connect extends Context.Service<Connect, {
  readonly workload: string
  readonly users: "userId" | "jwt"
  /** The name in `credentials`, of a credential or of the credential that a session is for. */
  readonly nameOf: (subject: AccessTokenCredential<"USER_FEDERATION"> | ConsentSession) => Option.Option<string>
  /** The credential of a name in `credentials`. */
  readonly credentialOf: (name: string) => Option.Option<AccessTokenCredential<"USER_FEDERATION">>
  readonly link: (
    credential: AccessTokenCredential<"USER_FEDERATION"> | ConsentSession | string,
    options?: { readonly continue?: string | undefined }
  ) => Effect.Effect<string, ValidationException>
  readonly connections: (
    user: UserIdentifier
  ) => Effect.Effect<ReadonlyArray<Connection>, OtherUserKind | WorkloadAccessTokenError>
  readonly check: (
    user: UserIdentifier,
    credential: AccessTokenCredential<"USER_FEDERATION"> | string
  ) => Effect.Effect<Connection, OtherUserKind | AccessTokenError>
  readonly disconnectAll: (
    user: UserIdentifier
  ) => Effect.Effect<ReadonlyArray<Disconnection>, OtherUserKind>
  /** Returns no tokens of accounts that `expect` does not allow. The layers provide it as `Identity`. */
  readonly identity: Identity["Service"]
  /** Returns the token of a session, unless `expect` does not allow its account. */
  readonly review: (
    session: ConsentSession,
    token: Redacted.Redacted
  ) => Effect.Effect<Option.Option<Redacted.Redacted>, never, WorkloadAccessToken>
  readonly events: Stream.Stream<Event>
  /** The `ConsentSignals` in the context of the layer, or else signals to the waits of this process only. */
  readonly signals: ConsentSignals["Service"]
}>()("effect-agentcore-identity/http/Connect") {}
