import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
import * as SingleRunner from "effect/cluster/SingleRunner"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import * as DurableClock from "effect/workflow/DurableClock"
import * as Workflow from "effect/workflow/Workflow"

export class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  returnUrl: "https://agent.example.com/connect/return"
}) {}

// The application's mail, and the API of the calendar.
export class Mail extends Context.Service<Mail, {
  readonly send: (user: string, text: string) => Effect.Effect<void>
}>()("Mail") {}

export class Meetings extends Context.Service<Meetings, {
  readonly count: (token: Redacted.Redacted) => Effect.Effect<number>
}>()("Meetings") {}

// Counts Alice's meetings, now and a week later. She may connect her calendar days after the workflow has started.
export const Report = Workflow.make("app/Report", {
  payload: { user: Schema.String, week: Schema.String },
  success: Schema.String,
  error: ObtainConsent.ConsentNotObtained,
  idempotencyKey: ({ user, week }) => `${user} ${week}`
})

const report = Report.toLayer(({ user }) =>
  Effect.gen(function*() {
    const meetings = (name: string) =>
      Activity.make({
        name,
        success: Schema.Number,
        execute: Effect.all([Meetings, Calendar]).pipe(Effect.flatMap(([{ count }, token]) => count(token)))
      }).pipe(ObtainConsent.orAsk(Calendar, { user: { userId: user } }))

    const before = yield* meetings("this week")
    yield* DurableClock.sleep({ name: "a week", duration: "7 days" })
    return `Meetings: ${before}, then ${yield* meetings("next week")}`
  })
)

const consents = ObtainConsent.layer({
  invite: ({ link, reminder, user }) =>
    Effect.flatMap(
      Mail,
      ({ send }) =>
        send(user.userId, `${reminder === 0 ? "Please" : "Reminder: please"} connect your calendar: ${link}`)
    ),
  reminders: ["1 day", "3 days"],
  patience: "7 days"
})

// The workflows, in the process that runs them.
export const runner = Layer.merge(report, consents).pipe(
  Layer.provide(
    Connect.layerLinks({ path: "/connect", credentials: { calendar: Calendar }, workload: "my-agent" })
  )
)

// Over the SqlClient of the program. Put it also around the pages of `Connect`: they resume the workflows.
// CONSENT_STORE_KEY is the output of `openssl rand -base64 32`.
export const database = ObtainConsent.layerSignals.pipe(
  Layer.provideMerge(ConsentStore.layerSqlConfig({ key: Config.Redacted("CONSENT_STORE_KEY") })),
  Layer.provideMerge(ClusterWorkflowEngine.layer),
  Layer.provideMerge(SingleRunner.layer({ runnerStorage: "sql" })),
  Layer.provide(NodeCrypto.layerDigest)
)
