/**
 * The caller of a program on a developer's machine, where requests have no workload access token: a workload identity
 * and a user id in the file `.agentcore.json`. The Python SDK of AgentCore reads and writes the same file, so programs
 * in both languages act as the same caller.
 *
 * In AgentCore Runtime (`DOCKER_CONTAINER=1`) each request has the token, see `runtime/RequestContext`. There this
 * module fails.
 *
 * @since 0.2.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ControlPlane, operations } from "../ControlPlane.js"
import type { DataPlane } from "../DataPlane.js"
import { MissingWorkloadAccessToken } from "../IdentityError.js"
import { readVariable } from "../internal/environment.js"
import * as GeneratedName from "../internal/generatedName.js"
import { missingToken } from "../internal/requestHeaders.js"
import type * as Operation from "../Operation.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as WorkloadIdentity from "../WorkloadIdentity.js"
import { complete, LocalDevelopmentError, type StoredCaller } from "./development/callerFile.js"

/**
 * The options. Everything is optional.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The file. Default: `.agentcore.json` in the working directory. */
  readonly path?: string | undefined
  /**
   * Whether to create a missing workload identity. Its name is `workloadName`, the name in the file, or a new one
   * (`workload-` and 8 hexadecimal digits), which is written to the file. Default: false.
   */
  readonly createMissing?: boolean | undefined
  /**
   * The URLs that the user's browser may return to after consent. With `createMissing` they are registered on the
   * workload identity, in addition to those that it has.
   */
  readonly returnUrls?: ReadonlyArray<string> | undefined
  /** Takes precedence over the file, and is not written to it. */
  readonly workloadName?: string | undefined
  /** Takes precedence over the file, and is not written to it. */
  readonly userId?: string | undefined
  /** As in `WorkloadAccessToken.layerWorkload`. */
  readonly renewAfter?: Duration.Input | undefined
}

export {
  /**
   * The file names no caller. Nothing was created, and the file was not changed.
   *
   * - `MissingWorkloadIdentity`: the file names no workload identity, and `createMissing` is not set
   * - `Broken`: the file is not JSON, or its properties have wrong types
   * - `Unusable`: the file cannot be read or written
   * - `Locked`: another process holds the lock of the file
   *
   * @since 0.2.0
   * @category errors
   */
  LocalDevelopmentError
}

type LoadError =
  | LocalDevelopmentError
  | MissingWorkloadAccessToken
  | Operation.Error<typeof operations.getWorkloadIdentity>
  | WorkloadIdentity.ReturnUrlsContended
  | ConfigError

/**
 * Reads the caller from the file, as `WorkloadAccessToken.layerWorkload` takes it. It generates a missing user id (8
 * hexadecimal digits) and writes it to the file.
 *
 * Concurrent processes get the same caller, and with `createMissing` they create one workload identity: one of them
 * writes, under a lock (`.agentcore.json.lock`, held for milliseconds). Other properties of the file stay.
 *
 * Fails with `MissingWorkloadAccessToken` in AgentCore Runtime, where `DOCKER_CONTAINER` is `1`: a file in the image
 * would make all users the same user.
 *
 * @since 0.2.0
 * @category constructors
 * @example
 * import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
 * import * as LocalDevelopment from "effect-agentcore-identity/local/LocalDevelopment"
 * import * as Effect from "effect/Effect"
 *
 * // The callback completes consent for the user who asked for it. On this machine that is always the same user.
 * const consent = ConsentCallback.layer({
 *   path: "/consent",
 *   currentUser: Effect.map(LocalDevelopment.load(), ({ user }) => user)
 * })
 */
export const load = (options: Options = {}): Effect.Effect<
  {
    /** The name of the workload identity. */
    readonly name: string
    readonly user: { readonly userId: string }
  },
  LoadError,
  ControlPlane
> =>
  Effect.gen(function*() {
    const container = yield* readVariable(Config.String, "DOCKER_CONTAINER")
    if (Option.contains(container, "1")) {
      return yield* new MissingWorkloadAccessToken({ message: missingToken })
    }
    const caller = yield* loadCaller(options)
    if (options.createMissing === true) {
      yield* WorkloadIdentity.ensure({ name: caller.name, returnUrls: options.returnUrls })
    }
    return caller
  })

// The name is written before the workload identity is created, so that a second process, or this one after a crash,
// uses the same name.
const loadCaller = ({ createMissing, path = ".agentcore.json", userId, workloadName }: Options) => {
  const plan = Effect.fnUntraced(function*(found: StoredCaller) {
    const oldName = workloadName ?? found.workloadName
    const oldUser = userId ?? found.userId
    if (oldName === undefined && createMissing !== true) {
      return yield* new LocalDevelopmentError({
        reason: "MissingWorkloadIdentity",
        path,
        message: `${path} names no workload identity: add its name as "workload_identity_name", give it as `
          + "`workloadName`, or create one with `createMissing: true`"
      })
    }
    const name = oldName ?? (yield* GeneratedName.workloadName)
    const user = oldUser ?? (yield* GeneratedName.digits)
    return {
      value: { name, user: { userId: user } },
      added: {
        ...oldName === undefined && { workloadName: name },
        ...oldUser === undefined && { userId: user }
      }
    }
  })
  return workloadName !== undefined && userId !== undefined
    ? Effect.succeed({ name: workloadName, user: { userId } })
    : complete(path, plan)
}

/**
 * The workload access token of the caller in the file, renewed as in `WorkloadAccessToken.layerWorkload`. See
 * {@link load}.
 *
 * Each use of the layer is a caller of the planes below it. To share it, compose it with its planes into one constant.
 *
 * In AgentCore Runtime the layer reads and creates nothing, and `get` fails with `MissingWorkloadAccessToken`. So the
 * layer can stay at the root of a program whose requests have tokens there.
 *
 * @since 0.2.0
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
  Layer.fresh(Layer.effect(
    WorkloadAccessToken.WorkloadAccessToken,
    load(options).pipe(
      Effect.flatMap((caller) => WorkloadAccessToken.makeWorkload({ ...caller, renewAfter: options.renewAfter })),
      Effect.catchTag("MissingWorkloadAccessToken", (missing) =>
        Effect.succeed({ get: missing, invalidate: () => Effect.void }))
    )
  ))
