// One of several processes that ensure the same workload identity at the same time.
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Effect from "effect/Effect"

const [name = "", ...returnUrls] = process.argv.slice(2)

const program = Effect.forEach(returnUrls, (url) => WorkloadIdentity.ensure({ name, returnUrls: [url] }), {
  concurrency: "unbounded",
  discard: true
})

await Effect.runPromise(Effect.provide(program, AwsPlanes.layer()))
