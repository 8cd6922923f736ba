/**
 * Workload identities: the identities of agents, with the return URLs that are allowed after consent.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { memoize } from "effect/Function"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { ControlPlane, type operations } from "./ControlPlane.js"
import { workloadName } from "./internal/generatedName.js"
import * as KeyedLock from "./internal/keyedLock.js"
import type { GetWorkloadIdentityResponse } from "./Models.js"
import type * as Operation from "./Operation.js"

/**
 * Other writers replaced the return URLs after each attempt. The change may be missing.
 *
 * @since 0.2.0
 * @category errors
 */
export class ReturnUrlsContended
  extends Schema.TaggedError<ReturnUrlsContended>()("ReturnUrlsContended", { name: Schema.String })
{
  override get message(): string {
    return `Other writers keep replacing the return URLs of workload identity '${this.name}'. Try again`
  }
}

/** The locks of a plane. Within a process, one fiber at a time changes an identity. */
const lockOf: (plane: ControlPlane["Service"]) => KeyedLock.KeyedLock = memoize(KeyedLock.makeUnsafe)

// AWS has no conditional write: another writer may have read before this write, and may overwrite it. So a write is
// read again after the time that such a writer takes from its read to its write.
const confirmation = Schedule.jittered(Schedule.spaced("300 millis")).pipe(Schedule.upTo({ times: 40 }))

const converge = (name: string, returnUrls: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const plane = yield* ControlPlane
    const current = yield* plane.getWorkloadIdentity({ name })
    const urls = new Set(current.allowedResourceOauth2ReturnUrls)
    if (returnUrls.every((url) => urls.has(url))) return current
    yield* plane.updateWorkloadIdentity({
      name,
      allowedResourceOauth2ReturnUrls: [...new Set([...urls, ...returnUrls])]
    })
    return yield* new ReturnUrlsContended({ name })
  }).pipe(Effect.retry({ schedule: confirmation, while: (error) => error._tag === "ReturnUrlsContended" }))

/**
 * Ensures that a workload identity exists, and has at least these return URLs. It creates the identity, or adds the
 * missing URLs. It never removes a URL. With a name it is safe to repeat, and to run in several processes at the same
 * time. Without one, each run creates an identity.
 *
 * AWS has no conditional write, so another process may overwrite added URLs. `ensure` reads them again after 300 ms
 * (with jitter), and repeats this up to 40 times. Then it fails with `ReturnUrlsContended`. If no URL is missing, it
 * neither writes nor waits.
 *
 * @since 0.2.0
 * @category operations
 * @example
 * import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
 * import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
 * import * as Effect from "effect/Effect"
 *
 * // The browser comes back to this page of the agent after consent.
 * const setUp = WorkloadIdentity.ensure({
 *   name: "my-agent",
 *   returnUrls: ["https://agent.example.com/consent"]
 * }).pipe(Effect.provide(AwsPlanes.layer({ region: "us-west-2" })))
 */
export const ensure = (
  { name: given, returnUrls = [], tags }: {
    /** The name, 3 to 255 characters. Default: a new one, `workload-` and 8 hexadecimal digits. */
    readonly name?: string | undefined
    /** The URLs that users may return to after consent. Default: none. */
    readonly returnUrls?: ReadonlyArray<string> | undefined
    /** Tags of the workload identity. They are set on creation only. */
    readonly tags?: { readonly [key: string]: string } | undefined
  }
): Effect.Effect<
  GetWorkloadIdentityResponse,
  Operation.Error<typeof operations.getWorkloadIdentity> | ReturnUrlsContended,
  ControlPlane
> =>
  Effect.gen(function*() {
    const name = given ?? (yield* workloadName)
    const present = converge(name, returnUrls)
    const create = ControlPlane.use((plane) =>
      plane.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: returnUrls, tags })
    )
    const createOrPresent = Effect.catchTag(create, "ValidationException", (error) =>
      // Another process may have created the identity meanwhile. If it is still missing, the request is invalid.
      Effect.catchTag(present, "ResourceNotFoundException", () => Effect.fail(error)))
    return yield* lockOf(yield* ControlPlane)(
      name,
      Effect.catchTag(present, "ResourceNotFoundException", () => Effect.andThen(createOrPresent, present))
    )
  }).pipe(Effect.withSpan("WorkloadIdentity.ensure"))
