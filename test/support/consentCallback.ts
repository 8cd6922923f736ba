import { assert } from "@effect/vitest"
import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import type { Claim } from "effect-agentcore-identity/PendingConsents"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** Opens the return page in several browsers at once, in one process. Returns the outcomes. */
export const visits = (claims: ReadonlyArray<Claim>) =>
  Effect.gen(function*() {
    const outcomes = new Map<unknown, ConsentCallback.Outcome>()
    const indexOf = Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) => Number(headers["x-index"]))
    const handle = yield* HttpRouter.toHttpEffect(Layer.fresh(ConsentCallback.layer({
      path: "/consent",
      currentUser: Effect.map(indexOf, (index) => claims[index]!.user),
      respond: (outcome) =>
        Effect.map(indexOf, (index) => {
          outcomes.set(index, outcome)
          return HttpServerResponse.empty()
        })
    })))
    yield* Effect.forEach(claims, ({ sessionUri, values }, index) => {
      const url = new URL("https://agent.example.com/consent")
      url.searchParams.set("session_id", Redacted.value(sessionUri))
      for (const value of values) url.searchParams.append("state", Redacted.value(value))
      const request = HttpServerRequest.fromWeb(new Request(url, { headers: { "x-index": String(index) } }))
      return Effect.provideService(handle, HttpServerRequest.HttpServerRequest, request)
    }, { concurrency: "unbounded" })
    return claims.map((_, index) => outcomes.get(index) ?? assert.fail("the page did not respond"))
  }).pipe(Effect.orDie, Effect.scoped)
