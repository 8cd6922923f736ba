/**
 * The runtime of the functions that take no runtime.
 *
 * @since 0.1.0
 */
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as AwsDataPlane from "../../aws/AwsDataPlane.js"
import * as Identity from "../../Identity.js"

/** @internal */
export interface DefaultRuntime {
  /** The `Identity` of the runtime. Its first use builds the runtime. */
  readonly identity: Effect.Effect<Identity.Service, ConfigError.ConfigError>
  /** Ends the runtime. The next use builds a new one. */
  readonly dispose: () => Promise<void>
}

// Not `AwsIdentity.layer()`: a bundle would hold the control plane and STS, which no function here calls.
const layer = Layer.provide(Identity.layer, AwsDataPlane.layer())

/** @internal */
export const make = (): DefaultRuntime => {
  let current: ManagedRuntime.ManagedRuntime<Identity.Identity, ConfigError.ConfigError> | undefined
  return {
    identity: Effect.suspend(() => {
      const runtime = current ??= ManagedRuntime.make(layer)
      return runtime.runtimeEffect.pipe(
        Effect.map(({ context }) => Context.get(context, Identity.Identity)),
        // A `ManagedRuntime` never retries a failed build. The next call builds another one, in the environment at that
        // time.
        Effect.tapErrorCause(() => {
          if (current === runtime) {
            current = undefined
          }
          return runtime.disposeEffect
        })
      )
    }),
    dispose: async () => {
      const runtime = current
      current = undefined
      await runtime?.dispose()
    }
  }
}
