/** Runtimes that the first use builds. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as AwsDataPlane from "../../aws/AwsDataPlane.js"
import * as Identity from "../../Identity.js"

// `AwsIdentity.layer()` would add the control plane and STS to a bundle, and no function of promises calls them.
export const defaultLayer = Layer.provideMerge(Identity.layer, AwsDataPlane.layer())

export interface LazyRuntime<R, E> {
  readonly context: Effect.Effect<Context.Context<R>, E>
  /** Disposes of the runtime. The next use makes a new one. */
  readonly dispose: () => Promise<void>
}

export const make = <R, E>(layer: Layer.Layer<R, E>): LazyRuntime<R, E> => {
  let current: ManagedRuntime.ManagedRuntime<R, E> | undefined
  return {
    context: Effect.suspend(() => {
      const runtime = current ??= ManagedRuntime.make(layer)
      return runtime.contextEffect.pipe(
        // A `ManagedRuntime` never retries a failed build. So the next call makes another one, which reads the
        // environment again.
        Effect.tapCause(() => {
          if (current === runtime) current = undefined
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
