import { describe } from "vitest"
import { answersOfTomorrow } from "./answers.js"
import { adapters } from "./utils.js"

for (const { name, planes } of adapters) {
  // What it does with a body is the same by `layerNode`.
  if (name !== "AwsHttpPlanes.layer by fetch") {
    describe(name, () => {
      answersOfTomorrow((endpoint) => planes(endpoint))
    })
  }
}
