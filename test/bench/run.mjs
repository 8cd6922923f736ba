// npm run bench: the costs of an access token with this package, with the official SDK, and with the AWS SDK alone.
import { execFile, fork } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { cpus, loadavg, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs, promisify } from "node:util"
import { buildModules } from "../support/build.mjs"
import { makeBundles } from "./bundle.mjs"
import { environment, urlOfModule } from "./fixture.mjs"
import { measureFleet } from "./fleet/measure.mjs"
import { measureLocal } from "./local.mjs"
import { report, targets } from "./report.mjs"
import { measureScale } from "./scale.mjs"
import { ratio, summary } from "./statistics.mjs"

const usage = `npm run bench -- [options]

  --json FILE      write the result, and all samples, as JSON
  --check          exit with 1 when a target is missed
  --local          measure the local server only
  --scale          measure waits only, and simulate 100 processes with a million of them
  --fleet          run 20 processes with Redis, PostgreSQL, 10,000 users and faults, and then 2 to 20 without faults;
                   needs root on Linux, and takes 25 minutes
  --brief          a short fleet
  --read FILE      report a result that was written before; measure nothing

  --rounds N       rounds of all subjects, one after the other (30)
  --calls N        calls of a subject in a round (200)
  --burst N        calls at once (1000)
  --warm-up N      calls of a subject before the first round (2000; cached calls are short, so 20 times as many)
  --processes N    processes of each kind for module load and cold start (15)
  --waits N        users who have not consented yet (10000), who were shown the session, then a link, then pressed its button; more than 1000 take four minutes
  --grants N       grants in the vault of the local server (100000); these take a minute
  --identities N   workload identities of the local server (10400)
  --sessions N     consent sessions of a workload (13000)
  --entries N      entries of a vault file (100000)
`

/** The requests of a call, and a factor for its calls in a round and its warm-up: cached calls are short. */
const subjects = {
  raw: { module: "./subjects/raw.mjs", requests: 1, factor: 1 },
  official: { module: "./subjects/official.mjs", requests: 1, factor: 1 },
  uncached: { module: "./subjects/uncached.mjs", requests: 1, factor: 1 },
  http: { module: "./subjects/http.mjs", requests: 1, factor: 1 },
  httpFetch: { module: "./subjects/http-fetch.mjs", requests: 1, factor: 1 },
  httpNodeClient: { module: "./subjects/http-node-client.mjs", requests: 1, factor: 1 },
  uncachedPromise: { module: "./subjects/uncached-promise.mjs", requests: 1, factor: 1 },
  httpPromise: { module: "./subjects/http-promise.mjs", requests: 1, factor: 1 },
  cached: { module: "./subjects/cached.mjs", requests: 0, factor: 20 },
  cachedPromise: { module: "./subjects/cached-promise.mjs", requests: 0, factor: 20 },
  // It renews its workload access token every ten minutes.
  forwardAuth: { module: "./subjects/forward-auth.mjs", requests: undefined, factor: 1 }
}

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

const start = (module, args, options) => {
  const child = fork(path(module), args, options)
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`${module} ${args.join(" ")} ended with ${code}`)
  })
  // `next` reports the failure.
  failed.catch(() => {})
  return {
    next: async () => {
      const [message] = await Promise.race([once(child, "message"), failed])
      return message
    },
    tell: (message) => child.send(message),
    stop: () => child.disconnect()
  }
}

const ask = (child, message) => {
  const response = child.next()
  child.tell(message)
  return response
}

const noSamples = (names) => Object.fromEntries(names.map((name) => [name, { wall: [], cpu: [] }]))

/**
 * Measures every subject in its own process, as in a program. Each round runs all subjects, in rotating order.
 */
const measureCalls = async (server, env, { calls, rounds, warmUp }) => {
  const names = Object.keys(subjects)
  const samples = noSamples(names)
  const processes = []
  try {
    for (const name of names) {
      const child = start("./calls.child.mjs", [subjects[name].module], { env })
      processes.push(child)
      await child.next()
      await ask(child, { calls: warmUp * subjects[name].factor })
    }
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < names.length; turn++) {
        const index = (round + turn) % names.length
        const name = names[index]
        const times = calls * subjects[name].factor
        const before = await ask(server, "requests")
        const { cpu, wall } = await ask(processes[index], { calls: times })
        const requests = (await ask(server, "requests")) - before
        if (subjects[name].requests !== undefined && requests !== times * subjects[name].requests) {
          throw new Error(`${name}: ${times} calls made ${requests} requests`)
        }
        samples[name].wall.push(wall)
        samples[name].cpu.push(cpu)
      }
    }
  } finally {
    for (const child of processes) child.stop()
  }
  return samples
}

