// A runner that waits for consents, and reports when it waits. Then it is killed, or it kills itself while it
// invites.
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Identity from "effect-agentcore-identity/Identity"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { report } from "../support/report.mjs"
import * as Runner from "../support/runner.js"
import * as Sqlite from "../support/sqlite.js"

const [folder = "", key = "", origin = "", workload = "", when] = process.argv.slice(2)

let invitations = 0

// On a slow machine, the engine reads the messages of a killed runner before the workflows are registered, and warns.
// The runner that waits always does so.
const warned = Latch.makeUnsafe(when === "invites")

const logger = Logger.make(({ message }) => {
  if (String(message).startsWith("Could not find entity manager")) warned.openUnsafe()
})

const workflows = Runner.layer({
  origin,
  workload,
  invite: (invitation) =>
    Effect.sync(() => {
      report(invitation)
      if (when === "invites") process.kill(process.pid, "SIGKILL")
      else invitations++
    })
})

const program = Effect.gen(function*() {
  const wait = yield* Runner.wait(origin, "alice", "1")
  const execution = yield* Runner.report("alice")
  yield* Effect.repeat(
    Effect.delay(Effect.all([ObtainConsent.workflow.poll(wait), Runner.Report.poll(execution)]), "20 millis"),
    {
      until: (results) =>
        invitations === 2
        && results.every((result) =>
          Option.exists<{ readonly _tag: string }>(result, ({ _tag }) => _tag === "Suspended")
        )
    }
  )
  report({ report: execution, wait })
  return yield* Effect.never
}).pipe(
  Effect.provide(
    Layer.unwrap(Effect.as(warned.await, workflows)).pipe(
      Layer.provideMerge(Identity.layer),
      Layer.provideMerge(Layer.mergeAll(Sqlite.engine(folder), Sqlite.store(folder, key), AwsDataPlane.layerHttpNode()))
    )
  ),
  Effect.provide(Logger.layer([logger], { mergeWithExisting: true }))
)

await Effect.runPromise(program)
