/**
 * The caller of a program that runs on a developer's machine, where no request brings a workload access token: a workload identity and a
 * user id, kept in `.agentcore.json`. The Python SDK of AgentCore reads and writes the same file, so that programs in both languages
 * act as one caller.
 *
 * In AgentCore Runtime (`DOCKER_CONTAINER=1`) the token comes with the request, by `http/RequestContext`, and this module refuses.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { randomBytes } from "node:crypto"
import type { ControlPlane, WorkloadIdentityError } from "../ControlPlane.js"
import type { DataPlane } from "../DataPlane.js"
import { MissingWorkloadAccessToken } from "../IdentityError.js"
import { missingToken } from "../internal/runtimeHeaders.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as WorkloadIdentity from "../WorkloadIdentity.js"
import * as File from "./development/file.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * - `path`: the file. Default: `.agentcore.json` in the working directory.
 * - `createMissing`: whether a workload identity that is not there is created, under the name in the file, the one of `workloadName`, or
 *   a new one (`workload-` and 8 hexadecimal digits), which is written into the file. Default: false, and nothing is created in AWS.
 * - `returnUrls`: where the user's browser may come back to after consent. With `createMissing` they are registered on the workload
 *   identity, beside those that it has.
 * - `workloadName`, `userId`: go before what the file says, and are not written into it
 * - `renewAfter`: as of `WorkloadAccessToken.layerWorkload`
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly path?: string | undefined
  readonly createMissing?: boolean | undefined
  readonly returnUrls?: ReadonlyArray<string> | undefined
  readonly workloadName?: string | undefined
  readonly userId?: string | undefined
  readonly renewAfter?: Duration.DurationInput | undefined
}

/**
 * The workload identity's name and the user: what `WorkloadAccessToken.layerWorkload` takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Caller {
  readonly name: string
  readonly user: { readonly userId: string }
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * Why the file names no caller. Nothing was created, and the file is as it was.
 *
 * - `MissingWorkloadIdentity`: there is no file, or it names no workload identity, and none may be created
 * - `Broken`: it is not JSON, or not of the right shape
 * - `Unusable`: it cannot be read or written
 * - `Locked`: another process holds the lock beside it
 *
 * @since 0.1.0
 * @category errors
 */
export class LocalDevelopmentError extends Schema.TaggedError<LocalDevelopmentError>(
  "effect-agentcore-identity/local/LocalDevelopmentError"
)("LocalDevelopmentError", {
  reason: Schema.Literal("MissingWorkloadIdentity", "Broken", "Unusable", "Locked"),
  path: Schema.String,
  message: Schema.String
}) {}

/**
 * What {@link load} can fail with: those of the file, and those of looking up and creating the workload identity.
 *
 * @since 0.1.0
 * @category errors
 */
export type LoadError =
  | LocalDevelopmentError
  | MissingWorkloadAccessToken
  | WorkloadIdentityError
  | WorkloadIdentity.ReturnUrlsContended
  | ConfigError

// -----------------------------------------------------------------------------
// Constructors
// -----------------------------------------------------------------------------

const digits = Effect.sync(() => randomBytes(4).toString("hex"))

/**
 * The caller that the file names. A missing user id is made up (8 hexadecimal digits) and written into the file, since it is nowhere
 * else. Processes that come at once get the same caller: one writes, under a lock (`.agentcore.json.lock`, held for milliseconds),
 * and with `createMissing` there is one workload identity. Whatever else is in the file stays in it.
 *
 * It fails with `MissingWorkloadAccessToken` in AgentCore Runtime, where `DOCKER_CONTAINER` is `1`: there a file in the image would
 * make all users one.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
 * import * as LocalDevelopment from "effect-agentcore-identity/local/LocalDevelopment"
 * import * as Effect from "effect/Effect"
 *
 * // The page that completes consent has to know the user for whom it was asked: on this machine that is always the same one.
 * const consent = ConsentCallback.layer({
 *   path: "/consent",
 *   currentUser: Effect.map(LocalDevelopment.load(), ({ user }) => user)
 * })
 */
export const load = (options: Options = {}): Effect.Effect<Caller, LoadError, ControlPlane> =>
  Effect.gen(function*() {
    const container = yield* Config.option(Config.string("DOCKER_CONTAINER"))
    if (Option.contains(container, "1")) {
      return yield* new MissingWorkloadAccessToken({ message: missingToken })
    }
    const caller = yield* callerOf(options)
    if (options.createMissing === true) {
      yield* WorkloadIdentity.ensure({ name: caller.name, returnUrls: options.returnUrls })
    }
    return caller
  })

// The name is in the file before the workload identity is created: whoever comes second, or again after a crash, creates the same one.
const callerOf = (
  { createMissing, path = ".agentcore.json", userId, workloadName }: Options
): Effect.Effect<Caller, LocalDevelopmentError> => {
  const missingName = new LocalDevelopmentError({
    reason: "MissingWorkloadIdentity",
    path,
    message: `${path} names no workload identity: put the name of one into it, as "workload_identity_name", give it as `
      + "`workloadName`, or let one be created with `createMissing: true`"
  })
  const newName = createMissing === true ? Effect.map(digits, (digits) => `workload-${digits}`) : missingName
  const plan = Effect.fnUntraced(function*(found: File.Members) {
    const oldName = workloadName ?? found.workloadName
    const oldUser = userId ?? found.userId
    const name = oldName ?? (yield* newName)
    const user = oldUser ?? (yield* digits)
    return {
      value: { name, user: { userId: user } },
      added: {
        ...(oldName === undefined ? { workloadName: name } : {}),
        ...(oldUser === undefined ? { userId: user } : {})
      }
    }
  })
  return workloadName !== undefined && userId !== undefined
    ? Effect.succeed({ name: workloadName, user: { userId } })
    : Effect.catchTag(
      File.complete(path, plan),
      "FileProblem",
      ({ message, reason }) =>
        new LocalDevelopmentError({ reason, path, message: `${path} names no caller: ${message}` })
    )
}

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * The workload access token of the caller that the file names, renewed as by `WorkloadAccessToken.layerWorkload`. See {@link load}.
 *
 * In AgentCore Runtime the layer is built, nothing is read or created, and `get` fails with `MissingWorkloadAccessToken`: so it can
 * stay at the root of a program whose requests bring tokens of their own there.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import * as LocalDevelopment from "effect-agentcore-identity/local/LocalDevelopment"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function*() {
 *   const identity = yield* Identity.Identity
 *   return yield* identity.getApiKey({ provider: "weather" })
 * })
 *
 * const runnable = program.pipe(
 *   Effect.provide(LocalDevelopment.layer({ createMissing: true }).pipe(Layer.provideMerge(AwsIdentity.layer())))
 * )
 */
export const layer = (options: Options = {}): Layer.Layer<
  WorkloadAccessToken.WorkloadAccessToken,
  Exclude<LoadError, MissingWorkloadAccessToken>,
  DataPlane | ControlPlane
> =>
  Layer.effect(
    WorkloadAccessToken.WorkloadAccessToken,
    load(options).pipe(
      Effect.flatMap((caller) => WorkloadAccessToken.makeWorkload({ ...caller, renewAfter: options.renewAfter })),
      Effect.catchTag("MissingWorkloadAccessToken", (missing) =>
        Effect.succeed({ get: missing, invalidate: () => Effect.void }))
    )
  )
