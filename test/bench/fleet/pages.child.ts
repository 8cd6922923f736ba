// Pages of `Connect`. Those of mails resume the workflows too.
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { PgClient } from "@effect/sql-pg"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import * as Cluster from "../../support/cluster.js"
import { report } from "../../support/report.mjs"
import * as Settings from "./settings.js"

const settings = Settings.readSettings()
const { kind, origin, port } = settings
const key = Settings.keyOf(settings)

const store = kind === "chat"
  ? ConsentStore.layerRedis({ key, url: Settings.redisOf(settings) })
  : ObtainConsent.layerSignals.pipe(
    Layer.provideMerge(Layer.provide(ConsentStore.layerSql({ key }), PgClient.layer(Settings.postgresOf(settings)))),
    Layer.provide(Cluster.clientOnly(Settings.postgresOf(settings)))
  )

const currentUser = Effect.flatMap(
  HttpServerRequest.HttpServerRequest,
  ({ cookies }) =>
    cookies["user"] === undefined ? new Connect.NotSignedIn() : Effect.succeed({ userId: cookies["user"] })
)

/** The sign-in of the application. */
const signIn = HttpRouter.add(
  "GET",
  "/sign-in/:user",
  Effect.map(
    HttpRouter.params,
    ({ user = "" }) =>
      HttpServerResponse.setCookieUnsafe(HttpServerResponse.text("Welcome"), "user", user, { path: "/" })
  )
)

const pages = Connect.layer({
  path: "/connect",
  credentials: { calendar: Settings.credentialOf({ origin }) },
  workload: Settings.workloadOf(kind),
  currentUser,
  formKey: key
})

Settings.reportUse()
await Effect.runPromise(Layer.launch(
  HttpRouter.serve(Layer.merge(signIn, pages), { disableListenLog: true, disableLogger: true }).pipe(
    Layer.provide(Connect.layerRedaction("/connect")),
    Layer.provide(store),
    Layer.provide(DataPlane.layerRateLimit()),
    Layer.provide(AwsDataPlane.layerHttpNode()),
    Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port })),
    Layer.tap(() => Effect.sync(() => report({ event: "ready" }))),
    Layer.provide(Settings.layerClock(settings))
  )
))
