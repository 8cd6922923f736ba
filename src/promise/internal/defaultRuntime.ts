/**
 * The runtime of the functions that take no runtime.
 *
 * @since 0.1.0
 */
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as AwsIdentity from "../../aws/AwsIdentity.js"
import { Identity, type Service } from "../../Identity.js"

/** @internal */
export interface DefaultRuntime {
  /** The `Identity` of the runtime. Its first use builds the runtime. */
  readonly identity: Effect.Effect<Service, ConfigError.ConfigError>
  /** Ends the runtime. The next use builds a new one. */
  readonly dispose: () => Promise<void>
}

/** @internal */
export const make = (): DefaultRuntime => {
  let current: ManagedRuntime.ManagedRuntime<Identity, ConfigError.ConfigError> | undefined
  return {
    identity: Effect.suspend(() => {
      const runtime = current ??= ManagedRuntime.make(AwsIdentity.layer())
      return runtime.runtimeEffect.pipe(
        Effect.map(({ context }) => Context.get(context, Identity)),
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
