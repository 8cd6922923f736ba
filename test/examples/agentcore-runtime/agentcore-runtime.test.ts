/** The container of AgentCore Runtime: the commands of its `Dockerfile`, with both agents. */
import { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
import { BedrockAgentCoreControl } from "@aws-sdk/client-bedrock-agentcore-control"
import { start } from "effect-agentcore-identity/promise/LocalIdentity"
import type * as LocalIdentity from "effect-agentcore-identity/promise/LocalIdentity"
import { decodeJwt } from "jose"
import { copyFileSync, mkdtempSync, readFileSync, symlinkSync } from "node:fs"
import { networkInterfaces } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import packageJson from "../../../package.json" with { type: "json" }
import * as Project from "../../support/project.js"
import * as RecipePolicy from "../../support/recipePolicy.js"
import recipe from "./package.json" with { type: "json" }

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const instructions = readFileSync(path("Dockerfile"), "utf8").split("\n").flatMap((line) => {
  const [, name = "", value = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? []
  return name === "" ? [] : [[name, value] as const]
})
const valuesOf = (name: string) =>
  instructions.flatMap((instruction) => instruction[0] === name ? [instruction[1]] : [])

let local: LocalIdentity.LocalIdentityWithUsers
let identity: BedrockAgentCore
let project: Project.Project
let application: string
let pages: ReturnType<typeof Project.start>

/** The API of the reports. The response to a held topic waits. */
const held = new Map<string, { readonly requested: () => void; readonly released: Promise<void> }>()
const hold = (topic: string) => {
  let release = () => {}
  const released = new Promise<void>((resolve) => release = resolve)
  const requested = new Promise<void>((resolve) => held.set(topic, { requested: resolve, released }))
  return { requested, release: () => release() }
}
let api: Awaited<ReturnType<typeof Project.serve>>

beforeAll(async () => {
  // The local server has one policy for the roles of both processes.
  const [policy, ofPages] = await Promise.all([
    RecipePolicy.print("agentcore-runtime"),
    RecipePolicy.print("agentcore-runtime", "userId")
  ]).then((printed) => printed.map((text) => JSON.parse(text)))
  policy.Statement.push(
    ...ofPages.Statement.map((statement: { readonly Sid: string }) => ({
      ...statement,
      Sid: `${statement.Sid}OfPages`
    }))
  )
  local = await start({ setup: path("../setup.jsonc"), policy, authorizationServer: true })
  identity = new BedrockAgentCore({
    endpoint: local.url,
    region: "us-west-2",
    credentials: { accessKeyId: "local", secretAccessKey: "local" }
  })
  project = await Project.makeRecipe("agentcore-runtime", ["@effect/platform-node", "effect", "jose"])
  application = `http://127.0.0.1:${await Project.freePort()}`
  const control = new BedrockAgentCoreControl({
    endpoint: local.url,
    region: "us-west-2",
    credentials: { accessKeyId: "local", secretAccessKey: "local" }
  })
  await control.updateWorkloadIdentity({
    name: "my-agent",
    allowedResourceOauth2ReturnUrls: [`${application}/connect/return`]
  })
  pages = Project.start(project, ["node", "pages.mjs"], { env: { ...local.environment, APPLICATION: application } })
  await pages.printed(/Listening on/)
  api = await Project.serve(async ({ headers, url = "" }, response) => {
    const topic = url.replace("/reports/", "")
    held.get(topic)?.requested()
    await held.get(topic)?.released
    const { sub } = decodeJwt(headers.authorization?.replace("Bearer ", "") ?? "")
    response.setHeader("content-type", "application/json").end(JSON.stringify([topic, `for ${sub}`]))
  })
})

afterAll(async () => {
  pages.kill("SIGKILL")
  await api.close()
  await local.stop()
  project.remove()
})

/** Builds the image in a folder, and starts its command there. */
const startContainer = async (program: string, reportsApi = api.url) => {
  const image = mkdtempSync(join(project.folder, "image-"))
  for (const copy of valuesOf("COPY")) {
    for (const file of copy.split(" ").slice(0, -1)) copyFileSync(path(file), join(image, file))
  }
  // `npm install` in the image.
  symlinkSync(join(project.folder, "node_modules"), join(image, "node_modules"))
  const port = await Project.freePort()
  const [command = "[]"] = valuesOf("CMD")
  const [executable] = JSON.parse(command) as ReadonlyArray<string>
  const variables = { ...local.environment, APPLICATION: application, REPORTS_API: reportsApi, PORT: String(port) }
  const container = Project.start(project, [executable ?? "", program], { cwd: image, env: variables })
  // A container is reached from outside.
  const address = Object.values(networkInterfaces()).flat()
    .find((one) => one?.family === "IPv4" && !one.internal)?.address ?? "127.0.0.1"
  const url = `http://${address}:${port}`
  await container.printed(/Listening on/)
  return { ...container, url, variables }
}

/** A user with a browser, who is signed in at the application. */
const consentAt = async (link: string, name: string) => {
  const user = local.user(name)
  await user.opens(`${application}/sign-in/${name}`)
  return (await user.approves(link)).text
}

/** Reads the events of a response. */
async function* eventsOf(response: Response) {
  let text = ""
  const decoder = new TextDecoder()
  const reader = response.body?.getReader() ?? assert.fail("no body")
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    text += decoder.decode(chunk.value, { stream: true })
    const parts = text.split("\n\n")
    text = parts.pop() ?? ""
    for (const part of parts) yield JSON.parse(part.replace("data: ", "")) as Readonly<Record<string, string>>
  }
}

const textsOf = async (response: Response) => {
  const texts: Array<string | undefined> = []
  for await (const { text } of eventsOf(response)) texts.push(text)
  return texts
}

describe("the Dockerfile", () => {
  it("is for AgentCore Runtime: arm64, port 8080, without privileges", () => {
    assert.deepStrictEqual(valuesOf("FROM"), ["--platform=linux/arm64 node:24-slim"])
    assert.deepStrictEqual(valuesOf("EXPOSE"), ["8080"])
    assert.deepStrictEqual(valuesOf("USER"), ["node"])
    assert.deepStrictEqual(valuesOf("CMD"), [`["node", "effect.ts"]`])
  })

  it("installs the versions that this repository tests", () => {
    assert.deepStrictEqual(valuesOf("RUN"), ["npm install"])
    const { peerDependencies, version } = packageJson
    assert.deepStrictEqual(recipe.dependencies, {
      "@effect/platform-node": peerDependencies["@effect/platform-node"],
      effect: peerDependencies.effect,
      "effect-agentcore-identity": `^${version}`
    })
  })
})

describe.each(["effect.ts", "promise.mjs"])("the agent in %s", (program) => {
  let agent: Awaited<ReturnType<typeof startContainer>>

  beforeAll(async () => {
    agent = await startContainer(program)
  })

  afterAll(() => agent.kill("SIGKILL"))

  const invoke = async (userId: string | undefined, body: object) => {
    const headers: Record<string, string> = {}
    if (userId !== undefined) {
      const token = await identity.getWorkloadAccessTokenForUserId({ workloadName: "my-agent", userId })
      headers["WorkloadAccessToken"] = token.workloadAccessToken ?? ""
    }
    return fetch(`${agent.url}/invocations`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ userId: userId ?? "nobody", ...body })
    })
  }

  /** Asks for a report, and consents in a browser when the stream has the link. */
  const consent = async (user: string) => {
    const response = await invoke(user, { topic: "Sales" })
    assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
    const texts: Array<string | undefined> = []
    for await (const { link = "", text, type } of eventsOf(response)) {
      if (type === "consent") assert.include(await consentAt(link, user), "Consent given")
      texts.push(text)
    }
    return texts
  }

  const ping = async () => (await fetch(`${agent.url}/ping`)).json()

  it("streams to each user what their own token reads, after their consent", async () => {
    const [alice, bob] = [`alice-${program}`, `bob-${program}`]
    const nobody = await invoke(undefined, { topic: "Sales" })
    assert.strictEqual(nobody.status, 401)
    assert.include(await nobody.text(), "X-Amzn-Bedrock-AgentCore-Runtime-User-Id")
    assert.strictEqual((await invoke(alice, { topic: 1 })).status, 400)

    assert.deepStrictEqual(await Promise.all([consent(alice), consent(bob)]), [
      [undefined, "Sales", `for ${alice}`],
      [undefined, "Sales", `for ${bob}`]
    ])
    const users = Array.from({ length: 20 }, (_, index) => index % 2 === 0 ? alice : bob)
    const reports = await Promise.all(users.map(async (user) => textsOf(await invoke(user, { topic: "Sales" }))))
    assert.deepStrictEqual(reports, users.map((user) => ["Sales", `for ${user}`]))
  })

  it("is busy while work runs, and stops when its work has ended", async () => {
    const alice = `alice-${program}`
    const idle = await ping()
    assert.strictEqual(idle.status, "Healthy")
    assert.closeTo(idle.time_of_last_update, Date.now() / 1000, 60)

    const [work, stream] = [hold(`Work-${program}`), hold(`Stream-${program}`)]
    const accepted = await invoke(alice, { topic: `Work-${program}`, later: true })
    assert.strictEqual(accepted.status, 202)
    const busy = await ping()
    assert.strictEqual(busy.status, "HealthyBusy")
    assert.isAtLeast(busy.time_of_last_update, idle.time_of_last_update)
    assert.deepStrictEqual(await ping(), busy)

    const response = invoke(alice, { topic: `Stream-${program}` })
    await Promise.all([work.requested, stream.requested])
    agent.kill("SIGTERM")
    stream.release()
    assert.deepStrictEqual(await textsOf(await response), [`Stream-${program}`, `for ${alice}`])
    work.release()
    await agent.ended
    assert.match(agent.output(), new RegExp(`Archived Work-${program}: Work-${program}, for ${alice}`))
  })
})

it("the programs of the README: the API, and the client", async () => {
  const port = await Project.freePort()
  const env = { ...local.environment, API_PORT: String(port) }
  const reports = Project.start(project, ["node", "reports-api.mjs"], { env })
  await reports.printed(/Listening on/)
  const agent = await startContainer("promise.mjs", `http://127.0.0.1:${port}`)
  // AgentCore Runtime gets the workload access token, and not the agent.
  const runtime = { ...agent.variables, AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" }
  const client = Project.start(project, ["node", "invoke.mjs", "dave", `{"topic":"Sales"}`], { env: runtime })
  try {
    await client.printed(/"type":"consent"/)
    const [, link = ""] = /"link":"([^"]+)"/.exec(client.output()) ?? []
    assert.include(await consentAt(link, "dave"), "Consent given")
    assert.strictEqual(await client.ended, 0)
    assert.include(client.output(), `data: {"type":"text","text":"for dave"}`)
  } finally {
    for (const program of [client, agent, reports]) program.kill("SIGKILL")
  }
})
