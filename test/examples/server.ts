import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import type * as Identity from "effect-agentcore-identity/Identity"
import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", { provider: "calendar", flow: "USER_FEDERATION" }) {}
class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}

// Work that continues after the response.
export class Jobs
  extends Context.Service<Jobs, Queue.Queue<Effect.Effect<void, unknown, Identity.Identity>>>()("Jobs")
{}

const invoke = Effect.gen(function*() {
  const { requestId } = yield* RequestContext.RequestContext

  // The job runs for the caller of this request, in any fiber that takes it from the queue.
  const asCaller = yield* WorkloadAccessToken.capture
  yield* Queue.offer(yield* Jobs, asCaller(Effect.asVoid(ApiKey.get(Weather))))

  // The handler, too, gets the token of this request's user.
  const token = yield* AccessToken.get(Calendar)
  return HttpServerResponse.jsonUnsafe({ requestId, characters: Redacted.value(token).length })
}).pipe(
  Effect.catchTags({
    MissingWorkloadAccessToken: ({ message }) => Effect.succeed(HttpServerResponse.text(message, { status: 401 })),
    RequiresUserConsent: ({ authorizationUrl }) =>
      Effect.succeed(HttpServerResponse.jsonUnsafe({ authorizationUrl: Redacted.value(authorizationUrl) }))
  })
)

const routes = Layer.mergeAll(
  HttpRouter.add("POST", "/invocations", invoke).pipe(Layer.provide(RequestContext.layer)),
  HttpRouter.add("GET", "/ping", HttpServerResponse.text("Healthy"))
)

// The redaction wraps the whole server, because the spans of the server record the headers.
export const server = HttpRouter.serve(routes).pipe(Layer.provide(RequestContext.layerRedaction))
