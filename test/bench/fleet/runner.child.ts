// A runner of durable waits. `POST /wait/<user>` starts one, and responds with its id. Invitations are reported: they
// are the mails. `GET /ended` lists how the waits of a list of ids have ended.
import { PgClient } from "@effect/sql-pg"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { createServer } from "node:http"
import { text } from "node:stream/consumers"
import * as Cluster from "../../support/cluster.js"
import { report } from "../../support/report.mjs"
import * as Settings from "./settings.js"

const settings = Settings.readSettings()
const Calendar = Settings.credentialOf(settings)
const database = Settings.postgresOf(settings)

const runtime = ManagedRuntime.make(
  ObtainConsent.layer({
    invite: ({ key, link, reminder, user }) =>
      Effect.sync(() => report({ event: "invited", user: user.userId, reminder, key, link, at: Date.now() }))
  }).pipe(
    Layer.provideMerge(
      Connect.layerLinks({
        path: "/connect",
        credentials: { calendar: Calendar },
        workload: Settings.workloadOf(settings.kind)
      })
    ),
    Layer.provideMerge(
      Layer.provide(ConsentStore.layerSql({ key: Settings.keyOf(settings) }), PgClient.layer(database))
    ),
    Layer.provideMerge(Cluster.runner(database)),
    Layer.provideMerge(DataPlane.layerRateLimit()),
    Layer.provideMerge(AwsDataPlane.layerHttpNode()),
    Layer.provideMerge(Settings.layerClock(settings))
  )
)

const start = (user: string) => ObtainConsent.start({ credential: Calendar, user: { userId: user }, episode: "fleet" })

/** How an execution has ended, or its state. */
const stateOf = (id: string) =>
  Effect.map(ObtainConsent.workflow.poll(id), (result) => {
    if (result._tag === "None") return "Unknown"
    const state = result.value
    if (state._tag !== "Complete") return state._tag
    return Exit.isSuccess(state.exit) ? state.exit.value : Cause.pretty(state.exit.cause)
  })

createServer(async (request, response) => {
  const [, action, user = ""] = (request.url ?? "").split("/")
  try {
    const ids: ReadonlyArray<string> = action === "ended" ? JSON.parse(await text(request)) : []
    const body = action === "ended"
      ? await runtime.runPromise(Effect.forEach(ids, stateOf, { concurrency: 4 }))
      : { id: await runtime.runPromise(start(user)) }
    response.end(JSON.stringify(body))
  } catch (error) {
    response.writeHead(503).end(JSON.stringify({ error: String(error) }))
  }
}).listen(settings.port, "127.0.0.1", async () => {
  await runtime.runPromise(Effect.void)
  report({ event: "ready" })
})
Settings.reportUse()
