/**
 * Checks that a file is a whole LMDB database, or that one can be created. LMDB maps its files into memory and trusts every byte: a
 * truncated file, a foreign one, and a full disk end the process with a signal. Another process therefore opens the file first, and reads
 * it from beginning to end.
 */
import * as Effect from "effect/Effect"
import { execFile, type ExecFileException } from "node:child_process"
import { codeOf } from "../../internal/errorCode.js"
import { isFull, systemError, type VaultFileError, vaultFileError } from "./error.js"

// CommonJS, because every version of Node takes it in `node --eval`. The aborted transaction shows that the pages of the next write can
// be read. The count shows a page that was lost without an error.
const script = `
const [lmdb, path] = process.argv.slice(1)
try {
  const db = require(lmdb).open({ path, noSubdir: true, encoding: "string", overlappingSync: false, maxDbs: 1 })
  let count = 0
  for (const { value } of db.getRange()) if (typeof value === "string") count++
  if (count !== db.getStats().entryCount) throw new Error("entries are missing")
  db.transactionSync(() => { db.putSync("probe", "x".repeat(10000)); return require(lmdb).ABORT })
  db.close().then(() => process.exit(0))
} catch (error) {
  console.log(error.code)
  process.exit(1)
}
`

const failure = (path: string, isNew: boolean, error: ExecFileException, stdout: string): VaultFileError => {
  const code = systemError(Number(stdout.trim()))
  // A number is the exit status of the child. A string says that the child did not start.
  return typeof error.code === "string"
    ? vaultFileError(path, "Unusable", `it cannot be checked: ${codeOf(error)}`)
    : code !== undefined && isFull(code)
    ? vaultFileError(path, "Unusable", `LMDB does not open it: ${code}`)
    : isNew
    ? vaultFileError(path, "Unusable", "LMDB cannot create it. The disk may be full")
    : vaultFileError(
      path,
      "Damaged",
      "it is not a vault of the local backend, or it is damaged and cannot be read to its end. It was not changed"
    )
}

/** `lmdb` is the location of the package. */
export const run = (lmdb: string, path: string, isNew: boolean): Effect.Effect<void, VaultFileError> =>
  Effect.callback((resume) => {
    const child = execFile(
      process.execPath,
      ["--eval", script, lmdb, path],
      // The child gets neither the loaders and debuggers of this process nor its secret.
      { env: { ...process.env, NODE_OPTIONS: "", AGENTCORE_LOCAL_VAULT_KEY: "" }, timeout: 60_000 },
      (error, stdout) => resume(error === null ? Effect.void : failure(path, isNew, error, stdout))
    )
    // The child has no file open when this ends.
    return Effect.callback<void>((resume) => {
      child.once("close", () => resume(Effect.void))
      if (child.pid === undefined) resume(Effect.void)
      else child.kill("SIGKILL")
    })
  })
