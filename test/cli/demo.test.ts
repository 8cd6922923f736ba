import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Program from "../support/cli.js"

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
      const commands = output.stdout.split(nextSteps)[1]?.match(/npx agentcore-identity .*/g)
      assert.deepStrictEqual(commands, [
        "npx agentcore-identity local --authorization-server --exec -- bash",
        "npx agentcore-identity console",
        "npx agentcore-identity --help"
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

  // `script` gives the command a terminal.
  it.live.skipIf(process.platform !== "linux")(
    "shows colors on a terminal",
    () =>
      Effect.gen(function*() {
        const { code, stdout } = yield* Program.onTerminal(["demo", "--auto-consent"], { TERM: "xterm" }, "")
        assert.strictEqual(code, 0)
        assert.include(stdout, "\u001b[32m✓\u001b")
      })
  )
})
