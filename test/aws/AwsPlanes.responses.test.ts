import { describe } from "vitest"
import { futureResponses } from "./responses.js"
import { adapters } from "./utils.js"

for (const { name, planes } of adapters) {
  // What it does with a body is the same by `layerNode`.
  if (name !== "AwsHttpPlanes.layer by fetch") {
    describe(name, () => {
      futureResponses((endpoint) => planes(endpoint))
    })
  }
}
