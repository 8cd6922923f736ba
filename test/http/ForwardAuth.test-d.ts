import { describe, expectTypeOf, test } from "@effect/vitest"
import * as ForwardAuth from "effect-agentcore-identity/http/ForwardAuth"
import type * as PromiseConnect from "effect-agentcore-identity/promise/Connect"
import * as PromiseForwardAuth from "effect-agentcore-identity/promise/ForwardAuth"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { RequestListener } from "node:http"
import { Calendar, Weather } from "../support/forwardAuth.js"

const calendar = { credential: Calendar, origins: ["https://calendar.example.com"] } as const

class Sessions extends Context.Service<Sessions, string>()("test/Sessions") {}

class Broken extends Data.TaggedError("Broken") {}

describe("ForwardAuth.layer", () => {
  test("requires a header for an API key, and one origin at least", () => {
    const base = { path: "/forward-auth", workload: "agent" } as const
    ForwardAuth.layer({ ...base, credentials: [calendar, { ...calendar, credential: Weather, header: "x-api-key" }] })
    // @ts-expect-error a key has no header by default
    ForwardAuth.layer({ ...base, credentials: [{ ...calendar, credential: Weather }] })
    // @ts-expect-error no origin
    ForwardAuth.layer({ ...base, credentials: [{ ...calendar, origins: [] }] })
    // @ts-expect-error the agent does not wait for a user
    ForwardAuth.layer({ ...base, credentials: [{ ...calendar, consent: () => Effect.void }] })
    // @ts-expect-error http is for loopback hosts only
    ForwardAuth.layer({ ...base, credentials: [{ ...calendar, allowInsecureOrigins: true }] })
  })

  test("has the errors and requirements of the program's own callers", () => {
    const layer = ForwardAuth.layer({
      path: "/forward-auth",
      workload: "agent",
      credentials: [calendar],
      caller: () => Effect.flatMap(Sessions, () => Effect.as(new Broken(), Option.none()))
    })
    type Needs = Layer.Services<typeof layer>
    expectTypeOf<Extract<Needs, HttpRouter.Request<"Requires", Sessions>>>().not.toEqualTypeOf<never>()
    expectTypeOf<Extract<Needs, HttpRouter.Request<"Error", Broken>>>().not.toEqualTypeOf<never>()
  })
})

describe("promise/ForwardAuth", () => {
  test("takes classes and configurations, and is a listener of Node", () => {
    const connect = {} as PromiseConnect.Connect<"calendar", Request>
    const route = PromiseForwardAuth.make({
      workload: "agent",
      credentials: [
        calendar,
        { credential: { providerName: "weather" }, origins: ["https://a.example"], header: "x-api-key" },
        {
          credential: { providerName: "crm", scopes: [], authFlow: "M2M" },
          origins: ["https://b.example"],
          stepUp: true
        }
      ],
      connect
    })
    const settings = { workload: "agent", credentials: [calendar] } as const
    // @ts-expect-error its tokens would not be checked
    PromiseForwardAuth.make({ ...settings, connect: { link: connect.link } })
    // @ts-expect-error `connect` has its own
    PromiseForwardAuth.make({ ...settings, connect, pendingConsents: { redis: { key: "" } } })
    expectTypeOf(route.node).toExtend<RequestListener>()
    expectTypeOf(route.session({ userId: "alice" })).resolves.toEqualTypeOf<
      { readonly token: string; readonly expiresAt: Date }
    >()
    // It belongs to a single call.
    expectTypeOf<PromiseForwardAuth.Options["credentials"][number]["credential"]>().not.toHaveProperty("onAuthUrl")
  })
})
