// node .ci/test.mjs [ARGUMENT...]: runs the tests with Vitest. An older Node than `engines` of the manifest loses the
// report of a failing test, so npx brings a newer one there.
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const vitest = new URL("../node_modules/vitest/vitest.mjs", import.meta.url)
const args = ["run", ...process.argv.slice(2)]

const { engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
const [, wantedMajor, wantedMinor] = /^>=(\d+)\.(\d+)$/.exec(engines.node).map(Number)
const [major, minor] = process.versions.node.split(".").map(Number)

if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) {
  process.argv.splice(2, Infinity, ...args)
  await import(vitest.href)
} else {
  console.error(
    `The tests need Node ${wantedMajor}.${wantedMinor} or later, and this is Node ${process.versions.node}: npx brings Node 24.`
  )
  const child = spawn("npx", ["--yes", "-p", "node@24", "--", "node", fileURLToPath(vitest), ...args], {
    stdio: "inherit",
    shell: process.platform === "win32"
  })
  // The terminal sends a signal to the child too, which ends in its own way.
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal))
  child.on("error", (error) => {
    console.error(`npx does not start: ${error.message}`)
    process.exitCode = 1
  })
  child.on("close", (code) => {
    process.exitCode = code ?? 1
  })
}
