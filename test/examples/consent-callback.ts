import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import type * as Consent from "effect-agentcore-identity/Consent"
import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

// The application's own sign-in: whose browser is this?
export class SignIn extends Context.Tag("SignIn")<SignIn, {
  readonly userOf: (cookie: string | undefined) => Effect.Effect<string>
}>() {}

const currentUser = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  const signIn = yield* SignIn
  return { userId: yield* signIn.userOf(request.cookies["session"]) }
})

// The page that AgentCore sends the user's browser back to: https://agent.example.com/consent?session_id=…
export const server = HttpLayerRouter.serve(ConsentCallback.layer({ path: "/consent", currentUser })).pipe(
  Layer.provide(ConsentCallback.layerRedaction("/consent")),
  Layer.provideMerge(PendingConsents.layerMemory)
)

// Beside the server: opens the session for Alice, shows her the page, and has the token as soon as she is back.
export const forAlice = <E, R>(show: Consent.ConsentHandler<E, R>) =>
  AccessToken.AccessToken.pipe(
    AccessToken.withAccessToken({
      provider: "calendar",
      flow: "USER_FEDERATION",
      returnUrl: "https://agent.example.com/consent",
      consent: PendingConsents.handler({ user: { userId: "alice" }, show })
    })
  )
