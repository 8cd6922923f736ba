import { describe, expectTypeOf, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import type { DataPlane } from "effect-agentcore-identity/DataPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as VendorAccount from "effect-agentcore-identity/http/VendorAccount"
import type { AccessTokenError, Identity } from "effect-agentcore-identity/Identity"
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import type { WorkloadAccessToken } from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type { HttpServer } from "effect/http/HttpServer"
import type { HttpServerError } from "effect/http/HttpServerError"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", { provider: "google", flow: "USER_FEDERATION" }) {}
class Reports extends AccessToken.Tag<Reports>()("app/Reports", { provider: "reports", flow: "M2M" }) {}
class Exchange extends AccessToken.Tag<Exchange>()("app/Exchange", {
  provider: "exchange",
  flow: "ON_BEHALF_OF_TOKEN_EXCHANGE"
}) {}
class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}

declare const currentUser: Effect.Effect<{ readonly userId: string }, "signedOut", HttpServerRequest>
declare const show: (link: string) => Effect.Effect<void, "closed">

const base = { path: "/connect", workload: "my-agent", currentUser } as const

describe("Connect", () => {
  it("has the errors of currentUser, and requires only the services of the program", () => {
    expectTypeOf(Connect.layer({ ...base, credentials: { calendar: Calendar } })).toEqualTypeOf<
      Layer.Layer<
        | Connect.Connect
        | Identity
        | HttpRouter.Request<"Requires", Connect.Connect>
        | HttpRouter.Request<"Requires", Identity>
        | HttpRouter.Request<"GlobalRequires", Connect.Connect>
        | HttpRouter.Request<"GlobalRequires", Identity>,
        never,
        | HttpRouter.HttpRouter
        | DataPlane
        | HttpRouter.Request<"Error", "signedOut">
        | HttpRouter.Request<"Error", HttpServerError>
      >
    >()
  })

  it("provides itself to the routes of the program", () => {
    const pages = Connect.layer({ ...base, credentials: { calendar: Calendar } })
    const route = HttpRouter.add(
      "GET",
      "/settings",
      Effect.map(Effect.orDie(Connect.link(Calendar)), (link) => HttpServerResponse.text(link))
    )
    for (const routes of [Layer.provideMerge(route, pages), Layer.provide(route, pages)]) {
      expectTypeOf(HttpRouter.serve(routes)).toExtend<
        Layer.Layer<never, never, HttpServer | DataPlane>
      >()
    }
  })

  it("responds to NotSignedIn itself", () => {
    const signedIn = Effect.succeed({ userId: "alice" })
    const options = { path: "/connect", workload: "my-agent", credentials: { calendar: Calendar } } as const
    const currentUser = {} as Effect.Effect<{ readonly userId: string }, Connect.NotSignedIn>
    expectTypeOf(Connect.layer({ ...options, currentUser })).toEqualTypeOf(
      Connect.layer({ ...options, currentUser: signedIn })
    )
  })

  it("accepts only credentials that a user grants", () => {
    // @ts-expect-error: no user grants it
    Connect.layer({ ...base, credentials: { reports: Reports } })
    // @ts-expect-error: no user grants it
    Connect.layer({ ...base, credentials: { exchange: Exchange } })
    // @ts-expect-error: no user grants it
    Connect.layer({ ...base, credentials: { weather: Weather } })
    // @ts-expect-error: no user grants it
    void Connect.link(Reports)
    expectTypeOf(Connect.link(Calendar)).toEqualTypeOf<Effect.Effect<string, ValidationException, Connect.Connect>>()
  })

  it("asks vendors over an HttpClient, which the program need not provide", () => {
    const options = { path: "/connect", workload: "my-agent", credentials: { calendar: Calendar } } as const
    const accounts = { calendar: { ...VendorAccount.google, expect: () => Effect.succeed(true) } }
    expectTypeOf(Connect.layerLinks({ ...options, accounts })).toEqualTypeOf<
      Layer.Layer<Connect.Connect | Identity, never, DataPlane>
    >()
    const account = () => Effect.fail("down")
    Connect.layerLinks({ ...options, accounts: { calendar: { account } } })
    // They have no other service.
    expectTypeOf(() => Connect.link(Calendar)).not.toExtend<
      NonNullable<NonNullable<Connect.LinkOptions["accounts"]>[string]>["account"]
    >()
    // @ts-expect-error: a function of promise/Connect
    Connect.layerLinks({ ...options, accounts: { calendar: { account: async () => ({ id: "1", label: "1" }) } } })
  })

  it("requires a current user", () => {
    // @ts-expect-error: there is no default for currentUser
    Connect.layer({ path: "/connect", workload: "my-agent", credentials: { calendar: Calendar } })
  })

  it("adds the errors of its handler to the flow, and removes RequiresUserConsent", () => {
    expectTypeOf(AccessToken.get(Calendar, { consent: Connect.handler({ user: { userId: "alice" }, show }) }))
      .toEqualTypeOf<
        Effect.Effect<
          Redacted.Redacted,
          AccessTokenError | "closed" | Connect.OtherUserKind,
          Identity | WorkloadAccessToken | Connect.Connect
        >
      >()
  })

  it("requires every text of a language, with its placeholder", () => {
    const french: typeof Connect.texts.en = { ...Connect.texts.en, connect: "Connecter {credential}" }
    Connect.layer({ ...base, credentials: { calendar: Calendar }, appearance: { texts: { fr: french } } })
    // @ts-expect-error: the placeholder is missing
    const unnamed: typeof Connect.texts.en = { ...Connect.texts.en, connect: "Connecter" }
    const { tryAgain, ...others } = french
    // @ts-expect-error: a text is missing
    const incomplete: typeof Connect.texts.en = others
    // @ts-expect-error: a page is missing
    const outcomes: typeof Connect.texts.en["outcomes"] = {
      Completed: { title: "Accord donné", text: "L'agent continue." }
    }
    // @ts-expect-error: the texts of an outcome are a title and a text
    const page: typeof Connect.texts.en["outcomes"]["Denied"] = "Refus"
    void [tryAgain, unnamed, incomplete, outcomes, page]
  })

  it("has an appearance of plain data", () => {
    type Plain<A> = A extends (...parameters: never) => unknown ? never
      : A extends object ? { [K in keyof A]: Plain<A[K]> }
      : A
    expectTypeOf<Connect.Appearance>().toExtend<Plain<Connect.Appearance>>()
  })
})