/** Many calls at once, seven times. The first two open connections and compile. The service takes 5 milliseconds. */
const measureBursts = async (calls) => {
  const server = start("./server.child.mjs", ["5"], { env: { PATH: process.env.PATH } })
  const samples = noSamples(["raw", "http"])
  const processes = []
  try {
    const env = environment(await server.next())
    for (const name of Object.keys(samples)) {
      const child = start("./calls.child.mjs", [subjects[name].module], { env })
      processes.push([name, child])
      await child.next()
    }
    for (let burst = 0; burst < 7; burst++) {
      for (const [name, child] of processes) {
        const { cpu, wall } = await ask(child, { calls, atOnce: true })
        if (burst < 2) continue
        samples[name].wall.push(wall)
        samples[name].cpu.push(cpu)
      }
    }
  } finally {
    for (const [, child] of processes) child.stop()
    server.stop()
  }
  return {
    ...mapValues(samples, summaries),
    speedOfRaw: ratio(samples.raw.wall, samples.http.wall),
    cpuOfRaw: ratio(samples.http.cpu, samples.raw.cpu)
  }
}

/** Runs one process of each kind in turn, repeatedly. */
const measureProcesses = async (env, kinds, processes) => {
  const samples = noSamples(Object.keys(kinds))
  for (let round = 0; round < processes; round++) {
    for (const [kind, [module, ...args]] of Object.entries(kinds)) {
      const child = start(module, args, { env, execArgv: ["--expose-gc"] })
      const { cpu, wall } = await child.next()
      child.stop()
      samples[kind].wall.push(wall)
      samples[kind].cpu.push(cpu)
    }
  }
  return samples
}

/** Users who have not consented yet, in one process. They were shown the URL of a session, or a link of `Connect`. */
const measureWaits = async (waits, shown) => {
  const server = start("./waits.server.child.mjs", [], { env: { PATH: process.env.PATH } })
  try {
    const env = environment(await server.next())
    const child = start("./waits.child.mjs", [String(waits), shown], { env, execArgv: ["--expose-gc"] })
    const result = await child.next()
    child.stop()
    return result
  } finally {
    server.stop()
  }
}

/** Users whose sessions the pages of `Connect` have opened. */
const measurePages = async (sessions) => {
  const server = start("./waits.server.child.mjs", [], { env: { PATH: process.env.PATH } })
  try {
    const env = environment(await server.next())
    const child = start("./pages.child.mjs", [String(sessions)], { env, execArgv: ["--expose-gc"] })
    const result = await child.next()
    child.stop()
    return result
  } finally {
    server.stop()
  }
}

/** Users who consent while the official SDK waits: it polls every five seconds. */
const measureOfficialWait = async (users) => {
  const server = start("./waits.server.child.mjs", [], { env: { PATH: process.env.PATH } })
  try {
    const child = start("./official-wait.child.mjs", [String(users)], { env: environment(await server.next()) })
    const result = await child.next()
    child.stop()
    return result
  } finally {
    server.stop()
  }
}

/** The modules that a module adds: their number, and the packages other than Effect's. */
const loadedBy = async (url, env) => {
  const loaded = async (source) => {
    const args = ["--import", path("../package/record-modules.mjs"), "--input-type=module", "--eval", source]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: path("."), env, maxBuffer: 2 ** 26 })
    return new Set(stdout.split("\n").filter((line) => line.startsWith("file:")))
  }
  const effect = `import "effect"\nimport "effect/Schema"\n`
  const [before, after] = await Promise.all([loaded(effect), loaded(`${effect}import ${JSON.stringify(url)}`)])
  const added = [...after].filter((module) => !before.has(module))
  const packages = added.flatMap((module) => {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1]
    return name === undefined || name === "effect" || name.startsWith(".bench-") ? [] : [name]
  })
  return { modules: added.length, packages: [...new Set(packages)].sort() }
}

const summaries = ({ cpu, wall }) => ({ wall: summary(wall), cpu: summary(cpu) })

const mapValues = (values, f) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, f(value)]))

