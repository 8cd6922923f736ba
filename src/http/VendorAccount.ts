/**
 * What `http/Connect` and `promise/Connect` ask of known vendors, for the option `accounts`: whose account a token
 * belongs to, and to end the grant when a user disconnects.
 *
 * | vendor | account, its `id` and `label` | revoke | needs |
 * | --- | --- | --- | --- |
 * | {@link openId} | `userinfo_endpoint` of the discovery document: `sub`, and `email`, `preferred_username` or `name` (OpenID Connect Core 1.0, section 5.3) | `revocation_endpoint` (RFC 7009) | the scope `openid`; a client for most revocations |
 * | {@link google} | `openidconnect.googleapis.com/v1/userinfo`: `sub`, `email` (Google, "OpenID Connect") | `oauth2.googleapis.com/revoke` (Google, "Revoking a token") | the scopes `openid` and `email` |
 * | {@link github} | `api.github.com/user`: `id`, `login` (GitHub REST, "Get the authenticated user") | `DELETE /applications/{client_id}/grant` (GitHub REST, "Delete an app authorization") | the client, to revoke |
 * | {@link microsoft} | `graph.microsoft.com/v1.0/me`: `id`, `userPrincipalName` (Microsoft Graph, "Get a user") | none is documented for one application | the scope `User.Read` |
 * | {@link slack} | `slack.com/api/auth.test`: `team_id` and `user_id`, `user` (Slack, "auth.test") | `slack.com/api/auth.revoke` (Slack, "auth.revoke") | nothing |
 *
 * The application has the access token only. Google ends the whole grant with it, and GitHub too: then other
 * credentials of the user with the same client end as well. RFC 7009 leaves it to the server whether the refresh token
 * ends with an access token: Slack ends the token alone, and Linear does the same. AgentCore drops its refresh token
 * in any case. Where a user should check, `revokeAt` of `Connect` links to the vendor's own page.
 *
 * A vendor responds to a token without the needed scopes as to a revoked one. With `expect`, the user is then asked
 * again at each request of an agent.
 *
 * {@link make} describes any other vendor, also GitHub Enterprise Server (`/api/v3/user`), or a stand-in in tests.
 *
 * @since 0.2.0
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Connect from "effect-agentcore-identity/http/Connect"
 * import * as VendorAccount from "effect-agentcore-identity/http/VendorAccount"
 * import * as Effect from "effect/Effect"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["openid", "email", "https://www.googleapis.com/auth/calendar.readonly"],
 *   returnUrl: "https://app.example.com/connect/return"
 * }) {}
 *
 * class Files extends AccessToken.Tag<Files>()("app/Files", {
 *   provider: "box",
 *   flow: "USER_FEDERATION",
 *   returnUrl: "https://app.example.com/connect/return"
 * }) {}
 *
 * const pages = Connect.layer({
 *   path: "/connect",
 *   credentials: { calendar: Calendar, files: Files },
 *   // The application's own sign-in. Its users have the address of their company.
 *   currentUser: Effect.succeed({ userId: "alice@example.com" }),
 *   workload: "my-agent",
 *   accounts: {
 *     calendar: { ...VendorAccount.google, expect: (user, account) => account.label === user.userId },
 *     files: VendorAccount.make({ url: "https://api.box.com/2.0/users/me", id: "id", label: "login" })
 *   }
 * })
 */
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { isObject, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { isSecure } from "../internal/models/urls.js"
import type { Account } from "./Connect.js"

/** An access token. `promise/Connect` passes a string. */
type Token = Redacted.Redacted | string

/** The functions of a vendor, for an entry of the option `accounts`. */
type Vendor = {
  /** Returns the account that a token belongs to. */
  readonly account: (token: Token) => Effect.Effect<Account, VendorError, HttpClient.HttpClient>
}

/** A vendor at which an application can end a grant. */
type RevocableVendor = Vendor & {
  /** Ends the grant, as far as the vendor does so with an access token. */
  readonly revoke: (token: Token) => Effect.Effect<void, VendorError, HttpClient.HttpClient>
}

/** The OAuth client of the application, as it is registered at the vendor. */
type Client = {
  /** The id of the client at the vendor. */
  readonly clientId: string
  /** The secret of the client. Default: the client has none. */
  readonly clientSecret?: Token | undefined
}

interface Problem {
  readonly host: string
  readonly status?: number | undefined
}

const problems = {
  NoResponse: ({ host }: Problem) => `${host} did not respond`,
  Status: ({ host, status }: Problem) => `${host} responded with the status ${status}`,
  Body: ({ host }: Problem) => `The response of ${host} is not as documented`,
  Url: () => "The vendor's endpoint is not a URL with https",
  NotSupported: ({ host }: Problem) => `${host} has no endpoint for this`
}

/**
 * A request to a vendor failed. It contains nothing of the response.
 *
 * @since 0.2.0
 * @category errors
 */
export class VendorError extends Schema.TaggedError<VendorError>()("VendorError", {
  /** The host of the vendor. */
  host: Schema.String,
  /** The status of the response. 401 says that the vendor does not accept the token. */
  status: Schema.optional(Schema.Number),
  /** What was wrong. `NotSupported`: the discovery document has no such endpoint. */
  reason: Schema.Literals(Struct.keys(problems))
}) {
  override get message(): string {
    return problems[this.reason](this)
  }
}

const valueOf = (token: Token): string => Redacted.isRedacted(token) ? Redacted.value(token) : token

const hostOf = (url: string): string => URL.parse(url)?.host ?? ""

/** Sends a request with a secret: over https, or to this machine. */
const send = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.gen(function*() {
    const { url } = request
    const host = hostOf(url)
    if (!isSecure(url)) return yield* new VendorError({ host, reason: "Url" })
    const response = yield* Effect.mapError(
      // GitHub rejects requests without it, and not every client of a program sends one.
      HttpClient.execute(HttpClientRequest.setHeader(request, "user-agent", "effect-agentcore-identity")),
      () => new VendorError({ host, reason: "NoResponse" })
    )
    const { status } = response
    return status >= 200 && status < 300 ? response : yield* new VendorError({ host, status, reason: "Status" })
  })

const requestObject = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.gen(function*() {
    const response = yield* send(HttpClientRequest.acceptJson(request))
    const body: unknown = yield* Effect.orElseSucceed(response.json, () => undefined)
    return isObject(body) ? body : yield* new VendorError({ host: hostOf(request.url), reason: "Body" })
  })

/** Requests a JSON object with an access token as the bearer. */
const get = (
  url: string,
  token: Token
): Effect.Effect<{ readonly [name: string]: unknown }, VendorError, HttpClient.HttpClient> =>
  requestObject(HttpClientRequest.bearerToken(HttpClientRequest.get(url), valueOf(token)))

/**
 * Reads an account by the names of its properties. The first label that is a string counts. Anyone can have an address
 * that is not verified (OpenID Connect Core 1.0, section 5.1), or a name that looks like an address.
 */
const readAccount = (
  url: string,
  body: { readonly [name: string]: unknown },
  id: string,
  labels: ReadonlyArray<string>
): Effect.Effect<Account, VendorError> => {
  const identifier = body[id]
  // JSON loses digits of a larger number.
  if (!isString(identifier) && !Number.isSafeInteger(identifier)) {
    return new VendorError({ host: hostOf(url), reason: "Body" })
  }
  const name = labels.find((name) => isString(body[name]) && body[name] !== "")
  // Amazon Cognito sends strings.
  const verified = name === "email" && [true, "true"].some((value) => value === body["email_verified"])
  return Effect.succeed({
    id: String(identifier),
    label: String(name === undefined ? identifier : body[name]),
    ...name !== undefined && labels.includes("email") ? { verified } : {}
  })
}

/**
 * Makes `account` from the URL of a vendor and the names of two properties of its response.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: {
  /** The URL that describes the owner of an access token. */
  readonly url: string
  /** The property that identifies the account, a string or a number. */
  readonly id: string
  /**
   * The properties that its owner recognizes, the best one first. Without any of them, the label is the id. With
   * `email`, a label is verified if it is the address and `email_verified` is `true` or `"true"`.
   */
  readonly label: string | ReadonlyArray<string>
}): Vendor => ({
  account: (token) =>
    Effect.flatMap(
      get(options.url, token),
      (body) => readAccount(options.url, body, options.id, isString(options.label) ? [options.label] : options.label)
    )
})

