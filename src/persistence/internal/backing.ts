/**
 * Where sealed credentials go: three operations, and what may be said when one of them fails.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

/** @internal */
export interface Backing {
  readonly get: (key: string) => Effect.Effect<Option.Option<unknown>, string>
  readonly set: (key: string, value: string, timeToLive: Duration.Duration) => Effect.Effect<void, string>
  readonly remove: (key: string) => Effect.Effect<void, string>
}
