/** The listeners of this process, by the name of what they wait for. */
import * as ExpiringMap from "../internal/expiringMap.js"
import { sessionLifetime } from "../models/internal/names.js"

export interface Listeners<in out A> {
  /** Registers a function, and returns a function that removes it. A remembered signal is passed at once. */
  readonly listen: (name: string, onSignal: (signal: A) => void) => () => void
  readonly notify: (name: string, signal: A) => void
  /** Notifies, and remembers the signal of a session for later listeners. `now` is in milliseconds since the epoch. */
  readonly notifyAndRemember: (name: string, signal: A, now: number) => void
}

const nothing = (): void => {}

export const make = <A>(): Listeners<A> => {
  const listeners = new Map<string, Set<(signal: A) => void>>()
  const remembered = ExpiringMap.make<A>()

  const notify = (name: string, signal: A): void => {
    listeners.get(name)?.forEach((onSignal) => onSignal(signal))
  }

  return {
    listen: (name, onSignal) => {
      const signal = remembered.get(name)
      if (signal !== undefined) {
        onSignal(signal)
        return nothing
      }
      const named = listeners.get(name) ?? new Set()
      listeners.set(name, named.add(onSignal))
      return () => {
        if (named.delete(onSignal) && named.size === 0) listeners.delete(name)
      }
    },
    notify,
    notifyAndRemember: (name, signal, now) => {
      remembered.removeExpired(now)
      // A session has one outcome: its first signal.
      if (remembered.get(name) === undefined) remembered.set(name, signal, now + sessionLifetime)
      notify(name, signal)
    }
  }
}
