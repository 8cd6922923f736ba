// Builds that tests run in separate processes. Each build is made once, and is reused until a source changes.
//
// Builds live inside node_modules, where they find their packages. A build appears under the hash of its sources by a
// rename: test files and test runs that build at the same time do not disturb each other.
import * as esbuild from "esbuild"
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { buildConsole } from "../../.ci/console.mjs"
import { vendorPackages } from "../../.ci/vendor.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const cache = join(root, "node_modules", ".cache", "test-builds")

/** Processes of the same program share its compiled code, which is 40 % of the time of a start. */
export const compileCache = { NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "test-code") }

const run = (file, ...args) => promisify(execFile)(process.execPath, [join(root, file), ...args], { cwd: root })

/** A digest of everything that a build depends on. */
const digestSources = () => {
  const folders = ["src", "test"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  )
  const files = [
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    ".ci/bundle.mjs",
    ".ci/console.mjs",
    ".ci/setupSchema.ts",
    ".ci/vendor.mjs"
  ]
    .map((file) => join(root, file))
  const hash = createHash("sha256")
  for (const file of [...folders.sort(), ...files]) hash.update(file).update("\0").update(readFileSync(file))
  return hash.digest("hex").slice(0, 16)
}

const hour = 60 * 60 * 1000

/** The folder of these sources' builds. Builds of other sources are removed when they are an hour old. */
const makeFolder = () => {
  const folder = join(cache, digestSources())
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(cache)) {
    const other = join(cache, name)
    const { mtimeMs } = statSync(other, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() }
    if (other !== folder && mtimeMs < Date.now() - hour) rmSync(other, { recursive: true, force: true })
  }
  return folder
}

let folder

/** The folder `name`, which `make` fills unless it exists. */
const build = async (name, make) => {
  folder ??= makeFolder()
  const target = join(folder, name)
  if (existsSync(target)) return target
  const draft = mkdtempSync(`${target}-`)
  try {
    await make(draft)
    renameSync(draft, target)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Another process was faster.
    if (!existsSync(target)) throw error
  }
  return target
}

/** The command `agentcore-identity`, as it is published. */
export const buildCommand = async () => {
  const directory = await build(
    "command",
    (draft) => run(".ci/bundle.mjs", join(draft, "bin", "agentcore-identity.js"))
  )
  return join(directory, "bin", "agentcore-identity.js")
}

/** The folder of the console's script and style, with a slash at its end. */
export const buildConsoleFolder = async () => `${await build("console", (draft) => buildConsole(draft))}/`

/**
 * The folder of the modules, as they are published. Both compilers emit the same JavaScript, and TypeScript 7 takes a
 * second. Types are checked elsewhere: a type error in one module does not hide what another one loads.
 */
export const buildModules = () =>
  build("modules", async (draft) => {
    // As in the package: otherwise Node parses every module twice to detect its format.
    writeFileSync(join(draft, "package.json"), JSON.stringify({ type: "module", sideEffects: false }))
    await run(
      "node_modules/typescript-7/bin/tsc",
      "--project",
      "src/tsconfig.json",
      "--outDir",
      draft,
      "--noCheck",
      "--declaration",
      "false",
      "--declarationMap",
      "false",
      "--sourceMap",
      "false",
      "--removeComments"
    )
    await vendorPackages(draft)
  })

/**
 * A program under `test/`, for a process that starts quickly. With `external`, it is one file with all packages except
 * these. Otherwise it loads packages from `node_modules`, as the modules do.
 */
export const buildProgram = async (entry, external) => {
  // Programs of two folders may have the same name.
  const directory = await build(entry.replaceAll("/", "-"), (draft) =>
    esbuild.build({
      absWorkingDir: root,
      entryPoints: [`test/${entry}`],
      outdir: draft,
      outExtension: { ".js": ".mjs" },
      tsconfig: "tsconfig.json",
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node22",
      logLevel: "warning",
      ...(external === undefined ? { packages: "external", splitting: true } : { external })
    }))
  return join(directory, `${basename(entry, ".ts")}.mjs`)
}
