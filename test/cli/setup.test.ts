import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Program from "./program.js"

beforeAll(Program.build, 60_000)

const sentinel = "sentinel-71b9e3d0c4"

const setup = `{
  // One agent, its key, and its client at GitHub.
  "tags": { "team": "agents" },
  "workloadIdentities": [
    { "name": "my-agent", "allowedResourceOauth2ReturnUrls": ["http://127.0.0.1:8765/consent"] },
  ],
  "oauth2CredentialProviders": [{
    "name": "github",
    "credentialProviderVendor": "GithubOauth2",
    "oauth2ProviderConfigInput": {
      "githubOauth2ProviderConfig": { "clientId": "my-agent", "clientSecret": { "$env": "GITHUB_CLIENT_SECRET" } }
    }
  }],
  "apiKeyCredentialProviders": [{ "name": "weather", "apiKey": "${sentinel}" }]
}`

const fileOf = (text: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "agentcore-setup-"))
      const file = join(folder, "setup.jsonc")
      writeFileSync(file, text)
      return { file, folder }
    }),
    ({ folder }) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

const server = Layer.provide(LocalServer.layer(), OAuthClient.layerScripted())

const lines = ({ stdout }: Program.Output) =>
  stdout.trim().split("\n").map((line) => line.trim().replace(/ {2,}/g, "  "))

describe("agentcore-identity setup", () => {
  it.scopedLive(
    "plans and applies; then the plan lists only members that are not comparable",
    () =>
      Effect.gen(function*() {
        const { environment } = yield* LocalServer.LocalServer
        const { file } = yield* fileOf(setup)
        const run = (...args: ReadonlyArray<string>) =>
          Effect.tap(Program.run(["setup", ...args], { ...environment, GITHUB_CLIENT_SECRET: sentinel }), (output) => {
            assert.strictEqual(output.stderr, "")
            assert.strictEqual(output.code, 0)
            assert.notInclude(output.stdout, sentinel)
          })

        assert.deepStrictEqual(lines(yield* run("plan", file)), [
          "+  workloadIdentities  my-agent  create",
          "+  oauth2CredentialProviders  github  create",
          "+  apiKeyCredentialProviders  weather  create",
          "",
          "3 to create, 0 to update, 0 unchanged"
        ])
        assert.deepStrictEqual(lines(yield* run("apply", file)), [
          "+  workloadIdentities  my-agent  create",
          "+  oauth2CredentialProviders  github  create",
          "+  apiKeyCredentialProviders  weather  create"
        ])
        assert.deepStrictEqual(lines(yield* run("plan", file)).slice(0, 3), [
          "workloadIdentities  my-agent  unchanged",
          "oauth2CredentialProviders  github  unchanged  (not comparable: clientSecret)",
          "apiKeyCredentialProviders  weather  unchanged  (not comparable: apiKeySecret)"
        ])
        assert.deepStrictEqual(lines(yield* run("apply", "--rotate-secrets", file)).slice(1), [
          "~  oauth2CredentialProviders  github  update  clientSecret",
          "~  apiKeyCredentialProviders  weather  update  apiKeySecret"
        ])
      }).pipe(Effect.provide(server)),
    60_000
  )

  it.scopedLive("reports the place of an error in the file, without values", () =>
    Effect.gen(function*() {
      const { file } = yield* fileOf(`{ "workloadIdentities": [{ "name": "x" }], "${sentinel}": 1 }`)
      const output = yield* Program.run(["setup", "plan", file])
      assert.strictEqual(output.code, 1)
      assert.include(output.stderr, `${file}:1:`)
      assert.include(output.stderr, "workloadIdentities[0].name: must have length greater than or equal to 3")
    }))
})
