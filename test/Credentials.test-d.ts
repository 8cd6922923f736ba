import { describe, expectTypeOf, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import type { ControlPlane } from "effect-agentcore-identity/ControlPlane"
import * as Credentials from "effect-agentcore-identity/Credentials"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import type { AccessTokenCredential, AccessTokenError, Identity } from "effect-agentcore-identity/Identity"
import type { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import type { WorkloadAccessToken, WorkloadAccessTokenError } from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", { provider: "google", flow: "USER_FEDERATION" }) {}

class Reports extends AccessToken.Tag<Reports>()("app/Reports", { provider: "reports", flow: "M2M" }) {}

class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}

class Warehouse extends IamAccessToken.Tag<Warehouse>()("app/Warehouse", { audience: "https://w.example.com" }) {}

class Chat
  extends Context.Service<Chat, { readonly show: (text: string) => Effect.Effect<void, "closed"> }>()("Chat")
{}

const all = [Calendar, Reports, Weather, Warehouse]

const inChat = (session: ConsentSession) => Effect.flatMap(Chat, (chat) => chat.show(session.provider))

describe("Credentials", () => {
  it("accepts lists of all kinds", () => {
    expectTypeOf(Credentials.check(all, { workload: "agent" })).toEqualTypeOf<
      Effect.Effect<
        ReadonlyArray<Credentials.Problem>,
        Effect.Error<ReturnType<typeof Credentials.check>>,
        ControlPlane
      >
    >()
    expectTypeOf(Credentials.status(all)).toEqualTypeOf<
      Effect.Effect<ReadonlyArray<Credentials.Status>, WorkloadAccessTokenError, Identity | WorkloadAccessToken>
    >()
    expectTypeOf(Credentials.policy(all, { workload: "agent", account: "1", region: "r", users: "jwt" }))
      .toEqualTypeOf<Credentials.Policy>()
    expectTypeOf(Credentials.check([], { workload: "agent" })).toExtend<Effect.Effect<unknown, unknown, ControlPlane>>()
  })

  it("a problem has a message and a tag", () => {
    expectTypeOf<Credentials.Problem["message"]>().toEqualTypeOf<string>()
    expectTypeOf<Extract<Credentials.Problem, { _tag: "ReturnUrlNotRegistered" }>["returnUrl"]>()
      .toEqualTypeOf<string>()
  })

  it("a status has a credential of the flow USER_FEDERATION", () => {
    expectTypeOf<Credentials.Status["credential"]["request"]["flow"]>().toEqualTypeOf<"USER_FEDERATION">()
    expectTypeOf(Calendar).toExtend<AccessTokenCredential<"USER_FEDERATION">>()
    expectTypeOf(Reports).not.toExtend<AccessTokenCredential<"USER_FEDERATION">>()
    expectTypeOf(Weather).not.toExtend<AccessTokenCredential<"USER_FEDERATION">>()
  })

  it("errors and requirements of a consent handler flow into the result", () => {
    expectTypeOf(Credentials.consentAll(all, { consent: inChat })).toEqualTypeOf<
      Effect.Effect<void, AccessTokenError | "closed", Identity | WorkloadAccessToken | Chat>
    >()
    expectTypeOf(Credentials.consentAll(all)).toEqualTypeOf<
      Effect.Effect<void, AccessTokenError | RequiresUserConsent, Identity | WorkloadAccessToken>
    >()
  })

  it("everything else is a type error", () => {
    // @ts-expect-error An inline request is not a declared credential.
    const inline: Credentials.Credential = { provider: "google", flow: "USER_FEDERATION" }
    // @ts-expect-error A tag without a request is not a declared credential.
    const tag: Credentials.Credential = Chat
    expectTypeOf([inline, tag]).toExtend<ReadonlyArray<Credentials.Credential>>()
    // @ts-expect-error There is no other way to identify users.
    Credentials.policy(all, { workload: "agent", account: "1", region: "r", users: "all" })
  })
})
