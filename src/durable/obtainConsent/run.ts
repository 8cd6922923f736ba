/** The body of the workflow, and the signals that resume it. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import * as DurableClock from "effect/workflow/DurableClock"
import * as DurableDeferred from "effect/workflow/DurableDeferred"
import { WorkflowEngine, type WorkflowInstance } from "effect/workflow/WorkflowEngine"
import type { DataPlane } from "../../DataPlane.js"
import { Connect } from "../../http/Connect.js"
import type { AccessTokenCredential } from "../../Identity.js"
import { isTransient } from "../../internal/identity/transient.js"
import { tagOf } from "../../internal/messages.js"
import * as Signals from "../../internal/pendingConsents/signals.js"
import { ConsentSignals, unregistered } from "../../internal/pendingConsents/store.js"
import * as WorkloadAccessToken from "../../WorkloadAccessToken.js"
import { ConsentNotObtained, type Outcome, type Payload, workflow } from "./workflow.js"

type Invite<E, R> = (
  payload: Payload,
  message: { readonly link: string; readonly reminder: number; readonly key: string }
) => Effect.Effect<unknown, E, R>

const granted = DurableDeferred.make("granted")

/**
 * Fails with the tag of the original error. The engine stores the failures and defects of an activity with their
 * messages, which can quote secrets.
 */
export const orNotObtained =
  (credential: string, reason: ConsentNotObtained["reason"]) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, ConsentNotObtained, R> =>
    Effect.mapError(
      Effect.catchDefect(self, Effect.fail),
      (error) => new ConsentNotObtained({ credential, reason, error: tagOf(error) })
    )

/** Repeats a step for ten minutes while AgentCore or the store of consents fails, and not if it rejects the request. */
const patiently = <A, E extends { readonly _tag: string }, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(self, {
    while: (error) => error._tag === "ConsentStoreError" || isTransient(error),
    schedule: Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")]).pipe(
      Schedule.jittered,
      Schedule.upTo({ duration: "10 minutes" })
    )
  })

/** How often a wait requests the token, in milliseconds. A signal may be lost with the process that would send it. */
const probeInterval = 60 * 60_000

/** When the wait requests the token, in ascending order: at each hour, at each reminder and at the end. */
const ticksOf = (plan: ReadonlyArray<number>): ReadonlyArray<number> => {
  const hours = Array.from({ length: Math.floor(Math.max(...plan) / probeInterval) }, (_, n) => (n + 1) * probeInterval)
  return [...new Set([...hours, ...plan])].sort((one, other) => one - other)
}

/** A registration expires this long after its wait, so that a grant at the last moment finds it. */
const grace = Duration.hours(1)

export const asUser = (workload: string, userId: string) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.provideServiceEffect(
    self,
    WorkloadAccessToken.WorkloadAccessToken,
    WorkloadAccessToken.makeWorkload({ name: workload, user: { userId } })
  )

const topicOf = ({ credential, userId, workload }: Payload) => Signals.grant({ workload, user: { userId }, credential })

const credentialOf = (name: string): Effect.Effect<
  AccessTokenCredential<"USER_FEDERATION">,
  ConsentNotObtained,
  Connect
> =>
  Effect.flatMap(Connect, (connect) =>
    Effect.mapError(
      Effect.fromOption(connect.credentialOf(name)),
      () => new ConsentNotObtained({ credential: name, reason: "UnknownCredential" })
    ))

/** Registers the execution, and stores its begin and its times, so that another deployment does not change them. */
const register = (payload: Payload, times: ReadonlyArray<Duration.Duration>) =>
  Activity.make({
    name: "ObtainConsent.register",
    success: Schema.Struct({ begunAt: Schema.Number, plan: Schema.Array(Schema.Number) }),
    error: ConsentNotObtained,
    execute: Effect.gen(function*() {
      const begunAt = yield* Clock.currentTimeMillis
      const signals = yield* ConsentSignals
      const plan = times.map(Duration.toMillis)
      const wait = Math.max(...plan) + Duration.toMillis(grace)
      yield* signals.register({
        topic: yield* topicOf(payload),
        // An address, not a secret. It stays in the store, and no link contains it.
        execution: yield* DurableDeferred.token(granted),
        expiresAt: DateTime.addDuration(yield* DateTime.now, wait)
      })
      return { begunAt, plan }
    }).pipe(patiently, orNotObtained(payload.credential, "Unavailable"))
  })

const unregister = (payload: Payload) =>
  Activity.make({
    name: "ObtainConsent.unregister",
    execute: Effect.gen(function*() {
      const signals = yield* ConsentSignals
      yield* signals.unregister(yield* topicOf(payload), yield* DurableDeferred.token(granted))
    }).pipe(
      orNotObtained(payload.credential, "Unavailable"),
      // The registration expires.
      Effect.catch((error) => Effect.logWarning(`A registration was not removed: ${error.message}`))
    )
  })

/** Requests the token from AgentCore, and returns whether the user has consented. */
const probe = ({ credential, userId, workload }: Payload, step: number) =>
  Activity.make({
    name: `ObtainConsent.probe ${step}`,
    success: Schema.Boolean,
    error: ConsentNotObtained,
    execute: Effect.gen(function*() {
      const { identity } = yield* Connect
      return yield* unregistered(identity.getAccessToken(yield* credentialOf(credential))).pipe(
        Effect.as(true),
        Effect.catchTag("RequiresUserConsent", () => Effect.succeed(false)),
        asUser(workload, userId),
        patiently,
        orNotObtained(credential, "Unavailable")
      )
    })
  })

