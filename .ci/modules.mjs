// Makes the compiled modules small to bundle and quick to load. It changes them in their folder.
//
// The packages of the HTTP adapter go into the modules that load them, with modules of Node that are found at their
// use. Node takes four times as long to find their many files as to run them. A bundler would move their imports to the
// beginning of a program, and that of `node:http` takes 20 ms on Node 22 and 24: it loads Node's `fetch`.
//
// Calls that make constants are marked as free of effects: a bundler drops those of unused constants. Then the modules
// that `Identity` loads move into two files and a third with what both need, because Node takes longer to find forty
// modules than to run them. Every module stays where it was, and exports what it exported. A program without
// `Identity`, such as one that manages planes, loads no more than it did.
import { transformAsync, traverse } from "@babel/core"
import pureCalls from "babel-plugin-annotate-pure-calls"
import * as esbuild from "esbuild"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { notices } from "./notices.mjs"

/** The two files, by the modules that they hold together with all that these import. */
const roots = {
  plane: [
    "plane/make.js",
    "internal/environment.js",
    "internal/singleFlight.js",
    "Operation.js",
    "models/internal/names.js"
  ],
  identity: ["Identity.js"]
}

const sdk = "aws/internal/http/sdk"

/** These modules export what the adapter uses of its packages, in Node alone, or in any runtime. */
const vendored = { node: ["instance"], browser: ["proxy", "signature"] }

const root = fileURLToPath(new URL("..", import.meta.url))

const mapOf = (file) => `${file}.map`

/** Writes the marks into the text as it is: the source map of the compiler stays right to the line. */
const markPureCalls = async (file) => {
  const code = readFileSync(file, "utf8")
  const { ast } = await transformAsync(code, {
    plugins: [pureCalls],
    ast: true,
    code: false,
    configFile: false,
    babelrc: false
  })
  const places = []
  traverse(ast, {
    "CallExpression|NewExpression": ({ node: { leadingComments, start } }) => {
      if (leadingComments?.some(({ value }) => value.includes("#__PURE__"))) places.push(start)
    }
  })
  places.sort((a, b) => a - b)
  const parts = [0, ...places].map((place, index, all) => code.slice(place, all[index + 1]))
  writeFileSync(file, parts.join("/* @__PURE__ */ "))
}

/** Modules of Node, found where they are used. */
const nodeAtUse = {
  name: "node-at-use",
  setup: ({ onLoad, onResolve }) => {
    onResolve(
      { filter: /.*/ },
      ({ path }) => isBuiltin(path) ? { path, namespace: "node-at-use", sideEffects: false } : undefined
    )
    onLoad({ filter: /.*/, namespace: "node-at-use" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`
    }))
  }
}

const vendorPackages = async (directory) => {
  const builds = Object.entries(vendored).map(([platform, modules]) =>
    esbuild.build({
      absWorkingDir: root,
      entryPoints: modules.map((module) => join(directory, sdk, `${module}.js`)),
      outdir: directory,
      outbase: directory,
      allowOverwrite: true,
      bundle: true,
      platform,
      format: "esm",
      target: "node20",
      mainFields: [...platform === "browser" ? [platform] : [], "module", "main"],
      // The adapter reads profiles with it.
      external: ["@smithy/core/config"],
      plugins: platform === "node" ? [nodeAtUse] : [],
      legalComments: "none",
      metafile: true,
      logLevel: "warning"
    })
  )
  const inputs = (await Promise.all(builds)).flatMap(({ metafile }) => Object.keys(metafile.inputs))
  writeFileSync(join(directory, sdk, "LICENSES.txt"), notices(`the modules of ${sdk}`, root, inputs))
  for (const module of Object.values(vendored).flat()) {
    rmSync(mapOf(join(directory, sdk, `${module}.js`)), { force: true })
  }
}

/** Every export of a joined file has a name of its own: the path of its module, and its name there. */
const joinedName = (module, name) => `${module.replace(/\.js$/, "").replaceAll(/\W/g, "_")}$${name}`

const exportFrom = (specifier, names) =>
  names.length === 0 ? "export {}\n" : `export { ${names.join(", ")} } from "${specifier}"\n`

const specifierFrom = (module, path) => {
  const specifier = relative(dirname(module), path).replaceAll("\\", "/")
  return specifier.startsWith(".") ? specifier : `./${specifier}`
}

const joinModules = async (directory) => {
  const options = {
    absWorkingDir: directory,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    charset: "utf8",
    write: false,
    metafile: true,
    logLevel: "warning"
  }
  /** These modules and all that they import, with the names of their exports. */
  const closureOf = async (modules) => {
    const { metafile } = await esbuild.build({ ...options, entryPoints: modules, outdir: "out" })
    const each = await esbuild.build({ ...options, entryPoints: Object.keys(metafile.inputs), outdir: "out" })
    return Object.values(each.metafile.outputs)
      .map(({ entryPoint, exports }) => ({ module: entryPoint, exports }))
      .sort((a, b) => a.module < b.module ? -1 : 1)
  }
  const closures = new Map()
  for (const [name, modules] of Object.entries(roots)) closures.set(name, await closureOf(modules))

  const folder = "internal/joined"
  const { outputFiles } = await esbuild.build({
    ...options,
    entryPoints: [...closures.keys()].map((name) => ({ in: `joined:${name}`, out: name })),
    outdir: folder,
    // What both files need is in one file, which has no name.
    splitting: true,
    chunkNames: "shared-[hash]",
    sourcemap: existsSync(join(directory, mapOf("Identity.js"))) ? "linked" : false,
    sourcesContent: false,
    plugins: [{
      name: "joined",
      setup: ({ onLoad, onResolve }) => {
        onResolve({ filter: /^joined:/ }, ({ path }) => ({ path: path.slice("joined:".length), namespace: "joined" }))
        onLoad({ filter: /.*/, namespace: "joined" }, ({ path }) => ({
          contents: closures.get(path).map(({ exports, module }) =>
            exportFrom(`./${module}`, exports.map((name) => `${name} as ${joinedName(module, name)}`))
          ).join(""),
          resolveDir: directory
        }))
      }
    }]
  })

  const moved = new Map(
    [...closures].reverse().flatMap(([name, modules]) =>
      modules.map(({ exports, module }) => [module, { exports, from: `${folder}/${name}.js` }])
    )
  )
  for (const [module, { exports, from }] of moved) {
    const file = join(directory, module)
    const names = exports.map((name) => `${joinedName(module, name)} as ${name}`)
    writeFileSync(file, exportFrom(specifierFrom(module, from), names))
    rmSync(mapOf(file), { force: true })
  }
  mkdirSync(join(directory, folder), { recursive: true })
  for (const { contents, path } of outputFiles) writeFileSync(path, contents)
}

/** Changes the modules in a folder. */
export const finishModules = async (directory) => {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"))
  await Promise.all(files.map((file) => markPureCalls(join(directory, file))))
  await vendorPackages(directory)
  await joinModules(directory)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await finishModules(join(root, "dist"))
}
