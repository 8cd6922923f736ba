// Obtains 100 tokens with a subject of the bench, and prints the stacks of the errors that were constructed meanwhile.
const { obtain, repeat } = await import(`../bench/subjects/${process.argv[2]}.mjs`)
await obtain()
globalThis.errorStacks.length = 0
await repeat(100)
// A connection or a stream may close later.
await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
process.stdout.write(JSON.stringify(globalThis.errorStacks), () => process.exit())
