/**
 * Workload identities: the identities of agents, with the return URLs that are allowed after consent.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  ControlPlane,
  operations,
  type Service,
  type StreamOptions,
  type WorkloadIdentityError
} from "./ControlPlane.js"
import * as KeyedLock from "./internal/keyedLock.js"
import * as Constraint from "./models/internal/constraint.js"
import {
  CreateWorkloadIdentityRequest,
  type CreateWorkloadIdentityResponse,
  type GetWorkloadIdentityResponse,
  UpdateWorkloadIdentityRequest,
  type WorkloadIdentitySummary
} from "./models/WorkloadIdentity.js"
import * as Validation from "./plane/validation.js"

/**
 * Other writers replaced the return URLs each time. The change may be missing.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReturnUrlsContended
  extends Schema.TaggedError<ReturnUrlsContended>()("ReturnUrlsContended", { name: Schema.String })
{
  override get message(): string {
    return `Other writers keep replacing the return URLs of workload identity '${this.name}': try again`
  }
}

// The limits are those of the requests, the names are those of this module.
const { allowedResourceOauth2ReturnUrls, name: workloadName, tags } = CreateWorkloadIdentityRequest.fields

const refuseCreation = Validation.refuse(
  () => Schema.Struct({ name: Constraint.optional(workloadName), returnUrls: allowedResourceOauth2ReturnUrls, tags }),
  operations.createWorkloadIdentity
)

const refuseChange = Validation.refuse(
  () =>
    Schema.Struct({
      name: workloadName,
      returnUrls: UpdateWorkloadIdentityRequest.fields.allowedResourceOauth2ReturnUrls
    }),
  operations.updateWorkloadIdentity
)

/**
 * Creates a workload identity. Default name: `workload-` and 8 hexadecimal digits.
 *
 * @since 0.1.0
 * @category operations
 * @example
 * import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
 * import * as Effect from "effect/Effect"
 *
 * const setUp = Effect.gen(function*() {
 *   // It can be repeated: an existing identity and its URLs stay.
 *   yield* WorkloadIdentity.ensure({ name: "my-agent", returnUrls: ["https://agent.example.com/consent"] })
 * })
 */
export const create = (options: {
  /** The name, 3 to 255 characters. Default: `workload-` and 8 hexadecimal digits. */
  readonly name?: string | undefined
  /** The URLs that users may return to after consent. Default: none. */
  readonly returnUrls?: ReadonlyArray<string> | undefined
  /** Tags of the workload identity. */
  readonly tags?: { readonly [key: string]: string } | undefined
} = {}): Effect.Effect<CreateWorkloadIdentityResponse, WorkloadIdentityError, ControlPlane> =>
  Effect.gen(function*() {
    const refused = refuseCreation(options)
    if (refused !== undefined) return yield* refused
    const controlPlane = yield* ControlPlane
    return yield* controlPlane.createWorkloadIdentity({
      name: options.name ?? `workload-${yield* hexDigits}`,
      allowedResourceOauth2ReturnUrls: options.returnUrls ?? [],
      tags: options.tags
    })
  })

const hexDigits = Effect.map(
  Random.nextBetween(0, 0x1_0000_0000),
  (number) => Math.floor(number).toString(16).padStart(8, "0")
)

/**
 * Reads a workload identity.
 *
 * @since 0.1.0
 * @category operations
 */
export const get = (name: string): Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError, ControlPlane> =>
  ControlPlane.use((controlPlane) => controlPlane.getWorkloadIdentity({ name }))

/**
 * Replaces the return URLs of a workload identity. A call that runs at the same time in another process may overwrite
 * them: {@link addReturnUrls} and {@link removeReturnUrls} leave the others as they are, and repeat.
 *
 * @since 0.1.0
 * @category operations
 */
export const update = (
  name: string,
  change: {
    /** The URLs that users may return to after consent, in the place of all others. */
    readonly returnUrls: ReadonlyArray<string>
  }
): Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError, ControlPlane> =>
  withLock(
    name,
    ControlPlane.use((controlPlane) =>
      controlPlane.updateWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: change.returnUrls })
    )
  )

/** Deletes a workload identity. */
const delete_ = (name: string): Effect.Effect<void, WorkloadIdentityError, ControlPlane> =>
  ControlPlane.use((controlPlane) => controlPlane.deleteWorkloadIdentity({ name }))

export {
  /**
   * Deletes a workload identity.
   *
   * @since 0.1.0
   * @category operations
   */
  delete_ as delete
}

/**
 * All workload identities.
 *
 * @since 0.1.0
 * @category operations
 */
