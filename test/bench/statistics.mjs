// Medians and quartiles: on a machine with other work some rounds are far off, and a mean would follow them.
import * as Effect from "effect/Effect"

/** The value below which `part` of the samples lie, interpolated. */
const quantile = (sorted, part) => {
  const at = (sorted.length - 1) * part
  const below = Math.floor(at)
  return sorted[below] + (sorted[Math.ceil(at)] - sorted[below]) * (at - below)
}

/** The median, with the quartiles as the spread. */
export const summary = (samples) => {
  const sorted = samples.toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), q1: quantile(sorted, 0.25), q3: quantile(sorted, 0.75) }
}

/**
 * How many times as much as another subject, round by round: what slows the machine down for a while slows down both
 * sides of a round, and falls out.
 */
export const ratio = (samples, base) => summary(samples.map((sample, round) => sample / base[round]))

/** CPU time of an effect after as many runs that do not count, in microseconds a run. */
export const measureCpu = (runs, effect) =>
  Effect.gen(function*() {
    yield* Effect.repeat(effect, { times: runs - 1 })
    const before = process.cpuUsage()
    yield* Effect.repeat(effect, { times: runs - 1 })
    const { system, user } = process.cpuUsage(before)
    return (user + system) / runs
  })
