/**
 * The tokens that authorize one request to a payment vendor. They are valid for that request only, so there is no tag
 * and no layer for them, and `CredentialCache` does not cache them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type PaymentTokenRequest, PaymentTokenResponse } from "./DataPlane.js"
import { type ApiKeyError, Identity } from "./Identity.js"
import type { WorkloadAccessToken } from "./WorkloadAccessToken.js"

/**
 * The request for the tokens of one request to a payment vendor.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  /** The name of the payment credential provider. */
  readonly provider: string
  /** The request to the vendor that the tokens authorize. */
  readonly payment: PaymentTokenRequest
}

/**
 * Obtains the tokens that authorize one request to a payment vendor.
 *
 * @since 0.1.0
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

/**
 * How to recognize rejected tokens.
 *
 * @since 0.1.0
 * @category models
 */
export interface UseOptions<in X = unknown> {
  /**
   * Whether a failure means that the vendor rejected the tokens and did nothing, as with a 401. After any other
   * failure, the payment may have been made.
   */
  readonly rejected: (error: X) => boolean
}

const isSame = Schema.toEquivalence(PaymentTokenResponse)

/**
 * Sends one request to a payment vendor with its tokens. If the vendor rejects the tokens, for example because they
 * have expired, `use` obtains new ones and runs `f` once more with them. If the new tokens are the same, `use` fails
 * with the first error.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import type * as DataPlane from "effect-agentcore-identity/DataPlane"
 * import * as PaymentToken from "effect-agentcore-identity/PaymentToken"
 * import * as Data from "effect/Data"
 * import type * as Effect from "effect/Effect"
 *
 * class VendorError extends Data.TaggedError("VendorError")<{ readonly status: number }> {}
 *
 * declare const listAccounts: (
 *   tokens: DataPlane.PaymentTokenResponse
 * ) => Effect.Effect<ReadonlyArray<string>, VendorError>
 *
 * const program = PaymentToken.use(
 *   {
 *     provider: "coinbase",
 *     payment: { coinbaseCdpTokenRequest: { requestMethod: "GET", requestPath: "/platform/v2/evm/accounts" } }
 *   },
 *   listAccounts,
 *   { rejected: (error) => error.status === 401 }
 * )
 */
export const use = <A, E, R>(
  request: Request,
  f: (tokens: PaymentTokenResponse) => Effect.Effect<A, E, R>,
  options: UseOptions<NoInfer<E>>
): Effect.Effect<A, E | ApiKeyError, R | Identity | WorkloadAccessToken> =>
  Effect.flatMap(
    get(request),
    (tokens) =>
      Effect.catchIf(f(tokens), options.rejected, (error) =>
        Effect.flatMap(get(request), (fresh) =>
          isSame(fresh, tokens) ? Effect.fail(error) : f(fresh)))
  )
