// One subject, measured on request, calls one after the other or all at once: wall time, and CPU time of the whole
// process with its garbage collection and compilation, in microseconds per call. The engine decides when to collect
// garbage: a forced collection also drops compiled code, and calls take twice as long for a while.
import assert from "node:assert/strict"
import { accessToken } from "./fixture.mjs"

const { obtain, repeat } = await import(process.argv[2])
assert.equal(await obtain(), accessToken)

process.on("message", async ({ atOnce, calls }) => {
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  await (atOnce ? Promise.all(Array.from({ length: calls }, () => obtain())) : repeat(calls))
  const wall = (performance.now() - start) * 1000
  const { system, user } = process.cpuUsage(cpuBefore)
  process.send({ wall: wall / calls, cpu: (user + system) / calls })
})
process.on("disconnect", () => process.exit())

process.send("ready")
