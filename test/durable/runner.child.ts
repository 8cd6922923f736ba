// A runner that waits for consents, and prints when it waits. Then it is killed, or it kills itself while it
// invites.
import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Identity from "effect-agentcore-identity/Identity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { writeSync } from "node:fs"
import * as Runner from "../support/runner.js"
import * as Sqlite from "../support/sqlite.js"

const [folder = "", key = "", origin = "", workload = "", when] = process.argv.slice(2)

// Written at once: the process is about to be killed.
const print = (line: unknown) => Effect.sync(() => writeSync(1, `${JSON.stringify(line)}\n`))

let invitations = 0

const program = Effect.gen(function*() {
  const wait = yield* Runner.wait(origin, "alice", "1")
  const report = yield* Runner.report("alice")
  yield* Effect.repeat(
    Effect.delay(Effect.all([ObtainConsent.workflow.poll(wait), Runner.Report.poll(report)]), "20 millis"),
    {
      until: (results) =>
        invitations === 2
        && results.every((result) =>
          Option.exists<{ readonly _tag: string }>(result, ({ _tag }) => _tag === "Suspended")
        )
    }
  )
  yield* print({ report, wait })
  return yield* Effect.never
}).pipe(Effect.provide(
  Runner.layer({
    origin,
    workload,
    invite: (invitation) =>
      Effect.andThen(
        print(invitation),
        Effect.sync(() => when === "invites" ? void process.kill(process.pid, "SIGKILL") : void invitations++)
      )
  }).pipe(
    Layer.provideMerge(Identity.layer),
    Layer.provideMerge(Layer.mergeAll(Sqlite.engine(folder), Sqlite.store(folder, key), AwsHttpDataPlane.layerNode()))
  )
))

await Effect.runPromise(program)
