/** The context of a request in an `AsyncLocalStorage`, and its caller. */
import * as Effect from "effect/Effect"
import { hasProperty, isFunction } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { AsyncLocalStorage } from "node:async_hooks"
import { MissingWorkloadAccessToken, type ValidationException } from "../../IdentityError.js"
import * as Constraint from "../../internal/models/constraint.js"
import * as Validation from "../../internal/plane/validation.js"
import * as RequestHeaders from "../../internal/requestHeaders.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import { make, WorkloadAccessToken, type WorkloadAccessTokenError } from "../../WorkloadAccessToken.js"
import { checkUser, serviceOr, toRedacted, toUserIdentifier, type User, type Workload } from "./workload.js"

/** What this module reads of a `RequestContext` of the official SDK, or of the service of `runtime/RequestContext`. */
export interface RequestContext {
  /** The caller of a request without a workload access token, see `workload`. */
  readonly workload?: Workload | undefined
  /**
   * The user that the workload access token is for. The page after consent completes authorizations of this user only.
   * Default: the user of `workload`, if that is the caller.
   */
  readonly user?: User | undefined
  /** The workload access token of the caller. */
  readonly workloadAccessToken?: string | Redacted.Redacted | undefined
  /** Where the browser goes after consent, under the name in the official SDK. */
  readonly oauth2CallbackUrl?: string | undefined
  /** Where the browser goes after consent, under the name in `runtime/RequestContext`. */
  readonly callbackUrl?: string | undefined
  /** The session of the runtime. */
  readonly sessionId?: string | undefined
  /** The id of the request. */
  readonly requestId?: string | undefined
}

const storage = new AsyncLocalStorage<RequestContext>()

const isAsyncGenerator = (u: unknown): u is AsyncGenerator =>
  hasProperty(u, Symbol.asyncIterator)
  && ["next", "return", "throw"].every((name) => isFunction(Reflect.get(u, name)))

/** Runs the body of an async generator, or of a promised one, through `within`. Returns any other value unchanged. */
const runWithin = <T>(result: T, within: <A>(f: () => A) => A): T => {
  if (result instanceof Promise) {
    // The promise resolves to the same value.
    return result.then((value) => runWithin(value, within)) as T
  }
  if (isAsyncGenerator(result)) {
    const { next, return: end, throw: fail } = result
    result.next = (...values) => within(() => next.apply(result, values))
    result.return = (value) => within(() => end.call(result, value))
    result.throw = (error) => within(() => fail.call(result, error))
  }
  return result
}

const checkWorkload = Validation.makeCheck("runWithContext", () => ({
  workload: Constraint.guard<Workload>(
    "a caller that workload({ name, user }) returns",
    (value): value is Workload => hasProperty(value, "getToken") && isFunction(value.getToken)
  )
}))

/** Throws the `ValidationException` of a workload that is only a name: a program in JavaScript can pass any value. */
export const run = <T>(context: RequestContext, f: () => T): T => {
  const { workload } = context
  const invalid = workload === undefined || workload === null ? undefined : checkWorkload({ workload })
  if (invalid !== undefined) throw invalid
  const within = <A>(g: () => A): A => storage.run(context, g)
  return runWithin(within(f), within)
}

export const get = (): RequestContext | undefined => storage.getStore()

const ofWorkload = ({ getToken, invalidate, name, user }: Workload): WorkloadAccessToken["Service"] => ({
  workload: name,
  user,
  get: Effect.tryPromise({
    try: async () => Redacted.make(await getToken()),
    // `getToken` rejects with these errors. Any other error passes through unchanged.
    catch: (error) => error as WorkloadAccessTokenError
  }),
  invalidate: (stale) => Effect.promise(() => invalidate(Redacted.value(stale)))
})

/** The caller of the configuration, else of the request in context, else of the runtime. Ignores empty tokens. */
export const callerOf = (
  configured: string | undefined,
  context: RequestContext | undefined
): Effect.Effect<WorkloadAccessToken["Service"], MissingWorkloadAccessToken> => {
  const token = configured || context?.workloadAccessToken
  if (token) return Effect.succeed(make(toRedacted(token), context?.user && toUserIdentifier(context.user)))
  if (context?.workload) return Effect.succeed(ofWorkload(context.workload))
  const message = context === undefined
    ? "There is no workload access token, and no request is in context: call inside of runWithContext, or pass workloadIdentityToken to the functions that take it"
    : RequestHeaders.missingToken
  return serviceOr(WorkloadAccessToken, Effect.suspend(() => new MissingWorkloadAccessToken({ message })))
}

/** Returns the user of the request in context, else the user of its workload if that is the caller. */
export const userOf = (
  configured: string | undefined,
  context: RequestContext | undefined
): Effect.Effect<UserIdentifier | undefined, ValidationException> =>
  context?.user
    ? checkUser(context.user, "user")
    : Effect.succeed(configured || context?.workloadAccessToken ? undefined : context?.workload?.user)
