// A process that claims sessions from a SQLite database. After the first one it waits for a line of stdin. At the end
// it reports the outcome of each claim.
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as SqlPendingConsents from "effect-agentcore-identity/persistence/SqlPendingConsents"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { once } from "node:events"
import * as NodeSqlite from "../../src/persistence/internal/nodeSqlite.js"
import { report } from "../support/report.mjs"

const [file = "", key = "", first = "", ...others] = process.argv.slice(2)

const store = SqlPendingConsents.layer({ key: Redacted.make(key) }).pipe(
  Layer.provide(NodeSqlite.layer(file))
)

const program = Effect.gen(function*() {
  const pending = yield* PendingConsents.PendingConsents
  const claim = (name: string) =>
    Effect.match(pending.claim(Redacted.make(name)), {
      onFailure: (error) => error._tag === "ConsentNotPending" ? error.reason : error.message,
      onSuccess: () => "Claimed"
    })
  const outcome = yield* claim(first)
  report({ outcome })
  yield* Effect.promise(() => once(process.stdin, "data"))
  process.stdin.destroy()
  report({ outcomes: [outcome, ...yield* Effect.forEach(others, (name) => Effect.delay(claim(name), "10 millis"))] })
})

await Effect.runPromise(Effect.provide(program, store))
