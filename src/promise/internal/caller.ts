/**
 * The caller of a wrapped function.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { MissingWorkloadAccessToken } from "../../IdentityError.js"
import * as RuntimeHeaders from "../../internal/runtimeHeaders.js"
import { type Service, WorkloadAccessToken } from "../../WorkloadAccessToken.js"

interface Context {
  readonly workloadAccessToken?: string | Redacted.Redacted | undefined
}

const makeCaller = (token: string | Redacted.Redacted): Service => ({
  get: Effect.succeed(Redacted.isRedacted(token) ? token : Redacted.make(token)),
  invalidate: () => Effect.void
})

/**
 * The caller from the configuration, else from the request in context, else from the runtime. An empty token does not
 * count.
 *
 * @internal
 */
export const callerOf = (
  configured: string | undefined,
  context: Context | undefined
): Effect.Effect<Service, MissingWorkloadAccessToken> => {
  const token = configured || context?.workloadAccessToken
  return token
    ? Effect.succeed(makeCaller(token))
    : Effect.flatMap(
      Effect.serviceOption(WorkloadAccessToken),
      Option.match({
        onNone: () =>
          Effect.fail(
            new MissingWorkloadAccessToken({
              message: context === undefined
                ? "There is no workload access token, and no request is in context: call inside of runWithContext, or give workloadIdentityToken to the functions that take it"
                : RuntimeHeaders.missingToken
            })
          ),
        onSome: Effect.succeed
      })
    )
}