const basic = ({ clientId, clientSecret = "" }: Client) =>
  HttpClientRequest.basicAuth(encodeURIComponent(clientId), encodeURIComponent(valueOf(clientSecret)))

/** RFC 7009. A client without a secret sends its id. */
const revokeAt = (url: string, token: Token, client: Client | undefined) => {
  const hasSecret = client?.clientSecret !== undefined
  return HttpClientRequest.post(url).pipe(
    HttpClientRequest.bodyUrlParams({
      token: valueOf(token),
      token_type_hint: "access_token",
      ...client === undefined || hasSecret ? {} : { client_id: client.clientId }
    }),
    hasSecret ? basic(client) : (request) => request,
    send,
    Effect.asVoid
  )
}

const discover = (discoveryUrl: string, endpoint: string) =>
  requestObject(HttpClientRequest.get(discoveryUrl)).pipe(
    // This request has no token, so its status says nothing of one.
    Effect.mapError(({ host, reason }) => new VendorError({ host, reason: reason === "Status" ? "Body" : reason })),
    Effect.map((document) => document[endpoint]),
    Effect.filterOrFail(isString, () => new VendorError({ host: hostOf(discoveryUrl), reason: "NotSupported" }))
  )

/**
 * Any OpenID provider, by its discovery document, which is read at each use. Most of them let only the client revoke a
 * token: give the one that AgentCore uses. The label is the email address. Without one it is a name, which many
 * providers let their users choose. For `expect`, it is the id unless it is an address that the provider has verified.
 *
 * @since 0.2.0
 * @category vendors
 */
