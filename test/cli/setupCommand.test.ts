import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Program from "../support/cli.js"
import { scriptedServer } from "../support/localBackend.js"
import * as Server from "../support/server.js"

beforeAll(Program.build)

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
  Effect.map(Program.temporary, (folder) => {
    const file = join(folder, "setup.jsonc")
    writeFileSync(file, text)
    return { file, folder }
  })

/** The URL of a server that responds to every request with the same body. */
const respondWith = (text: string, status = 200) =>
  Server.serve((request, response) => {
    request.resume()
    response.writeHead(status, { "content-type": "text/xml" }).end(text)
  })

const server = scriptedServer()

const lines = ({ stdout }: Program.Output) =>
  stdout.trim().split("\n").map((line) => line.trim().replace(/ {2,}/g, "  "))

/** The lines of resources have their kinds, names and actions in columns. */
const assertAligned = ({ stdout }: Program.Output) => {
  const rows = [...stdout.matchAll(/^[+~ ] {2}(\w+ +)([\w-]+ +)(?:create|update|unchanged)\b/gm)]
  assert.lengthOf(rows, 3, stdout)
  const widths = rows.map(([, kind, name]) => `${kind?.length} ${name?.length}`)
  assert.deepStrictEqual(widths, [widths[0], widths[0], widths[0]])
}

/** The lines after the target, which comes first. */
const changes = (output: Program.Output) => lines(output).slice(2)

