/** The credential that a resource has rejected. A cache returns another one to the request that follows. */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

export const Rejected = Context.Reference("effect-agentcore-identity/internal/Rejected", {
  defaultValue: (): Option.Option<Redacted.Redacted> => Option.none()
})
