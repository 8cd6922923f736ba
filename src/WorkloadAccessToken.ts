/**
 * The workload access token, which identifies the caller: a workload, for itself or for a user. `Identity` sends it
 * with every request.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { DataPlane, type DataPlaneError } from "./DataPlane.js"
import { AccessDeniedException, type MissingWorkloadAccessToken, type ValidationException } from "./IdentityError.js"
import { checkUserOf, checkWorkload } from "./internal/identity/requests.js"
import { isTransient } from "./internal/identity/transient.js"
import { appendAdvice } from "./internal/messages.js"
import * as SingleFlight from "./internal/singleFlight.js"
import type { UserIdentifier } from "./UserIdentifier.js"

/**
 * The errors of `get`.
 *
 * @since 0.2.0
 * @category errors
 */
export type WorkloadAccessTokenError = MissingWorkloadAccessToken | DataPlaneError

/**
 * Identifies the caller of a run.
 *
 * @since 0.2.0
 * @category services
 */
export class WorkloadAccessToken extends Context.Service<WorkloadAccessToken, {
  /** Returns the token of the caller of this run. */
  readonly get: Effect.Effect<Redacted.Redacted, WorkloadAccessTokenError>
  /** Marks a token that the service rejected. The next `get` renews it, if it can be renewed. */
  readonly invalidate: (stale: Redacted.Redacted) => Effect.Effect<void>
  /**
   * The name of the workload identity, if the service obtains the token by name. The page after consent uses it to
   * check that AgentCore has the user's token.
   */
  readonly workload?: string | undefined
  /**
   * The user that the token is for, if it is known. `http/Connect` checks the accounts of this user, and
   * `mcp/ConsentElicitation` notices that they have denied.
   */
  readonly user?: UserIdentifier | undefined
}>()("effect-agentcore-identity/WorkloadAccessToken") {}

/**
 * The workload, and the user that it acts for.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The workload identity's name, 3 to 255 characters. */
  readonly name: string
  /** The user that the workload acts for, by JWT or by id. Default: none. */
  readonly user?: UserIdentifier | undefined
  /**
   * The age at which a token is renewed. Default: 10 minutes, because AWS documents no lifetime, and users report
   * rejected tokens after 15 to 30 minutes. With `Duration.infinity`, it is renewed only after `invalidate`.
   */
  readonly renewAfter?: Duration.Input | undefined
}

/** Appends advice to the message that AWS sends if the workload identity does not exist. */
const withAdvice = (error: AccessDeniedException, workloadName: string): AccessDeniedException =>
  !error.message.includes("does not belong to caller") ? error : new AccessDeniedException({
    ...error,
    message: appendAdvice(
      error.message,
      `this account and region have no workload identity '${workloadName}'. `
        + "Create it in code with WorkloadIdentity.ensure, or in the setup file under workloadIdentities"
    )
  })

const defaultRenewAfter = Duration.minutes(10)

// While renewals fail, one call in this time tries again, and other calls get the old token.
const holdOff = Duration.minutes(1)

const makeCaller = (dataPlane: DataPlane["Service"], options: Options): WorkloadAccessToken["Service"] => {
  const invalid = checkWorkload(options)
  if (invalid !== undefined) return { get: Effect.fail(invalid), invalidate: () => Effect.void }
  const { name, renewAfter = defaultRenewAfter, user } = options
  const lifetime = Duration.toMillis(renewAfter)
  const share = SingleFlight.makeUnsafe<Redacted.Redacted, DataPlaneError>()
  let current: { readonly token: Redacted.Redacted; readonly renewAt: number } | undefined

  const keep = (token: Redacted.Redacted, renewAt: number): Redacted.Redacted => {
    // Adapters reject an empty token, but a program's own plane may return one.
    if (Redacted.value(token) !== "") current = { token, renewAt }
    return token
  }
  const renew = Effect.gen(function*() {
    const begin = yield* Clock.currentTimeMillis
    const { workloadAccessToken } = yield* obtain(dataPlane, name, user)
    return keep(workloadAccessToken, begin + lifetime)
  })
  const keepOld = Effect.fnUntraced(function*(error: DataPlaneError) {
    const now = yield* Clock.currentTimeMillis
    // Reads the old token after the failure: it may have been invalidated during the call.
    if (current === undefined) return yield* error
    const token = keep(current.token, now + Math.min(lifetime, Duration.toMillis(holdOff)))
    yield* Effect.logDebug(`The renewal of the workload access token failed, the old token is kept: ${error._tag}`)
    return token
  })
  const renewOrKeep = Effect.catchIf(
    renew,
    // AWS issues no new token for an expired JWT, but the old token may still be valid.
    (error) => isTransient(error) || (error._tag === "UnauthorizedException" && user?.userToken !== undefined),
    keepOld
  )
  const get = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    return current !== undefined && now < current.renewAt ? current.token : yield* share("", renewOrKeep)
  })
  const invalidate = (stale: Redacted.Redacted) =>
    Effect.sync(() => {
      if (current !== undefined && Equal.equals(current.token, stale)) current = undefined
    })
  return { workload: name, user, get, invalidate }
}