describe("agentcore-identity setup", () => {
  it.live("writes a plan that is larger than the buffer of a pipe before it exits with code 2", () =>
    Effect.gen(function*() {
      const { environment } = yield* LocalIdentity.LocalServer
      const urls = Array.from({ length: 50 }, (_, index) => `https://agent.example/${"path/".repeat(100)}${index}`)
      const workloadIdentities = Array.from({ length: 20 }, (_, index) => ({
        name: `agent-${index}`,
        allowedResourceOauth2ReturnUrls: urls
      }))
      const { file } = yield* fileOf(JSON.stringify({ workloadIdentities }))
      const command = `'${process.execPath}' '${Program.file}' setup plan --json '${file}'`
      // The shell reads in small pieces, so the pipe is full when the command ends.
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)("bash", ["-c", `plan=$(${command}); echo "$? ${"$"}{#plan}"`], {
          env: { PATH: process.env["PATH"], ...environment }
        })
      )
      const [code, length] = stdout.trim().split(" ").map(Number)
      assert.strictEqual(code, 2)
      const { stdout: whole } = yield* Program.run(["setup", "plan", "--json", file], environment)
      assert.isAbove(whole.length, 65_536)
      assert.strictEqual(length, whole.trimEnd().length)
    }).pipe(Effect.scoped, Effect.provide(server)))

  it.live("plans and applies; then the plan lists only properties that cannot be compared", () =>
    Effect.gen(function*() {
      const { environment, url } = yield* LocalIdentity.LocalServer
      const { file } = yield* fileOf(setup)
      const run = (code: number, ...args: ReadonlyArray<string>) =>
        Effect.tap(
          Program.run(["setup", ...args], { ...environment, GITHUB_CLIENT_SECRET: sentinel }),
          (output) =>
            Effect.sync(() => {
              assert.strictEqual(output.stderr, "")
              assert.strictEqual(output.code, code)
              assert.notInclude(output.stdout, sentinel)
              assert.notInclude(output.stdout, "\u001b")
              if (!args.includes("--json")) {
                assertAligned(output)
              }
            })
        )

      const planned = yield* run(2, "plan", file)
      assert.strictEqual(lines(planned)[0], `Target: the local server at ${url}, region us-west-2, no AWS account`)
      assert.deepStrictEqual(changes(planned), [
        "+  workloadIdentities  my-agent  create",
        "allowedResourceOauth2ReturnUrls: [\"http://127.0.0.1:8765/consent\"]",
        "tags.team: \"agents\"",
        "+  oauth2CredentialProviders  github  create",
        "credentialProviderVendor: \"GithubOauth2\"",
        "clientId: \"my-agent\"",
        "tags.team: \"agents\"",
        "+  apiKeyCredentialProviders  weather  create",
        "tags.team: \"agents\"",
        "",
        "3 to create, 0 to update, 0 unchanged"
      ])
      const applied = yield* run(0, "apply", file)
      assert.strictEqual(lines(applied)[0], `Target: the local server at ${url}, region us-west-2, no AWS account`)
      assert.deepStrictEqual(changes(applied), [
        "+  workloadIdentities  my-agent  create",
        "+  oauth2CredentialProviders  github  create",
        "+  apiKeyCredentialProviders  weather  create"
      ])
      assert.deepStrictEqual(changes(yield* run(0, "plan", file)), [
        "workloadIdentities  my-agent  unchanged",
        "oauth2CredentialProviders  github  unchanged",
        "clientSecret: cannot be compared",
        "apiKeyCredentialProviders  weather  unchanged",
        "apiKeySecret: cannot be compared",
        "",
        "0 to create, 0 to update, 3 unchanged"
      ])
      assert.deepStrictEqual(changes(yield* run(0, "apply", "--rotate-secrets", file)).slice(1), [
        "~  oauth2CredentialProviders  github  update  clientSecret",
        "~  apiKeyCredentialProviders  weather  update  apiKeySecret"
      ])

      writeFileSync(
        file,
        setup.replace("\"clientId\": \"my-agent\"", "\"clientId\": \"other\"").replace("\"agents\"", "\"b\"")
      )
      assert.deepInclude(changes(yield* run(2, "plan", file)), "clientId: \"my-agent\" -> \"other\"")
      const json = JSON.parse((yield* run(2, "plan", "--json", file)).stdout)
      assert.deepStrictEqual(json.target, { endpoint: url, region: "us-west-2", local: true })
      assert.isTrue(json.pending)
      assert.deepStrictEqual(json.changes[1], {
        kind: "oauth2CredentialProviders",
        name: "github",
        action: "update",
        changes: ["clientId", "tags.team"],
        notComparable: ["clientSecret"],
        values: [
          { member: "clientId", before: "my-agent", after: "other" },
          { member: "tags.team", before: "agents", after: "b" }
        ]
      })
    }).pipe(Effect.provide(server)))

  // `script` gives the command a terminal, and its own input as what the user types.
  it.live.skipIf(process.platform !== "linux")(
    "prompts on a terminal before it applies, unless --yes is given",
    () =>
      Effect.gen(function*() {
        const { environment } = yield* LocalIdentity.LocalServer
        const { file } = yield* fileOf(`{ "workloadIdentities": [{ "name": "my-agent" }] }`)
        const plan = Effect.map(Program.run(["setup", "plan", file], environment), ({ code }) => code)
        const apply = (input: string, ...args: ReadonlyArray<string>) =>
          Program.onTerminal(["setup", "apply", ...args, file], environment, input)

        const declined = yield* apply("n\n")
        assert.strictEqual(declined.code, 1)
        assert.include(declined.stdout, "+  workloadIdentities  my-agent  create")
        assert.include(declined.stdout, "Apply these changes? [y/N]")
        assert.include(declined.stdout, "Nothing was changed.")
        assert.strictEqual(yield* plan, 2)

        const agreed = yield* apply("y\n")
        assert.strictEqual(agreed.code, 0)
        assert.strictEqual(yield* plan, 0)
        assert.notInclude((yield* apply("", "--yes")).stdout, "[y/N]")
      }).pipe(Effect.provide(server))
  )

  it.live("prints endpoint, region, account and caller at AWS; account and caller can be unknown", () =>
    Effect.gen(function*() {
      const { file } = yield* fileOf(`{ "workloadIdentities": [{ "name": "my-agent" }] }`)
      const sts = yield* respondWith(`<GetCallerIdentityResponse><GetCallerIdentityResult>
        <Arn>arn:aws:sts::111122223333:assumed-role/Admin/alice</Arn><UserId>AROA:alice</UserId><Account>111122223333</Account>
        </GetCallerIdentityResult></GetCallerIdentityResponse>`)
      const variables = {
        AWS_ACCESS_KEY_ID: "key",
        AWS_SECRET_ACCESS_KEY: sentinel,
        // Names under `.invalid` never resolve.
        BEDROCK_AGENTCORE_CP_ENDPOINT: "https://control.invalid/",
        AWS_MAX_ATTEMPTS: "1"
      }
      const run = (variables: Program.Environment) =>
        Effect.map(Program.run(["setup", "plan", "--region", "eu-west-1", file], variables), (output) => {
          assert.notInclude(JSON.stringify(output), sentinel)
          return output.stdout
        })
      assert.include(
        yield* run({ ...variables, AWS_ENDPOINT_URL_STS: sts }),
        `Target: AgentCore Identity at https://control.invalid
  account 111122223333, region eu-west-1, caller arn:aws:sts::111122223333:assumed-role/Admin/alice\n`
      )
      const rejecting = yield* respondWith(
        "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>",
        403
      )
      assert.include(
        yield* run({ ...variables, AWS_ENDPOINT_URL_STS: rejecting }),
        "account unknown, region eu-west-1, caller unknown (InvalidClientTokenId)"
      )
    }))
})
