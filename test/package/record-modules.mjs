// `node --import` of this file writes the URL of every module that the program loads to standard output, one a line.
import { writeSync } from "node:fs"
import { createRequire, register } from "node:module"

/** Writes to a pipe that may be full. Its source is part of the hooks, which run in another thread. */
const write = (line) => {
  for (;;) {
    try {
      return writeSync(1, `${line}\n`)
    } catch (error) {
      if (error.code !== "EAGAIN") throw error
    }
  }
}

const hooks = `
import { writeSync } from "node:fs"
const write = ${write}
export const load = (url, context, next) => {
  write(url)
  return next(url, context)
}
`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)

// The hooks do not see modules that CommonJS modules load by `require`.
process.on("exit", () => {
  for (const file of Object.keys(createRequire(import.meta.url).cache)) write(`file://${file}`)
})
