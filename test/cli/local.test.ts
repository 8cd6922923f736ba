import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Program from "../support/cli.js"
import * as Folder from "../support/folder.js"
import * as Server from "../support/server.js"

beforeAll(Program.build)

const control = (statement: string) => `
  import * as Control from "@aws-sdk/client-bedrock-agentcore-control"
  const client = new Control.BedrockAgentCoreControlClient({ maxAttempts: 1 })
  const send = (name, input) => client.send(new Control[name + "Command"](input))
  ${statement}
`

const names = control(`
  const { workloadIdentities } = await send("ListWorkloadIdentities", {})
  const { credentialProviders: oauth2 } = await send("ListOauth2CredentialProviders", {})
  const { credentialProviders: apiKeys } = await send("ListApiKeyCredentialProviders", {})
  console.log(JSON.stringify([...workloadIdentities, ...oauth2, ...apiKeys].map(({ name }) => name)))
`)

const create = (name: string) =>
  control(`
    const { workloadIdentityArn } = await send("CreateWorkloadIdentity", { name: "${name}" })
    console.log(JSON.stringify(workloadIdentityArn))
  `)

const tokenOfAgent = `
  import { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
  const { workloadAccessToken } = await new BedrockAgentCore({}).getWorkloadAccessToken({ workloadName: "my-agent" })
  console.log(JSON.stringify(workloadAccessToken))
`

/** A port that another server uses. */
const takenPort = Effect.map(Effect.suspend(() => Server.listen(createServer())), String)

const variable = (running: Program.Running, name: string): string =>
  running.variables[name] ?? assert.fail(`${name} is not exported`)

