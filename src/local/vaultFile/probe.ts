/**
 * Checks that a file is a whole LMDB database. LMDB maps the file into memory and trusts every byte: a truncated or foreign file ends the
 * process with a signal. Another process therefore reads the file first, from beginning to end.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { codeOf } from "../../internal/errorCode.js"
import { type VaultFileError, vaultFileError } from "./error.js"

// CommonJS, because every version of Node takes it in `node --eval`. The aborted transaction shows that the pages of the next write can
// be read. The count shows a page that was lost without an error.
const script = `
const [lmdb, path] = process.argv.slice(1)
const db = require(lmdb).open({ path, noSubdir: true, encoding: "string", overlappingSync: false, maxDbs: 1 })
let count = 0
for (const { value } of db.getRange()) if (typeof value === "string") count++
if (count !== db.getStats().entryCount) throw new Error("entries are missing")
db.transactionSync(() => { db.putSync("probe", "x".repeat(10000)); return require(lmdb).ABORT })
db.close().then(() => process.exit(0))
`

/**
 * `lmdb` is the location of the package.
 *
 * @internal
 */
export const run = (lmdb: string, path: string): Effect.Effect<void, VaultFileError> =>
  Effect.async((resume) => {
    const child = execFile(
      process.execPath,
      ["--eval", script, lmdb, path],
      // The child gets neither the loaders and debuggers of this process nor its secret.
      { env: { ...process.env, NODE_OPTIONS: "", AGENTCORE_LOCAL_VAULT_KEY: "" }, timeout: 60_000 },
      (error) =>
        resume(
          error === null
            ? Effect.void
            // A number is the exit status of the child. A string says that the child did not start.
            : typeof error.code === "string"
            ? vaultFileError(path, "Unusable", `it cannot be checked: ${codeOf(error)}`)
            : vaultFileError(
              path,
              "Damaged",
              "it is not a vault of the local backend, or it is damaged and cannot be read to its end. It was not changed"
            )
        )
    )
    return Effect.sync(() => void child.kill("SIGKILL"))
  })
