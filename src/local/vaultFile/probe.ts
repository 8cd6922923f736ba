/**
 * Whether a file is a whole database. LMDB maps it into memory and trusts every byte: one that is cut off, or is something else,
 * ends the process with a signal. So another process reads it first, from the beginning to the end.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { codeOf } from "../../internal/errorCode.js"
import { type Problem, problem } from "./problem.js"

// CommonJS, because that is what `node --eval` takes everywhere. The transaction is taken back: it only shows that the pages which
// the next write would use can be read. A page that is lost without an error shows in the count.
const script = `
const [lmdb, path] = process.argv.slice(1)
const db = require(lmdb).open({ path, noSubdir: true, encoding: "string", overlappingSync: false, maxDbs: 1 })
let count = 0
for (const { value } of db.getRange()) if (typeof value === "string") count++
if (count !== db.getStats().entryCount) throw new Error("entries are missing")
db.transactionSync(() => { db.putSync("probe", "x".repeat(10000)); return require(lmdb).ABORT })
db.close().then(() => process.exit(0))
`

/** @internal */
export const run = (lmdb: string, path: string): Effect.Effect<void, Problem> =>
  Effect.async((resume) => {
    const child = execFile(
      process.execPath,
      ["--eval", script, lmdb, path],
      // Loaders and debuggers are this process's own, and so are its secrets.
      { env: { ...process.env, NODE_OPTIONS: "", AGENTCORE_LOCAL_VAULT_KEY: "" }, timeout: 60_000 },
      (error) =>
        resume(
          error === null
            ? Effect.void
            : Effect.fail(
              // A text is the code of a process that was not even started.
              typeof error.code === "string"
                ? problem("Unusable", `it cannot be checked: ${codeOf(error)}`)
                : problem(
                  "Damaged",
                  "it is not a vault of the local backend, or it is damaged: it cannot be read to its end. It was left as it is"
                )
            )
        )
    )
    return Effect.sync(() => void child.kill("SIGKILL"))
  })
