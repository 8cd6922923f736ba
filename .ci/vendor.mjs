// Bundles packages of the HTTP adapter into the compiled modules that load them. These packages import `node:http` and
// the like statically. A bundler would move these imports to the start of a program, where they take 25 ms.
import * as esbuild from "esbuild"
import { rmSync, writeFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { notices } from "./notices.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const sdk = "aws/internal/http/sdk"

const replaceModules = {
  name: "replace-modules",
  setup: ({ onLoad, onResolve }) => {
    const namespace = "replaced"
    onResolve(
      { filter: /.*/ },
      ({ path }) => path === "debug" || isBuiltin(path) ? { path, namespace, sideEffects: false } : undefined
    )
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: path === "debug"
        // It would print the URL of a proxy, with its password.
        ? "module.exports = () => () => {}"
        : `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`
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
    // The signature is made on edge runtimes too.
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
  writeFileSync(
    join(directory, sdk, "LICENSES.txt"),
    notices(`the modules of ${sdk}`, root, Object.keys(metafile.inputs))
  )
  for (const file of files) rmSync(`${file}.map`, { force: true })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await vendorPackages(join(root, "dist"))