export const stream = (
  options?: StreamOptions
): Stream.Stream<WorkloadIdentitySummary, WorkloadIdentityError, ControlPlane> =>
  Stream.unwrap(Effect.map(ControlPlane, (controlPlane) => controlPlane.streamWorkloadIdentities(options)))

/** One lock for each plane. In a process, one fiber at a time changes the identity of a name. */
class Locks extends Context.Reference("effect-agentcore-identity/WorkloadIdentity/Locks", {
  defaultValue: () => new WeakMap<Service, KeyedLock.KeyedLock>()
}) {}

// AWS has no conditional write: another writer may have read before this write, and may overwrite it. A write is
// trusted if it is still there after the time that such a writer takes from its read to its write.
const confirmation = Schedule.jittered(Schedule.spaced("300 millis")).pipe(Schedule.upTo({ times: 40 }))

const urlsOf = (identity: GetWorkloadIdentityResponse): ReadonlyArray<string> =>
  identity.allowedResourceOauth2ReturnUrls ?? []

const converge = (
  name: string,
  change: (urls: ReadonlyArray<string>) => ReadonlyArray<string>
): Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError | ReturnUrlsContended, ControlPlane> =>
  Effect.gen(function*() {
    const controlPlane = yield* ControlPlane
    const step = Effect.gen(function*() {
      const current = yield* controlPlane.getWorkloadIdentity({ name })
      const urls = urlsOf(current)
      const changed = change(urls)
      if (changed.length === urls.length) {
        return current
      }
      yield* controlPlane.updateWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: changed })
      return yield* new ReturnUrlsContended({ name })
    })
    return yield* Effect.retry(step, { schedule: confirmation, while: (error) => error._tag === "ReturnUrlsContended" })
  })

const withLock = <A, E>(name: string, effect: Effect.Effect<A, E, ControlPlane>): Effect.Effect<A, E, ControlPlane> =>
  Effect.flatMap(Effect.all([ControlPlane, Locks]), ([controlPlane, locks]) => {
    const lock = locks.get(controlPlane) ?? KeyedLock.unsafeMake()
    locks.set(controlPlane, lock)
    return lock(name, effect)
  })

const union = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set([...a, ...b])]

/**
 * Adds return URLs to those of the identity. In a process, one fiber at a time changes the identity of a name. Because
 * AWS has no conditional write, the change is read again after 300 ms (with jitter), and repeated until another process
 * does not overwrite it. If no URL is missing, it neither writes nor waits.
 *
 * @since 0.1.0
 * @category operations
 */
export const addReturnUrls = (
  name: string,
  returnUrls: ReadonlyArray<string>
): Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError | ReturnUrlsContended, ControlPlane> =>
  refuseChange({ name, returnUrls }) ?? withLock(name, converge(name, (urls) => union(urls, returnUrls)))

/**
 * Removes return URLs, in the same way.
 *
 * @since 0.1.0
 * @category operations
 */
export const removeReturnUrls = (
  name: string,
  returnUrls: ReadonlyArray<string>
): Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError | ReturnUrlsContended, ControlPlane> =>
  refuseChange({ name, returnUrls })
    ?? withLock(name, converge(name, (urls) => urls.filter((url) => !returnUrls.includes(url))))

/**
 * Ensures that a workload identity exists, with at least these return URLs. It creates the identity, or adds the
 * missing URLs, and never removes one. `tags` are set on creation only. Calls can be repeated, and can run at the same
 * time in several processes.
 *
 * @since 0.1.0
 * @category operations
 */
export const ensure = (options: {
  /** The name, 3 to 255 characters. */
  readonly name: string
  /** The URLs that users may return to after consent. Default: none. */
  readonly returnUrls?: ReadonlyArray<string> | undefined
  /** Tags of the workload identity. They are set on creation only. */
  readonly tags?: { readonly [key: string]: string } | undefined
}): Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError | ReturnUrlsContended, ControlPlane> => {
  // The plane rejects a missing name.
  const refused = refuseCreation(options)
  if (refused !== undefined) return Effect.fail(refused)
  const { name, returnUrls = [] } = options
  const present = converge(name, (urls) => union(urls, returnUrls))
  return withLock(
    name,
    Effect.catchTag(
      present,
      "ResourceNotFoundException",
      () =>
        Effect.catchTag(create(options), "ValidationException", (error) =>
          // Another process was faster, or the request is invalid: then the identity still does not exist.
          Effect.catchTag(get(name), "ResourceNotFoundException", () => Effect.fail(error))).pipe(
            Effect.andThen(present)
          )
    )
  ).pipe(Effect.withSpan("WorkloadIdentity.ensure"))
}
