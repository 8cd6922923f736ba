/**
 * Credentials for agents that never hold one. A sandboxed agent sends its requests to a proxy, with the secret of a
 * session. The proxy asks this route about each request, and gets the header with the credential of the session's user.
 * nginx asks by `auth_request`, Caddy by `forward_auth`. Traefik (`ForwardAuth`) and Envoy (`ext_authz` over HTTP) ask
 * in the same form.
 *
 * The proxy asks with the method and the URL of the request at its origin, in headers that its configuration sets. The
 * session is `Authorization: Bearer`. No header names a user.
 *
 * | status | `X-AgentCore-Error` | |
 * | --- | --- | --- |
 * | 200 | | the header of the credential, and its name in `X-AgentCore-Credential` |
 * | 400 | `invalid_request` | the headers about the request are missing, repeated, or contradict each other |
 * | 401 | `invalid_session` | the session is unknown, has expired, or was revoked |
 * | 401 | `consent_required` | the user has to consent: the link of `Connect` is in the JSON, and in the header `Link` |
 * | 403 | `origin_not_allowed` | no credential is declared for the origin |
 * | 403 | `credential_rejected`, `insufficient_scope` | the origin rejects the credential, and there is no other |
 * | 429 | `throttled` | AgentCore throttles, with `Retry-After` |
 * | 503 | `unavailable` | AgentCore or the store of sessions failed, with `Retry-After`. The log has the reason. |
 *
 * A proxy can report a response of the origin: `X-AgentCore-Rejected` has its status, a space, and the name of the
 * credential; `X-AgentCore-Challenge` has its `WWW-Authenticate`. Then the credential is renewed, or steps up, as
 * `HttpClientCredentials` does. The report of a credential that was renewed meanwhile gets the new one. An agent can
 * make an origin reject its request. So with `reauthenticate`, an agent can make its user consent again.
 *
 * The recipe `test/examples/forward-auth` has the configurations of nginx and Caddy, what each cannot do, and the
 * claims with their tests.
 *
 * @since 0.2.0
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as ApiKey from "effect-agentcore-identity/ApiKey"
 * import * as Connect from "effect-agentcore-identity/http/Connect"
 * import * as ForwardAuth from "effect-agentcore-identity/http/ForwardAuth"
 * import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
 * import * as Effect from "effect/Effect"
 * import * as HttpRouter from "effect/http/HttpRouter"
 * import * as Layer from "effect/Layer"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *   returnUrl: "https://app.example.com/connect/return"
 * }) {}
 *
 * class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}
 *
 * const pages = Connect.layer({
 *   path: "/connect",
 *   credentials: { calendar: Calendar },
 *   // The application's own sign-in.
 *   currentUser: Effect.succeed({ userId: "alice" }),
 *   workload: "my-agent"
 * })
 *
 * const route = ForwardAuth.layer({
 *   path: "/forward-auth",
 *   workload: "my-agent",
 *   credentials: [
 *     { credential: Calendar, origins: ["https://www.googleapis.com"] },
 *     { credential: Weather, origins: ["https://api.weather.example.com"], header: "x-api-key" }
 *   ]
 * })
 *
 * const server = HttpRouter.serve(Layer.provideMerge(route, pages)).pipe(
 *   Layer.provide(Connect.layerRedaction("/connect")),
 *   Layer.provide(PendingConsents.layerMemory)
 * )
 *
 * // The program that starts a sandbox gives it the secret of a session.
 * const start = ForwardAuth.ForwardAuth.use(({ session }) => session({ userId: "alice" })).pipe(
 *   Effect.map(({ token }) => token)
 * )
 */
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type { DataPlane } from "../DataPlane.js"
import { ConsentSignals } from "../PendingConsents.js"
import * as Decide from "./forwardAuth/decide.js"
import * as Sessions from "./forwardAuth/sessions.js"
import { ForwardAuth } from "./forwardAuth/sessions.js"

export type {
  /** @since 0.2.0 */
  Options
} from "./forwardAuth/decide.js"

export {
  /** @since 0.2.0 */
  ForwardAuth
} from "./forwardAuth/sessions.js"

/** The server's tracer and middlewares do not see headers that are added here. */
const toResponse = ({ body, headers, secrets, status }: Decide.Decision) =>
  Effect.as(
    HttpEffect.appendPreResponseHandler((_, response) =>
      Effect.succeed(HttpServerResponse.setHeaders(response, Record.map(secrets, Redacted.value)))
    ),
    body === ""
      ? HttpServerResponse.empty({ status, headers })
      : HttpServerResponse.text(body, { status, headers, contentType: "application/json" })
  )

/**
 * Adds the route to an `HttpRouter`, and provides {@link ForwardAuth}. The sessions are in the store of
 * `PendingConsents`. Invalid options are defects.
 *
 * A credential of the flow `USER_FEDERATION` needs `Connect` in context, with its pages (`Connect.layer`) or without
 * them (`Connect.layerLinks`), and has to be one of its credentials. Its tokens are those of the `Identity` of
 * `Connect`. To cache credentials, put `CredentialCache` over the data plane, under both. Neither logs nor spans of the
 * server contain a credential or a session.
 *
 * Only the proxy needs the route: listen on an address that sandboxes cannot reach.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = <E = never, R = never>(options: Decide.Options<E, R>): Layer.Layer<
  ForwardAuth,
  never,
  | HttpRouter.HttpRouter
  | DataPlane
  | ConsentSignals
  | HttpRouter.Request.From<"Requires", Exclude<R, HttpRouter.Provided>>
  | HttpRouter.Request.From<"Error", E>
> =>
  Layer.provideMerge(
    Layer.effectDiscard(Effect.gen(function*() {
      const decide = yield* Effect.orDie(Decide.make(options))
      const router = yield* HttpRouter.HttpRouter
      const handler = Effect.flatMap(
        HttpServerRequest.HttpServerRequest,
        ({ headers }) => Effect.flatMap(decide(headers), toResponse)
      )
      yield* router.add("*", `${options.path}/*` as HttpRouter.PathInput, handler)
    })),
    Layer.fresh(Layer.effect(ForwardAuth, Effect.map(ConsentSignals, Sessions.make)))
  )
