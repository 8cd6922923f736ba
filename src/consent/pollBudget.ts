/** The polls of all waits of a process: whose turn is next, and how many turns there are in a second. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Heap from "../internal/priorityQueue.js"

/** Why a wait for a turn ended. */
export type Turn = "Poll" | "Woken" | "Expired"

export interface TurnRequest {
  /** The wait gets no turn before this time has passed, in milliseconds. */
  readonly delay: number
  /** The wait ends at this time, in milliseconds since the epoch. Default: never. */
  readonly deadline?: number | undefined
  /** Registers a function that ends the wait, and returns the function that removes it. */
  readonly wake?: ((onWake: () => void) => () => void) | undefined
}

export interface Budget {
  /** Suspends a fiber until it has its turn, is woken, or expires. */
  readonly turn: (request: TurnRequest) => Effect.Effect<Turn>
  /**
   * Runs a poll. While too many run, there are no turns: polls that the service answers slowly do not take all
   * connections.
   */
  readonly run: <A, E, R>(poll: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Halves the polls a second, because the service refused a call for its rate. */
  readonly throttled: Effect.Effect<void>
}

/** Half of the quota of `GetResourceOauth2Token`, 200 a second (AWS documentation). */
const defaultLimit = 100

/**
 * The polls that run at the same time, as a part of those of a second. 25 by default: the AWS SDK has 50 connections by
 * default.
 */
const runningPart = 1 / 4

/** In milliseconds. A timer that rings late may catch up with the turns of this time. */
const maxCatchUp = 50

/**
 * In milliseconds. A wait without delays, in a program without other waits that are due, may take the turns of this
 * time at once.
 */
const maxBurst = 100

/** In milliseconds. Calls that are in flight together are throttled together, and halve the rate once. */
const halvingInterval = 1000

/** In seconds. From nothing to the limit. */
const recoveryTime = 100

const makeRate = (limit: number) => {
  let base = limit
  let since = 0
  const at = (now: number): number => Math.min(limit, base + (Math.max(0, now - since) / 1000) * (limit / recoveryTime))
  return {
    at,
    halve: (now: number): void => {
      if (base < limit && now - since < halvingInterval) return
      base = Math.max(at(now) / 2, Math.min(limit, 1))
      since = now
    }
  }
}

interface Timer {
  /** Sets the time, in milliseconds since the epoch, unless the timer runs earlier already. */
  readonly set: (at: number) => void
  readonly clear: () => void
}

/** In milliseconds. Effect never runs a timer of more than 24 days. A run without need is harmless. */
const maxSleep = 3_600_000

/** One timer for all waits. `run` may set it again. */
const makeTimer = (clock: Clock.Clock, run: () => void): Timer => {
  let next: { readonly at: number; fiber: Fiber.Fiber<void> | undefined } | undefined
  const clear = (): void => {
    next?.fiber?.interruptUnsafe()
    next = undefined
  }
  return {
    clear,
    set: (at) => {
      if (next !== undefined && next.at <= at) return
      clear()
      const timer: NonNullable<typeof next> = { at, fiber: undefined }
      next = timer
      const sleep = Math.ceil(Math.min(Math.max(at - clock.currentTimeMillisUnsafe(), 0), maxSleep))
      // The fiber of a caller would keep the context of that caller, with its spans, for all later waits. The clock of
      // a test may end the sleep before `runFork` returns.
      timer.fiber = Effect.runFork(Effect.flatMap(clock.sleep(Duration.millis(sleep)), () =>
        Effect.sync(() => {
          if (next !== timer) return
          next = undefined
          run()
        })))
    }
  }
}

/** The heap of a wait matters, so it has data, and the scheduler has the functions. */
interface Waiter {
  readonly resume: (turn: Turn) => void
  turn: Heap.Entry<Waiter> | undefined
  deadline: Heap.Entry<Waiter> | undefined
  stopWaking: () => void
}

interface Scheduler {
  readonly enter: (request: TurnRequest, end: (turn: Turn) => void) => () => void
  readonly begin: () => void
  readonly end: () => void
  readonly throttled: () => void
}

const makeScheduler = (clock: Clock.Clock, limit: number): Scheduler => {
  const turns = Heap.make<Waiter>()
  const deadlines = Heap.make<Waiter>()
  const rate = makeRate(limit)
  // The time of the next turn, if a wait is due.
  let nextTurn = 0
  let running = 0
  const maxRunning = Math.ceil(limit * runningPart)

  const now = (): number => clock.currentTimeMillisUnsafe()

  const isTurn = (due: number, time: number, burst = 0): boolean =>
    running < maxRunning && Math.max(due, nextTurn - burst) <= time
  const takeTurn = (due: number, time: number): void => {
    nextTurn = Math.max(nextTurn, due, time - maxCatchUp) + 1000 / rate.at(time)
  }

  const leave = ({ deadline, stopWaking, turn }: Waiter): void => {
    if (turn !== undefined) turns.remove(turn)
    if (deadline !== undefined) deadlines.remove(deadline)
    stopWaking()
  }
  const end = (waiter: Waiter, turn: Turn): void => {
    leave(waiter)
    waiter.resume(turn)
  }

  const timer = makeTimer(clock, () => {
    const time = now()
    for (let first = deadlines.first(); first !== undefined && first.key <= time; first = deadlines.first()) {
      end(first.value, "Expired")
    }
    for (let first = turns.first(); first !== undefined && isTurn(first.key, time); first = turns.first()) {
      takeTurn(first.key, time)
      end(first.value, "Poll")
    }
    setTimer()
  })

  const setTimer = (): void => {
    const first = turns.first()
    if (first === undefined) return timer.clear()
    // The end of a poll sets the alarm again.
    const turn = running < maxRunning ? Math.max(first.key, nextTurn) : Infinity
    timer.set(Math.min(turn, deadlines.first()?.key ?? Infinity))
  }

  return {
    enter: (request, resume) => {
      const time = now()
      const due = time + request.delay
      const first = turns.first()
      // A turn of a program that is alone needs no timer.
      const isAlone = first === undefined || first.key > due
      if (isAlone && isTurn(due, time, maxBurst)) {
        takeTurn(due, time)
        resume("Poll")
        return nothing
      }
      const waiter: Waiter = { resume, turn: undefined, deadline: undefined, stopWaking: nothing }
      waiter.turn = turns.add(due, waiter)
      if (request.deadline !== undefined) waiter.deadline = deadlines.add(request.deadline, waiter)
      // It may wake at once.
      waiter.stopWaking = request.wake?.(() => end(waiter, "Woken")) ?? nothing
      setTimer()
      return () => {
        leave(waiter)
        setTimer()
      }
    },
    begin: () => {
      running++
    },
    end: () => {
      running--
      setTimer()
    },
    throttled: () => rate.halve(now())
  }
}

const nothing = (): void => {}

/**
 * A budget of polls a second. Each clock has its own turns: the time of a `TestClock` is not the time of another one.
 */
export const make = (limit: number): Budget => {
  const schedulers = new WeakMap<Clock.Clock, Scheduler>()
  const schedulerOf = (clock: Clock.Clock): Scheduler => {
    const known = schedulers.get(clock)
    if (known !== undefined) return known
    const scheduler = makeScheduler(clock, limit)
    schedulers.set(clock, scheduler)
    return scheduler
  }
  const scheduler = Effect.map(Clock.Clock, schedulerOf)
  return {
    turn: (request) =>
      Effect.flatMap(scheduler, ({ enter }) =>
        Effect.callback<Turn>((resume) => {
          const leave = enter(request, (turn) => resume(Effect.succeed(turn)))
          return Effect.sync(leave)
        })),
    run: (poll) =>
      Effect.flatMap(
        scheduler,
        ({ begin, end }) => Effect.acquireUseRelease(Effect.sync(begin), () => poll, () => Effect.sync(end))
      ),
    throttled: Effect.map(scheduler, ({ throttled }) => throttled())
  }
}

/**
 * The budget of a program. Effect makes the value of a Reference once for each process, so that all programs of a
 * process share the default one.
 */
export const PollBudget = Context.Reference("effect-agentcore-identity/internal/PollBudget", {
  defaultValue: () => make(defaultLimit)
})
