import type * as EffectGatewayConsent from "effect-agentcore-identity/mcp/GatewayConsent"
import * as GatewayConsent from "effect-agentcore-identity/promise/GatewayConsent"
import { completeAuthorization } from "effect-agentcore-identity/promise/Identity"
import * as Redacted from "effect/Redacted"
import { describe, expectTypeOf, it } from "vitest"

describe("promise/GatewayConsent", () => {
  it("has the data and the errors of mcp/GatewayConsent", () => {
    expectTypeOf<GatewayConsent.GatewayConsent>().toEqualTypeOf<EffectGatewayConsent.GatewayConsent>()
    expectTypeOf<GatewayConsent.InvalidGatewayConsent>().toEqualTypeOf<EffectGatewayConsent.InvalidGatewayConsent>()
  })

  it("returns what the call returns", () => {
    const result = GatewayConsent.retrying(async () => 1, {
      show: async ({ url }) => console.log(Redacted.value(url)),
      complete: (sessionUri) => completeAuthorization({ sessionUri, user: { userToken: "a.b.c" } })
    })
    expectTypeOf(result).toEqualTypeOf<Promise<number>>()
    // @ts-expect-error: `show` is missing
    void GatewayConsent.retrying(async () => 1, {})
  })
})
