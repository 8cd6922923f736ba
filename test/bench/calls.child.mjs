// One subject, measured when it is told to: wall time, and CPU time of the whole process with its garbage and its compilation, in
// microseconds a call. Garbage is left to the engine: a collection on demand makes it throw away compiled code too, and calls take twice
// as long for a while.
import assert from "node:assert/strict"
import { accessToken } from "./fixture.mjs"

const { obtain, repeat } = await import(process.argv[2])
assert.equal(await obtain(), accessToken)

process.on("message", async ({ calls }) => {
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  await repeat(calls)
  const wall = (performance.now() - start) * 1000
  const { system, user } = process.cpuUsage(cpuBefore)
  process.send({ wall: wall / calls, cpu: (user + system) / calls })
})
process.on("disconnect", () => process.exit())

process.send("ready")
