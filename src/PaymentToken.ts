/**
 * The tokens that authorize one request to a payment vendor. They are valid for that request only, so there is no tag
 * and no layer for them, and `CredentialCache` does not cache them.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { PaymentTokenRequest, PaymentTokenResponse } from "./DataPlane.js"
import { type ApiKeyError, Identity } from "./Identity.js"
import type { WorkloadAccessToken } from "./WorkloadAccessToken.js"

/**
 * The request for the tokens of one request to a payment vendor.
 *
 * @since 0.2.0
 * @category models
 */
export interface Request {
  /** The name of the payment credential provider. */
  readonly provider: string
  /** The request to the vendor that the tokens authorize. */
  readonly payment: PaymentTokenRequest
}

/**
 * Obtains the tokens that authorize one request to a payment vendor. They expire, so obtain them right before the
 * request. To send a rejected request once more, retry the two together.
 *
 * @since 0.2.0
 * @category accessors
 * @example
 * import * as PaymentToken from "effect-agentcore-identity/PaymentToken"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const tokens = yield* PaymentToken.get({
 *     provider: "coinbase",
 *     payment: { coinbaseCdpTokenRequest: { requestMethod: "GET", requestPath: "/platform/v2/evm/accounts" } }
 *   })
 *   return tokens.coinbaseCdpTokenResponse?.bearerToken
 * })
 */
export const get = (
  request: Request
): Effect.Effect<PaymentTokenResponse, ApiKeyError, Identity | WorkloadAccessToken> =>
  Effect.flatMap(Identity, (identity) => identity.getPaymentToken(request))
