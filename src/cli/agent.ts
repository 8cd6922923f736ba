/** The agent of the demo, and its return URL: the same on this machine and at AWS. */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Consent from "../Consent.js"
import type { ControlPlane } from "../ControlPlane.js"
import type { DataPlane } from "../DataPlane.js"
import * as ConsentCallback from "../http/ConsentCallback.js"
import type { Identity } from "../Identity.js"
import * as PendingConsents from "../PendingConsents.js"
import * as TokenPoller from "../TokenPoller.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import type { Show } from "./demoUser.js"
import * as Ledger from "./obtainedCredentials.js"
import * as Report from "./report.js"
import * as Screen from "./screen.js"

/** The resources that the agent uses. */
export interface Setting {
  readonly workload: string
  readonly user: string
  readonly apiUrl: string
  readonly returnUrl: URL
  readonly credentials: Report.Credentials
}

export type Planes = Layer.Layer<Identity | DataPlane | ControlPlane, Config.ConfigError>

const printSummary = (report: Report.Report) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    const ledger = yield* Ledger.Ledger
    yield* screen.title("What the API says about its callers")
    yield* screen.step(
      report.agent.caller.subject,
      `a ${report.agent.caller.kind} with ${
        report.agent.caller.scopes.join(" ")
      }: ${report.agent.reports.length} reports`
    )
    yield* screen.step(report.user.subject, `a ${report.user.kind} with ${report.user.scopes.join(" ")}`)
    yield* screen.step(report.quota.owner, `an API key: ${report.quota.remaining} of ${report.quota.limit} calls left`)
    yield* screen.table([
      ["Credential", "Flow", "How it was obtained", "Time"],
      ...(yield* ledger.entries).map((entry) => [entry.provider, entry.flow, entry.how, Screen.seconds(entry.millis)])
    ])
  })

const reportOnScreen = (setting: Setting, show: Show) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    const user = { userId: setting.user }
    const poller = yield* TokenPoller.TokenPoller
    const visiblePoller = TokenPoller.make((wait) => screen.waiting("waiting for the user's consent", poller(wait)))

    yield* screen.title("The program `report` needs three credentials")
    yield* Report.report(setting.apiUrl, setting.credentials).pipe(
      Report.withCredentials(setting.credentials, PendingConsents.handler({ user, show })),
      Effect.flatMap(printSummary),
      Effect.catchTag("AuthorizationFailed", (error) =>
        Effect.andThen(
          screen.failed(error.provider, error._tag),
          screen.text(`\nThe program caught ${error._tag} by its tag: ${error.message}.\n`)
        )),
      Effect.provideService(Consent.ReturnUrl, Option.some(setting.returnUrl.href)),
      Effect.provideService(TokenPoller.TokenPoller, visiblePoller),
      Effect.provide(WorkloadAccessToken.layerWorkload({ name: setting.workload, user }))
    )
  }).pipe(Effect.provide(Ledger.layer))

/** Runs the agent over one `Identity`, and serves its return URL. */
export const run = (
  setting: Setting,
  identity: Planes,
  show: Show,
  otherRoutes: Layer.Layer<never, never, HttpRouter.HttpRouter> = Layer.empty
) => {
  // The path of a URL starts with a slash.
  const path = setting.returnUrl.pathname as HttpRouter.PathInput
  const callback = ConsentCallback.layer({
    path,
    // The demo has one user, on their own machine.
    currentUser: Effect.succeed({ userId: setting.user }),
    poll: Schedule.spaced("500 millis")
  })
  const server = HttpRouter.serve(Layer.merge(callback, otherRoutes), {
    disableLogger: true,
    disableListenLog: true
  }).pipe(Layer.provide(ConsentCallback.layerRedaction(path)))
  return reportOnScreen(setting, show).pipe(
    Effect.provide(server),
    Effect.provide(Layer.mergeAll(PendingConsents.layerMemory, FetchHttpClient.layer)),
    Effect.provide(identity)
  )
}
