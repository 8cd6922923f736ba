// npm run bench -- --fleet: processes, servers, users and faults on this machine. It fails if anybody got what is not
// theirs, if a wait did not end, or if a process ended that was not killed.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { buildProgram } from "../../support/build.mjs"

const names = ["agent", "pages", "runner", "agentcore", "crowd"]

const day = {
  agents: 10,
  pages: 6,
  runners: 4,
  seconds: 600,
  users: 10_000,
  consents: 2000,
  calls: 20,
  faults: true
}

/** The same load on fewer and more processes, without faults. */
const growth = [[1, 1], [3, 2], [6, 4], [12, 8]].map(([agents, pages]) => ({
  ...day,
  agents,
  pages,
  runners: 0,
  seconds: 120,
  consents: 400,
  faults: false
}))

const brief = { ...day, agents: 2, pages: 3, runners: 2, seconds: 30, users: 300, consents: 60, calls: 5 }

const runFleet = async (programs, options) => {
  const child = spawn(process.execPath, [programs.fleet, JSON.stringify({ ...options, programs })], {
    stdio: ["ignore", "inherit", "inherit", "pipe"]
  })
  const [result, [code]] = await Promise.all([text(child.stdio[3]), once(child, "exit")])
  if (code !== 0) throw new Error(`The fleet ended with ${code}`)
  return { options, ...JSON.parse(result) }
}

const number = (value) => value === undefined ? "–" : Number(value.toPrecision(3)).toLocaleString("en")

const times = ({ count, p50, p99, slowest }) =>
  `${count} consents; from the page after consent to the token: median ${number(p50)} ms, 99 % ${number(p99)} ms, `
  + `slowest ${number(slowest)} ms`

const perConsent = ({ after, before, consents }, store, name) => (after[store][name] - before[store][name]) / consents

const describe = (result) => {
  const { after, aws, calls, chat, consents, faults, lost, mail, options, use, wrong } = result
  const sum = (name) => Object.values(aws).reduce((total, operation) => total + operation[name], 0)
  return [
    `${options.agents} agents, ${options.pages} processes of pages, ${options.runners} runners; ${options.users} users, `
    + `${consents} consents in ${number(result.seconds)} s`,
    `waits in agents: ${times(chat)}; found by a poll: ${result.polled}`,
    ...(options.runners === 0 ? [] : [`durable waits: ${times(mail)}; left to the hourly poll: ${result.mailsPolled}`]),
    `calls of AWS: ${sum("calls")}, throttled ${sum("throttled")}; token calls per second: median `
    + `${number(result.tokensPerSecond.p50)}, most ${number(result.tokensPerSecond.slowest)}`,
    `calls for one credential that all agents need at once: ${result.sameCredential}`,
    `ordinary calls: ${Object.entries(calls).map(([outcome, count]) => `${count} ${outcome}`).join(", ")}`,
    ...Object.entries(use).map(([role, { cores, heap }]) =>
      `${role}: heap at most ${number(heap / 2 ** 20)} MB, ${number(cores * 100)} % of a core`
    ),
    `Redis: ${after.redis.keys} keys, ${number(after.redis.bytes / 2 ** 20)} MB, `
    + `${number(perConsent(result, "redis", "commands"))} commands for each consent`,
    `PostgreSQL: ${after.postgres.tables.join(", ")}; ${number(after.postgres.size / 2 ** 20)} MB, `
    + `${number(perConsent(result, "postgres", "transactions"))} transactions for each consent`,
    ...(options.faults
      ? [
        `processes killed: ${result.killed}; starts that failed without a server: ${result.failedStarts}; waits lost with `
        + `their process: ${lost}; users who opened a link again: ${result.revisits}; denials found later: `
        + `${result.deniedUnnoticed}`,
        ...faults.map((fault) =>
          `${fault.name}, ${number(fault.seconds)} s: ${
            times(fault)
          }; found by a poll: ${fault.polled}; links opened again: `
          + fault.revisits
        )
      ]
      : []),
    ...wrong.map((text) => `WRONG: ${text}`)
  ].join("\n")
}

/** Runs the fleet, and returns its figures. */
export const measureFleet = async (isBrief) => {
  const built = await Promise.all(
    [...names.map((name) => `${name}.child`), "fleet"].map((name) => buildProgram(`bench/fleet/${name}.ts`))
  )
  const programs = Object.fromEntries([...names, "fleet"].map((name, index) => [name, built[index]]))
  const results = []
  for (const options of isBrief ? [brief] : [day, ...growth]) {
    const result = await runFleet(programs, options)
    results.push(result)
    process.stdout.write(`${describe(result)}\n\n`)
  }
  return results
}