const send = <E, R>(payload: Payload, invite: Invite<E, R>, reminder: number) =>
  Activity.make({
    name: `ObtainConsent.invite ${reminder}`,
    error: ConsentNotObtained,
    execute: Effect.gen(function*() {
      const connect = yield* Connect
      const link = yield* connect.link(yield* credentialOf(payload.credential))
      const key = yield* Activity.idempotencyKey(`invite ${reminder}`)
      yield* invite(payload, { link, reminder, key })
    }).pipe(orNotObtained(payload.credential, "InvitationFailed"))
  })

const wait = (step: number, milliseconds: number) =>
  DurableDeferred.raceAll({
    name: `wait ${step}`,
    success: Schema.Literals(["Granted", "Elapsed"]),
    error: Schema.Never,
    effects: [
      DurableDeferred.await(granted).pipe(Effect.as("Granted" as const)),
      // An execution with a clock in memory is not suspended, so a signal could not resume it.
      DurableClock.sleep({ name: `wait ${step}`, duration: milliseconds, inMemoryThreshold: 0 }).pipe(
        Effect.as("Elapsed" as const)
      )
    ]
  })

/** Requests the token, and reminds the user if it is time. Returns whether the user has consented. */
const check = <E, R>(
  payload: Payload,
  invite: Invite<E, R>,
  { plan, tick, time }: { readonly plan: ReadonlyArray<number>; readonly tick: number; readonly time: number }
) =>
  Effect.gen(function*() {
    // At the end, a failure is the result of the wait.
    if (time === plan.at(-1)) return yield* probe(payload, tick + 1)
    const isGranted = yield* Effect.catch(probe(payload, tick + 1), () => Effect.succeed(undefined))
    const reminder = plan.filter((planned) => planned <= time).length
    // Without a response, the user may have consented, so no reminder is sent.
    if (isGranted === false && reminder > 0) {
      // A reminder that cannot be sent does not end the wait.
      yield* Effect.catch(
        send(payload, invite, reminder),
        (error) => Effect.logWarning(`A reminder was not sent: ${error.message}`)
      )
    }
    return isGranted === true
  })

/** The body of the workflow. It runs again at each resume, so each effect is an activity with a stored result. */
export const run = <E, R>({ invite, times }: {
  readonly invite: Invite<E, R>
  /** The times of the reminders and the end of the wait, since its beginning. */
  readonly times: ReadonlyArray<Duration.Duration>
}) =>
(payload: Payload): Effect.Effect<
  Outcome,
  ConsentNotObtained,
  R | Connect | ConsentSignals | DataPlane | WorkflowEngine | WorkflowInstance
> =>
  Effect.gen(function*() {
    const { begunAt, plan } = yield* register(payload, times)
    if (yield* probe(payload, 0)) return "AlreadyGranted"
    yield* send(payload, invite, 0)
    const elapsed = Effect.map(Clock.currentTimeMillis, (now) => now - begunAt)
    const ticks = ticksOf(plan)
    // A resumed wait continues at its last tick, so that it need not read the results of all ticks before.
    const past = yield* elapsed
    const begins = Math.max(0, ticks.filter((time) => time <= past).length - 1)
    // The deferred stores a signal that arrives during an activity. The next wait finds it.
    for (const [tick, time] of [...ticks.entries()].slice(begins)) {
      const event = yield* wait(tick, Math.max(0, time - (yield* elapsed)))
      if (event === "Granted" || (yield* check(payload, invite, { plan, tick, time }))) return "Granted"
    }
    return yield* new ConsentNotObtained({ credential: payload.credential, reason: "Expired" })
  }).pipe(Effect.tap(() => unregister(payload)), Effect.tapError(() => unregister(payload)))

const parse = Schema.decodeResult(DurableDeferred.TokenParsed.FromString)

/** A registration is the token of the deferred. Other programs may store other registrations. */
const isOurs = (registration: string): registration is DurableDeferred.Token => {
  const token = parse(registration)
  return Result.isSuccess(token) && token.success.workflowName === workflow._tag
}

/** Extends the signals in context: they also resume the executions that wait for a grant. */
export const makeSignals: Effect.Effect<
  ConsentSignals["Service"],
  never,
  ConsentSignals | WorkflowEngine
> = Effect.gen(function*() {
  const base = yield* ConsentSignals
  const engine = yield* WorkflowEngine

  const finish = (topic: Signals.Topic, token: DurableDeferred.Token) =>
    DurableDeferred.succeed(granted, { token, value: undefined }).pipe(
      Effect.andThen(base.unregister(topic, token)),
      // The engine reports a failed database as a defect.
      Effect.catchCause(() =>
        Effect.logWarning(
          "A workflow that waits for a consent was not resumed. It requests the token again within an hour"
        )
      ),
      Effect.provideService(WorkflowEngine, engine)
    )

  const finishAll = (topic: Signals.Topic) =>
    Effect.matchEffect(base.registrations(topic), {
      onFailure: (error) => Effect.logWarning(`The workflows that wait for a consent are not known: ${error.message}`),
      onSuccess: (registrations) =>
        Effect.forEach(registrations.filter(isOurs), (token) => finish(topic, token), { concurrency: 8, discard: true })
    })

  return {
    ...base,
    signal: (topic, outcome) =>
      Effect.andThen(
        base.signal(topic, outcome),
        topic._tag === "Grant" && outcome === "Completed" ? finishAll(topic) : Effect.void
      )
  }
})
