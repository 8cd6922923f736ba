/**
 * The caller of a program on a developer's machine, where no request brings a workload access token: a workload
 * identity and a user id in the file `.agentcore.json`. The Python SDK of AgentCore reads and writes the same file, so
 * that programs in both languages act as one caller.
 *
 * In AgentCore Runtime (`DOCKER_CONTAINER=1`) the token comes with the request, through `http/RequestContext`. There
 * this module fails.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { randomBytes } from "node:crypto"
import type { ControlPlane, WorkloadIdentityError } from "../ControlPlane.js"
import type { DataPlane } from "../DataPlane.js"
import { MissingWorkloadAccessToken } from "../IdentityError.js"
import { readVariable } from "../internal/environment.js"
import { missingToken } from "../internal/runtimeHeaders.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as WorkloadIdentity from "../WorkloadIdentity.js"
import { complete, LocalDevelopmentError, type Members } from "./development/file.js"

/**
 * The options. Everything is optional.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The file. Default: `.agentcore.json` in the working directory. */
  readonly path?: string | undefined
  /**
   * Whether to create a missing workload identity. Its name is `workloadName`, the name in the file, or a new one
   * (`workload-` and 8 hexadecimal digits), which is written into the file. Default: false, and nothing is created in
   * AWS.
   */
  readonly createMissing?: boolean | undefined
  /**
   * The URLs that the user's browser may return to after consent. With `createMissing` they are added to those of the
   * workload identity.
   */
  readonly returnUrls?: ReadonlyArray<string> | undefined
  /** Takes precedence over the file, and is not written into it. */
  readonly workloadName?: string | undefined
  /** Takes precedence over the file, and is not written into it. */
  readonly userId?: string | undefined
  /** As in `WorkloadAccessToken.layerWorkload`. */
  readonly renewAfter?: Duration.Input | undefined
}

/**
 * The name of the workload identity, and the user. `WorkloadAccessToken.layerWorkload` takes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Caller {
  readonly name: string
  readonly user: { readonly userId: string }
}

export {
  /**
   * The file names no caller. Nothing was created, and the file was not changed.
   *
   * - `MissingWorkloadIdentity`: no file names a workload identity, and none may be created
   * - `Broken`: the file is not JSON, or its members have wrong types
   * - `Unusable`: the file cannot be read or written
   * - `Locked`: another process holds the lock of the file
   *
   * @since 0.1.0
   * @category errors
   */
  LocalDevelopmentError
}

/**
 * The errors of {@link load}: errors of the file, and errors of reading and creating the workload identity.
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

const digits = Effect.sync(() => randomBytes(4).toString("hex"))

/**
 * Reads the caller from the file. A missing user id is generated (8 hexadecimal digits) and written into the file,
 * because it exists nowhere else. Processes that come at the same time get the same caller: one of them writes, under a
 * lock (`.agentcore.json.lock`, held for milliseconds). With `createMissing` they create one workload identity. Other
 * members of the file stay.
 *
 * It fails with `MissingWorkloadAccessToken` in AgentCore Runtime, where `DOCKER_CONTAINER` is `1`: a file in the image
 * would make all users one user.
 *
 * @since 0.1.0
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
export const load = (options: Options = {}): Effect.Effect<Caller, LoadError, ControlPlane> =>
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

// The name is written before the workload identity is created: a second process, or the same one after a crash, uses
// the same name.
const loadCaller = ({ createMissing, path = ".agentcore.json", userId, workloadName }: Options) => {
  const missingName = new LocalDevelopmentError({
    reason: "MissingWorkloadIdentity",
    path,
    message: `${path} names no workload identity: add its name as "workload_identity_name", give it as `
      + "`workloadName`, or create one with `createMissing: true`"
  })
  const newName = createMissing === true ? Effect.map(digits, (digits) => `workload-${digits}`) : missingName
  const plan = Effect.fnUntraced(function*(found: Members) {
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
    : complete(path, plan)
}

/**
 * The workload access token of the caller in the file, renewed as in `WorkloadAccessToken.layerWorkload`. See
 * {@link load}.
 *
 * In AgentCore Runtime the layer is built without reading or creating anything, and `get` fails with
 * `MissingWorkloadAccessToken`. The layer can therefore stay at the root of a program whose requests bring tokens
 * there.
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