/**
 * Makes the service of {@link layerWorkload}. With invalid options, `get` fails with `ValidationException`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeWorkload = (
  options: Options
): Effect.Effect<WorkloadAccessToken["Service"], never, DataPlane> =>
  Effect.map(DataPlane, (dataPlane) => makeCaller(dataPlane, options))

const obtain = (dataPlane: DataPlane["Service"], workloadName: string, user: UserIdentifier | undefined) =>
  Effect.catchTag(
    user === undefined
      ? dataPlane.getWorkloadAccessToken({ workloadName })
      : user.userToken !== undefined
      ? dataPlane.getWorkloadAccessTokenForJwt({ workloadName, userToken: user.userToken })
      : dataPlane.getWorkloadAccessTokenForUserId({ workloadName, userId: user.userId }),
    "AccessDeniedException",
    (error) => Effect.fail(withAdvice(error, workloadName))
  )

/**
 * Makes the service of {@link layer}, for `Effect.provideService` in a server that gets a token with every request.
 * `user` is the user that the token is for, where the program knows it.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (token: Redacted.Redacted, user?: UserIdentifier): WorkloadAccessToken["Service"] => ({
  user,
  get: Effect.succeed(token),
  invalidate: () => Effect.void
})

/**
 * Names the user of the current caller, where its token does not: in the handler of a request to AgentCore Runtime,
 * which knows the user by the application's own sign-in. The page after consent then accepts this user only. It must be
 * the user that the token was obtained for.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withUser: {
  /** Names the user of the current caller. */
  (user: UserIdentifier): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | WorkloadAccessToken>
  /** Names the user of the current caller. */
  <A, E, R>(self: Effect.Effect<A, E, R>, user: UserIdentifier): Effect.Effect<A, E, R | WorkloadAccessToken>
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, user: UserIdentifier) =>
    Effect.updateService(self, WorkloadAccessToken, (caller) => ({ ...caller, user }))
)

/**
 * Provides a given token, for example from the headers of a request. It cannot be renewed.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (token: Redacted.Redacted): Layer.Layer<WorkloadAccessToken> =>
  Layer.succeed(WorkloadAccessToken, make(token))

/**
 * Obtains the token from AgentCore at the first `get`, and again at the next `get` after `renewAfter` or `invalidate`.
 * One layer is one caller. A server that acts for many users takes theirs from {@link layerCallers}.
 *
 * Concurrent callers share one call. If a renewal fails for a transient reason (throttling, 5xx, a lost connection), or
 * because the user's JWT has expired, `get` returns the old token for another minute, unless it was invalidated. With
 * invalid options, `get` fails with `ValidationException`.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as ApiKey from "effect-agentcore-identity/ApiKey"
 * import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Effect from "effect/Effect"
 *
 * // The agent, acting for one user of a command line tool.
 * const program = ApiKey.get({ provider: "weather" }).pipe(
 *   Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent", user: { userId: "github+alice" } })),
 *   Effect.provide(AwsIdentity.layer({ region: "us-west-2" }))
 * )
 */
export const layerWorkload = (options: Options): Layer.Layer<WorkloadAccessToken, never, DataPlane> =>
  Layer.fresh(Layer.effect(WorkloadAccessToken, makeWorkload(options)))

/**
 * The callers of a server, one for each of its users. {@link provideCaller} takes them from here.
 *
 * @since 0.2.0
 * @category services
 */
export class Callers extends Context.Service<Callers, {
  /** Returns the caller of a user. Fails with `ValidationException` if the user is invalid, or of the other kind. */
  readonly get: (user: UserIdentifier) => Effect.Effect<WorkloadAccessToken["Service"], ValidationException>
}>()("effect-agentcore-identity/WorkloadAccessToken/Callers") {}

