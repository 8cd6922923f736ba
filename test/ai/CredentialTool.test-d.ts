import type * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as CredentialTool from "effect-agentcore-identity/ai/CredentialTool"
import type { Connect } from "effect-agentcore-identity/http/Connect"
import { link } from "effect-agentcore-identity/http/Connect"
import type { AccessTokenError, Identity } from "effect-agentcore-identity/Identity"
import {
  AuthorizationTimedOut,
  RequiresUserConsent,
  type ValidationException
} from "effect-agentcore-identity/IdentityError"
import type * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import type { WorkloadAccessToken } from "effect-agentcore-identity/WorkloadAccessToken"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { expectTypeOf, it } from "vitest"

type Pending = Effect.Success<ReturnType<typeof CredentialTool.pending>>[number]

interface Calendar {
  readonly _: unique symbol
}
class Clock extends Context.Service<Clock, number>()("Clock") {}
class Down extends Schema.TaggedError<Down>()("Down", { since: Schema.Number }) {}

declare const credential: AccessToken.TagClass<Calendar, "app/Calendar", "USER_FEDERATION">
declare const machine: AccessToken.TagClass<Calendar, "app/Machine", "M2M">

const events = CredentialTool.make(
  Tool.make("events", {
    parameters: Schema.Struct({ day: Schema.String }),
    success: Schema.Number,
    failure: Down,
    dependencies: [Clock]
  }),
  credential
)
const Tools = Toolkit.make(events, Tool.make("time", { success: Schema.String }))

it("the credential and the other dependencies are services of the handler", () => {
  expectTypeOf<Tool.Requirements<typeof events>>().toEqualTypeOf<Calendar | Clock>()
  Tools.toLayer({
    events: ({ day }) => Effect.map(Effect.zip(credential, Clock), ([, now]) => day.length + now),
    time: () => Effect.succeed("noon")
  })
})

it("a request needs the caller instead of the credential", () => {
  const turn = LanguageModel.generateText({
    prompt: "",
    toolkit: CredentialTool.toolkit(Tools, { user: { userId: "a" } })
  })
  expectTypeOf<Effect.Services<typeof turn>>().toEqualTypeOf<
    | LanguageModel.LanguageModel
    | Identity
    | WorkloadAccessToken
    | PendingConsents.ConsentSignals
    | Clock
    | Tool.HandlersFor<typeof Tools["tools"]>
  >()
  const direct = LanguageModel.generateText({ prompt: "", toolkit: Tools })
  expectTypeOf<Extract<Effect.Services<typeof direct>, Calendar>>().toEqualTypeOf<Calendar>()
  const results = Effect.map(turn, ({ toolResults }) => toolResults)
  expectTypeOf<Effect.Success<typeof results>[number]["name"]>().toEqualTypeOf<"events" | "time">()
  expectTypeOf<Extract<Effect.Error<typeof turn>, Down>>().toEqualTypeOf<Down>()
})

it("a failure has no session of a consent, and the credential is one of a user", () => {
  // @ts-expect-error -- its encoded form has the session in clear
  CredentialTool.make(Tool.make("events", { failure: RequiresUserConsent, failureMode: "return" }), credential)
  // @ts-expect-error -- the same in a union
  CredentialTool.make(Tool.make("events", { failure: Schema.Union([Down, AuthorizationTimedOut]) }), credential)
  // @ts-expect-error -- no user consents to it
  CredentialTool.make(Tool.make("events"), machine)
})

it("the link of Connect needs Connect", () => {
  const prompt = {} as Prompt.Prompt
  expectTypeOf(CredentialTool.pending(Tools, prompt)).toEqualTypeOf<
    Effect.Effect<ReadonlyArray<Pending>, AccessTokenError, Identity | WorkloadAccessToken>
  >()
  expectTypeOf(CredentialTool.pending(Tools, prompt, { link })).toEqualTypeOf<
    Effect.Effect<
      ReadonlyArray<Pending>,
      AccessTokenError | ValidationException,
      Identity | WorkloadAccessToken | Connect
    >
  >()
})
