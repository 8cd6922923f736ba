// A user's program with a page after consent, for a bundler. It prints the status of a visit without a session.
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"

const page = HttpRouter.serve(
  ConsentCallback.layer({ path: "/consent", currentUser: Effect.succeed({ userId: "alice" }) }),
  { disableListenLog: true, disableLogger: true }
).pipe(
  Layer.provide(ConsentCallback.layerRedaction("/consent")),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
  Layer.provide(PendingConsents.layerMemory),
  Layer.provide(Identity.layer.pipe(Layer.provideMerge(AwsDataPlane.layer({ region: "us-west-2" }))))
)

const visit = Effect.gen(function*() {
  const { address } = yield* HttpServer.HttpServer
  return (yield* Effect.promise(() => fetch(`${HttpServer.formatAddress(address)}/consent`))).status
})

console.log(JSON.stringify(await Effect.runPromise(Effect.provide(visit, page))))
