/**
 * How the promises of a local server run their effects.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"

/** @internal */
export type Run = <A>(effect: Effect.Effect<A, unknown>) => Promise<A>
