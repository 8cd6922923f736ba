// A process from its start to its first access token, in milliseconds.
import assert from "node:assert/strict"
import { accessToken } from "./fixture.mjs"

const { obtain } = await import(process.argv[2])
assert.equal(await obtain(), accessToken)

const wall = performance.now()
const { system, user } = process.cpuUsage()

process.send({ wall, cpu: (user + system) / 1000 })
process.on("disconnect", () => process.exit())
