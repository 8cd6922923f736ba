import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { decodeJwt } from "jose"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Calendar from "../support/calendar.js"
import * as Program from "../support/cli.js"
import { jwt } from "../support/localBackend.js"
import * as Server from "../support/server.js"
import * as SimulatedUser from "../support/simulatedUser.js"

beforeAll(Program.build)

const key = "sentinel-key-5c1d9be2"

/** Real servers on this machine, a workload without return URLs, and a provider of each kind. */
const world = Layer.effectDiscard(Effect.gen(function*() {
  const controlPlane = yield* ControlPlane.ControlPlane
  yield* Calendar.setUp({ workloads: ["my-agent"] })
  yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make(key) })
})).pipe(
  Layer.provideMerge(Layer.merge(
    LocalIdentity.layer({ settings: { inboundJwt: "decode" } }),
    AuthorizationServer.layer()
  ))
)

const environment = Effect.map(
  LocalIdentity.LocalServer,
  ({ environment }): Program.Environment => ({ ...environment, AGENTCORE_WORKLOAD: "my-agent" })
)

const freeUrl = Effect.map(Server.freePort, (port) => `http://127.0.0.1:${port}/consent`)

const link = /^ {2}(http:\S+authorize\S+)\r?$/m

describe("agentcore-identity token", () => {
  it.live("masks the token, unless --format prints it on one line", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const token = (...args: ReadonlyArray<string>) =>
        Effect.tap(
          Program.run(["token", "calendar", "--flow", "M2M", "--scope", "reports:read", ...args], env),
          ({ code, stderr }) =>
            Effect.sync(() => {
              assert.strictEqual(code, 0, stderr)
              assert.include(stderr, `Target: the local server at ${env["BEDROCK_AGENTCORE_DP_ENDPOINT"]}`)
              assert.notInclude(stderr, "eyJ")
            })
        )
      const [masked, ...outputs] = yield* Effect.all(
        [token(), ...["raw", "header", "header-json", "json"].map((format) => token("--format", format))],
        { concurrency: 2 }
      )
      assert.match(masked.stdout, /^Provider {2}calendar, M2M\nCaller {4}workload my-agent, no user\n/)
      assert.match(masked.stdout, /^Token {5}\*{8} \(\d+ characters\)$/m)
      assert.match(masked.stdout, /^Scope {5}reports:read$/m)
      assert.match(masked.stdout, /^Expires {3}\d{4}-.*Z, in \d+ minutes$/m)
      assert.include(masked.stderr, "--format raw prints the credential itself.")
      assert.notInclude(masked.stdout, "eyJ")
      const lines = outputs.map(({ stdout }) => stdout)
      for (const line of lines) assert.match(line, /^[^\n]+\n$/)
      const [raw = "", header = "", headerJson = "", json = ""] = lines
      assert.strictEqual(decodeJwt(raw.trim())["scope"], "reports:read")
      assert.match(header, /^Authorization: Bearer eyJ\S+\n$/)
      assert.match(JSON.parse(headerJson).Authorization, /^Bearer eyJ\S+$/)
      const { token: inJson, expiresAt, ...rest } = JSON.parse(json)
      assert.strictEqual(Date.parse(expiresAt) / 1000, decodeJwt(inJson).exp)
      assert.deepStrictEqual(rest, { provider: "calendar", flow: "M2M", workload: "my-agent", user: null })
    }).pipe(Effect.provide(world)))

  it.live("obtains the user's consent through a loopback server; --register registers its return URL", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const returnUrl = yield* freeUrl
      const args = ["token", "calendar", "--user", "alice", "--scope", "profile:read", "--return-url", returnUrl]

      const unregistered = yield* Program.run([...args, "--no-browser"], env)
      assert.strictEqual(unregistered.code, 1)
      assert.include(unregistered.stderr, `the return URL ${returnUrl} is not registered on the workload identity`)
      assert.include(unregistered.stderr, "give --register")
      assert.deepStrictEqual(
        (yield* ControlPlane.ControlPlane.use((plane) => plane.getWorkloadIdentity({ name: "my-agent" })))
          .allowedResourceOauth2ReturnUrls,
        []
      )

      const started = yield* Program.launch([...args, "--register", "--no-browser", "--format", "raw"], env)
      const authorizationUrl = Redacted.make(yield* Program.seen(started, link))
      assert.strictEqual(started.output.stdout, "")
      const page = yield* SimulatedUser.consent({ authorizationUrl, userName: "alice", decision: "allow" })
      assert.include(page.text, "Consent given")
      const { code, stderr, stdout } = yield* Effect.promise(() => started.ended)
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(decodeJwt(stdout.trim()).sub, "alice")
      assert.notInclude(stderr, "eyJ")
      assert.notInclude(stderr, "\u001b")
      assert.deepStrictEqual(
        (yield* ControlPlane.ControlPlane.use((plane) => plane.getWorkloadIdentity({ name: "my-agent" })))
          .allowedResourceOauth2ReturnUrls,
        [returnUrl]
      )

      // The grant exists now, so the next run needs no person.
      const again = yield* Program.run([...args, "--format", "json"], env)
      assert.strictEqual(again.code, 0, again.stderr)
      assert.deepStrictEqual(JSON.parse(again.stdout).user, { userId: "alice" })
      assert.strictEqual(decodeJwt(JSON.parse(again.stdout).token).sub, "alice")
    }).pipe(Effect.provide(world)))

  it.live("exits with 3 without a terminal, and shows the link on stderr and in the JSON", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const returnUrl = "https://app.example.com/return"
      yield* ControlPlane.ControlPlane.use((plane) =>
        plane.updateWorkloadIdentity({ name: "my-agent", allowedResourceOauth2ReturnUrls: [returnUrl] })
      )
      const args = ["token", "calendar", "--user", "alice", "--scope", "profile:read", "--return-url", returnUrl]
      const [plain, json] = yield* Effect.all([
        Program.run([...args, "--format", "raw"], env),
        Program.run([...args, "--format", "json"], env)
      ], { concurrency: 2 })
      assert.deepInclude(plain, { code: 3, stdout: "" })
      assert.match(plain.stderr, link)
      assert.include(plain.stderr, `The browser comes back to ${returnUrl}`)
      const [, inStderr] = link.exec(json.stderr) ?? []
      const { expiresAt, ...failure } = JSON.parse(json.stdout)
      assert.strictEqual(json.code, 3)
      assert.deepStrictEqual(failure, {
        error: "RequiresUserConsent",
        message: "The user has to connect 'calendar' first.",
        link: inStderr
      })
      assert.isAbove(Date.parse(expiresAt), Date.now())
    }).pipe(Effect.provide(world)))

  it.live("exits with 4 if the user denies consent, and with 1 if the command fails", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const args = ["token", "calendar", "--user", "alice", "--scope", "profile:read", "--format", "json"]
      const returnUrl = yield* freeUrl
      const started = yield* Program.launch([...args, "--return-url", returnUrl, "--register", "--no-browser"], env)
      const authorizationUrl = Redacted.make(yield* Program.seen(started, link))
      yield* SimulatedUser.consent({ authorizationUrl, userName: "alice", decision: "deny" })
      const denied = yield* Effect.promise(() => started.ended)
      assert.strictEqual(denied.code, 4)
      assert.strictEqual(JSON.parse(denied.stdout).error, "AuthorizationFailed")
      const failed = yield* Program.run(["token", "none", "--format", "json"], env)
      assert.strictEqual(failed.code, 1)
      assert.strictEqual(JSON.parse(failed.stdout).error, "ResourceNotFoundException")
      const wrong = yield* Program.run(["token", "calendar", "get", "--format", "raw"], env)
      assert.deepInclude(wrong, { code: 1, stdout: "" })
      assert.include(wrong.stderr, "'get' is for --format git-credential")
    }).pipe(Effect.provide(world)))

  // `script` gives the command a terminal.
  it.live.skipIf(process.platform !== "linux")(
    "shows a spinner on a terminal while it waits; reads the user's JWT from the environment only",
    () =>
      Effect.gen(function*() {
        const userToken = Redacted.value(jwt({ iss: "https://id.example.com", sub: "alice", exp: 4_000_000_000 }))
        const env = { ...(yield* environment), AGENTCORE_USER_TOKEN: userToken, TERM: "xterm" }
        const returnUrl = yield* freeUrl
        yield* ControlPlane.ControlPlane.use((plane) =>
          plane.updateWorkloadIdentity({ name: "my-agent", allowedResourceOauth2ReturnUrls: [returnUrl] })
        )
        const args = ["token", "calendar", "--scope", "profile:read", "--return-url", returnUrl, "--no-browser"]
        const pressed = yield* Program.launch(args, env, { terminal: true })
        yield* Program.seen(pressed, link)
        pressed.child.stdin?.write("\x03")
        assert.strictEqual((yield* Effect.promise(() => pressed.ended)).code, 130)
        const started = yield* Program.launch(args, env, { terminal: true })
        const authorizationUrl = Redacted.make(yield* Program.seen(started, link))
        yield* Program.seen(started, /[⠋⠙⠹⠸].*waiting for the user's consent/)
        yield* SimulatedUser.consent({ authorizationUrl, userName: "alice", decision: "allow" })
        const { code, stdout } = yield* Effect.promise(() => started.ended)
        assert.strictEqual(code, 0, stdout)
        assert.include(stdout, "workload my-agent, the user of a JWT")
        assert.include(stdout, "--format raw prints the credential itself.")
        assert.notInclude(stdout, "eyJ")
      }).pipe(Effect.provide(world))
  )

  it.live("reads the caller from .agentcore.json, and reports what is missing", () =>
    Effect.gen(function*() {
      const { AGENTCORE_WORKLOAD: _, ...env } = yield* environment
      const folder = yield* Program.temporary
      const run = (...args: ReadonlyArray<string>) => Program.run(args, env, { cwd: folder })
      yield* WorkloadIdentity.ensure({ name: "other-agent" })
      const missing = yield* run("token", "calendar")
      assert.strictEqual(missing.code, 1)
      assert.strictEqual(missing.stdout, "")
      assert.include(missing.stderr, "there are several workload identities: my-agent, other-agent. Choose one with ")
      assert.include(missing.stderr, "--workload, AGENTCORE_WORKLOAD, or \"workload_identity_name\" in .agentcore.json")

      const file = `{ "workload_identity_name": "my-agent" }\n`
      writeFileSync(join(folder, ".agentcore.json"), file)
      const noUser = yield* run("token", "calendar", "--flow", "USER_FEDERATION")
      assert.include(noUser.stderr, "no user is named")
      assert.include(noUser.stderr, "give --flow M2M")
      const found = yield* run("token", "calendar", "--flow", "M2M", "--scope", "reports:read")
      assert.strictEqual(found.code, 0, found.stderr)
      assert.strictEqual(readFileSync(join(folder, ".agentcore.json"), "utf8"), file)

      const wrong = yield* run("token", "calendar", "--parameter", "access_type")
      assert.include(wrong.stderr, "A parameter has the form name=value")
      assert.include((yield* run("token", "no provider")).stderr, "'provider'")
    }).pipe(Effect.provide(world)))
})

