/** The listeners of this process, by the name of their topic. */
import * as ExpiringMap from "../internal/expiringMap.js"
import { sessionLifetime } from "../models/internal/constraint.js"

export const make = <A>() => {
  const listeners = new Map<string, Set<(signal: A) => void>>()
  const remembered = ExpiringMap.make<A>()

  const notify = (name: string, signal: A): void => {
    listeners.get(name)?.forEach((onSignal) => onSignal(signal))
  }

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
    notify,
    /**
     * Notifies, and remembers the signal of a session for later listeners. `now` is in milliseconds since the epoch.
     */
    notifyAndRemember: (name: string, signal: A, now: number): void => {
      remembered.removeExpired(now)
      // A session has one outcome: its first signal.
      if (remembered.get(name) === undefined) remembered.set(name, signal, now + sessionLifetime)
      notify(name, signal)
    }
  }
}
