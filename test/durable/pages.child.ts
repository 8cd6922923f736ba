// Serves the pages of `Connect`. The process is killed between the completion of a consent and its signal.
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Identity from "effect-agentcore-identity/Identity"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import { report } from "../support/report.mjs"
import * as Runner from "../support/runner.js"
import * as Sqlite from "../support/sqlite.js"

const [folder = "", key = "", workload = ""] = process.argv.slice(2)

const killed = DataPlane.decorate((operation, call) =>
  operation === "completeResourceTokenAuth"
    ? Effect.tap(call, () => Effect.sync(() => process.kill(process.pid, "SIGKILL")))
    : call
)

const application = Layer.unwrap(Effect.map(HttpServer.HttpServer, ({ address }) => {
  const origin = HttpServer.formatAddress(address)
  report({ origin })
  return HttpRouter.serve(
    Connect.layer({
      path: "/connect",
      credentials: { calendar: Runner.calendarAt(origin) },
      workload,
      currentUser: Effect.succeed({ userId: "alice" })
    }),
    { disableListenLog: true, disableLogger: true }
  ).pipe(Layer.provide(Connect.layerRedaction("/connect")))
}))

await Effect.runPromise(Layer.launch(
  application.pipe(
    Layer.provide(Identity.layer),
    Layer.provide(Layer.provide(killed, AwsDataPlane.layerHttpNode())),
    Layer.provide(Sqlite.store(folder, key)),
    Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
  )
))
