// What the local server costs: the CPU time of its calls beside a bare server, how long it takes to be ready, and
// whether the number of grants matters.
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { Agent, request as httpRequest } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { buildCommand } from "../support/build.mjs"
import { ratio, summary } from "./statistics.mjs"

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

const signature = "AWS4-HMAC-SHA256 Credential=local/20260101/us-west-2/bedrock-agentcore/aws4_request, "
  + "SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000"

/** A server in a process of its own. `read` returns the URL from its output. */
const start = async (module, args, env, read) => {
  const startedAt = performance.now()
  const child = fork(module, args, {
    env,
    execArgv: ["--import", path("./cpu.mjs")],
    stdio: ["ignore", "pipe", "pipe", "ipc"]
  })
  let errors = ""
  child.stderr.on("data", (text) => errors += text)
  let output = ""
  for await (const text of child.stdout) {
    output += text
    if (read(output) !== undefined) break
  }
  const url = read(output)
  if (url === undefined) throw new Error(`${module} ended: ${output}${errors}`)
  return {
    url,
    ready: performance.now() - startedAt,
    cpu: async () => {
      const result = once(child, "message")
      child.send("cpu")
      return (await result)[0]
    },
    stop: async () => {
      const ended = once(child, "exit")
      child.disconnect()
      await ended
    }
  }
}

const startBare = (env) => start(path("./bare.child.mjs"), [], env, (output) => /^http\S+$/m.exec(output)?.[0])

const startLocal = (command, env, ...options) =>
  start(
    command,
    ["local", "--port", "0", "--log-level", "none", ...options],
    env,
    (output) => /^export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE='?(http[^'\s]+)/m.exec(output)?.[1]
  )

const agent = new Agent({ keepAlive: true, maxSockets: 8 })

const post = (url, path, input) =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify(input)
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      authorization: signature
    }
    const request = httpRequest(url + path, { method: "POST", agent, headers }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (chunk) => text += chunk).on("end", () =>
        response.statusCode < 300
          ? resolve(JSON.parse(text))
          : reject(new Error(`${path}: ${response.statusCode} ${text}`)))
    })
    request.on("error", reject).end(body)
  })

/** CPU time of the server, in microseconds a call, with 8 calls at a time. */
const measureCalls = async (server, calls, call) => {
  const before = await server.cpu()
  let left = calls
  await Promise.all(Array.from({ length: Math.min(8, calls) }, async () => {
    while (left-- > 0) await call()
  }))
  return (await server.cpu() - before) / calls
}

const measureOperations = async (command, env, { calls, rounds, warmUp }) => {
  const [bare, local] = await Promise.all([startBare(env), startLocal(command, env)])
  try {
    const { url } = local
    await post(url, "/identities/CreateWorkloadIdentity", { name: "agent" })
    await post(url, "/identities/CreateApiKeyCredentialProvider", { name: "weather", apiKey: "k".repeat(40) })
    const getToken = () =>
      post(url, "/identities/GetWorkloadAccessTokenForUserId", { workloadName: "agent", userId: "github+alice" })
    const { workloadAccessToken } = await getToken()
    const key = { workloadIdentityToken: workloadAccessToken, resourceCredentialProviderName: "weather" }
    const kinds = {
      bare: [bare, () => post(bare.url, "/identities/api-key", key)],
      GetResourceApiKey: [local, () => post(url, "/identities/api-key", key)],
      GetWorkloadAccessTokenForUserId: [local, getToken]
    }
    const samples = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]))
    for (const [server, call] of Object.values(kinds)) await measureCalls(server, warmUp, call)
    for (let round = 0; round < rounds; round++) {
      for (const [name, [server, call]] of Object.entries(kinds)) {
        samples[name].push(await measureCalls(server, calls, call))
      }
    }
    return Object.fromEntries(
      Object.entries(samples).map(([name, cpu]) => [
        name,
        { cpu: summary(cpu), speedOfBare: ratio(samples.bare, cpu) }
      ])
    )
  } finally {
    await Promise.all([bare.stop(), local.stop()])
  }
}

/** From the start of the process to its environment on standard output, in milliseconds. */
const measureReady = async (command, env, processes) => {
  const kinds = { alone: [], withAuthorizationServer: ["--authorization-server", "--authorization-server-port", "0"] }
  const samples = { alone: [], withAuthorizationServer: [] }
  for (let round = 0; round < processes; round++) {
    for (const [kind, options] of Object.entries(kinds)) {
      const server = await startLocal(command, env, ...options)
      samples[kind].push(server.ready)
      await server.stop()
    }
  }
  return { alone: summary(samples.alone), withAuthorizationServer: summary(samples.withAuthorizationServer) }
}

/** Runs the child that measures with few and with many of something. */
const measureFewAndMany = async (env, ...args) => {
  const child = fork(path("./growth.child.mjs"), args.map(String), { env })
  const failed = once(child, "exit").then(() => Promise.reject(new Error(`growth.child.mjs ${args.join(" ")} ended`)))
  // The race reports the failure.
  failed.catch(() => {})
  const [[few, many]] = await Promise.race([once(child, "message"), failed])
  child.disconnect()
  return { few, many }
}

/** In memory and on disk, with ten grants and with many. */
const measureGrants = async (env, home, { calls, grants }) => {
  const measure = async (file) => {
    const measured = await measureFewAndMany(env, "grants", file, calls, 10, grants)
    const [few, many] = [measured.few, measured.many].map(({ operations, size }) => ({ grants: size, ...operations }))
    return { few, many, token: many.token / few.token }
  }
  return { memory: await measure(""), disk: await measure(join(home, "vault")) }
}

/** With few and with many workload identities, consent sessions and entries of a vault. */
const measureGrowth = async (env, home, { calls, entries, identities, sessions }) => {
  const growth = {}
  for (
    const [kind, ...sizes] of [["identities", 10, identities], ["sessions", 10, sessions], ["entries", 100, entries]]
  ) {
    const { few, many } = await measureFewAndMany(env, kind, join(home, kind), calls, ...sizes)
    for (const operation of Object.keys(few.operations)) {
      const [before, after] = [few.operations[operation], many.operations[operation]]
      growth[operation] = { sizes: [few.size, many.size], few: before, many: after, ratio: after / before }
    }
  }
  return growth
}

export const measureLocal = async (settings) => {
  const home = mkdtempSync(join(tmpdir(), "bench-local-"))
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    AGENTCORE_BENCH_MODULES: process.env.AGENTCORE_BENCH_MODULES,
    AWS_EC2_METADATA_DISABLED: "true"
  }
  try {
    const command = await buildCommand()
    return {
      operations: await measureOperations(command, env, settings),
      ready: await measureReady(command, env, settings.processes),
      grants: await measureGrants(env, home, settings),
      growth: await measureGrowth(env, home, settings)
    }
  } finally {
    agent.destroy()
    rmSync(home, { recursive: true, force: true })
  }
}
