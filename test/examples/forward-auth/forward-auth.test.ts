/** The files of the recipe, and its program behind both proxies. */
import { start } from "effect-agentcore-identity/promise/LocalIdentity"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { parse } from "yaml"
import * as Project from "../../support/project.js"
import { Configuration } from "../../support/proxies.js"
import * as Proxies from "../../support/proxies.js"
import * as RecipePolicy from "../../support/recipePolicy.js"
import * as Tools from "../../support/tools.js"
import { Calendar, forwardAuth, Weather } from "./credentials.js"

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const read = (name: string) => readFileSync(path(name), "utf8")

const options = { listen: "0.0.0.0:8080", forwardAuth: "http://app:4030/forward-auth", credentials: forwardAuth }

describe("the files", () => {
  it.each([["Caddyfile", Configuration.caddy], ["nginx.conf", Configuration.nginx]] as const)(
    "%s is what the command writes",
    (name, write) => {
      if (process.env["UPDATE_FORWARD_AUTH"] === "1") writeFileSync(path(name), write(options))
      assert.strictEqual(read(name), write(options))
    }
  )

  it("remove the agent's headers in each form that an origin may read", () => {
    for (const form of ["X-Api-Key", "X_Api-Key", "X-Api_Key", "X_Api_Key"]) {
      assert.include(read("Caddyfile"), `request_header -${form}\n`)
    }
    assert.include(read("nginx.conf"), "underscores_in_headers off;")
  })

  Tools.testWith("Caddy")("are valid for Caddy", () =>
    Effect.gen(function*() {
      const args = ["validate", "--adapter", "caddyfile", "--config", path("Caddyfile")]
      execFileSync(yield* Tools.pathOf("Caddy"), args, { stdio: "pipe" })
    }))

  it("connect the agent with the proxy only", () => {
    const { networks, services } = parse(read("compose.yml"))
    assert.deepStrictEqual(services.agent.networks, ["sandbox"])
    assert.deepStrictEqual(networks.sandbox, { internal: true })
    const others = Object.entries<{ readonly networks: ReadonlyArray<string>; readonly ports?: unknown }>(services)
      .filter(([name, service]) => name !== "agent" && service.networks.includes("sandbox"))
    assert.deepStrictEqual(others.map(([name]) => name), ["proxy"])
    assert.isUndefined(services.proxy.ports)
    // The project has the configurations, and no secret: the agent gets one file, and the session.
    assert.deepStrictEqual(services.app.environment, { HOST: "0.0.0.0" })
    assert.deepStrictEqual(services.agent.volumes, ["./agent.mjs:/agent.mjs:ro", "session:/session:ro"])
    assert.isUndefined(services.agent.env_file)
  })
})

let project: Project.Project

// Builds the package.
beforeAll(async () => {
  project = await Project.makeRecipe("forward-auth", ["effect"])
}, 180_000)

afterAll(() => project.remove())

/** The policy of the page. */
const printPolicy = async () => {
  const command = `${RecipePolicy.commandOf("forward-auth")} && cat policy.json`
  return JSON.parse(
    await Project.run(project, command.replace(" > ", " 2>/dev/null --account 123456789012 > "), {
      env: { AWS_REGION: "us-west-2" }
    })
  )
}

/** The program and its proxy. `agent` runs the agent, and returns what it prints. */
const world = (name: Proxies.Name) =>
  Effect.gen(function*() {
    const calendar = yield* Proxies.origin(({ headers, path }, response) =>
      response.end(`${path} for ${JSON.stringify(Object.keys(headers).sort())}`)
    )
    const [port, forwardAuthPort] = yield* Effect.promise(() => Promise.all([Project.freePort(), Project.freePort()]))
    const origin = `http://127.0.0.1:${port}`
    const local = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        process.env["RETURN_URL"] = `${origin}/connect/return`
        return start({ setup: path("setup.jsonc"), policy: await printPolicy(), authorizationServer: true })
      }),
      (local) =>
        Effect.promise(() => {
          delete process.env["RETURN_URL"]
          return local.stop()
        })
    )
    const env = {
      ...local.environment,
      ORIGIN: origin,
      PORT: String(port),
      FORWARD_AUTH_PORT: String(forwardAuthPort),
      CALENDAR_ORIGIN: calendar.url
    }
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => Project.start(project, ["node", "server.ts"], { env })),
      (server) =>
        Effect.promise(() => {
          server.kill("SIGKILL")
          return server.ended
        })
    )
    yield* Effect.promise(() => server.printed(/The session of alice ends at/))
    const proxy = yield* Proxies.make(name, {
      forwardAuth: `http://127.0.0.1:${forwardAuthPort}/forward-auth`,
      credentials: [
        { credential: Calendar, origins: [calendar.url] },
        { credential: Weather, origins: ["https://localhost:1"], header: "X-Api-Key" }
      ]
    })
    const agent = Effect.promise(() =>
      Project.run(project, "node agent.mjs", {
        env: {
          CALENDAR: `${proxy.url}${Configuration.pathOf(calendar.url)}`,
          SESSION_FILE: join(project.folder, "session", "token")
        }
      })
    )
    return { agent, calendar, local, origin }
  })

for (const name of Proxies.names) {
  describe(`the program behind ${name}`, () => {
    Tools.testWith(name)("shows the agent a link, and then gets it the events", () =>
      Effect.gen(function*() {
        const { agent, calendar, local, origin } = yield* world(name)
        const asked = yield* agent
        assert.match(asked, /^401 \{/)
        const { link } = JSON.parse(asked.slice(4))
        assert.strictEqual(link, `${origin}/connect/calendar`)
        yield* Effect.promise(() => local.user("alice").approves(link))
        assert.match(yield* agent, /^200 \/calendar\/v3\/calendars\/primary\/events for .*"authorization"/)
        assert.match(calendar.seen[0]?.headers.authorization ?? "", /^Bearer ey/)
      }))
  })
}
