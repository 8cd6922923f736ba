/** The commands of the job and of the services. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { parse } from "yaml"
import * as Project from "../../support/project.js"
import * as RecipePolicy from "../../support/recipePolicy.js"

const read = (name: string) => parse(readFileSync(fileURLToPath(new URL(name, import.meta.url)), "utf8"))

let project: Project.Project

beforeAll(async () => {
  project = await Project.makeRecipe("ci", ["effect", "@aws-sdk/client-sts"])
})

afterAll(() => project.remove())

describe("CI", () => {
  it("runs the commands of the job", async () => {
    const { jobs, on } = read("workflow.yml")
    assert.deepStrictEqual(on, ["push", "pull_request"])
    const steps = jobs.test.steps as ReadonlyArray<{ readonly uses?: string; readonly run?: string }>
    const [install, ...commands] = steps.flatMap(({ run }) => run === undefined ? [] : [run])
    // The project has its packages.
    assert.strictEqual(install, "npm ci")
    assert.lengthOf(commands, 1)
    writeFileSync(join(project.folder, "policy.json"), await RecipePolicy.print("ci"))
    for (const command of commands) assert.match(await Project.run(project, command), /pass 1\b/)
  })

  it("runs the commands of the services, when the server is healthy", async () => {
    const { identity, test } = read("compose.yml").services
    assert.deepStrictEqual(test.depends_on, { identity: { condition: "service_healthy" } })
    assert.strictEqual(test.network_mode, "service:identity")
    // Ports of a container are free. Those of this machine may not be.
    const server = Project.start(project, ["bash", "-c", `${identity.command} --port 0`])
    try {
      await server.printed(/\n\n/)
      assert.match(await Project.run(project, identity.healthcheck.test), /http/)
      assert.match(await Project.run(project, test.command), /pass 1\b/)
    } finally {
      await Project.run(project, "npx agentcore-identity stop")
      await server.ended
    }
    const unhealthy = await Project.run(project, identity.healthcheck.test).then(() => false, () => true)
    assert.isTrue(unhealthy)
  })

  it("runs the tests beside another emulator, which gets the requests for all other services", async () => {
    const { emulator, identity, test } = read("compose.emulators.yml").services
    assert.isString(emulator.image)
    const actions: Array<string> = []
    const other = await Project.serve((request, response) => {
      actions.push(`${request.method} ${request.headers.host}`)
      request.resume()
      response.writeHead(403).end()
    })
    const server = Project.start(project, ["bash", "-c", `${identity.command} --port 0`])
    try {
      await server.printed(/\n\n/)
      const [, port] = /AWS_ENDPOINT_URL_BEDROCK_AGENTCORE=http:\/\/[^:]+:(\d+)/.exec(server.output()) ?? []
      const env = Object.fromEntries(
        Object.entries<string>(test.environment).map(([name, value]) => [
          name,
          value.replace("http://emulator:4566", other.url).replace(":4020", `:${port}`)
        ])
      )
      assert.match(await Project.run(project, test.command, { env }), /pass 1\b/)
      assert.deepStrictEqual(actions, [])
      const program = `import { STS } from "@aws-sdk/client-sts"; await new STS().getCallerIdentity().catch(() => {})`
      await Project.run(project, `node --input-type=module --eval '${program}'`, { env })
      assert.deepStrictEqual(actions, [`POST ${new URL(other.url).host}`])
    } finally {
      await Project.run(project, "npx agentcore-identity stop")
      await server.ended
      await other.close()
    }
  })
})
