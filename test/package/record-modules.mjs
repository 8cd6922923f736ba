// `node --import` of this file writes the URL of every module that the program loads to standard output, one a line.
import { writeSync } from "node:fs"
import { createRequire, register } from "node:module"

const hooks = `
import { writeSync } from "node:fs"
export const load = (url, context, next) => {
  writeSync(1, url + "\\n")
  return next(url, context)
}
`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)

// What CommonJS modules `require` passes by the hooks.
process.on("exit", () => {
  for (const file of Object.keys(createRequire(import.meta.url).cache)) writeSync(1, `file://${file}\n`)
})
