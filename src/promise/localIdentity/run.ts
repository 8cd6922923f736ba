/** How the promises of a local server run their effects. */
import type * as Effect from "effect/Effect"

export type Run = <A>(effect: Effect.Effect<A, unknown>) => Promise<A>
