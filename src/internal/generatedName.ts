/** Names that are generated, as in the AgentCore SDK for Python. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** 8 hexadecimal digits. */
export const digits: Effect.Effect<string> = Effect.map(
  Random.nextIntBetween(0, 2 ** 32, { halfOpen: true }),
  (number) => number.toString(16).padStart(8, "0")
)

export const workloadName: Effect.Effect<string> = Effect.map(digits, (digits) => `workload-${digits}`)
