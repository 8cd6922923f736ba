import { describe } from "vitest"
import { futureResponses } from "./responses.js"
import { adapters } from "./utils.js"

for (const { name, planes } of adapters) {
  // `layerHttpNode` decodes bodies in the same way.
  if (name !== "AwsPlanes.layerHttp by fetch") {
    describe(name, () => {
      futureResponses((endpoint) => planes(endpoint))
    })
  }
}
