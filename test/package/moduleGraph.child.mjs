// Imports modules and packages, and reports which module loads which. One process serves all tests: what a module loads
// is what can be reached from it.
import { createRequire, registerHooks } from "node:module"
import { pathToFileURL } from "node:url"
import { report } from "../support/report.mjs"

const edges = {}

const add = (from, to) => (edges[from] ??= {})[to] = true

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context)
    // What this file imports is named as the test names it.
    add(context.parentURL === import.meta.url ? specifier : context.parentURL, resolved.url)
    return resolved
  }
})

for (const specifier of JSON.parse(process.argv[2])) await import(specifier)

// A second `require` of a file in the same folder is not resolved again.
for (const [file, { children }] of Object.entries(createRequire(import.meta.url).cache)) {
  for (const { filename } of children) add(pathToFileURL(file).href, pathToFileURL(filename).href)
}

for (const [from, to] of Object.entries(edges)) report({ from, to: Object.keys(to) })