export const openId = ({ client, discoveryUrl }: {
  /** As in `https://issuer.example.com/.well-known/openid-configuration`. */
  readonly discoveryUrl: string
  /** The client to which the tokens were issued. Default: the revocation names no client. */
  readonly client?: Client | undefined
}): RevocableVendor => ({
  account: (token) =>
    Effect.flatMap(
      discover(discoveryUrl, "userinfo_endpoint"),
      (url) => make({ url, id: "sub", label: ["email", "preferred_username", "name"] }).account(token)
    ),
  revoke: (token) =>
    Effect.flatMap(discover(discoveryUrl, "revocation_endpoint"), (url) => revokeAt(url, token, client))
})

/**
 * Google. The credential needs the scopes `openid` and `email`. To let users choose an account, give the credential
 * `customParameters: { prompt: "select_account" }` from the start: AgentCore stores the grant under them.
 *
 * @since 0.2.0
 * @category vendors
 */
export const google: RevocableVendor = {
  ...make({ url: "https://openidconnect.googleapis.com/v1/userinfo", id: "sub", label: "email" }),
  revoke: (token) => revokeAt("https://oauth2.googleapis.com/revoke", token, undefined)
}

/**
 * `github.com`, which also ends the grant if the client is given. For GitHub Enterprise Server, see {@link make}.
 *
 * @since 0.2.0
 * @category vendors
 */
export const github: {
  /** Without a client, the grant stays in the settings of the user. */
  (): Vendor
  /** Also ends the grant. */
  (client: Required<Client>): RevocableVendor
} = (client?: Client): RevocableVendor => {
  const vendor = make({ url: "https://api.github.com/user", id: "id", label: "login" })
  // The overloads say whether there is a client.
  if (client === undefined) return vendor as RevocableVendor
  const url = `https://api.github.com/applications/${encodeURIComponent(client.clientId)}/grant`
  return {
    ...vendor,
    revoke: (token) =>
      HttpClientRequest.delete(url).pipe(
        HttpClientRequest.bodyJsonUnsafe({ access_token: valueOf(token) }),
        basic(client),
        send,
        Effect.asVoid
      )
  }
}

/**
 * Microsoft. The credential needs the scope `User.Read`. Microsoft documents no revocation of one application.
 *
 * @since 0.2.0
 * @category vendors
 */
export const microsoft: Vendor = make({
  url: "https://graph.microsoft.com/v1.0/me",
  id: "id",
  label: "userPrincipalName"
})

/** Slack responds with the status 200 to a token that it does not accept. */
const slackErrors = ["invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"]

const callSlack = (method: string, token: Token) => {
  const url = `https://slack.com/api/${method}`
  return Effect.flatMap(get(url, token), (body) =>
    body["ok"] === true ? Effect.succeed(body) : Effect.fail(
      slackErrors.some((error) => error === body["error"])
        ? new VendorError({ host: "slack.com", status: 401, reason: "Status" })
        : new VendorError({ host: "slack.com", reason: "Body" })
    ))
}

/**
 * Slack. It ends the token alone: the application stays installed in the workspace.
 *
 * @since 0.2.0
 * @category vendors
 */
export const slack: RevocableVendor = {
  account: (token) =>
    Effect.flatMap(
      callSlack("auth.test", token),
      // The id of a user is unique within a team.
      ({ team_id, user, user_id }) => {
        const id = isString(team_id) && isString(user_id) ? `${team_id}/${user_id}` : undefined
        return readAccount("https://slack.com", { id, user }, "id", ["user"])
      }
    ),
  revoke: (token) => Effect.asVoid(callSlack("auth.revoke", token))
}
