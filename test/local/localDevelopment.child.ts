// One of several processes that load the same file at the same moment: it reports that it is ready, and begins at the
// next line of stdin.
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as LocalDevelopment from "effect-agentcore-identity/local/LocalDevelopment"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import { report } from "../support/report.mjs"

const [path] = process.argv.slice(2)

report({ ready: true })
await once(process.stdin, "data")

const program = Effect.gen(function*() {
  const caller = yield* LocalDevelopment.load({ path, createMissing: true })
  // The service already has the workload identity.
  yield* (yield* WorkloadAccessToken.makeWorkload(caller)).get
  return caller
})

report(await Effect.runPromise(Effect.provide(program, AwsPlanes.layer())))
process.exit(0)