describe("the defaults of token, api-key and doctor", () => {
  /** The environment of a shell, which names neither a workload identity nor a user. */
  const shell = Effect.map(LocalIdentity.LocalServer, ({ environment }): Program.Environment => environment)

  const createProvider = (name: string, discovery: string) =>
    CredentialProvider.ensure(
      CredentialProvider.custom({ name, discovery, clientId: "client", clientSecret: Redacted.make("secret") })
    )

  /** The discovery URL of an authorization server with these grants. */
  const advertise = (...grants: ReadonlyArray<string>) =>
    Effect.map(
      Server.serve((request, response) => {
        request.resume()
        const issuer = `http://${request.headers.host}`
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          response_types_supported: ["code"],
          grant_types_supported: grants
        }))
      }),
      (url) => `${url}/.well-known/openid-configuration`
    )

  it.live("are the only workload identity, and M2M without a user", () =>
    Effect.gen(function*() {
      const env = yield* shell
      const [token, apiKey, doctor] = yield* Effect.all(
        [
          ["token", "calendar", "--scope", "reports:read"],
          ["api-key", "weather"],
          ["doctor", "--provider", "calendar", "--scope", "reports:read", "--api-key", "weather"]
        ].map((args) => Program.run(args, env)),
        { concurrency: 2 }
      )
      assert.strictEqual(token?.code, 0, token?.stderr)
      assert.match(token?.stdout ?? "", /^Provider {2}calendar, M2M\nCaller {4}workload my-agent, no user\n/)
      assert.include(token?.stderr, "Flow: M2M. For a token of a user, give --user.")
      assert.strictEqual(apiKey?.code, 0, apiKey?.stderr)
      assert.include(apiKey?.stdout, "workload my-agent, no user")
      assert.strictEqual(doctor?.code, 0, doctor?.stdout)
      assert.match(doctor?.stdout ?? "", /✓ workload identity +my-agent\n/)
      assert.match(doctor?.stdout ?? "", /✓ calendar +AgentCore returned a token\n/)
    }).pipe(Effect.provide(world)))

  it.live("follow the grants of the authorization server", () =>
    Effect.gen(function*() {
      const env = yield* shell
      yield* createProvider("machine", yield* advertise("client_credentials"))
      yield* createProvider("person", yield* advertise("authorization_code"))
      const stderr = (...args: ReadonlyArray<string>) =>
        Effect.map(Program.run(["token", ...args], env), ({ stderr }) => stderr)
      assert.include(
        yield* stderr("machine", "--user", "alice"),
        "Flow: M2M. The authorization server supports no other one."
      )
      assert.include(yield* stderr("person"), "no user is named")
      const both = yield* stderr("calendar", "--user", "alice")
      assert.include(both, "Flow: USER_FEDERATION. For a token of the agent itself, give --flow M2M.")
      assert.include(yield* stderr("none"), "ResourceNotFoundException: ")
    }).pipe(Effect.provide(world)))

  it.live("name the command for a provider of the other kind", () =>
    Effect.gen(function*() {
      const env = yield* shell
      const stderr = (...args: ReadonlyArray<string>) => Effect.map(Program.run(args, env), ({ stderr }) => stderr)
      assert.include(yield* stderr("token", "weather"), "is an API key: use 'npx agentcore-identity api-key weather'")
      assert.include(
        yield* stderr("api-key", "calendar"),
        "is an OAuth2 provider: use 'npx agentcore-identity token calendar'"
      )
    }).pipe(Effect.provide(world)))

  it.live("report a server that is not running, not a missing caller", () =>
    Effect.gen(function*() {
      const url = yield* Effect.map(Server.freePort, (port) => `http://127.0.0.1:${port}`)
      const gone = Object.fromEntries(
        Object.entries(yield* shell).map(([name, value]) => [name, value.startsWith("http:") ? url : value])
      )
      const commands = [
        ["token", "calendar", "--user", "alice"],
        ["token", "calendar", "--workload", "my-agent"],
        ["api-key", "weather"]
      ]
      yield* Effect.forEach(commands, (args) =>
        Effect.map(Program.run(args, gone), ({ code, stderr }) => {
          assert.strictEqual(code, 1)
          assert.match(stderr, /^TransportError: .*the connection to 127\.0\.0\.1:\d+ failed.*ECONNREFUSED/m)
          assert.include(stderr, "Start it with: npx agentcore-identity local")
          assert.notInclude(stderr, "MissingCaller")
        }))
    }).pipe(Effect.provide(world)))

  it.live("report that there is no workload identity", () =>
    Effect.gen(function*() {
      const env = yield* shell
      yield* ControlPlane.ControlPlane.use((plane) => plane.deleteWorkloadIdentity({ name: "my-agent" }))
      const { stderr } = yield* Program.run(["api-key", "weather"], env)
      assert.include(stderr, "there is no workload identity. Create one")
    }).pipe(Effect.provide(world)))
})

