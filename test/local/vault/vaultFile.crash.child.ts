// Reports the content of the vault, then counts up the entries of all writers at once. Reports each number when it is
// acknowledged.
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { VaultFile } from "../../support/localBackend.js"
import { report } from "../../support/report.mjs"

const Entry = Schema.Struct({ count: Schema.Number, padding: Schema.String })

const writers = 24

const program = Effect.gen(function*() {
  const store = yield* VaultFile.make({
    path: process.argv[2] ?? "",
    key: Redacted.make(Buffer.alloc(32, 7).toString("base64url"))
  })
  const counters = store.collection("counters", Entry)
  const found = new Map((yield* counters.entries).map(([key, { count }]) => [key, count]))
  report(Object.fromEntries(found))
  yield* Effect.forEach(Array.from({ length: writers }, (_, index) => `writer-${index}`), (key) => {
    let count = found.get(key) ?? 0
    return Effect.forever(Effect.suspend(() => {
      count++
      // All sizes, so that pages are split, and long entries overflow.
      const padding = "x".repeat((count * 397) % 9000)
      return Effect.andThen(counters.put(key, { count, padding }), Effect.sync(() => report({ key, count })))
    }))
  }, { concurrency: "unbounded", discard: true })
})

Effect.runFork(
  Effect.scoped(program).pipe(
    Effect.catch(({ message }) => Effect.sync(() => void process.stderr.write(`${message}\n`)))
  )
)
