// Bundles packages of the HTTP adapter into the compiled modules that load them. These packages import `node:http` and
// the like statically. A bundler would move such imports to the start of a program, where they take 25 ms.
import * as esbuild from "esbuild"
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const sdk = "aws/internal/http/sdk"

/** The licenses of the packages in a bundle. `inputs` are paths of files, relative to the project. */
export const notices = (bundle, inputs) => {
  const packages = new Set(inputs.flatMap((input) => {
    const inside = /^(.*node_modules\/(?:@[^/]+\/)?[^./][^/]*)\//.exec(input)
    return inside === null ? [] : [inside[1]]
  }))
  const texts = [...packages].sort().map((directory) => {
    const { license, name, version } = JSON.parse(readFileSync(join(root, directory, "package.json"), "utf8"))
    const file = readdirSync(join(root, directory)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry))
    const text = file === undefined ? "" : readFileSync(join(root, directory, file), "utf8").trim()
    return `${name} ${version} (${license})\n\n${text}`
  })
  return `Packages bundled into ${bundle}\n\n${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`
}

const replaceModules = {
  name: "replace-modules",
  setup: ({ onLoad, onResolve }) => {
    const replaced = { namespace: "replaced", sideEffects: false }
    onResolve({ filter: /.*/ }, ({ path }) => isBuiltin(path) ? { path, ...replaced } : undefined)
    onLoad({ filter: /.*/, namespace: "replaced" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("${path}")`
    }))
  }
}

/** Changes the modules in the folder `directory`. */
export const vendorPackages = async (directory) => {
  const files = ["instance", "proxy", "signature"].map((module) => join(directory, sdk, `${module}.js`))
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: files,
    outdir: directory,
    outbase: directory,
    allowOverwrite: true,
    bundle: true,
    // Edge runtimes use the signature too.
    platform: "browser",
    format: "esm",
    target: "node20",
    // The adapter reads profiles with it.
    external: ["@smithy/core/config"],
    plugins: [replaceModules],
    legalComments: "none",
    metafile: true,
    logLevel: "warning"
  })
  const licenses = notices(`the modules of ${sdk}`, Object.keys(metafile.inputs))
  writeFileSync(join(directory, sdk, "LICENSES.txt"), licenses)
  for (const file of files) rmSync(`${file}.map`, { force: true })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await vendorPackages(join(root, "dist"))