const url = (running: Program.Running): string => variable(running, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE")

const json = (input: string, init?: RequestInit) =>
  Effect.promise(async (): Promise<Record<string, unknown>> => {
    const response = await fetch(input, init)
    return { status: response.status, ...await response.json() }
  })

describe("agentcore-identity local", () => {
  it.live("prints only the environment of the AWS SDKs and a blank line", () =>
    Effect.gen(function*() {
      const running = yield* Program.local(["--account", "000011112222", "--region", "eu-central-1"])
      assert.match(running.exports, /^(export [A-Z0-9_]+=[^\n]*\n)+\n$/)
      assert.deepStrictEqual(running.variables, {
        AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: url(running),
        AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL: url(running),
        AWS_ENDPOINT_URL_STS: url(running),
        BEDROCK_AGENTCORE_DP_ENDPOINT: url(running),
        BEDROCK_AGENTCORE_CP_ENDPOINT: url(running),
        AWS_REGION: "eu-central-1",
        AWS_DEFAULT_REGION: "eu-central-1",
        AWS_ACCESS_KEY_ID: "local",
        AWS_SECRET_ACCESS_KEY: "local",
        AWS_EC2_METADATA_DISABLED: "true",
        AGENTCORE_LOCAL_TOKEN: variable(running, "AGENTCORE_LOCAL_TOKEN"),
        AGENTCORE_LOCAL_PID: String(running.pid)
      })
      assert.strictEqual(
        yield* Program.script(running.variables, create("my-agent")),
        "arn:aws:bedrock-agentcore:eu-central-1:000011112222:workload-identity-directory/default/workload-identity/my-agent"
      )
      assert.isString(yield* Program.script(running.variables, tokenOfAgent))
      const { stderr, stdout } = yield* running.kill("SIGTERM")
      assert.strictEqual(stdout, running.exports)
      assert.include(stderr, `AgentCore Identity is ready at ${url(running)}`)
      assert.notInclude(stderr, "CreateWorkloadIdentity")
    }))

  it.live("logs requests only with --log-level debug", () =>
    Effect.gen(function*() {
      const request = (running: Program.Running) => Program.script(running.variables, create("my-agent"))
      const verbose = yield* Program.local(["--log-level", "debug"])
      yield* request(verbose)
      assert.include((yield* verbose.kill("SIGTERM")).stderr, "CreateWorkloadIdentity 201")

      const quiet = yield* Program.local(["--log-level", "warning", "--host", "0.0.0.0", "--allow-remote"])
      const output = (yield* quiet.kill("SIGTERM")).stderr
      assert.include(output, "level=WARN")
      assert.notInclude(output, "level=INFO")
    }))

  it.live.skipIf(process.platform !== "linux")(
    "colors its log on a terminal, unless NO_COLOR is set",
    () =>
      Effect.gen(function*() {
        const show = (env: Program.Environment) =>
          Effect.flatMap(
            Program.launch(["local", "--port", "0"], { TERM: "xterm", ...env }, { terminal: true }),
            (started) => Program.seen(started, /[^\n]*INFO[^\n]* is ready at/)
          )
        assert.include(yield* show({}), "\u001b[32mINFO\u001b[39m")
        assert.notInclude(yield* show({ NO_COLOR: "1" }), "\u001b")
      })
  )

  it.live("sets the environment of a shell that starts it in the background", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      const ofCompany = { AWS_PROFILE: "sso", HTTP_PROXY: "http://127.0.0.1:1", no_proxy: "a.example" }
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)("bash", [
          "--norc",
          "-c",
          `eval "$("$0" "$1" local --port 0 2> "$2" &)"
          "$0" --eval "fetch(process.env.AWS_ENDPOINT_URL_STS + '/health').then(({ status }) => console.log(status))"
          echo "\${AWS_PROFILE-none} $NO_PROXY $no_proxy"
          kill "$AGENTCORE_LOCAL_PID"`,
          process.execPath,
          Program.file,
          join(folder, "stderr")
        ], { env: { ...process.env, NODE_USE_ENV_PROXY: "1", ...ofCompany } })
      )
      assert.strictEqual(stdout, "200\nnone a.example,127.0.0.1,localhost a.example,127.0.0.1,localhost\n")
    }))

  it.live("runs an authorization server with a client for every provider", () =>
    Effect.gen(function*() {
      const running = yield* Program.local(["--authorization-server", "--authorization-server-scope", "mail:send"])
      const issuer = variable(running, "AGENTCORE_LOCAL_OAUTH_ISSUER")
      const clientId = variable(running, "AGENTCORE_LOCAL_OAUTH_CLIENT_ID")
      const clientSecret = variable(running, "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET")
      assert.strictEqual(clientId, "agentcore")
      const discoveryUrl = variable(running, "AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL")
      const metadata = yield* json(discoveryUrl)
      assert.strictEqual(metadata["issuer"], issuer)
      const home = yield* Effect.promise(() => fetch(url(running)).then((response) => response.text()))
      assert.notInclude(home, clientSecret)
      const { environment, secrets } = yield* json(`${url(running)}/_local/server`, {
        headers: { authorization: `Bearer ${variable(running, "AGENTCORE_LOCAL_TOKEN")}` }
      })
      assert.deepInclude(environment, {
        AGENTCORE_LOCAL_OAUTH_ISSUER: issuer,
        AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL: discoveryUrl,
        AGENTCORE_LOCAL_OAUTH_CLIENT_ID: clientId
      })
      assert.deepStrictEqual(secrets, ["AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET", "AGENTCORE_LOCAL_TOKEN"])
      const issued = yield* json(String(metadata["token_endpoint"]), {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
        body: new URLSearchParams({ grant_type: "client_credentials", scope: "reports:read mail:send" })
      })
      assert.strictEqual(issued["scope"], "reports:read mail:send")

      const authorization = new URL(String(metadata["authorization_endpoint"]))
      authorization.search = String(
        new URLSearchParams({
          client_id: clientId,
          response_type: "code",
          redirect_uri: `${url(running)}/identities/oauth2/callback/${crypto.randomUUID()}`,
          scope: "openid",
          state: "state",
          code_challenge: "a".repeat(43),
          code_challenge_method: "S256"
        })
      )
      const page = yield* Effect.promise(() => fetch(authorization, { redirect: "manual" }))
      assert.strictEqual(page.status, 303)
    }))

  it.live("applies the setup file, which can use the printed variables", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      const config = join(folder, "setup.jsonc")
      writeFileSync(
        config,
        JSON.stringify({
          workloadIdentities: [{ name: "my-agent" }],
          oauth2CredentialProviders: [{
            name: "calendar",
            credentialProviderVendor: "GithubOauth2",
            oauth2ProviderConfigInput: {
              githubOauth2ProviderConfig: {
                clientId: { $env: "AGENTCORE_LOCAL_OAUTH_CLIENT_ID" },
                clientSecret: { $env: "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET" }
              }
            }
          }],
          apiKeyCredentialProviders: [{ name: "weather", apiKey: { $env: "WEATHER_KEY" } }],
          local: {
            vendorEndpoints: {
              GithubOauth2: {
                issuer: { $env: "AGENTCORE_LOCAL_OAUTH_ISSUER" },
                authorizationEndpoint: "http://127.0.0.1:1/auth",
                tokenEndpoint: "http://127.0.0.1:1/token"
              }
            }
          }
        })
      )
      const running = yield* Program.local(["--authorization-server", "--config", config], { WEATHER_KEY: "sentinel" })
      assert.deepStrictEqual(yield* Program.script(running.variables, names), ["my-agent", "calendar", "weather"])
      const { stderr } = yield* running.kill("SIGTERM")
      assert.include(stderr, "apiKeyCredentialProviders: 'weather' created")
      assert.notInclude(stderr, "sentinel")
      assert.notInclude(stderr, variable(running, "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET"))
    }))

  it.live("reloads the section `local` when the file has changed", () =>
    Effect.gen(function*() {
      const config = join(yield* Program.temporary, "setup.jsonc")
      const settings = { serviceLinked: ["runtime-a1"] }
      const resources = {
        workloadIdentities: [{ name: "my-agent" }, { name: "runtime-a1" }],
        apiKeyCredentialProviders: [{
          name: "weather",
          apiKeySecretSource: "EXTERNAL",
          apiKeySecretConfig: { secretId: "keys", jsonKey: "weather" }
        }]
      }
      writeFileSync(config, JSON.stringify({ ...resources, local: settings }))
      const running = yield* Program.local(["--config", config], {
        NEW_KEY: "sentinel-key"
      })
      const outcomes = yield* Program.script(
        running.variables,
        `
          import { renameSync, writeFileSync } from "node:fs"
          import { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
          const client = new BedrockAgentCore({ maxAttempts: 1 })
          const config = ${JSON.stringify(config)}
          const resources = ${JSON.stringify(resources)}
          const write = (local) => writeFileSync(config, JSON.stringify({ ...resources, local }))
          const outcomeOf = (promise) => promise.then(() => "accepted", ({ message, name }) => name + ": " + message)
          const tokenOf = (workloadName) => client.getWorkloadAccessToken({ workloadName })
          const keyFor = ({ workloadAccessToken: workloadIdentityToken }) =>
            client.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName: "weather" })
              .then(({ apiKey }) => apiKey)
          const key = () => tokenOf("my-agent").then(keyFor)
          const outcomes = [await outcomeOf(key()), await outcomeOf(tokenOf("runtime-a1"))]
          write({ secrets: { keys: { weather: { $env: "NEW_KEY" } } } })
          outcomes.push(await key(), await outcomeOf(tokenOf("runtime-a1")))
          // An invalid or missing file changes nothing.
          writeFileSync(config, '{ "local": {')
          outcomes.push(await key())
          renameSync(config, config + ".old")
          outcomes.push(await key())
          write({ secrets: { keys: { weather: "sun" } }, workloadAccessTokenLifetime: "2 seconds" })
          outcomes.push(await key())
          const token = await tokenOf("my-agent")
          const start = Date.now()
          let outcome = "accepted"
          while (outcome === "accepted" && Date.now() < start + 10_000) outcome = await outcomeOf(keyFor(token))
          outcomes.push(outcome)
          console.log(JSON.stringify(outcomes))
        `
      )
      assert.deepStrictEqual(outcomes, [
        "AccessDeniedException: Access denied when retrieving secret 'keys'",
        "ValidationException: WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller",
        "sentinel-key",
        "accepted",
        "sentinel-key",
        "sentinel-key",
        "sun",
        "UnauthorizedException: Workload access token is invalid or expired"
      ])
      const { stderr } = yield* running.kill("SIGTERM")
      assert.include(stderr, "add the secret and its key 'weather' to the settings, as `secrets`")
      assert.include(stderr, `${config}:1:`)
      assert.include(stderr, "The settings stay as they were")
      assert.strictEqual(stderr.split(`Read the section 'local' of ${config} again`).length, 3)
      assert.notInclude(stderr, "sentinel")
    }))

  it.live("denies the program of --exec what its policy does not allow", () =>
    Effect.gen(function*() {
      const folder = yield* Program.temporary
      const file = join(folder, "policy.json")
      const statement = (action: string) =>
        JSON.stringify({
          Statement: { Sid: "Lists", Effect: "Allow", Action: `bedrock-agentcore:${action}`, Resource: "*" }
        })
      const node = [process.execPath, "--input-type=module", "-e"]
      const list = control(`await send("ListWorkloadIdentities", {}).catch(({ message }) => console.log(message))`)
      const env = { AWS_PROFILE: "other", AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials") }
      writeFileSync(env.AWS_SHARED_CREDENTIALS_FILE, "[other]\naws_access_key_id = other\naws_secret_access_key = x\n")
      const exec = (policy: string, flags: ReadonlyArray<string> = []) => {
        writeFileSync(file, policy)
        return Program.run(["local", "--policy", file, ...flags, "--exec", "--", ...node, list], env)
      }
      assert.deepInclude(yield* exec(statement("List*")), { code: 0, stdout: "" })
      const denied = yield* exec(statement("Get*"))
      const directory = "arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default"
      assert.strictEqual(
        denied.stdout,
        "User: arn:aws:sts::123456789012:assumed-role/agentcore-identity-local/agent is not authorized to perform: "
          + `bedrock-agentcore:ListWorkloadIdentities on resource: ${directory} because no identity-based policy allows the `
          + "bedrock-agentcore:ListWorkloadIdentities action\n"
      )
      assert.include(denied.stderr, "no statement allows the action: add one with the action")
      assert.include((yield* exec("{}")).stderr, `${file}:1:1: Statement: is missing`)
      assert.include((yield* exec(statement("*"), ["--signatures", "verify"])).stderr, "as local.policies")
    }))

  it.live("rejects an invalid setup file, and does not start", () =>
    Effect.gen(function*() {
      const config = join(yield* Program.temporary, "setup.jsonc")
      const failed = (text: string, ...args: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          writeFileSync(config, text)
          const { code, stderr, stdout } = yield* Program.run(["local", "--port", "0", "--config", config, ...args])
          assert.strictEqual(code, 1)
          assert.strictEqual(stdout, "")
          assert.notInclude(stderr, "sentinel")
          return stderr
        })
      assert.include(yield* failed("{ \"sentinel\" }"), `${config}:1:14: colon expected`)
      assert.include(
        yield* failed(`{ "apiKeyCredentialProviders": [{ "name": "x", "apiKey": { "$env": "NOT_SET" } }] }`),
        `${config}:1:58: apiKeyCredentialProviders[0].apiKey: the environment variable NOT_SET is not set`
      )
      assert.include(
        yield* failed(`{ "local": { "users": { "alice": { "sub": "sentinel" } } } }`, "--authorization-server"),
        "User 'alice': the server sets the claim sub itself"
      )
      assert.include(
        yield* failed(`{ "workloadIdentities": [{ "name": "?sentinel" }] }`),
        "workloadIdentities[0].name: must satisfy regular expression pattern"
      )
    }))

  it.live("keeps everything in the vault after kill -9", () =>
    Effect.gen(function*() {
      const vault = join(yield* Program.temporary, "vault.db")
      const first = yield* Program.local(["--vault", vault, "--authorization-server"])
      yield* Program.script(first.variables, create("my-agent"))
      const token = yield* Program.script(first.variables, tokenOfAgent)
      yield* first.kill("SIGKILL")
      const second = yield* Program.local(["--vault", vault, "--authorization-server"])
      assert.deepStrictEqual(yield* Program.script(second.variables, names), ["my-agent"])
      const error = yield* Program.script(
        second.variables,
        `
          import { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
          const request = new BedrockAgentCore({}).getResourceApiKey({
            workloadIdentityToken: ${JSON.stringify(token)},
            resourceCredentialProviderName: "none"
          })
          console.log(JSON.stringify(await request.catch((error) => error.name)))
        `
      )
      // The token is valid; the provider does not exist.
      assert.strictEqual(error, "ResourceNotFoundException")
      const secret = "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET"
      assert.strictEqual(variable(second, secret), variable(first, secret))
      yield* second.kill("SIGTERM")

      const before = readFileSync(vault)
      const key = Buffer.alloc(32, 7).toString("base64url")
      const { code, stderr, stdout } = yield* Program.run(["local", "--port", "0", "--vault", vault], {
        AGENTCORE_LOCAL_VAULT_KEY: key
      })
      assert.strictEqual(code, 1)
      assert.strictEqual(stdout, "")
      assert.include(stderr, vault)
      assert.notInclude(stderr, key)
      assert.isTrue(before.equals(readFileSync(vault)))
    }))

  it.live("verifies signatures with the printed key or the key of the environment", () =>
    Effect.gen(function*() {
      const running = yield* Program.local(["--signatures", "verify"])
      assert.deepStrictEqual(yield* Program.script(running.variables, names), [])
      const failed = (variables: Program.Environment) =>
        Program.script(
          variables,
          control(`send("ListWorkloadIdentities", {}).catch(({ name }) => console.log(JSON.stringify(name)))`)
        )
      assert.strictEqual(
        yield* failed({ ...running.variables, AWS_SECRET_ACCESS_KEY: "another" }),
        "InvalidSignatureException"
      )
      const own = { AGENTCORE_LOCAL_ACCESS_KEY_ID: "mine", AGENTCORE_LOCAL_SECRET_ACCESS_KEY: "sentinel" }
      const known = yield* Program.local(["--signatures", "verify"], own)
      assert.notInclude(known.exports, "sentinel")
      const mine = { AWS_ACCESS_KEY_ID: "mine", AWS_SECRET_ACCESS_KEY: "sentinel" }
      assert.deepStrictEqual(yield* Program.script({ ...known.variables, ...mine }, names), [])
      const { stderr } = yield* known.kill("SIGINT")
      assert.notInclude(stderr, "sentinel")
    }))

  it.live.each(["SIGINT", "SIGTERM"] as const)("%s stops it and frees its ports", (signal) =>
    Effect.gen(function*() {
      const running = yield* Program.local(["--authorization-server"])
      const { code, stderr, stdout } = yield* running.kill(signal)
      assert.strictEqual(code, 0)
      assert.strictEqual(stdout, running.exports)
      assert.notInclude(stderr, "Error")
      const ports = [url(running), variable(running, "AGENTCORE_LOCAL_OAUTH_ISSUER")].map((text) => new URL(text).port)
      const again = yield* Program.run(["local", "--port", ports[0] ?? "", "--config", "none"])
      assert.include(again.stderr, "Cannot read none")
      for (const port of ports) {
        yield* Effect.promise(() =>
          new Promise<void>((resolve, reject) => {
            const server = createServer().once("error", reject)
            server.listen(Number(port), "127.0.0.1", () => server.close(() => resolve()))
          })
        )
      }
    }))

  // `script` gives the shell a terminal.
  it.live.skipIf(process.platform !== "linux")(
    "continues in the background after Ctrl-C",
    () =>
      Effect.gen(function*() {
        const name = `${process.execPath} ${Program.file}`
        const lines = `eval "$(${name} local --port 0 &)"; trap '' INT; kill -INT 0; ${name} local clock; ${name} stop`
        const env = { PATH: process.env["PATH"], SHELL: "/bin/bash", XDG_RUNTIME_DIR: yield* Folder.temporary }
        const words = ["--quiet", "--return", "--command", lines, "/dev/null"]
        const { stdout } = yield* Effect.promise(() => promisify(execFile)("script", words, { env }))
        assert.match(stdout, /^\d{4}-.* \(\+0 s\)/m)
      })
  )

  const onAuthorizationServerPort = (port: string) =>
    ["--port", "0", "--authorization-server", "--authorization-server-port", port] as const

  it.live("reports that a port is in use", () =>
    Effect.gen(function*() {
      const port = yield* takenPort
      for (
        const [flag, args] of [
          ["--port", ["--port", port]],
          ["--authorization-server-port", onAuthorizationServerPort(port)]
        ] as const
      ) {
        const { code, stderr, stdout } = yield* Program.run(["local", ...args])
        assert.strictEqual(code, 1)
        assert.strictEqual(stdout, "")
        assert.include(stderr, `Cannot listen on 127.0.0.1:${port}: EADDRINUSE: the port is in use`)
        assert.include(stderr, `${flag}\n`)
      }
    }))

  it.live("names the own server that uses the port, and how to use or stop it", () =>
    Effect.gen(function*() {
      const env = { XDG_RUNTIME_DIR: yield* Program.temporary }
      const running = yield* Program.local(["--authorization-server"], env)
      const { port } = new URL(url(running))
      const issuer = new URL(variable(running, "AGENTCORE_LOCAL_OAUTH_ISSUER"))
      for (
        const [flag, args] of [
          ["--port", ["--port", port]],
          ["--port", ["--port", issuer.port]],
          ["--port", ["--port", String(Number(issuer.port) - 1), "--authorization-server"]],
          ["--authorization-server-port", onAuthorizationServerPort(port)]
        ] as const
      ) {
        const { code, stderr } = yield* Program.run(["local", ...args], env)
        assert.strictEqual(code, 1)
        assert.include(stderr, `is in use by the local server at ${url(running)} (process ${running.pid}).`)
        assert.include(stderr, `'eval "$(npx agentcore-identity env --port ${port})"'`)
        assert.include(stderr, `'npx agentcore-identity stop --port ${port}'`)
        assert.include(stderr, `give ${flag} 0 for a free port`)
      }
    }))

  it.live("rejects hosts of the network unless --allow-remote is given", () =>
    Effect.gen(function*() {
      const rejected = yield* Program.run(["local", "--host", "0.0.0.0", "--port", "0"])
      assert.strictEqual(rejected.code, 1)
      assert.strictEqual(rejected.stdout, "")
      assert.include(rejected.stderr, "On 0.0.0.0, other machines can reach")
      assert.include(rejected.stderr, "Give --allow-remote to allow that")

      const running = yield* Program.local([
        "--host",
        "0.0.0.0",
        "--allow-remote",
        "--allowed-host",
        "identity",
        "--public-url",
        "http://identity.example.com"
      ])
      const { stderr } = yield* running.kill("SIGTERM")
      assert.include(stderr, "WARN")
    }))

  it.live("rejects invalid options", () =>
    Effect.gen(function*() {
      for (
        const [flag, value, message] of [
          ["--trust-issuer", "http://example.com", "A trusted issuer must be an https URL"],
          ["--authorization-server-audience", "api", "resources must be absolute URIs"],
          ["--authorization-server-scope", "\"", "scopes must be OAuth scope tokens"],
          ["--authorization-server-redirect-uri", "app", "redirectUris must be http or https URLs"]
        ] as const
      ) {
        assert.include(
          yield* Program.failure(["local", "--port", "0", "--authorization-server", flag, value], {}),
          message
        )
      }
    }))
})
