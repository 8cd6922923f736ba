import type * as Connect from "effect-agentcore-identity/http/Connect"
import * as ConsentElicitation from "effect-agentcore-identity/mcp/ConsentElicitation"
import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as McpServer from "effect/ai/McpServer"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { describe, expectTypeOf, it } from "vitest"

const Tools = Toolkit.make(Tool.make("events"))
const handlers = Tools.toLayer({ events: () => Effect.void })

const endpoint = McpServer.layerHttp({
  name: "tools",
  version: "1.0.0",
  path: "/mcp",
  protocols: [McpProtocol.v2026_07_28],
  registrations: ConsentElicitation.toolkit(Tools).pipe(Layer.provide(handlers))
})

type RequirementsOf<L> = L extends Layer.Layer<infer _A, infer _E, infer R> ? R : never

describe("ConsentElicitation.toolkit", () => {
  it("takes the caller from each request, also if no tool names it", () => {
    type Caller = HttpRouter.Request.From<"Requires", WorkloadAccessToken.WorkloadAccessToken>
    expectTypeOf<RequirementsOf<typeof endpoint>>().toEqualTypeOf<HttpRouter.HttpRouter | Connect.Connect | Caller>()
    const perRequest = endpoint.pipe(Layer.provide(RequestContext.layer))
    expectTypeOf<RequirementsOf<typeof perRequest>>().toEqualTypeOf<HttpRouter.HttpRouter | Connect.Connect>()
  })

  it("does not accept one caller for the whole program", () => {
    const perProgram = endpoint.pipe(Layer.provide(WorkloadAccessToken.layer(Redacted.make("token"))))
    type Caller = HttpRouter.Request.From<"Requires", WorkloadAccessToken.WorkloadAccessToken>
    expectTypeOf<RequirementsOf<typeof perProgram>>().toEqualTypeOf<
      HttpRouter.HttpRouter | Connect.Connect | Caller
    >()
  })
})
