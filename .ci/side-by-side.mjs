// node .ci/side-by-side.mjs SCRIPT...: runs scripts of package.json, one per core. Prints the output of each when it ends,
// and runs all of them even if one fails. List the longest script first.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { availableParallelism } from "node:os"

const scripts = process.argv.slice(2)
const waiting = [...scripts]
const failed = []

const run = async (script) => {
  const start = performance.now()
  const child = spawn(`npm run --silent ${script} 2>&1`, { shell: true, stdio: ["ignore", "pipe", "inherit"] })
  const [output, [code]] = await Promise.all([child.stdout.setEncoding("utf8").toArray(), once(child, "close")])
  if (code !== 0) failed.push(script)
  const seconds = Math.round((performance.now() - start) / 1000)
  console.log(`\n---- ${script}: ${code === 0 ? "passed" : "failed"} after ${seconds} s`)
  process.stdout.write(output.join(""))
}

const work = async () => {
  for (let script = waiting.shift(); script !== undefined; script = waiting.shift()) await run(script)
}

await Promise.all(Array.from({ length: availableParallelism() }, work))
console.log(failed.length === 0 ? `\nAll ${scripts.length} passed.` : `\nFailed: ${failed.join(", ")}`)
process.exitCode = failed.length === 0 ? 0 : 1
