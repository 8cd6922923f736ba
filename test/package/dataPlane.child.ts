// Calls the data plane. Prints "issued", or the error.
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Effect from "effect/Effect"

const program = Effect.flatMap(
  DataPlane.DataPlane,
  (dataPlane) => dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
).pipe(Effect.match({
  onFailure: (error) => ({ ...error, message: error.message }),
  onSuccess: () => "issued"
}))

void Effect.runPromise(Effect.provide(program, AwsDataPlane.layer())).then((printed) =>
  console.log(JSON.stringify(printed))
)
