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
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { DataPlane, type DataPlaneError } from "./DataPlane.js"
import { checkWorkload, isTransient } from "./identity/credentials.js"
import { AccessDeniedException, type MissingWorkloadAccessToken } from "./IdentityError.js"
import { appendAdvice } from "./internal/messages.js"
import * as SingleFlight from "./internal/singleFlight.js"
import type { UserIdentifier } from "./UserIdentifier.js"

/**
 * The errors of {@link Service.get}.
 *
 * @since 0.2.0
 * @category errors
 */
export type WorkloadAccessTokenError = MissingWorkloadAccessToken | DataPlaneError

/**
 * The workload access token of a caller.
 *
 * @since 0.2.0
 * @category services
 */
export interface Service {
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
}

/**
 * Identifies the caller of a run.
 *
 * @since 0.2.0
 * @category services
 * @example
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 *
 * // The agent `my-agent`, acting for one user of a command line tool.
 * const live = WorkloadAccessToken.layerWorkload({ name: "my-agent", user: { userId: "github+alice" } })
 */
export class WorkloadAccessToken
  extends Context.Service<WorkloadAccessToken, Service>()("effect-agentcore-identity/WorkloadAccessToken")
{}

/**
 * The workload, and the user that it acts for.
 *
 * @since 0.2.0
 * @category models
 */
export interface WorkloadOptions {
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

/**
 * Appends advice to the message that AWS sends if the workload identity does not exist. Errors of a plane have no
 * advice.
 */
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

/**
 * Makes the service of {@link layerWorkload}, for a program that keeps one service per user.
 *
 * With invalid options, `get` fails with `ValidationException`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeWorkload: (options: WorkloadOptions) => Effect.Effect<Service, never, DataPlane> = Effect.fnUntraced(
  function*(options) {
    const dataPlane = yield* DataPlane
    const invalid = checkWorkload(options)
    if (invalid !== undefined) return { get: Effect.fail(invalid), invalidate: () => Effect.void }
    const { name, renewAfter = defaultRenewAfter, user } = options
    const lifetime = Duration.toMillis(renewAfter)
    const share = SingleFlight.unsafeMake<Redacted.Redacted, DataPlaneError>()
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
        if (current !== undefined && Redacted.value(current.token) === Redacted.value(stale)) current = undefined
      })
    return { workload: name, user, get, invalidate }
  }
)

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
 * Makes the service of {@link layer}, for a server that gets a token with every request. `Effect.provideService` needs
 * no layer. `user` is the user that the token is for, where the program knows it.
 *
 * @since 0.2.0
 * @category constructors
 * @example
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * const handle = (workloadAccessToken: Redacted.Redacted) =>
 *   Effect.flatMap(Identity.Identity, ({ getApiKey }) => getApiKey({ provider: "weather" })).pipe(
 *     Effect.provideService(
 *       WorkloadAccessToken.WorkloadAccessToken,
 *       WorkloadAccessToken.make(workloadAccessToken)
 *     )
 *   )
 */
export const make = (token: Redacted.Redacted, user?: UserIdentifier): Service => ({
  user,
  get: Effect.succeed(token),
  invalidate: () => Effect.void
})

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
 * One layer is one caller. A server that acts for many users provides a layer for each request, or keeps a service of
 * {@link makeWorkload} for each user.
 *
 * Concurrent callers share one call. If a renewal fails for a transient reason (throttling, 5xx, a lost connection), or
 * because the user's JWT has expired, `get` returns the old token for another minute, unless it was invalidated. With
 * invalid options, `get` fails with `ValidationException`.
 *
 * Each use of the layer obtains a token from the data plane below it. To share one token between two parts of a program
 * for one account, compose the layer with its plane into one constant, and provide that to both.
 *
 * @since 0.2.0
 * @category layers
 * @example
 * import * as ApiKey from "effect-agentcore-identity/ApiKey"
 * import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as Effect from "effect/Effect"
 *
 * const apiKey = ApiKey.get({ provider: "weather" })
 *
 * // The agent for itself, and for a user.
 * const forItself = Effect.provide(apiKey, WorkloadAccessToken.layerWorkload({ name: "my-agent" }))
 * const forAlice = Effect.provide(
 *   apiKey,
 *   WorkloadAccessToken.layerWorkload({ name: "my-agent", user: { userId: "alice" } })
 * )
 *
 * const program = Effect.all([forItself, forAlice]).pipe(Effect.provide(AwsIdentity.layer({ region: "us-west-2" })))
 */
export const layerWorkload = (options: WorkloadOptions): Layer.Layer<WorkloadAccessToken, never, DataPlane> =>
  Layer.fresh(Layer.effect(WorkloadAccessToken, makeWorkload(options)))

/**
 * Binds the current caller to work that runs later or in another fiber: from a queue, after a timer, in a worker.
 * Otherwise, such work runs for the caller of the fiber that runs it, and not for the caller that requested it.
 *
 * It captures the service, not a token, so the work can renew its token.
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
