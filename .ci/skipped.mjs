// A reporter of Vitest. The last line of `npm test` says how many tests were skipped, because the machine lacks tools.

/** "a", "a or b", "a, b or c". */
const listOf = (names) => names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`

/** The line, for the lists of missing tools of all skipped tests. */
export const lineOf = (missing) => {
  const tools = [...new Set(missing.flat())].sort()
  const [needs, are] = [missing.length === 1 ? "test needs" : "tests need", tools.length === 1 ? "is" : "are"]
  return `Skipped: ${missing.length} ${needs} ${listOf(tools)}, which ${are} not installed.`
}

export const skippedReporter = () => {
  // A pattern skips tests too.
  let hasPattern = false
  return {
    onInit: ({ config }) => {
      hasPattern = config.testNamePattern !== undefined
    },
    onTestRunEnd: (modules) => {
      const skipped = modules.flatMap((module) => [...module.children.allTests("skipped")])
      const missing = skipped.map((test) => test.meta().missingTools ?? []).filter((tools) => tools.length > 0)
      if (missing.length > 0 && !hasPattern) console.log(lineOf(missing))
    }
  }
}
