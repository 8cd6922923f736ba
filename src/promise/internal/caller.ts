/** The caller of a wrapped function. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { MissingWorkloadAccessToken, type ValidationException } from "../../IdentityError.js"
import * as RuntimeHeaders from "../../internal/runtimeHeaders.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import { make, type Service, WorkloadAccessToken, type WorkloadAccessTokenError } from "../../WorkloadAccessToken.js"
import { toUserIdentifier, type User } from "./user.js"
import type { Workload } from "./workload.js"

interface Context {
  readonly workloadAccessToken?: string | Redacted.Redacted | undefined
  readonly workload?: Workload | undefined
  readonly user?: User | undefined
}

const makeCaller = (token: string | Redacted.Redacted): Service =>
  make(Redacted.isRedacted(token) ? token : Redacted.make(token))

const ofWorkload = ({ getToken, invalidate, name }: Workload): Service => ({
  workload: name,
  get: Effect.tryPromise({
    try: async () => Redacted.make(await getToken()),
    // It rejects with the errors of the service of this type. Other errors only pass through.
    catch: (error) => error as WorkloadAccessTokenError
  }),
  invalidate: (stale) => Effect.promise(() => invalidate(Redacted.value(stale)))
})

/**
 * The caller from the configuration, else from the request in context, else from the runtime. An empty token does not
 * count.
 */
export const callerOf = (
  configured: string | undefined,
  context: Context | undefined
): Effect.Effect<Service, MissingWorkloadAccessToken> => {
  const token = configured || context?.workloadAccessToken
  return token
    ? Effect.succeed(makeCaller(token))
    : context?.workload
    ? Effect.succeed(ofWorkload(context.workload))
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

/** The user of the caller: the user of the request in context, else the user of its workload if that is the caller. */
export const userOf = (
  configured: string | undefined,
  context: Context | undefined
): Effect.Effect<UserIdentifier | undefined, ValidationException> =>
  context?.user
    ? Effect.fromResult(toUserIdentifier(context.user, "user"))
    : Effect.succeed(configured || context?.workloadAccessToken ? undefined : context?.workload?.user)
