import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

// Its return URL is the `Consent.ReturnUrl` of the program.
class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["openid", "read"]
}) {}

/** The agent. It waits until the user has opened the link, and decided. */
export const agenda = (userId: string, post: (link: string) => Effect.Effect<unknown>) =>
  AccessToken.get(Calendar, { consent: Connect.handler({ user: { userId }, show: post }) }).pipe(
    // Any client of the calendar.
    Effect.map((token) => `${userId}'s token has ${Redacted.value(token).length} characters`),
    WorkloadAccessToken.provideCaller({ userId })
  )

// Check a password here, and sign the cookie.
const signIn = HttpRouter.add(
  "GET",
  "/sign-in/:userId",
  Effect.gen(function*() {
    const { userId = "" } = yield* HttpRouter.params
    return HttpServerResponse.setCookieUnsafe(HttpServerResponse.text("Welcome"), "user", userId, { path: "/" })
  })
)

const pages = Connect.layer({
  path: "/connect",
  credentials: { calendar: Calendar },
  workload: "my-agent",
  currentUser: Effect.gen(function*() {
    const { cookies } = yield* HttpServerRequest.HttpServerRequest
    return cookies["user"] === undefined ? yield* new Connect.NotSignedIn() : { userId: cookies["user"] }
  })
})

export const server = HttpRouter.serve(Layer.merge(signIn, pages)).pipe(
  Layer.provide(Connect.layerRedaction("/connect")),
  Layer.provideMerge(WorkloadAccessToken.layerCallers({ name: "my-agent" }))
)
