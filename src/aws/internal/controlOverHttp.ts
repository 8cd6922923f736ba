/** The control plane over HTTP, with the SDK's region and credentials. A second client would enlarge a bundle. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ControlPlane from "../../ControlPlane.js"
import * as Credentials from "./credentials.js"
import { operations, share } from "./http/httpPlane.js"
import * as NodeRuntime from "./http/nodeRuntime.js"
import { controlPlane } from "./http/planes.js"
import { dataPlane, regionSearch } from "./sdk/sdkDataPlane.js"

const search = Credentials.fromProvider(async () => {
  const client = dataPlane.make(await Effect.runPromise(dataPlane.load), {})
  try {
    return await client.config.credentials()
  } finally {
    client.destroy()
  }
})

export const layer = Layer.effect(
  ControlPlane.ControlPlane,
  Effect.gen(function*() {
    const runtime = yield* NodeRuntime.runtime({})
    const region = (yield* regionSearch)(undefined)
    const shared = yield* share({}, { ...runtime, region, credentials: Credentials.keep(search) })
    return ControlPlane.make(yield* operations(controlPlane, {}, shared))
  })
)
