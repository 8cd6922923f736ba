// An agent of the fleet, over HTTP. `POST /wait/<user>` starts a wait, and responds with its link or with the subject
// of the token. `POST /call/<user>` is an ordinary call. The end of a wait is reported.
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { decodeJwt } from "jose"
import { createServer } from "node:http"
import { report } from "../../support/report.mjs"
import * as Settings from "./settings.js"

const settings = Settings.readSettings()
const Calendar = Settings.credentialOf(settings)
const workload = Settings.workloadOf(settings.kind)
const store = { key: Settings.keyOf(settings), url: Settings.redisOf(settings) }

const runtime = ManagedRuntime.make(
  Layer.mergeAll(
    Connect.layerLinks({ path: "/connect", credentials: { calendar: Calendar }, workload }),
    WorkloadAccessToken.layerCallers({ name: workload })
  ).pipe(
    Layer.provideMerge(ConsentStore.layerRedis(store)),
    Layer.provide(CredentialCache.layerStore()),
    Layer.provide(CredentialStore.layerRedis(store)),
    Layer.provide(DataPlane.layerRateLimit()),
    Layer.provide(AwsDataPlane.layerHttpNode()),
    Layer.provideMerge(Settings.layerClock(settings))
  )
)

const subjectOf = (token: Redacted.Redacted) => String(decodeJwt(Redacted.value(token)).sub)

/** The outcome of a call: the subject of its token, or what its error is. */
const outcomeOf = (exit: Exit.Exit<Redacted.Redacted, { readonly _tag: string; readonly kind?: string }>) => {
  if (Exit.isSuccess(exit)) return { subject: subjectOf(exit.value) }
  const [reason] = exit.cause.reasons
  if (reason?._tag !== "Fail") return { error: `${reason?._tag}` }
  const { _tag, kind } = reason.error
  return { error: kind === undefined ? _tag : `${_tag} (${kind})` }
}

const wait = (user: string, show: (link: string) => void) =>
  AccessToken.get(Calendar, {
    consent: Connect.handler({
      user: { userId: user },
      show: (link) => Effect.sync(() => show(link)),
      wait: "30 minutes"
    })
  }).pipe(WorkloadAccessToken.provideCaller({ userId: user }))

const call = (user: string) => AccessToken.get(Calendar).pipe(WorkloadAccessToken.provideCaller({ userId: user }))

createServer(async (request, response) => {
  const [, action, user = ""] = (request.url ?? "").split("/")
  const respond = (body: object) => void (response.headersSent || response.end(JSON.stringify(body)))
  if (action !== "wait") {
    respond(outcomeOf(await runtime.runPromiseExit(call(user))))
    return
  }
  const exit = await runtime.runPromiseExit(wait(user, (link) => {
    report({ event: "shown", user })
    respond({ link })
  }))
  const outcome = outcomeOf(exit)
  report({ event: "ended", user, ...outcome, at: Date.now() })
  respond(outcome)
}).listen(settings.port, "127.0.0.1", () => report({ event: "ready" }))
Settings.reportUse()
