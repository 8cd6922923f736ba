/** A reader that has exited, as after `| head -1`, ends the command, which prints nothing. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Program from "../support/cli.js"
import * as Project from "../support/project.js"
import * as Server from "../support/server.js"

let project: Project.Project

beforeAll(async () => {
  await Program.build()
  project = await Project.makeProject(["effect"])
}, 60_000)

afterAll(() => project.remove())

const write = (name: string, text: string): string => {
  const file = join(project.folder, name)
  writeFileSync(file, text)
  return file
}

/** Runs the command with a pipe that nothing reads. */
const closed = (stream: "stdout" | "stderr", args: ReadonlyArray<string>, env: Program.Environment = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const { child, ended } = yield* Program.launch(args, env)
    child[stream]?.destroy()
    return yield* Effect.promise(() => ended)
  }))

const assertQuiet = (args: ReadonlyArray<string>, { code, signal, stderr }: Program.Output, expected = 0) => {
  const text = `${args.join(" ")}: ${stderr}`
  assert.deepStrictEqual({ code, signal }, { code: expected, signal: null }, text)
  assert.notMatch(text, /EPIPE|^\s+at |throw/m)
}

describe("a closed pipe", () => {
  it.live("ends help, versions and completions", () =>
    Effect.forEach(
      [
        ["--help"],
        ["policy", "--help"],
        ["help", "local"],
        ["--version"],
        ...["bash", "zsh", "fish"].map((shell) => ["--completions", shell])
      ],
      (args) => Effect.map(closed("stdout", args), (output) => assertQuiet(args, output)),
      { concurrency: 2 }
    ))

  it.live("ends every command", () =>
    Effect.gen(function*() {
      const client = {
        clientId: { $env: "AGENTCORE_LOCAL_OAUTH_CLIENT_ID" },
        clientSecret: { $env: "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET" },
        oauthDiscovery: { discoveryUrl: { $env: "AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL" } }
      }
      const setup = write(
        "setup.json",
        JSON.stringify({
          workloadIdentities: [{ name: "my-agent" }],
          apiKeyCredentialProviders: [{ name: "weather", apiKey: "key" }],
          oauth2CredentialProviders: [{
            name: "reports",
            credentialProviderVendor: "CustomOauth2",
            oauth2ProviderConfigInput: { customOauth2ProviderConfig: client }
          }]
        })
      )
      const more = write(
        "more.json",
        JSON.stringify({ workloadIdentities: Array.from({ length: 9 }, (_, index) => ({ name: `agent-${index}` })) })
      )
      const module = write(
        "credentials.mjs",
        `import * as ApiKey from "effect-agentcore-identity/ApiKey"
export class Weather extends ApiKey.Tag()("app/Weather", { provider: "weather" }) {}
export const forwardAuth = [{ credential: Weather, origins: ["https://api.example.com"], header: "x-api-key" }]
`
      )
      const { variables } = yield* Program.local(["--authorization-server", "--config", setup])
      const port = yield* Server.freePort
      const commands = [
        ["env"],
        ["status"],
        ["status", "--json"],
        ["console"],
        ["local", "requests"],
        ["local", "events"],
        ["local", "grants", "--json"],
        ["setup", "plan", "--json", setup],
        ["setup", "apply", "--yes", more],
        ["token", "reports", "--flow", "M2M", "--scope", "reports:read", "--workload", "my-agent", "--format", "raw"],
        ["api-key", "weather", "--workload", "my-agent"],
        ["doctor", "--api-key", "weather", "--workload", "my-agent"],
        ["doctor", module, "--json"],
        ["policy", module, "--workload", "my-agent"],
        ["authorize", module, "--user", "alice", "--workload", "my-agent", "--no-browser", "--port", String(port)],
        ["demo", "--auto-consent"]
      ]
      yield* Effect.forEach(
        commands,
        (args) => Effect.map(closed("stdout", args, variables), (output) => assertQuiet(args, output)),
        { concurrency: 2 }
      )
    }), 60_000)

  it.live("keeps the exit code of a command that failed", () =>
    Effect.gen(function*() {
      const args = ["setup", "plan", "none.json"]
      assertQuiet(args, yield* closed("stderr", args), 1)
    }))

  it.live("stops a server without readers of its log", () =>
    Effect.gen(function*() {
      const args = ["local", "--port", "0"]
      assertQuiet(args, yield* closed("stderr", args))
    }))
})
