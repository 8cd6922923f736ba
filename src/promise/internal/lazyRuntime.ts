/** Runtimes that the first use builds. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as AwsDataPlane from "../../aws/AwsDataPlane.js"
import * as Identity from "../../Identity.js"

// `AwsIdentity.layer()` would add the control plane and STS to a bundle, and no function of promises calls them.
export const defaultLayer = Layer.provideMerge(Identity.layer, AwsDataPlane.layer())

export const make = <R, E>(layer: Layer.Layer<R, E>) => {
  let current: Pick<ManagedRuntime.ManagedRuntime<R, E>, "contextEffect" | "disposeEffect"> | undefined
  const end = (runtime: typeof current) => () => {
    if (current === runtime) current = undefined
  }
  return {
    context: Effect.suspend(() => {
      // A copy, because a runtime that is being disposed of has no `contextEffect` any more.
      const runtime = current ??= { ...ManagedRuntime.make(layer) }
      return runtime.contextEffect.pipe(
        // A `ManagedRuntime` never retries a failed build, so the next call makes another one.
        Effect.tapCause(() => {
          end(runtime)()
          return runtime.disposeEffect
        })
      )
    }),
    /** Disposes of the runtime. The next use makes a new one. */
    dispose: async (): Promise<void> => {
      const runtime = current
      if (runtime !== undefined) await Effect.runPromise(runtime.disposeEffect).finally(end(runtime))
    }
  }
}
