import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** Opens the return page in a user's browser. Returns the outcome. */
export const visit = (sessionUri: Redacted.Redacted, user: UserIdentifier) =>
  Effect.gen(function*() {
    let ended: ConsentCallback.Outcome | undefined
    const respond = (outcome: ConsentCallback.Outcome) =>
      Effect.sync(() => {
        ended = outcome
        return HttpServerResponse.empty()
      })
    const currentUser = Effect.succeed(user)
    const url = `https://agent.example.com/consent?session_id=${encodeURIComponent(Redacted.value(sessionUri))}`
    yield* Effect.flatten(
      HttpRouter.toHttpEffect(Layer.fresh(ConsentCallback.layer({ path: "/consent", currentUser, respond })))
    ).pipe(
      Effect.provideService(HttpServerRequest.HttpServerRequest, HttpServerRequest.fromWeb(new Request(url)))
    )
    return ended ?? (yield* Effect.die(new Error("the page did not respond")))
  }).pipe(Effect.orDie, Effect.scoped)
