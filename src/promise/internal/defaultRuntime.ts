/** The runtime of the functions that take no runtime. */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as AwsDataPlane from "../../aws/AwsDataPlane.js"
import * as DataPlane from "../../DataPlane.js"
import * as Identity from "../../Identity.js"

export interface DefaultRuntime {
  /** The `Identity` of the runtime. Its first use builds the runtime. */
  readonly identity: Effect.Effect<Identity.Service, Config.ConfigError>
  /** The data plane under it. */
  readonly dataPlane: Effect.Effect<DataPlane.Service, Config.ConfigError>
  /** Ends the runtime. The next use builds a new one. */
  readonly dispose: () => Promise<void>
}

type Services = Identity.Identity | DataPlane.DataPlane

// Not `AwsIdentity.layer()`: a bundle would hold the control plane and STS, which no function here calls.
const layer = Layer.provideMerge(Identity.layer, AwsDataPlane.layer())

export const make = (): DefaultRuntime => {
  let current: ManagedRuntime.ManagedRuntime<Services, Config.ConfigError> | undefined
  const context = Effect.suspend(() => {
    const runtime = current ??= ManagedRuntime.make(layer)
    return runtime.contextEffect.pipe(
      // A `ManagedRuntime` never retries a failed build. The next call builds another one, in the environment at that
      // time.
      Effect.tapCause(() => {
        if (current === runtime) {
          current = undefined
        }
        return runtime.disposeEffect
      })
    )
  })
  return {
    identity: Effect.map(context, Context.get(Identity.Identity)),
    dataPlane: Effect.map(context, Context.get(DataPlane.DataPlane)),
    dispose: async () => {
      const runtime = current
      current = undefined
      await runtime?.dispose()
    }
  }
}
