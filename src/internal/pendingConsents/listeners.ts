/** The listeners of this process, by the name of their topic, and waits that a signal ends. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as ExpiringMap from "../expiringMap.js"
import { sessionLifetime } from "../models/constraint.js"

export const make = <A extends string>() => {
  const listeners = new Map<string, Set<(signal: A) => void>>()
  const remembered = ExpiringMap.make<A>()

  return {
    /** Registers a function, and returns a function that removes it. A remembered signal is passed at once. */
    listen: (name: string, onSignal: (signal: A) => void): () => void => {
      const signal = remembered.get(name)
      if (signal !== undefined) {
        onSignal(signal)
        return () => {}
      }
      const named = listeners.get(name) ?? new Set()
      listeners.set(name, named.add(onSignal))
      return () => {
        if (named.delete(onSignal) && named.size === 0) listeners.delete(name)
      }
    },
    /**
     * Notifies. The outcome of a session is remembered for later listeners. Only `Completed` is final: users change
     * their mind, and operators their policies. `now` is in milliseconds since the epoch.
     */
    notify: (kind: "Session" | "Grant" | "Bearer", name: string, signal: A, now: number): void => {
      remembered.removeExpired(now)
      if (kind === "Session" && remembered.get(name) !== "Completed") {
        remembered.set(name, signal, now + sessionLifetime)
      }
      listeners.get(name)?.forEach((onSignal) => onSignal(signal))
    }
  }
}

/**
 * Runs a wait, and `onSignal` at the first signal. The wait continues if `onSignal` returns `None`. `Effect.raceFirst`
 * would hold more memory for each waiting user.
 */
export const withSignal = <A, E, R, Signal, E2, R2>(
  wait: Effect.Effect<A, E, R>,
  listen: (onSignal: (signal: Signal) => void) => () => void,
  onSignal: (signal: Signal) => Effect.Effect<Option.Option<A>, E2, R2>
): Effect.Effect<A, E | E2, R | R2> =>
  Effect.flatMap(Effect.forkChild(wait, { startImmediately: true }), (fiber) =>
    Effect.ensuring(
      Effect.flatMap(
        Effect.callback<Option.Option<Signal>>((resume) => {
          const stop = listen((signal) => resume(Effect.succeedSome(signal)))
          fiber.addObserver(() => {
            stop()
            resume(Effect.succeedNone)
          })
          return Effect.sync(stop)
        }),
        (signal) =>
          Option.isNone(signal)
            ? Fiber.join(fiber)
            : Effect.flatMap(
              onSignal(signal.value),
              (value) => Option.isSome(value) ? Effect.succeed(value.value) : Fiber.join(fiber)
            )
      ),
      Fiber.interrupt(fiber)
    ))
