/**
 * Workload identities: the names that agents act under, and the URLs that their users may come back to.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ControlPlane, type StreamOptions, type WorkloadIdentityError } from "./ControlPlane.js"
import * as KeyedLock from "./internal/keyedLock.js"
import type {
  CreateWorkloadIdentityResponse,
  GetWorkloadIdentityResponse,
  WorkloadIdentitySummary
} from "./models/WorkloadIdentity.js"

/**
 * Other writers kept replacing the return URLs. What was to be changed may be missing.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReturnUrlsContended extends Schema.TaggedError<ReturnUrlsContended>(
  "effect-agentcore-identity/ReturnUrlsContended"
)("ReturnUrlsContended", { name: Schema.String }) {
  override get message(): string {
    return `The return URLs of workload identity '${this.name}' keep being replaced by others: try again`
  }
}

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
 *   // As often as you like: what is there already stays.
 *   yield* WorkloadIdentity.ensure({ name: "my-agent", returnUrls: ["https://agent.example.com/consent"] })
 * })
 */
export const create = (options: {
  readonly name?: string | undefined
  readonly returnUrls?: ReadonlyArray<string> | undefined
  readonly tags?: { readonly [key: string]: string } | undefined
} = {}): Effect.Effect<CreateWorkloadIdentityResponse, WorkloadIdentityError, ControlPlane> =>
  Effect.gen(function*() {
    const controlPlane = yield* ControlPlane
    return yield* controlPlane.createWorkloadIdentity({
      name: options.name ?? `workload-${yield* hexDigits}`,
      allowedResourceOauth2ReturnUrls: options.returnUrls ?? [],
      tags: options.tags
    })
  })

const hexDigits = Effect.map(
  Random.nextRange(0, 0x1_0000_0000),
  (number) => Math.floor(number).toString(16).padStart(8, "0")
)

/**
 * @since 0.1.0
 * @category operations
 */
export const get = (name: string): Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError, ControlPlane> =>
  Effect.flatMap(ControlPlane, (controlPlane) => controlPlane.getWorkloadIdentity({ name }))

const delete_ = (name: string): Effect.Effect<void, WorkloadIdentityError, ControlPlane> =>
  Effect.flatMap(ControlPlane, (controlPlane) => controlPlane.deleteWorkloadIdentity({ name }))

export {
  /**
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

// -----------------------------------------------------------------------------
// Changes that can be repeated
// -----------------------------------------------------------------------------

// For each plane, one change of a name at a time.
const locks = new WeakMap<object, KeyedLock.KeyedLock>()

// AWS has no conditional write: another writer may have read before this one wrote, and then write what it read. A write is
// trusted only when it is still there after the time that such a writer takes from its reading to its writing.
const settling = Schedule.jittered(Schedule.spaced("300 millis")).pipe(Schedule.intersect(Schedule.recurs(40)))

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
      const wanted = change(urls)
      if (wanted.length === urls.length) {
        return current
      }
      yield* controlPlane.updateWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: wanted })
      return yield* new ReturnUrlsContended({ name })
    })
    return yield* Effect.retry(step, { schedule: settling, while: (error) => error._tag === "ReturnUrlsContended" })
  })

const locked = <A, E>(name: string, effect: Effect.Effect<A, E, ControlPlane>): Effect.Effect<A, E, ControlPlane> =>
  Effect.flatMap(ControlPlane, (controlPlane) => {
    const lock = locks.get(controlPlane) ?? KeyedLock.unsafeMake()
    locks.set(controlPlane, lock)
    return lock(name, effect)
  })

const union = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set([...a, ...b])]

/**
 * Adds return URLs; those that are there stay. One change of a name at a time in a process. Across processes a change is
 * confirmed by reading it again after 300 ms (with jitter), and repeated until it lasts: AWS has no conditional write.
 * Nothing is written, and nothing waited for, when nothing is missing.
 *
 * @since 0.1.0
 * @category operations
 */
export const addReturnUrls = (
  name: string,
  returnUrls: ReadonlyArray<string>
): Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError | ReturnUrlsContended, ControlPlane> =>
  locked(name, converge(name, (urls) => union(urls, returnUrls)))

/**
 * Takes return URLs away, in the same way.
 *
 * @since 0.1.0
 * @category operations
 */
export const removeReturnUrls = (
  name: string,
  returnUrls: ReadonlyArray<string>
): Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError | ReturnUrlsContended, ControlPlane> =>
  locked(name, converge(name, (urls) => urls.filter((url) => !returnUrls.includes(url))))

/**
 * Makes sure that a workload identity is there, with at least these return URLs: creates it, or adds what is missing, and
 * never removes anything. `tags` are set when it is created. It can be called as often, and by as many, as you like.
 *
 * @since 0.1.0
 * @category operations
 */
export const ensure = (options: {
  readonly name: string
  readonly returnUrls?: ReadonlyArray<string> | undefined
  readonly tags?: { readonly [key: string]: string } | undefined
}): Effect.Effect<GetWorkloadIdentityResponse, WorkloadIdentityError | ReturnUrlsContended, ControlPlane> => {
  const { name, returnUrls = [] } = options
  const present = converge(name, (urls) => union(urls, returnUrls))
  return locked(
    name,
    Effect.catchTag(
      present,
      "ResourceNotFoundException",
      () =>
        Effect.catchTag(create(options), "ValidationException", (error) =>
          // Somebody else was quicker, or the request is invalid: then the identity is still not there.
          Effect.catchTag(get(name), "ResourceNotFoundException", () => Effect.fail(error))).pipe(
            Effect.zipRight(present)
          )
    )
  )
}
