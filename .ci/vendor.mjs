// Bundles packages into the compiled modules that load them. These packages import modules of Node statically. With
// `import()` of the packages instead, esbuild with `--platform=neutral` does not find `node:fs` in a program for an edge
// runtime, and a bundle over `layerHttpNode` is 8 KB larger. Its cold start is the same (measured). As a dependency,
// `open` alone would add 12 packages to every installation.
import * as esbuild from "esbuild"
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const names = ["aws/internal/http/sdk/config", "internal/consent/open"]

/** The packages of a bundle, each with its folder. `inputs` are paths of files, relative to the project. */
export const packagesOf = (inputs) => {
  const folders = new Set(inputs.flatMap((input) => {
    const inside = /^(.*node_modules\/(?:@[^/]+\/)?[^./][^/]*)\//.exec(input)
    return inside === null ? [] : [inside[1]]
  }))
  return [...folders].sort().map((directory) => ({
    ...JSON.parse(readFileSync(join(root, directory, "package.json"), "utf8")),
    directory
  }))
}

/** The licenses of the packages in a bundle. */
export const notices = (bundle, inputs) => {
  const texts = packagesOf(inputs).map(({ directory, license, name, version }) => {
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

/** Changes the modules in the folder `directory`. Returns the files that went into them. */
export const vendorPackages = async (directory) => {
  const fileOf = (module) => join(directory, `${module}.js`)
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: names.map(fileOf),
    outdir: directory,
    outbase: directory,
    allowOverwrite: true,
    bundle: true,
    platform: "node",
    mainFields: ["module", "main"],
    format: "esm",
    target: "node22",
    plugins: [replaceModules],
    legalComments: "none",
    metafile: true,
    logLevel: "warning"
  })
  const inputs = Object.keys(metafile.inputs)
  writeFileSync(join(directory, "LICENSES.txt"), notices(names.map((name) => `${name}.js`).join(", "), inputs))
  for (const name of names) rmSync(`${fileOf(name)}.map`, { force: true })
  return inputs
}
