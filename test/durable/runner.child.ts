// A runner that starts to wait for consents, and says when it waits. It is killed then.
import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Identity from "effect-agentcore-identity/Identity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runner from "./runner.js"
import * as Sqlite from "./sqlite.js"

const [folder = "", key = "", origin = "", workload = ""] = process.argv.slice(2)

const print = (line: unknown) => Effect.sync(() => void process.stdout.write(`${JSON.stringify(line)}\n`))

let invitations = 0

const program = Effect.gen(function*() {
  const wait = yield* Runner.wait(origin, "alice", "1")
  const report = yield* Runner.report("alice")
  yield* Effect.repeat(
    Effect.delay(Effect.all([ObtainConsent.workflow.poll(wait), Runner.Report.poll(report)]), "20 millis"),
    { until: (results) => invitations === 2 && results.every((result) => result?._tag === "Suspended") }
  )
  yield* print({ report, wait })
  return yield* Effect.never
}).pipe(Effect.provide(
  Runner.layer({
    origin,
    workload,
    invite: (invitation) => Effect.zipRight(Effect.sync(() => invitations++), print(invitation))
  })
    .pipe(
      Layer.provideMerge(Identity.layer),
      Layer.provideMerge(Layer.mergeAll(Sqlite.engine(folder), Sqlite.store(folder, key), AwsHttpDataPlane.layerNode()))
    )
))

await Effect.runPromise(program)
