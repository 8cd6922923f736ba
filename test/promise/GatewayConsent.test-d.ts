import type * as EffectGatewayConsent from "effect-agentcore-identity/mcp/GatewayConsent"
import { completeAuthorization } from "effect-agentcore-identity/promise/Identity"
import * as Mcp from "effect-agentcore-identity/promise/Mcp"
import * as Redacted from "effect/Redacted"
import { describe, expectTypeOf, it } from "vitest"

describe("Mcp.retryingGateway", () => {
  it("has the data of mcp/GatewayConsent", () => {
    expectTypeOf<Mcp.GatewayConsent>().toEqualTypeOf<EffectGatewayConsent.GatewayConsent>()
  })

  it("returns what the call returns", () => {
    const result = Mcp.retryingGateway(async () => 1, {
      show: async ({ url }) => console.log(Redacted.value(url)),
      complete: (sessionUri) => completeAuthorization({ sessionUri, user: { userToken: "a.b.c" } })
    })
    expectTypeOf(result).toEqualTypeOf<Promise<number>>()
    // @ts-expect-error: `show` is missing
    void Mcp.retryingGateway(async () => 1, {})
  })
})
