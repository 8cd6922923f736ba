// A process of an application. `ask` requests a token, stores the session, and waits. `resume` serves the page after
// consent, and resumes from the stored session.
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as ConsentSession from "effect-agentcore-identity/ConsentSession"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { report } from "../support/report.mjs"
import * as Sqlite from "../support/sqlite.js"

const [part = "", returnUrl = "", database = "", sessionFile = ""] = process.argv.slice(2)

const user = { userId: "alice" }
const workload = "restarted-agent"

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["openid", "calendar:read"],
  returnUrl
}) {}

const tell = (message: object) => Effect.sync(() => report(message))

const ask = AccessToken.get(Calendar, {
  consent: (session) =>
    Effect.flatMap(Schema.encodeEffect(Schema.fromJsonString(ConsentSession.ConsentSession))(session), (json) => {
      writeFileSync(sessionFile, json, { mode: 0o600 })
      return tell({ authorizationUrl: Redacted.value(session.authorizationUrl) })
    })
})

const resume = Effect.gen(function*() {
  const identity = yield* Identity.Identity
  const session = yield* Schema.decodeEffect(Schema.fromJsonString(ConsentSession.ConsentSession))(
    readFileSync(sessionFile, "utf8")
  )
  const { address } = yield* HttpServer.HttpServer
  yield* tell({ origin: HttpServer.formatAddress(address) })
  // The user has the link already.
  const token = yield* identity.resumeAccessToken(session, { consent: () => Effect.void })
  yield* tell({ characters: Redacted.value(token).length })
}).pipe(
  Effect.provide(
    HttpRouter.serve(
      Connect.layer({
        path: "/connect",
        credentials: { calendar: Calendar },
        workload,
        currentUser: Effect.succeed(user)
      }),
      { disableListenLog: true, disableLogger: true }
    ).pipe(
      Layer.provide(Connect.layerRedaction("/connect")),
      Layer.provideMerge(PendingConsents.layerPoller),
      Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
    )
  )
)

await Effect.gen(function*() {
  yield* part === "ask" ? ask : resume
}).pipe(
  Effect.provide(WorkloadAccessToken.layerWorkload({ name: workload, user })),
  Effect.provide(Layer.mergeAll(
    Layer.provideMerge(Identity.layer, AwsDataPlane.layer()),
    Layer.provide(
      ConsentStore.layerSqlConfig({ key: Config.Redacted("CONSENT_STORE_KEY") }),
      Sqlite.client(database)
    )
  )),
  Effect.runPromise
)
