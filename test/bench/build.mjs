// The modules as they are published: compiled by `tsc`, run by plain Node.
import { execFile } from "node:child_process"
import { rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

// Inside node_modules, where the built modules find their dependencies.
const built = new URL("../../node_modules/.cache/bench/", import.meta.url)

/** The URL of a built module, as in `Identity` or `aws/AwsDataPlane`. */
export const moduleUrl = (module) => new URL(`${module}.js`, built).href

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

/** Types are checked elsewhere. */
export const build = async () => {
  rmSync(built, { recursive: true, force: true })
  await promisify(execFile)(process.execPath, [
    path("../../node_modules/typescript/bin/tsc"),
    "--project",
    path("../../src/tsconfig.json"),
    "--outDir",
    fileURLToPath(built),
    "--noCheck",
    "--declaration",
    "false",
    "--declarationMap",
    "false",
    "--sourceMap",
    "false"
  ])
}
