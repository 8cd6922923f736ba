import { assert, describe, it } from "@effect/vitest"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as PaymentToken from "effect-agentcore-identity/PaymentToken"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { scripted, secret } from "./support/utils.js"

const request: PaymentToken.Request = {
  provider: "coinbase",
  payment: { coinbaseCdpTokenRequest: { requestMethod: "POST", requestPath: "/platform/v2/x402" } }
}

class VendorError extends Data.TaggedError("VendorError")<{ readonly status: number; readonly token: string }> {}

const bearer = ({ coinbaseCdpTokenResponse }: DataPlane.PaymentTokenResponse): string =>
  coinbaseCdpTokenResponse === undefined ? "none" : Redacted.value(coinbaseCdpTokenResponse.bearerToken)

const accepting = (accepted: string, status = 401) => (tokens: DataPlane.PaymentTokenResponse) =>
  bearer(tokens) === accepted
    ? Effect.succeed(accepted)
    : Effect.fail(new VendorError({ status, token: bearer(tokens) }))

const rejected = (error: VendorError) => error.status === 401

const tokens = (name: (index: number) => string) =>
  scripted({
    getResourcePaymentToken: (_, index) =>
      Effect.succeed({
        paymentTokenResponse: { coinbaseCdpTokenResponse: { bearerToken: secret(name(index)) } }
      })
  })

const counting = tokens((index) => `token-${index}`)

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

describe("PaymentToken.use", () => {
  it.effect("uses accepted tokens once", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* PaymentToken.use(request, accepting("token-0"), { rejected }), "token-0")
      assert.lengthOf(yield* requests, 1)
    }).pipe(Effect.provide(counting)))

  it.effect("obtains other tokens for the same request, and sends it once more", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* PaymentToken.use(request, accepting("token-1"), { rejected }), "token-1")
      assert.deepStrictEqual(yield* requests, [request, request])
      const error = yield* Effect.flip(PaymentToken.use(request, accepting("none"), { rejected }))
      assert(error._tag === "VendorError")
      assert.strictEqual(error.token, "token-3")
    }).pipe(Effect.provide(counting)))

  it.effect("never repeats a payment that failed for another reason", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(PaymentToken.use(request, accepting("none", 500), { rejected }))
      assert(error._tag === "VendorError")
      assert.strictEqual(error.token, "token-0")
      assert.lengthOf(yield* requests, 1)
    }).pipe(Effect.provide(counting)))

  it.effect("fails with the first error if the service has no other tokens", () =>
    Effect.gen(function*() {
      let sent = 0
      const count = (tokens: DataPlane.PaymentTokenResponse) => {
        sent++
        return accepting("none")(tokens)
      }
      const error = yield* Effect.flip(PaymentToken.use(request, count, { rejected }))
      assert.strictEqual(error._tag, "VendorError")
      assert.strictEqual(sent, 1)
    }).pipe(Effect.provide(tokens(() => "same"))))
})
