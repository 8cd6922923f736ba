// node .ci/side-by-side.mjs SCRIPT...: runs scripts of package.json, one on each core, and prints each one's output
// when it ends. All of them run, and the exit code is 1 if one fails. The longest script comes first.
import { spawn } from "node:child_process"
import { availableParallelism } from "node:os"

const scripts = process.argv.slice(2)
const waiting = [...scripts]
const failed = []

const run = (script) =>
  new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn("npm", ["run", "--silent", script], {
      shell: process.platform === "win32",
      stdio: ["ignore", "pipe", "pipe"]
    })
    const output = []
    child.stdout.on("data", (data) => output.push(data))
    child.stderr.on("data", (data) => output.push(data))
    child.on("error", reject)
    child.on("close", (code) => {
      if (code !== 0) failed.push(script)
      const seconds = Math.round((performance.now() - start) / 1000)
      console.log(`\n---- ${script}: ${code === 0 ? "passed" : "failed"} after ${seconds} s`)
      process.stdout.write(Buffer.concat(output))
      resolve()
    })
  })

const work = async () => {
  for (let script = waiting.shift(); script !== undefined; script = waiting.shift()) await run(script)
}

await Promise.all(Array.from({ length: availableParallelism() }, work))
console.log(failed.length === 0 ? `\nAll ${scripts.length} passed.` : `\nFailed: ${failed.join(", ")}`)
process.exitCode = failed.length === 0 ? 0 : 1
