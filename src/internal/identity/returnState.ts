/** The `customState` of a session that a page is going to complete. */
import * as Redacted from "effect/Redacted"

const generated = new WeakSet<Redacted.Redacted>()

/** Makes a state of 128 random bits. */
export const generate = (): Redacted.Redacted => {
  const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"))
  const state = Redacted.make(bytes.join(""))
  generated.add(state)
  return state
}

/** Whether it is not the program's own state. Requests with different ones can share a session. */
export const isGenerated = (state: Redacted.Redacted): boolean => generated.has(state)
