// The programs of `bundles/`, each in one file, as `esbuild --bundle --minify --main-fields=module,main` makes it.
import * as esbuild from "esbuild"
import { statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const names = ["official", "sdk", "http", "fetch", "bareSdk", "bareHttp"]

/** Returns the URL and the kilobytes of each bundle. `modules` are the built modules of this package. */
export const makeBundles = async (modules, directory) => {
  await esbuild.build({
    entryPoints: names.map((name) => fileURLToPath(new URL(`./bundles/${name}.mjs`, import.meta.url))),
    outdir: directory,
    outExtension: { ".js": ".mjs" },
    alias: { "effect-agentcore-identity": modules },
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node22",
    mainFields: ["module", "main"],
    // Parts of the official package `require` modules of Node.
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url)` },
    logLevel: "error"
  })
  return Object.fromEntries(names.map((name) => {
    const file = join(directory, `${name}.mjs`)
    return [name, { url: pathToFileURL(file).href, kilobytes: statSync(file).size / 1000 }]
  }))
}
