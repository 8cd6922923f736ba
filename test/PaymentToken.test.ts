import { assert, describe, it } from "@effect/vitest"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as PaymentToken from "effect-agentcore-identity/PaymentToken"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { scripted, secret } from "./support/utils.js"

const request: PaymentToken.Request = {
  provider: "coinbase",
  payment: { coinbaseCdpTokenRequest: { requestMethod: "POST", requestPath: "/platform/v2/x402" } }
}

const bearer = ({ coinbaseCdpTokenResponse }: DataPlane.PaymentTokenResponse): string =>
  coinbaseCdpTokenResponse === undefined ? "none" : Redacted.value(coinbaseCdpTokenResponse.bearerToken)

const counting = scripted({
  getResourcePaymentToken: (_, index) =>
    Effect.succeed({
      paymentTokenResponse: { coinbaseCdpTokenResponse: { bearerToken: secret(`token-${index}`) } }
    })
})

const requests = Effect.map(
  Effect.flatMap(ScriptedPlanes.ScriptedPlanes, ({ callsOf }) => callsOf("getResourcePaymentToken")),
  (calls) =>
    calls.map(({ request }) => ({
      provider: request.resourceCredentialProviderName,
      payment: request.paymentTokenRequest
    }))
)

describe("get", () => {
  it.effect("obtains the tokens of one request, new ones each time", () =>
    Effect.gen(function*() {
      assert.strictEqual(bearer(yield* PaymentToken.get(request)), "token-0")
      assert.strictEqual(bearer(yield* PaymentToken.get(request)), "token-1")
      assert.deepStrictEqual(yield* requests, [request, request])
    }).pipe(Effect.provide(counting)))
})
