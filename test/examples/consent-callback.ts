import * as AccessToken from "effect-agentcore-identity/AccessToken"
import type * as Consent from "effect-agentcore-identity/Consent"
import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  returnUrl: "https://agent.example.com/consent"
}) {}

// The application's own sign-in. It identifies the user of a browser.
export class SignIn extends Context.Service<SignIn, {
  readonly userOf: (cookie: string | undefined) => Effect.Effect<string>
}>()("SignIn") {}

const currentUser = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  const signIn = yield* SignIn
  return { userId: yield* signIn.userOf(request.cookies["session"]) }
})

// AgentCore redirects the user's browser to this page: https://agent.example.com/consent?session_id=…
export const server = HttpRouter.serve(ConsentCallback.layer({ path: "/consent", currentUser })).pipe(
  Layer.provide(ConsentCallback.layerRedaction("/consent")),
  Layer.provideMerge(PendingConsents.layerMemory)
)

// In the same process: starts a consent session for the user of the caller, and shows the page. It gets the token as
// soon as they return.
export const calendarToken = <E, R>(consent: Consent.Handler<E, R>) => AccessToken.get(Calendar, { consent })