describe("agentcore-identity api-key", () => {
  it.live("masks the key, unless --format prints it on one line", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const apiKey = (...args: ReadonlyArray<string>) => Program.run(["api-key", "weather", ...args], env)
      const [masked, header, json] = yield* Effect.all([
        apiKey(),
        apiKey("--format", "header", "--header", "Authorization", "--prefix", "Token "),
        apiKey("--format", "json")
      ], { concurrency: 2 })
      assert.include(masked.stdout, `API key   ******** (${key.length} characters)`)
      assert.notInclude(`${masked.stdout}${masked.stderr}${header.stderr}${json.stderr}`, key.slice(0, 12))
      assert.strictEqual(header.stdout, `Authorization: Token ${key}\n`)
      assert.deepStrictEqual(JSON.parse(json.stdout), {
        apiKey: key,
        provider: "weather",
        workload: "my-agent",
        user: null
      })
    }).pipe(Effect.provide(world)))

  it.live("rejects an invalid header name or prefix", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const failure = (flag: string, value: string) =>
        Program.failure(["api-key", "weather", "--format", "header", flag, value], env)
      for (const header of ["", "x api key", "x-api-key: a\nx-other", "x-key:", "schlüssel"]) {
        assert.include(yield* failure("--header", header), "--header is the name of a header, as in x-api-key", header)
      }
      for (const prefix of ["Token\r\nx-other: a ", " Token", "Schlüssel "]) {
        assert.include(yield* failure("--prefix", prefix), "and --prefix the start of its value", prefix)
      }
    }).pipe(Effect.provide(world)))

  it.live("prints no header that a line break in the key could extend", () =>
    Effect.gen(function*() {
      const env = yield* environment
      yield* ControlPlane.ControlPlane.use((plane) =>
        plane.updateApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make(`${key}\nquit=1`) })
      )
      for (const format of ["header", "header-json", "git-credential"]) {
        const { code, stderr, stdout } = yield* Program.run(["api-key", "weather", "--format", format], env)
        assert.deepInclude({ code, stdout }, { code: 1, stdout: "" })
        assert.include(stderr, `The credential has characters that --format ${format} cannot carry`)
        assert.notInclude(stderr, key.slice(0, 12))
      }
    }).pipe(Effect.provide(world)))
})
