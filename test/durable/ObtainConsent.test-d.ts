import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import type * as Connect from "effect-agentcore-identity/http/Connect"
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import type * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import type * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import { describe, expectTypeOf, it } from "vitest"

class Calendar extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "google", flow: "USER_FEDERATION" }) {}

class Robot extends AccessToken.Tag<Robot>()("test/Robot", { provider: "google", flow: "M2M" }) {}

class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}

class Mailer
  extends Context.Service<Mailer, { readonly send: (link: string) => Effect.Effect<void> }>()("test/Mailer")
{}

class NoCalendar extends Schema.TaggedError<NoCalendar>()("NoCalendar", {}) {}

declare const jwt: Redacted.Redacted

const user = { userId: "alice" }
const episode = "1"

type Caller = Connect.Connect | WorkflowEngine.WorkflowEngine
type InWorkflow = Caller | WorkflowEngine.WorkflowInstance

describe("ObtainConsent", () => {
  it("requires what the runner needs, and what the invitation needs", () => {
    expectTypeOf(
      ObtainConsent.layer({ invite: ({ link }) => Effect.flatMap(Mailer, (mailer) => mailer.send(link)) })
    ).toEqualTypeOf<
      Layer.Layer<
        never,
        never,
        | Mailer
        | Connect.Connect
        | PendingConsents.ConsentSignals
        | DataPlane.DataPlane
        | WorkflowEngine.WorkflowEngine
      >
    >()
  })

  it("starts anywhere, and waits only in a workflow", () => {
    expectTypeOf(ObtainConsent.start({ credential: Calendar, user, episode })).toEqualTypeOf<
      Effect.Effect<string, ValidationException, Caller>
    >()
    expectTypeOf(ObtainConsent.obtain({ credential: Calendar, user, episode })).toEqualTypeOf<
      Effect.Effect<"Granted" | "AlreadyGranted", ObtainConsent.ConsentNotObtained, InWorkflow>
    >()
  })

  it("rejects a user with a JWT, and a credential that no user grants", () => {
    // @ts-expect-error - a JWT would be stored in clear, and has expired when the user consents
    void ObtainConsent.start({ credential: Calendar, user: { userToken: jwt }, episode })
    // @ts-expect-error - the same
    void ObtainConsent.obtain({ credential: Calendar, user: { userId: "alice", userToken: jwt }, episode })
    // @ts-expect-error - without an episode, a grant that was revoked is never asked for again
    void ObtainConsent.start({ credential: Calendar, user })
    // @ts-expect-error - no user grants it
    void ObtainConsent.start({ credential: Robot, user, episode })
    // @ts-expect-error - no user grants it
    void ObtainConsent.start({ credential: Weather, user, episode })
    // @ts-expect-error - a payload has names alone
    expectTypeOf<typeof ObtainConsent.workflow.payloadSchema.Type>().toHaveProperty("userToken")
  })

  it("orAsk removes the requirement of the credential", () => {
    const read = Activity.make({
      name: "read",
      success: Schema.Number,
      error: NoCalendar,
      execute: Effect.all([Calendar, Mailer]).pipe(Effect.as(1))
    })
    type Expected = Effect.Effect<
      number,
      NoCalendar | ObtainConsent.ConsentNotObtained,
      Mailer | DataPlane.DataPlane | InWorkflow
    >
    expectTypeOf(ObtainConsent.orAsk(read, Calendar, { user })).toEqualTypeOf<Expected>()
    expectTypeOf(read.pipe(ObtainConsent.orAsk(Calendar, { user }))).toEqualTypeOf<Expected>()
    // @ts-expect-error - the body of a workflow runs again at each resume
    void ObtainConsent.orAsk(Effect.as(Calendar, 1), Calendar, { user })
    // @ts-expect-error - a JWT would have expired
    void ObtainConsent.orAsk(read, Calendar, { user: { userToken: jwt } })
    // @ts-expect-error - no user grants it
    void ObtainConsent.orAsk(read, Robot, { user })
  })

  it("layerSignals needs a store of signals, and provides signals to the pages", () => {
    expectTypeOf(ObtainConsent.layerSignals).toEqualTypeOf<
      Layer.Layer<PendingConsents.ConsentSignals, never, PendingConsents.ConsentSignals | WorkflowEngine.WorkflowEngine>
    >()
  })
})
