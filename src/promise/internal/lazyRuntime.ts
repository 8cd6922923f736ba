/** Runtimes that the first use builds. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as AwsDataPlane from "../../aws/AwsDataPlane.js"
import * as Identity from "../../Identity.js"

// `AwsIdentity.layer()` would add the control plane and STS to a bundle, and no function of promises calls them.
export const defaultLayer = Layer.provideMerge(Identity.layer, AwsDataPlane.layer())

interface LazyRuntime<R, E> {
  readonly context: Effect.Effect<Context.Context<R>, E>
  /** Disposes of the runtime. The next use after it makes a new one. */
  readonly dispose: () => Promise<void>
}

export const make = <R, E>(layer: Layer.Layer<R, E>): LazyRuntime<R, E> => {
  let current: Pick<ManagedRuntime.ManagedRuntime<R, E>, "contextEffect" | "disposeEffect"> | undefined
  const end = (runtime: typeof current) => () => {
    if (current === runtime) current = undefined
  }
  return {
    context: Effect.suspend(() => {
      // A copy, because a runtime that is being disposed of has no `contextEffect` any more.
      const runtime = current ??= { ...ManagedRuntime.make(layer) }
      return runtime.contextEffect.pipe(
        // A `ManagedRuntime` never retries a failed build. So the next call makes another one, which reads the
        // environment again.
        Effect.tapCause(() => {
          end(runtime)()
          return runtime.disposeEffect
        })
      )
    }),
    dispose: async () => {
      const runtime = current
      if (runtime !== undefined) await Effect.runPromise(runtime.disposeEffect).finally(end(runtime))
    }
  }
}
