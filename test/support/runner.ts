/** A runner of workflows in any process: waits for consents, and a workflow of the application that needs a token. */
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import type { DataPlane } from "effect-agentcore-identity/DataPlane"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Connect from "effect-agentcore-identity/http/Connect"
import type { Identity } from "effect-agentcore-identity/Identity"
import type * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import * as Workflow from "effect/workflow/Workflow"
import type { WorkflowEngine } from "effect/workflow/WorkflowEngine"

/** The calendar of `connectWorld`. Its return URL has the port of the run. */
export const calendarAt = (origin: string) =>
  AccessToken.Tag<"Calendar">()("app/Calendar", {
    provider: "calendar",
    flow: "USER_FEDERATION",
    scopes: ["openid", "calendar:read", "offline_access"],
    returnUrl: `${origin}/connect/return`
  })

/** Returns the number of characters of the token, which it must not store. */
export const Report = Workflow.make("test/Report", {
  payload: { user: Schema.String, week: Schema.Number },
  success: Schema.Number,
  error: ObtainConsent.ConsentNotObtained,
  idempotencyKey: ({ user, week }) => `${user} ${week}`
})

interface Options {
  readonly origin: string
  readonly workload: string
  readonly invite: (
    invitation: Parameters<Parameters<typeof ObtainConsent.layer>[0]["invite"]>[0]
  ) => Effect.Effect<void>
}

type Requirements = PendingConsents.ConsentSignals | DataPlane | Identity | WorkflowEngine

export const layer = ({ invite, origin, workload }: Options): Layer.Layer<Connect.Connect, never, Requirements> => {
  const calendar = calendarAt(origin)
  const report = Report.toLayer(({ user }) =>
    Activity.make({
      name: "report",
      success: Schema.Number,
      execute: Effect.map(calendar, (token) => Redacted.value(token).length)
    }).pipe(ObtainConsent.orAsk(calendar, { user: { userId: user } }))
  )
  const links = Connect.layerLinks({ path: "/connect", credentials: { calendar }, workload })
  return Layer.merge(report, ObtainConsent.layer({ invite })).pipe(Layer.provideMerge(links))
}

/** Starts a wait, and returns the id of its execution. */
export const wait = (origin: string, userId: string, episode: string) =>
  ObtainConsent.start({ credential: calendarAt(origin), user: { userId }, episode })

/** Starts a report, and returns the id of its execution. */
export const report = (user: string) => Report.execute({ user, week: 1 }, { discard: true })
