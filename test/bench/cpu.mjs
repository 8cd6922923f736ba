// `node --import` of this file: the process responds to each message with its CPU time so far, in microseconds, and
// exits with its parent.
process.on("message", () => {
  const { system, user } = process.cpuUsage()
  process.send(user + system)
})
process.on("disconnect", () => process.exit())
