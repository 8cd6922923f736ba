// An agent for AgentCore Runtime, with Effect. It streams what it does for the user of each request.
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import * as Consent from "effect-agentcore-identity/Consent"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import type * as Identity from "effect-agentcore-identity/Identity"
import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createServer } from "node:http"
import { Reports } from "./reports.ts"

const port = Number(process.env["PORT"] ?? 8080)
const api = process.env["REPORTS_API"] ?? "http://127.0.0.1:8090"

const links = Connect.layerLinks({
  path: "/connect",
  credentials: { reports: Reports },
  workload: process.env["WORKLOAD"] ?? "my-agent"
})

/** Work that continues after the response. While it runs, AgentCore Runtime keeps the container. */
class Background extends Context.Service<Background>()("app/Background", {
  make: Effect.gen(function*() {
    const fibers = yield* FiberSet.make<void, unknown>()
    // A container that stops lets the work end.
    yield* Effect.addFinalizer(() => Effect.timeoutOption(FiberSet.awaitEmpty(fibers), "30 seconds"))
    let last = { status: "", time_of_last_update: 0 }
    return {
      run: <R>(work: Effect.Effect<void, unknown, R>) => FiberSet.run(fibers, Effect.catchCause(work, Effect.logError)),
      // Without `time_of_last_update`, in Unix seconds, AgentCore Runtime stops a busy container as an idle one.
      status: Effect.gen(function*() {
        const status = (yield* FiberSet.size(fibers)) > 0 ? "HealthyBusy" : "Healthy"
        const time_of_last_update = Math.floor((yield* Clock.currentTimeMillis) / 1000)
        return last = status === last.status ? last : { status, time_of_last_update }
      })
    }
  })
}) {
  static readonly layer = Layer.effect(Background, Background.make)
}

type Event =
  | { readonly type: "consent"; readonly link: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "error"; readonly error: string }

// The application names the user, because AgentCore Runtime does not. The token belongs to the caller in any case.
const Invocation = Schema.Struct({
  topic: Schema.String,
  userId: Schema.String,
  later: Schema.optional(Schema.Boolean)
})

/** Reads a report with the token of the caller, after their consent. */
const readReport = Effect.fnUntraced(function*<E, R>(topic: string, consent: Consent.Handler<E, R>) {
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClientCredentials.withAccessToken(Reports, { origins: [api], consent }),
    HttpClient.filterStatusOk
  )
  const response = yield* client.get(`${api}/reports/${encodeURIComponent(topic)}`)
  return yield* HttpClientResponse.schemaBodyJson(Schema.Array(Schema.String))(response)
})

const invoke = Effect.gen(function*() {
  const { later, topic, userId } = yield* HttpServerRequest.schemaBodyJson(Invocation)
  // A request without a caller gets a status, and not a stream.
  yield* Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, (caller) => caller.get)

  if (later === true) {
    // It runs for the caller of this request. Nobody would see a link.
    yield* (yield* Background).run(Effect.flatMap(
      readReport(topic, Consent.fail),
      (lines) => Effect.log(`Archived ${topic}: ${lines.join(", ")}`)
    ))
    return HttpServerResponse.jsonUnsafe({ accepted: topic }, { status: 202 })
  }

  const context = yield* Effect.context<
    Identity.Identity | WorkloadAccessToken.WorkloadAccessToken | HttpClient.HttpClient | Connect.Connect
  >()
  const events = Stream.callback<Event>((queue) =>
    readReport(
      topic,
      Connect.handler({
        user: { userId },
        show: (link) => Queue.offer(queue, { type: "consent", link }),
        probe: Schedule.spaced("2 seconds")
      })
    ).pipe(
      Effect.map((lines) => lines.map((text): Event => ({ type: "text", text }))),
      Effect.catch(({ _tag }) => Effect.succeed([{ type: "error", error: _tag }] as const)),
      Effect.flatMap((events) => Queue.offerAll(queue, events)),
      Effect.andThen(Queue.end(queue)),
      Effect.provideContext(context)
    )
  )
  return HttpServerResponse.stream(
    events.pipe(Stream.map((event) => `data: ${JSON.stringify(event)}\n\n`), Stream.encodeText),
    { contentType: "text/event-stream", headers: { "cache-control": "no-store" } }
  )
}).pipe(
  Effect.catchTags({
    SchemaError: ({ message }) => Effect.succeed(HttpServerResponse.text(message, { status: 400 })),
    MissingWorkloadAccessToken: ({ message }) => Effect.succeed(HttpServerResponse.text(message, { status: 401 }))
  })
)

const ping = Effect.flatMap(Background, ({ status }) => Effect.map(status, HttpServerResponse.jsonUnsafe))

const server = HttpRouter.serve(Layer.merge(
  HttpRouter.add("POST", "/invocations", invoke).pipe(Layer.provide(RequestContext.layer)),
  HttpRouter.add("GET", "/ping", ping)
)).pipe(
  Layer.provide(RequestContext.layerRedaction),
  Layer.provide(NodeHttpServer.layer(createServer, { host: "0.0.0.0", port })),
  Layer.provide([Background.layer, links]),
  Layer.provide([AwsIdentity.layer(), FetchHttpClient.layer])
)

// SIGTERM stops the server, and waits for its requests and for the work in the background.
Layer.launch(server).pipe(NodeRuntime.runMain)