const measureClients = async (settings) => {
  const server = start("./server.child.mjs", [], { env: { PATH: process.env.PATH } })
  const folder = mkdtempSync(join(tmpdir(), "bench-bundles-"))
  try {
    const bundles = await makeBundles(process.env.AGENTCORE_BENCH_MODULES, folder)
    const bundled = Object.fromEntries(
      Object.entries(bundles).map(([name, { url }]) => [`${name}Bundled`, ["./cold.child.mjs", url]])
    )
    const env = environment(await server.next())
    const identity = urlOfModule("Identity")
    const calls = await measureCalls(server, env, settings)
    const { load, ...cold } = await measureProcesses(env, {
      load: ["./load.child.mjs", identity],
      raw: ["./cold.child.mjs", subjects.raw.module],
      official: ["./cold.child.mjs", subjects.official.module],
      uncached: ["./cold.child.mjs", subjects.uncached.module],
      http: ["./cold.child.mjs", subjects.http.module],
      ...bundled
    }, settings.processes)
    return {
      calls: mapValues(calls, (samples) => ({
        ...summaries(samples),
        ofRaw: { wall: ratio(samples.wall, calls.raw.wall), cpu: ratio(samples.cpu, calls.raw.cpu) },
        speedUp: ratio(calls.official.wall, samples.wall)
      })),
      cold: mapValues(cold, (samples) => ({
        ...summaries(samples),
        ofOfficial: ratio(samples.wall, cold.official.wall),
        ofOfficialBundled: ratio(samples.wall, cold.officialBundled.wall)
      })),
      bursts: await measureBursts(settings.burst),
      bundles: mapValues(bundles, ({ kilobytes }) => kilobytes),
      load: { ...summaries(load), ...await loadedBy(identity, env) },
      waits: await measureWaits(settings.waits, "url"),
      linkWaits: await measureWaits(settings.waits, "link"),
      pages: await measurePages(settings.waits),
      officialWait: await measureOfficialWait(Math.min(settings.waits, 40)),
      samples: { calls, cold, load }
    }
  } finally {
    server.stop()
    rmSync(folder, { recursive: true })
  }
}

const measureWaitsAndScale = async ({ waits: count }) => {
  const waits = { waits: await measureWaits(count, "url"), linkWaits: await measureWaits(count, "link") }
  const { defaultLimit: limit, makeRate, maxBurst: burst } = await import(urlOfModule("internal/pollBudget"))
  return { ...waits, scale: measureScale({ limit, burst, makeRate }, waits) }
}

/** The modules at the depth of an installed package, because Node looks for a package in each folder above a module. */
const installModules = async () => {
  const folder = mkdtempSync(path("../../node_modules/.bench-"))
  process.on("exit", () => rmSync(folder, { recursive: true }))
  const modules = join(folder, "dist")
  cpSync(await buildModules(), modules, { recursive: true })
  renameSync(join(modules, "package.json"), join(folder, "package.json"))
  return modules
}

const measure = async (settings, { local, scale }) => {
  process.env.AGENTCORE_BENCH_MODULES = await installModules()
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    cpu: cpus()[0]?.model ?? "unknown processor",
    cores: cpus().length,
    loadAverage: loadavg()[0],
    settings,
    ...(scale
      ? await measureWaitsAndScale(settings)
      : { ...(local ? {} : await measureClients(settings)), local: await measureLocal(settings) })
  }
}

const options = () => {
  const string = { type: "string" }
  const { values } = parseArgs({
    options: {
      json: string,
      check: { type: "boolean", default: false },
      local: { type: "boolean", default: false },
      scale: { type: "boolean", default: false },
      fleet: { type: "boolean", default: false },
      brief: { type: "boolean", default: false },
      read: string,
      rounds: { ...string, default: "30" },
      calls: { ...string, default: "200" },
      burst: { ...string, default: "1000" },
      "warm-up": { ...string, default: "2000" },
      processes: { ...string, default: "15" },
      waits: { ...string, default: "10000" },
      grants: { ...string, default: "100000" },
      identities: { ...string, default: "10400" },
      sessions: { ...string, default: "13000" },
      entries: { ...string, default: "100000" }
    }
  })
  const { brief, check, fleet, json, local, read, scale, "warm-up": warmUp, ...counts } = values
  const settings = mapValues({ ...counts, warmUp }, Number)
  if (Object.values(settings).some((count) => !Number.isInteger(count) || count < 1)) {
    throw new TypeError("Counts are whole numbers from 1 on")
  }
  return { brief, check, fleet, json, local, read, scale, settings }
}

const runFleet = async ({ brief, json }) => {
  const results = await measureFleet(brief)
  if (json !== undefined) writeFileSync(json, JSON.stringify(results, null, 2))
  process.exitCode = results.some(({ wrong }) => wrong.length > 0) ? 1 : 0
}

const main = async ({ check, json, local, read, scale, settings }) => {
  const result = read === undefined ? await measure(settings, { local, scale }) : JSON.parse(readFileSync(read, "utf8"))
  const reached = targets(result)
  process.stdout.write(report(result))
  if (json !== undefined) {
    writeFileSync(json, JSON.stringify({ ...result, targets: reached }, null, 2))
  }
  process.exitCode = check && reached.some(({ met }) => !met) ? 1 : 0
}

let given
try {
  given = options()
} catch (error) {
  process.stderr.write(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}
if (given !== undefined) await (given.fleet ? runFleet(given) : main(given))
