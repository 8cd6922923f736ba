// A process that claims sessions from a SQLite database, and prints the outcome of each claim.
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as SqlPendingConsents from "effect-agentcore-identity/persistence/SqlPendingConsents"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as NodeSqlite from "../../src/persistence/internal/nodeSqlite.js"

const [file = "", key = "", ...names] = process.argv.slice(2)

const store = SqlPendingConsents.layer({ key: Redacted.make(key) }).pipe(
  Layer.provide(NodeSqlite.layer(file))
)

const program = Effect.flatMap(
  PendingConsents.PendingConsents,
  (pending) =>
    Effect.forEach(names, (name) =>
      Effect.match(pending.claim(Redacted.make(name)), {
        onFailure: (error) => error._tag === "ConsentNotPending" ? error.reason : error.message,
        onSuccess: () => "Claimed"
      }))
).pipe(
  Effect.provide(store),
  Effect.tap((outcomes) => Effect.sync(() => void process.stdout.write(JSON.stringify(outcomes))))
)

await Effect.runPromise(program)
