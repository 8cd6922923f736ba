/** Records the last requests and their responses, without secrets. Limits the number and the size of records. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { hasProperty, isDate } from "effect/Predicate"
import * as PubSub from "effect/PubSub"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import type { VaultUser } from "../backend/backendModels.js"
import { type Call, CurrentCall } from "../backend/callContext.js"
import type { RequestRecord } from "../LocalControl.js"

/** Reads the time of a fiber's clock without another effect, in milliseconds since the epoch. */
export const readNow = (fiber: Fiber.Fiber<unknown, unknown>): number =>
  fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()

export type Requests = Effect.Success<typeof make>

/** The requests that the routes of a server and its planes record together. */
export const SharedRequests = Context.Reference(
  "effect-agentcore-identity/local/SharedRequests",
  { defaultValue: (): Requests | undefined => undefined }
)

const maxRecords = 500

/** A slower reader misses the oldest events. */
const maxEvents = 256

const maxReasons = 10

/** A reason names what to do at its end. */
const maxReasonLength = 2048

const maxLength = 256
const maxProperties = 32
const maxDepth = 6

const redacted = "<redacted>"

/** The names of properties whose values may be secrets of an authorization server or of a payment. */
const secretProperties: ReadonlySet<string> = new Set(["customParameters", "requestBody"])

const shorten = (value: string, limit: number): string =>
  value.length > limit ? `${value.slice(0, limit)}… (${value.length} characters)` : value

/** A copy without secrets, of limited size. */
const mask = (value: unknown, depth = 0): unknown => {
  if (typeof value === "string") return shorten(value, maxLength)
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? String(value) : value
  if (Redacted.isRedacted(value)) return redacted
  if (isDate(value)) return value.toISOString()
  if (DateTime.isDateTime(value)) return DateTime.formatIso(value)
  if (Option.isOption(value)) return mask(Option.getOrNull(value), depth)
  if (depth >= maxDepth) return "…"
  if (Array.isArray(value)) {
    const items = value.slice(0, maxProperties).map((item) => mask(item, depth + 1))
    return value.length > maxProperties ? [...items, `… (${value.length} items)`] : items
  }
  const properties = Object.entries(value).filter(([, inner]) => inner !== undefined && typeof inner !== "function")
  return Object.fromEntries(
    properties.slice(0, maxProperties).map(([name, inner]) => [
      name.slice(0, maxLength),
      secretProperties.has(name) ? redacted : mask(inner, depth + 1)
    ])
  )
}

const describe = (cause: Cause.Cause<unknown>): { readonly name: string; readonly message: string } => {
  const failure = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (failure === undefined) {
    return Cause.hasInterruptsOnly(cause)
      ? { name: "Interrupted", message: "The caller closed the connection" }
      : { name: "InternalServerException", message: "A defect of the local server: its log has the details" }
  }
  const tag = hasProperty(failure, "_tag") ? String(failure._tag) : "Error"
  return {
    name: tag === "UnknownServiceError" && hasProperty(failure, "code") ? String(failure.code) : tag,
    message: failure instanceof Error ? String(mask(failure.message)) : ""
  }
}

/** Collects the user of a call, and the reasons that its response omits. */
class RecordedCall implements Call {
  readonly reasons: Array<string> = []
  user: Option.Option<VaultUser> = Option.none()
  addReason(reason: string): void {
    if (this.reasons.length < maxReasons) this.reasons.push(shorten(reason, maxReasonLength))
  }
  setUser(user: VaultUser): void {
    // The copy has the same properties.
    this.user = Option.some(mask(user) as VaultUser)
  }
}

/** The HTTP request of an operation, which the routes of the server share with the planes. */
export class HttpCall extends RecordedCall {
  /** Whether a fault cuts the connection. */
  cut = false
  /** The record of the plane. It is written when the status is known. */
  record: RequestRecord | undefined = undefined
}

export const make = Effect.map(PubSub.sliding<RequestRecord>(maxEvents), (events) => {
  const records: Array<RequestRecord> = []

  const write = (record: RequestRecord) =>
    Effect.suspend(() => {
      records.push(record)
      if (records.length > maxRecords) records.shift()
      return Effect.asVoid(PubSub.publish(events, record))
    })

  return {
    /** The newest first. */
    list: Effect.sync((): ReadonlyArray<RequestRecord> => [...records].reverse()),
    clear: Effect.sync(() => void records.splice(0)),
    events: Stream.fromPubSub(events),
    /** The requests from now on, until the end of the scope. */
    subscribe: PubSub.subscribe(events),
    /** Ends the events of all readers. */
    end: PubSub.shutdown(events),
    write,
    observe: <A, E, R>(operation: string, request: unknown, effect: Effect.Effect<A, E, R>) =>
      Effect.withFiber<A, E, R>((fiber) => {
        const current = fiber.getRef(CurrentCall)
        const call = current instanceof HttpCall ? current : new RecordedCall()
        const start = readNow(fiber)
        const toRecord = (exit: Exit.Exit<unknown, unknown>): RequestRecord => ({
          id: randomUUID(),
          at: DateTime.makeUnsafe(start),
          duration: readNow(fiber) - start,
          operation,
          status: Option.none(),
          request: Option.some(mask(request)),
          response: Exit.isSuccess(exit) ? Option.some(mask(exit.value)) : Option.none(),
          error: Exit.isSuccess(exit) ? Option.none() : Option.some(describe(exit.cause)),
          reasons: call.reasons,
          user: call.user
        })
        if (!(call instanceof HttpCall)) {
          return effect.pipe(
            Effect.provideService(CurrentCall, call),
            Effect.onExit((exit) => Effect.suspend(() => write(toRecord(exit))))
          )
        }
        // The route provides the call, and writes the record.
        const record = (exit: Exit.Exit<A, E>): Exit.Exit<A, E> => {
          call.record = toRecord(exit)
          return exit
        }
        return Effect.matchCauseEffect(effect, {
          onFailure: (cause) => record(Exit.failCause(cause)),
          onSuccess: (response) => record(Exit.succeed(response))
        })
      })
  }
})
