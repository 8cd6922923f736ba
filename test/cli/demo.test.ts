import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Program from "../support/cli.js"
import * as World from "../support/localWorld.js"
import * as ProtectedApi from "../support/protectedApi.js"
import * as Server from "../support/server.js"

beforeAll(Program.build)

/** The output must not contain tokens (JWTs), keys (32 bytes as base64url) or the URL of a consent page. */
const assertNoSecrets = ({ stderr, stdout }: Program.Output) => {
  assert.strictEqual(stderr, "")
  assert.notMatch(stdout, /request_uri|session_id|[?&](state|code)=|eyJ|[A-Za-z0-9_-]{40,}/)
}

const nextSteps = "What to try next"

/** The table at the end, without its column of times. */
const table = (stdout: string) =>
  stdout.slice(stdout.indexOf("Credential ")).split(nextSteps, 1).join().trim().split("\n").map((line) =>
    line.trim().split(/ {2,}/).slice(0, 3)
  )

const heading = ["Credential", "Flow", "How it was obtained"]

/** Runs the API of the demo on its own port. */
const api = Effect.gen(function*() {
  const { audience, issuer, jwksUri } = yield* AuthorizationServer.AuthorizationServer
  return yield* ProtectedApi.serve({
    audience,
    issuer,
    jwksUri,
    apiKeys: [{ owner: "agent", key: Redacted.make("key-of-the-weather") }]
  })
})

describe("agentcore-identity demo", () => {
  it.live("obtains three credentials and uses them, with consent without a browser", () =>
    Effect.map(Program.run(["demo", "--auto-consent"]), (output) => {
      assert.strictEqual(output.code, 0)
      assertNoSecrets(output)
      const [first, _, ...rows] = table(output.stdout)
      assert.deepStrictEqual(first, heading)
      // The credentials are obtained in parallel, so their order varies.
      assert.sameDeepMembers(rows, [
        ["quota-key", "API key", "token vault"],
        ["profile-oauth", "USER_FEDERATION", "authorization code + PKCE, user's consent"],
        ["reports-oauth", "M2M", "client credentials of the agent"]
      ])
      assert.include(output.stdout, "a user with openid profile:read")
      const commands = output.stdout.split(nextSteps)[1]?.match(/npx effect-agentcore-identity .*/g)
      assert.deepStrictEqual(commands, [
        "npx effect-agentcore-identity local --authorization-server --exec -- bash",
        "npx effect-agentcore-identity console",
        "npx effect-agentcore-identity --help"
      ])
    }))

  it.live("ends with commands that work, one in the shell of the other", () =>
    Effect.gen(function*() {
      const env = { XDG_RUNTIME_DIR: yield* Program.temporary }
      const command = `'${process.execPath}' '${Program.file}'`
      const { code, stderr, stdout } = yield* Program.run(
        ["local", "--authorization-server", "--exec", "--", "bash", "-c", `${command} console`],
        env
      )
      assert.strictEqual(code, 0, stderr)
      assert.match(stdout, /http:\/\/127\.0\.0\.1:\d+\/\S+/)
    }))

  it.live("catches a denied consent by its tag", () =>
    Effect.map(Program.run(["demo", "--deny"]), (output) => {
      assert.strictEqual(output.code, 0)
      assertNoSecrets(output)
      assert.include(output.stdout, "The program caught AuthorizationFailed by its tag")
      assert.notInclude(output.stdout, "How it was obtained")
    }))

  it.live("rejects --aws when settings are missing, and names them", () =>
    Effect.map(Program.run(["demo", "--aws", "--workload", "agent"], { AGENTCORE_DEMO_USER: "alice" }), (output) => {
      assert.strictEqual(output.code, 1)
      assert.strictEqual(output.stdout.trim(), "")
      for (const flag of ["machine-provider", "user-provider", "api-key-provider", "return-url", "api-url"]) {
        assert.match(
          output.stderr,
          new RegExp(`--${flag} +or +AGENTCORE_DEMO_${flag.toUpperCase().replaceAll("-", "_")}`)
        )
      }
      assert.notMatch(output.stderr, /--(workload|user) /)
    }))

  it.live.each([
    "https://127.0.0.1:8765/connect/return",
    "http://127.0.0.1:8765/consent",
    "http://127.0.0.1:8765/return"
  ])(
    "rejects --aws when its pages cannot be at the return URL: %s",
    (url) =>
      Effect.gen(function*() {
        const names = ["workload", "user", "machine-provider", "user-provider", "api-key-provider", "api-url"]
        const options = [...names.flatMap((name) => [`--${name}`, "name"]), "--return-url", url]
        const { code, stderr } = yield* Program.run(["demo", "--aws", ...options])
        assert.strictEqual(code, 1)
        assert.include(stderr, "such as http://127.0.0.1:8765/connect/return")
      })
  )

  it.live("runs the same program against the endpoints of the environment with --aws", () =>
    Effect.gen(function*() {
      const returnUrl = `http://127.0.0.1:${yield* Server.freePort}/connect/return`
      const world = yield* World.setUp([returnUrl])
      const alice = yield* World.person("alice")
      yield* World.userToken(
        "alice",
        world.returnUrl,
        alice.approves,
        ["openid", "profile:read"]
      )
      const { environment } = yield* LocalServer.LocalServer
      const output = yield* Program.run(["demo", "--aws", "--workload", "agent", "--user", "alice"], {
        ...environment,
        AGENTCORE_DEMO_MACHINE_PROVIDER: "calendar",
        AGENTCORE_DEMO_USER_PROVIDER: "calendar",
        AGENTCORE_DEMO_API_KEY_PROVIDER: "weather",
        AGENTCORE_DEMO_RETURN_URL: returnUrl,
        AGENTCORE_DEMO_API_URL: yield* api
      })
      assert.strictEqual(output.code, 0, output.stderr)
      assertNoSecrets(output)
      const [first, _, ...rows] = table(output.stdout)
      assert.deepStrictEqual(first, heading)
      assert.sameDeepMembers(rows, [
        ["weather", "API key", "token vault"],
        ["calendar", "USER_FEDERATION", "token vault, no consent needed"],
        ["calendar", "M2M", "client credentials of the agent"]
      ])
      assert.include(output.stdout, "an API key: 997 of 1000 calls left")
    }).pipe(World.as("agent", "alice"), Effect.provide(World.layer)))

  // `script` gives the command a terminal.
  it.live.skipIf(process.platform !== "linux")(
    "shows colors on a terminal, unless NO_COLOR is set",
    () =>
      Effect.gen(function*() {
        const show = (env: Program.Environment) =>
          Program.onTerminal(["demo", "--auto-consent"], { TERM: "xterm", ...env }, "")
        const plain = yield* show({ NO_COLOR: "1" })
        assert.strictEqual(plain.code, 0)
        assert.include(plain.stdout, "✓ workload identity")
        assert.notInclude(plain.stdout, "\u001b")
        assert.include((yield* show({})).stdout, "\u001b[32m✓\u001b")
      })
  )
})
