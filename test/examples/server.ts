import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as RequestContext from "effect-agentcore-identity/http/RequestContext"
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"

// Work that goes on when the request is answered.
export class Jobs extends Context.Tag("Jobs")<Jobs, Queue.Queue<Effect.Effect<void, unknown, Identity.Identity>>>() {}

const invoke = Effect.gen(function*() {
  const identity = yield* Identity.Identity
  const { requestId } = yield* RequestContext.RequestContext

  // Whoever takes the job from the queue does it for the caller of this request.
  const asCaller = yield* WorkloadAccessToken.capture
  yield* Queue.offer(yield* Jobs, asCaller(Effect.asVoid(identity.getApiKey({ provider: "weather" }))))

  // And so does the handler: the token of the user whose request this is.
  const token = yield* identity.getAccessToken({ provider: "calendar", flow: "USER_FEDERATION" })
  return HttpServerResponse.unsafeJson({ requestId, characters: Redacted.value(token).length })
}).pipe(
  Effect.catchTags({
    MissingWorkloadAccessToken: ({ message }) => HttpServerResponse.text(message, { status: 401 }),
    RequiresUserConsent: ({ authorizationUrl }) =>
      Effect.succeed(HttpServerResponse.unsafeJson({ authorizationUrl: Redacted.value(authorizationUrl) }))
  })
)

const routes = Layer.mergeAll(
  HttpLayerRouter.add("POST", "/invocations", invoke).pipe(Layer.provide(RequestContext.layer)),
  HttpLayerRouter.add("GET", "/ping", HttpServerResponse.text("Healthy"))
)

// The redaction goes around the whole server: its spans would show the headers otherwise.
export const server = HttpLayerRouter.serve(routes).pipe(Layer.provide(RequestContext.layerRedaction))
