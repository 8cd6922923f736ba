import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"

// The application's own sign-in. It identifies the user of a browser.
export class SignIn extends Context.Service<SignIn, {
  readonly userOf: (cookie: string | undefined) => Effect.Effect<string>
}>()("SignIn") {}

// After consent, the browser comes back to the pages below.
export class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["calendar:read"],
  returnUrl: "https://agent.example.com/connect/return"
}) {}

// The user of the pages is the user of the agent.
export const currentUser = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  const signIn = yield* SignIn
  return { userId: yield* signIn.userOf(request.cookies["session"]) }
})

// https://agent.example.com/connect lists a user's connections, and /connect/calendar is the link for the calendar.
export const pages = Connect.layer({
  path: "/connect",
  credentials: { calendar: Calendar },
  workload: "my-agent",
  currentUser,
  continueTo: ["https://agent.example.com/agenda"]
})

// The return URL contains the session of a consent. The redaction keeps it out of the spans of the server.
export const server = HttpRouter.serve(pages).pipe(Layer.provide(Connect.layerRedaction("/connect")))
