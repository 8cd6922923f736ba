/** The Lambda function, bundled as its README says. */
import { start } from "effect-agentcore-identity/promise/LocalIdentity"
import { decodeJwt } from "jose"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as Project from "../../support/project.js"
import type { Event } from "./handler.js"

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const readme = readFileSync(path("README.md"), "utf8")
const commandOf = (name: string) =>
  new RegExp(`<!-- ${name} -->\n\`\`\`sh\n([^]*?)^\`\`\``, "m").exec(readme)?.[1] ?? assert.fail(`no command '${name}'`)

let project: Project.Project

beforeAll(async () => {
  project = await Project.makeRecipe("lambda", ["effect", "esbuild", ".bin/esbuild"])
  await Project.run(project, commandOf("bundle").replace("\n", " --metafile=meta.json\n"))
})

afterAll(() => project.remove())

describe("the Lambda function", () => {
  it("is small, and has no AWS SDK", () => {
    assert.isBelow(statSync(join(project.folder, "handler.mjs")).size, 350_000)
    const { outputs } = JSON.parse(readFileSync(join(project.folder, "meta.json"), "utf8"))
    const inputs = Object.entries<{ readonly bytesInOutput: number }>(outputs["handler.mjs"].inputs)
    assert.deepStrictEqual(
      inputs.filter(([input, { bytesInOutput }]) =>
        bytesInOutput > 0 && /@aws-sdk\/(client-|credential-provider-node)/.test(input)
      ),
      []
    )
  })

  it("runs on a laptop", async () => {
    assert.match(await Project.run(project, commandOf("run")), /^403 \{"authorizationUrl":"http/m)
  })

  it("acts for the user of each event, after their consent", async () => {
    const local = await start({
      setup: path("../setup.jsonc"),
      policy: path("../policy.json"),
      authorizationServer: true
    })
    const api = await Project.serve(({ headers, url }, response) => {
      const { sub } = decodeJwt(headers.authorization?.replace("Bearer ", "") ?? "")
      response.end(JSON.stringify([url?.split("/").at(-1), `for ${sub}`]))
    })
    const sessions = await Project.serve((_, response) => void response.end("Back"))
    const variables: Record<string, string> = {
      ...local.environment,
      REPORTS_API: api.url,
      CONSENT_KEY: "a key of this test",
      RETURN_URL: `${sessions.url}/consent`
    }
    await local.control.seed({
      workloadIdentities: [{ name: "my-agent", allowedResourceOauth2ReturnUrls: [`${sessions.url}/consent`] }]
    })
    const before = { ...process.env }
    Object.assign(process.env, variables)
    try {
      const { handler } = await import(
        pathToFileURL(join(project.folder, "handler.mjs")).href
      ) as typeof import("./handler.js")
      const call = async (sub: string | undefined, more: Partial<Event> = {}) => {
        const { body, statusCode } = await handler({
          routeKey: "GET /reports/{topic}",
          pathParameters: { topic: "Sales" },
          requestContext: sub === undefined ? {} : { authorizer: { jwt: { claims: { sub } } } },
          ...more
        })
        return { statusCode, ...JSON.parse(body) }
      }
      assert.strictEqual((await call(undefined)).statusCode, 401)
      const post = (user: string, body: string) => call(user, { routeKey: "POST /consent", body })
      const complete = async (userName: string, completedBy: string) => {
        const { authorizationUrl, statusCode, ticket } = await call(userName)
        assert.strictEqual(statusCode, 403)
        const { url } = await local.user(userName).approves(new URL(authorizationUrl))
        return post(completedBy, `${new URL(url).search.slice(1)}&ticket=${ticket}`)
      }
      assert.strictEqual((await complete("alice", "alice")).statusCode, 204)
      assert.strictEqual((await complete("bob", "bob")).statusCode, 204)
      // A forwarded link: the session of Carol does not complete for Alice.
      assert.strictEqual((await complete("carol", "alice")).statusCode, 403)
      // Mallory knows his session and its ticket, and not the state, which came back in Dave's browser.
      const { authorizationUrl, ticket } = await call("mallory")
      await local.user("dave").approves(new URL(authorizationUrl))
      const session = new URL(authorizationUrl).searchParams.get("request_uri")
      for (const more of [{}, { ticket }, { ticket, state: "guess" }]) {
        const body = String(new URLSearchParams({ session_id: String(session), ...more }))
        assert.strictEqual((await post("mallory", body)).statusCode, 403)
      }
      assert.deepStrictEqual(
        await Promise.all(["carol", "mallory"].map(async (user) => (await call(user)).statusCode)),
        [403, 403]
      )
      const users = Array.from({ length: 10 }, (_, index) => index % 2 === 0 ? "alice" : "bob")
      assert.deepStrictEqual(
        await Promise.all(users.map((user) => call(user))),
        users.map((user) => ({ statusCode: 200, 0: "Sales", 1: `for ${user}` }))
      )
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name]
      Object.assign(process.env, before)
      await Promise.all([api.close(), sessions.close(), local.stop()])
    }
  })
})