const maxCallers = 10_000

/**
 * Keeps a caller for each user of a server: for 10 minutes, and of the latest 10,000 users. The requests of a user then
 * share a workload access token, and a `CredentialCache` finds the user's credentials again.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Layer from "effect/Layer"
 *
 * class Mail extends AccessToken.Tag<Mail>()("app/Mail", { provider: "google", flow: "USER_FEDERATION" }) {}
 *
 * // In a handler, for the user who is signed in.
 * const tokenOf = (userId: string) => AccessToken.get(Mail).pipe(WorkloadAccessToken.provideCaller({ userId }))
 *
 * // Around the server.
 * const live = WorkloadAccessToken.layerCallers({ name: "my-agent" }).pipe(Layer.provideMerge(AwsIdentity.layer()))
 */
export const layerCallers = ({ name, users = "userId" }: {
  /** The workload identity's name, 3 to 255 characters. */
  readonly name: string
  /**
   * How the server identifies its users, as the option of `http/Connect`, or `both`. AgentCore stores the grants of ids
   * and JWTs separately, so a user of the other kind would never be connected. Default: `userId`.
   */
  readonly users?: "userId" | "jwt" | "both" | undefined
}): Layer.Layer<Callers, never, DataPlane> =>
  Layer.fresh(Layer.effect(
    Callers,
    Effect.map(DataPlane, (dataPlane) => {
      // They live until their token is renewed, so the first ones expire first.
      const callers = new Map<string, { readonly caller: WorkloadAccessToken["Service"]; readonly expiresAt: number }>()
      const callerOf = (user: UserIdentifier, now: number): WorkloadAccessToken["Service"] => {
        const key = user.userToken === undefined ? `id ${user.userId}` : `token ${Redacted.value(user.userToken)}`
        const known = callers.get(key)
        if (known !== undefined && now < known.expiresAt) return known.caller
        for (const [key, { expiresAt }] of callers) {
          if (now < expiresAt && callers.size < maxCallers) break
          callers.delete(key)
        }
        // A caller outlives its request, and a program could change the object of a user.
        const own = user.userToken === undefined ? { userId: user.userId } : { userToken: user.userToken }
        const caller = makeCaller(dataPlane, { name, user: own })
        callers.set(key, { caller, expiresAt: now + Duration.toMillis(defaultRenewAfter) })
        return caller
      }
      return {
        get: (user) =>
          Effect.flatMap(
            Clock.currentTimeMillis,
            (now) => checkUserOf(users, user) ?? Effect.succeed(callerOf(user, now))
          )
      }
    })
  ))

/**
 * Provides the caller of a user, from {@link Callers}: for the effect of a request.
 *
 * @since 0.2.0
 * @category combinators
 */
export const provideCaller: {
  /** Provides the caller of a user, from {@link Callers}: for the effect of a request. */
  (
    user: UserIdentifier
  ): <A, E, R>(
    self: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | ValidationException, Exclude<R, WorkloadAccessToken> | Callers>
  /** Provides the caller of a user, from {@link Callers}: for the effect of a request. */
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    user: UserIdentifier
  ): Effect.Effect<A, E | ValidationException, Exclude<R, WorkloadAccessToken> | Callers>
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, user: UserIdentifier) =>
    Effect.provideServiceEffect(self, WorkloadAccessToken, Callers.use(({ get }) => get(user)))
)

/**
 * Binds the current caller to work that runs later or in another fiber: from a queue, after a timer, in a worker.
 * Otherwise, such work runs for the caller of that fiber. The work can renew its token.
 *
 * @since 0.2.0
 * @category combinators
 * @example
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Effect from "effect/Effect"
 * import * as Queue from "effect/Queue"
 *
 * declare const report: Effect.Effect<void, never, Identity.Identity | WorkloadAccessToken.WorkloadAccessToken>
 *
 * // In the handler of a request: the worker of the queue runs the report for the caller of this request.
 * const order = (queue: Queue.Enqueue<Effect.Effect<void, never, Identity.Identity>>) =>
 *   Effect.gen(function*() {
 *     const asCaller = yield* WorkloadAccessToken.capture
 *     yield* Queue.offer(queue, asCaller(report))
 *   })
 */
export const capture: Effect.Effect<
  <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, WorkloadAccessToken>>,
  never,
  WorkloadAccessToken
> = Effect.map(WorkloadAccessToken, (caller) => (self) => Effect.provideService(self, WorkloadAccessToken, caller))
