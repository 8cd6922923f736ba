// Loads a module into a process that has Effect and its Schema, and tells how long that took, in milliseconds.
import "effect"
import "effect/Schema"

// The garbage of loading those two is not the module's.
gc()

const cpuBefore = process.cpuUsage()
const start = performance.now()
await import(process.argv[2])
const wall = performance.now() - start
const { system, user } = process.cpuUsage(cpuBefore)

process.send({ wall, cpu: (user + system) / 1000 })
process.on("disconnect", () => process.exit())
