/** Watches the sessions that the pages opened. After a denial, AgentCore may show a page of its own. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import type { ConsentSession } from "../../ConsentSession.js"
import * as Completion from "../../internal/consentCallback/completion.js"
import * as ExpiringMap from "../../internal/expiringMap.js"
import * as Signals from "../../internal/pendingConsents/signals.js"
import { type ConsentSignals, type PendingConsent, unregistered } from "../../internal/pendingConsents/store.js"
import { PollBudget } from "../../internal/pollBudget.js"
import * as TokenPoller from "../../TokenPoller.js"
import { WorkloadAccessToken } from "../../WorkloadAccessToken.js"

type Dependencies = Pick<Completion.Dependencies, "identity"> & {
  readonly signals: ConsentSignals["Service"]
}

/** Milliseconds. AgentCore may report a session as failed shortly before it expires here. */
const expiryMargin = 10_000

/** For each grant. A user can press the button any number of times. */
const maxWatches = 3

/** Polls a session from 5 seconds on, within the budget of the process. Returns whether it failed before it expired. */
const poll = ({ identity, signals }: Dependencies, session: ConsentSession) =>
  PollBudget.pipe(
    // The first poll of the flow is immediate, and takes no slot of the budget.
    Effect.flatMap(({ run }) => run(Effect.void)),
    Effect.delay("5 seconds"),
    Effect.andThen(
      identity.resumeAccessToken(session, { consent: () => Effect.void, poll: TokenPoller.TokenPoller.defaultValue() })
    ),
    Effect.as(false),
    Effect.catchTag("AuthorizationFailed", () =>
      Effect.map(
        Clock.currentTimeMillis,
        (now) => now < DateTime.toEpochMillis(session.expiresAt) - expiryMargin
      )),
    Effect.catch((error) =>
      Effect.as(Effect.logDebug(`No longer watching a session: ${error._tag}: ${error.message}`), false)
    ),
    // The page after consent signals how the session ended.
    Effect.raceFirst(
      Effect.as(Signals.next(signals, Signals.session(session.sessionUri)), false)
    )
  )

export type Watch = Effect.Success<ReturnType<typeof make>>

/**
 * Returns a function that watches a session until it ends or expires, or the pages end. Of a grant, it watches the last
 * three. `onDenied` runs if AgentCore reports the session as failed and the browser has not come back with it.
 */
export const make = (dependencies: Dependencies) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const context = yield* Effect.context<never>()
    /** The last watches by grant. They are forked, and not in a `FiberMap`, which ends before the requests that run. */
    const watches = ExpiringMap.make<ReadonlyArray<Fiber.Fiber<void>>>()

    const add = ({ credential = "", session, user, workload = "" }: PendingConsent, watch: Fiber.Fiber<void>) =>
      Effect.gen(function*() {
        const grant = Redacted.value((yield* Signals.grant({ workload, user, credential })).name)
        watches.removeExpired(yield* Clock.currentTimeMillis)
        const all = [...watches.get(grant) ?? [], watch]
        watches.set(grant, all.slice(-maxWatches), DateTime.toEpochMillis(session.expiresAt))
        yield* Fiber.interruptAll(all.slice(0, -maxWatches))
      })

    return (
      consent: PendingConsent,
      onDenied: Effect.Effect<void>
    ): Effect.Effect<void, never, WorkloadAccessToken> =>
      unregistered(poll(dependencies, consent.session)).pipe(
        Effect.flatMap((isFailed) =>
          isFailed ? Effect.andThen(Completion.announce(dependencies, consent, "Failed"), onDenied) : Effect.void
        ),
        // A watch lives longer than its request, and must not keep it in memory.
        Effect.updateContext((request: Context.Context<WorkloadAccessToken>) =>
          Context.merge(context, Context.pick(WorkloadAccessToken, Tracer.ParentSpan)(request))
        ),
        Effect.forkIn(scope),
        Effect.flatMap((watch) => add(consent, watch)),
        // A request that ends in between would leave a watch that is not counted.
        Effect.uninterruptible
      )
  })
