/** A hostile server cannot control the terminal of the command. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseEnv } from "node:util"
import * as Messages from "../../src/internal/messages.js"
import * as Program from "../support/cli.js"
import { jwt } from "../support/localBackend.js"
import * as Server from "../support/server.js"
import * as Wire from "../support/wire.js"

beforeAll(Program.build)

/** Sets the title of the window, clears a line, adds lines, and reverses the direction of the rest. */
const hostile =
  "calm\u001b]0;owned\u0007\u001b[2K\rinjected\ninjected\u009b2J\u007f\u0085\u2028injected\u2029\u202einjected\u2066"

const unsafe = /(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u

const isHarmless = (text: string) => {
  assert.notMatch(text, unsafe, JSON.stringify(text))
  assert.notMatch(text, /^\s*injected/m)
}

/** On a terminal, colors and carriage returns of the command itself are harmless. */
const isHarmlessOnTerminal = (text: string) =>
  isHarmless(text.replaceAll("\r\n", "\n").replaceAll(/\p{Cc}\[\d*(?:;\d+)*m/gu, "").replaceAll("\r\u001b[2K", ""))

const item = {
  id: hostile,
  provider: hostile,
  workload: hostile,
  scopes: [hostile],
  state: hostile,
  user: { issuer: hostile, subject: hostile }
}

const bodyOf = (path: string, url: string): readonly [status: number, body: object] => {
  switch (path) {
    case "/_local/consents":
      return [200, { consents: [item] }]
    case "/_local/grants":
      return [200, { grants: [{ ...item, expiresAt: hostile }] }]
    case "/_local/requests":
      return [200, { requests: [{ at: hostile, operation: hostile, reasons: [hostile] }] }]
    case "/_local/clock":
      return [200, { now: hostile, offset: 0 }]
    case "/identities/GetWorkloadAccessToken":
      return [200, { workloadAccessToken: "token" }]
    case "/identities/oauth2/token":
      return [200, {
        accessToken: Redacted.value(
          jwt({ iss: hostile, sub: hostile, aud: [hostile], scope: hostile, exp: 4_000_000_000 })
        )
      }]
    case "/identities/GetOauth2CredentialProvider":
      return [200, {
        name: "calendar",
        credentialProviderArn:
          `arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/oauth2credentialprovider/calendar`,
        credentialProviderVendor: "GithubOauth2",
        callbackUrl: hostile,
        clientSecretArn: { secretArn: hostile },
        createdTime: 1,
        lastUpdatedTime: 1,
        oauth2ProviderConfigOutput: {
          githubOauth2ProviderConfig: { clientId: hostile, oauthDiscovery: { authorizationServerMetadata: {} } }
        }
      }]
    case "/as/.well-known/openid-configuration":
      return [200, {
        issuer: `${url}/as`,
        authorization_endpoint: `${url}/as/authorize`,
        token_endpoint: `${url}/as/token`,
        jwks_uri: `${url}/as/jwks`,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"]
      }]
    case "/as/token":
      return [400, { error: "invalid_client", error_description: hostile }]
    default:
      return [403, { message: hostile }]
  }
}

const server = Effect.gen(function*() {
  const seen: Array<string> = []
  const url = yield* Server.serve((request, response) => {
    request.resume()
    const path = request.url ?? ""
    seen.push(path)
    const [status, body] = bodyOf(path, `http://${request.headers.host ?? ""}`)
    response.writeHead(status, {
      "content-type": "application/json",
      ...(status === 403 ? { "x-amzn-errortype": "AccessDeniedException" } : {})
    }).end(JSON.stringify(body))
  })
  const env = {
    AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: url,
    AGENTCORE_LOCAL_TOKEN: "token",
    BEDROCK_AGENTCORE_CP_ENDPOINT: url,
    BEDROCK_AGENTCORE_DP_ENDPOINT: url,
    AWS_ENDPOINT_URL_STS: url,
    AWS_REGION: "us-west-2",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AGENTCORE_WORKLOAD: "my-agent"
  }
  return { url, seen, env }
})

const setupFile = Effect.map(Program.temporary, (folder) => {
  const file = join(folder, "setup.json")
  writeFileSync(
    file,
    JSON.stringify({
      oauth2CredentialProviders: [{
        name: "calendar",
        credentialProviderVendor: "GithubOauth2",
        oauth2ProviderConfigInput: { githubOauth2ProviderConfig: { clientId: "mine", clientSecret: "secret" } }
      }]
    })
  )
  return file
})

const token = ["token", "calendar", "--flow", "M2M"]

const commands = (setup: string): ReadonlyArray<ReadonlyArray<string>> => [
  ["local", "consents"],
  ["local", "grants"],
  ["local", "grants", "--json"],
  ["local", "requests"],
  ["local", "clock"],
  ["local", "snapshot", "name"],
  token,
  ["api-key", "weather"],
  ["doctor", "--api-key", "weather"],
  ["doctor", "--json", "--api-key", "weather"],
  ["setup", "plan", setup],
  ["setup", "plan", "--json", setup],
  ["setup", "apply", "--yes", setup]
]

describe("foreign text", () => {
  it("is escaped on one line, and has the same value in JSON", () => {
    isHarmless(Messages.escape(hostile))
    assert.notInclude(Messages.escape(hostile), "\n")
    assert.strictEqual(JSON.parse(Messages.escapeLines(JSON.stringify({ hostile }, null, 2))).hostile, hostile)
    assert.strictEqual(Messages.escape("Für alle: 日本語 😀 \"\\\""), "Für alle: 日本語 😀 \"\\\"")
    assert.strictEqual(Messages.escapeLines("a\nb\r"), "a\nb\\u000d")
  })

  it.live("is escaped in the output of every command", () =>
    Effect.gen(function*() {
      const { env } = yield* server
      const setup = yield* setupFile
      yield* Effect.forEach(commands(setup), (args) =>
        Effect.map(Program.run(args, env), ({ stderr, stdout }) => {
          isHarmless(stdout)
          isHarmless(stderr)
          assert.include(`${stdout}${stderr}`, "owned", args.join(" "))
          if (args.includes("--json")) {
            assert.include(JSON.stringify(JSON.parse(stdout)), JSON.stringify(hostile).slice(1, -1))
          }
        }), { concurrency: 2 })
      // A program gets the credential without escapes.
      assert.strictEqual((yield* Program.run([...token, "--format", "raw"], env)).stdout.split(".").length, 3)
    }), 120_000)

  it.live.skipIf(process.platform !== "linux")("is escaped on a terminal", () =>
    Effect.gen(function*() {
      const { env } = yield* server
      const setup = yield* setupFile
      const shown = [["local", "consents"], token, ["doctor", "--api-key", "weather"], ["setup", "plan", setup], [
        "api-key",
        "weather"
      ]]
      yield* Effect.forEach(shown, (args) =>
        Effect.gen(function*() {
          const { ended } = yield* Program.launch(args, { ...env, TERM: "xterm" }, { terminal: true })
          const { stdout } = yield* Effect.promise(() => ended)
          isHarmlessOnTerminal(stdout)
          assert.include(stdout, "owned", args.join(" "))
        }), { concurrency: 2 })
    }), 120_000)

  it.live.skipIf(process.platform !== "linux")(
    "is escaped in every log of the local server",
    () =>
      Effect.gen(function*() {
        const { url } = yield* server
        const folder = yield* Program.temporary
        const setup = join(folder, "setup.json")
        writeFileSync(
          setup,
          JSON.stringify({
            workloadIdentities: [{ name: "my-agent" }],
            oauth2CredentialProviders: [Wire.customProvider("calendar", {
              oauthDiscovery: { discoveryUrl: `${url}/as/.well-known/openid-configuration` },
              clientId: "id",
              clientSecret: "secret"
            })]
          })
        )
        for (const terminal of [false, true]) {
          const env = join(folder, `env-${terminal}`)
          const started = yield* Program.launch(
            ["local", "--port", "0", "--config", setup, "--write-env", env],
            { TERM: "xterm" },
            { terminal }
          )
          yield* Program.seen(started, /AGENTCORE_LOCAL_PID=\d+\r?\n\r?\n/)
          const variables: Program.Environment = JSON.parse(JSON.stringify(parseEnv(readFileSync(env, "utf8"))))
          yield* Program.run([...token, "--workload", "my-agent"], variables)
          yield* Program.seen(started, /owned/)
          process.kill(Number(variables["AGENTCORE_LOCAL_PID"]), "SIGTERM")
          const { stderr, stdout } = yield* Effect.promise(() => started.ended)
          const check = terminal ? isHarmlessOnTerminal : isHarmless
          check(stdout)
          check(stderr)
        }
      })
  )
})
