/** How the handler of `Connect` waits: for a signal, or until a request finds the grant. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Redacted } from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { ConsentSession } from "../../ConsentSession.js"
import { AuthorizationFailed, AuthorizationTimedOut } from "../../IdentityError.js"
import * as Constraint from "../../internal/models/constraint.js"
import { withSignal } from "../../internal/pendingConsents/listeners.js"
import * as Signals from "../../internal/pendingConsents/signals.js"
import { ConsentSignals } from "../../internal/pendingConsents/store.js"
import * as OptionType from "../../internal/plane/optionType.js"
import * as Validation from "../../internal/plane/validation.js"
import { pollUntil } from "../../internal/pollBudget.js"
import { UserIdentifier } from "../../UserIdentifier.js"
import { WorkloadAccessToken } from "../../WorkloadAccessToken.js"
import { checkKind } from "./connections.js"
import { Connect } from "./connectTypes.js"

interface Options {
  readonly user: UserIdentifier
  readonly wait?: Duration.Input | undefined
  readonly onDenial?: "fail" | "wait" | undefined
  readonly probe?: Schedule.Schedule<unknown> | undefined
}

const defaultProbe: Schedule.Schedule<unknown> = Schedule.min([
  Schedule.exponential("5 seconds", 1.25),
  Schedule.spaced("5 minutes")
])

/** After any failure the wait continues. */
const probe = <A, E, R>(request: Effect.Effect<Option.Option<A>, E, R>) =>
  Effect.catch(request, () => Effect.as(Effect.logDebug("The wait continues after a failed probe"), Option.none<A>()))

const timeOutAt = (deadline: number, session: ConsentSession) =>
  Clock.currentTimeMillis.pipe(
    Effect.flatMap((now) => Effect.sleep(Math.max(0, deadline - now))),
    Effect.flatMap(() => new AuthorizationTimedOut({ session }))
  )

/** Fails if a session of the user ended without consent. */
const checkOutcome = (
  { provider }: ConsentSession,
  outcome: Signals.Outcome
): Effect.Effect<void, AuthorizationFailed> =>
  outcome === "Completed" ? Effect.void : new AuthorizationFailed({ provider, reason: outcome })

/** Requests a token at most three times. A throttled request has none, and the next probe can be hours away then. */
const requestRepeatedly = <A, E, R>(request: Effect.Effect<Option.Option<A>, E, R>) =>
  Effect.repeat(request, { until: Option.isSome, times: 2, schedule: Schedule.exponential("1 second") })

type Listen = (onSignal: (outcome: Signals.Outcome) => void) => () => void

const listenFor = (
  { nameOf, signals: ofPages, workload }: Connect["Service"],
  session: ConsentSession,
  { onDenial, user }: Pick<Options, "onDenial" | "user">
) =>
  Effect.gen(function*() {
    const credential = Option.getOrElse(nameOf(session), () => "")
    const topic = yield* Signals.grant({ workload, user, credential })
    const signals = Option.getOrElse(yield* Effect.serviceOption(ConsentSignals), () => ofPages)
    const listen: Listen = (onSignal) =>
      signals.listen(topic, (outcome) => {
        if (outcome === "Completed" || onDenial !== "wait") onSignal(outcome)
      })
    return listen
  })

/** Shows the link, and returns the last signal meanwhile: the user may respond before it is shown. */
const showLink = <E, R>(
  shown: Effect.Effect<unknown, E, R>,
  listen: Listen
): Effect.Effect<Signals.Outcome | undefined, E, R> =>
  Effect.suspend(() => {
    let signalled: Signals.Outcome | undefined
    return Effect.acquireUseRelease(
      Effect.sync(() => listen((outcome) => signalled = outcome)),
      () => shown,
      (stop) => Effect.sync(stop)
    ).pipe(Effect.map(() => signalled))
  })

/** Shows the link of a session. */
export const showLinkOf = Effect.fnUntraced(function*<E, R>(
  session: ConsentSession,
  options: { readonly show: (link: string) => Effect.Effect<unknown, E, R>; readonly continue?: string | undefined }
) {
  const link = yield* (yield* Connect).link(session, { continue: options.continue })
  yield* options.show(link)
})

/** Waits for a signal, or until a probe finds the grant. */
const untilGranted = <R>(
  session: ConsentSession,
  poll: Effect.Effect<Option.Option<unknown>, never, R>,
  listen: Listen,
  schedule: Schedule.Schedule<unknown>,
  deadline: number
) =>
  withSignal(
    Effect.flatMap(
      pollUntil({ schedule, input: () => undefined, deadline, poll }),
      // A schedule may end before the deadline. The wait then ends by a signal or at the deadline.
      (granted) => Option.isSome(granted) ? Effect.void : timeOutAt(deadline, session)
    ),
    listen,
    (outcome) => Effect.asSome(checkOutcome(session, outcome))
  )

/** Reviews need a user, and the workload access token may not know one. */
const asUserOf = (user: UserIdentifier) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.updateService(self, WorkloadAccessToken, (caller) => ({ ...caller, user: caller.user ?? user }))

const checkHandler = Validation.makeCheck(
  "Connect.handler",
  () => ({
    user: UserIdentifier,
    wait: Constraint.optional(OptionType.DurationInput),
    onDenial: Constraint.optional(Schema.Literals(["fail", "wait"]))
  })
)

/** Waits until the user has connected the credential in any session, and returns the token. */
export const waitForGrant = <E, R>(
  { request, session, shown }: {
    readonly session: ConsentSession
    readonly shown: Effect.Effect<unknown, E, R>
    readonly request: Effect.Effect<Option.Option<Redacted>, E, R>
  },
  options: Options
) =>
  Effect.gen(function*() {
    const { onDenial, user, wait: limit = "10 minutes" } = options
    const error = checkHandler({ user, wait: options.wait, onDenial })
    if (error !== undefined) return yield* error
    const connect = yield* Connect
    yield* checkKind("handler", connect.users, user)
    const listen = yield* listenFor(connect, session, options)
    const signalled = yield* showLink(shown, listen)
    const deadline = (yield* Clock.currentTimeMillis) + Duration.toMillis(limit)
    const token = asUserOf(user)(Effect.flatMap(request, (found) =>
      Option.isSome(found) ? connect.review(session, found.value) : Effect.succeed(found)))
    // A signal during the requests is lost. The next probe finds the grant.
    const wait: Effect.Effect<Redacted, E | AuthorizationFailed | AuthorizationTimedOut, R | WorkloadAccessToken> =
      Effect.flatMap(
        untilGranted(session, probe(token), listen, options.probe ?? defaultProbe, deadline),
        () =>
          tokenOrWait
      )
    const tokenOrWait = Effect.flatMap(
      requestRepeatedly(token),
      (found) => Option.isSome(found) ? Effect.succeed(found.value) : wait
    )
    if (signalled === undefined) return wait
    yield* checkOutcome(session, signalled)
    return tokenOrWait
  }).pipe(Effect.flatten)
