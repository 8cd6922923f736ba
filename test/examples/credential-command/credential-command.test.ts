/** The commands of the page, run as git, Docker Sandboxes and Claude Code document it. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as LoopbackConsent from "effect-agentcore-identity/http/LoopbackConsent"
import * as IdentitySetup from "effect-agentcore-identity/IdentitySetup"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { decodeJwt } from "jose"
import { execFile, execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Calendar from "../../support/calendar.js"
import * as Program from "../../support/cli.js"
import * as Server from "../../support/server.js"
import * as SimulatedUser from "../../support/simulatedUser.js"

beforeAll(Program.build)

const page = readFileSync(new URL("README.md", import.meta.url), "utf8")

const block = (marker: string): string => {
  const [, code] = new RegExp(`<!-- ${marker} -->\n\`\`\`\\w+\n([^]*?)\`\`\``).exec(page) ?? []
  return code ?? assert.fail(marker)
}

const key = "for development"

const setup = readFileSync(new URL("setup.jsonc", import.meta.url), "utf8")

const makeWorld = (options?: LocalIdentity.Options) =>
  Layer.effectDiscard(Effect.gen(function*() {
    const { discoveryUrl } = yield* AuthorizationServer.AuthorizationServer
    yield* Calendar.setUp({ workloads: [] })
    const variables = ConfigProvider.fromUnknown({
      AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL: discoveryUrl,
      AGENTCORE_LOCAL_OAUTH_CLIENT_ID: "calendar-client",
      AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET: "a-development-secret"
    })
    yield* IdentitySetup.parse(setup, { file: "setup.jsonc" }).pipe(
      Effect.provideService(ConfigProvider.ConfigProvider, variables),
      Effect.flatMap((parsed) => IdentitySetup.apply(parsed))
    )
  })).pipe(Layer.provideMerge(Layer.merge(LocalIdentity.layer(options), AuthorizationServer.layer())))

const world = makeWorld()

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A shell with `agentcore-identity` on its path, and a home of its own. */
const makeShell = Effect.gen(function*() {
  const { environment } = yield* LocalIdentity.LocalServer
  const home = yield* Program.temporary
  const bin = join(home, "bin")
  mkdirSync(bin)
  writeFileSync(join(bin, "agentcore-identity"), `#!/bin/sh\nexec '${process.execPath}' '${Program.file}' "$@"\n`)
  chmodSync(join(bin, "agentcore-identity"), 0o755)
  const env = { ...environment, AWS_EC2_METADATA_DISABLED: "true", HOME: home, PATH: `${bin}:${process.env["PATH"]}` }
  const run = (command: string): Effect.Effect<Ended> =>
    Effect.promise(() =>
      new Promise((resolve) =>
        execFile(
          "/bin/sh",
          ["-c", command],
          { env, cwd: home },
          (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr })
        )
      )
    )
  return { run, env, home }
})

/** Gives the consent of the page, with a free port for the return URL. */
const consent = Effect.gen(function*() {
  const { environment } = yield* LocalIdentity.LocalServer
  const returnUrl = LoopbackConsent.defaultReturnUrl.replace("8765", String(yield* Server.freePort))
  const [, ...words] = block("consent").trim().split(" ")
  const started = yield* Program.launch([...words, "--no-browser", "--return-url", returnUrl], environment)
  const authorizationUrl = Redacted.make(yield* Program.seen(started, /^ {2}(http:\S+authorize\S+)$/m))
  yield* SimulatedUser.consent({ authorizationUrl, userName: "alice", decision: "allow" })
  const { code, stderr } = yield* Effect.promise(() => started.ended)
  assert.strictEqual(code, 0, stderr)
  return (command: string) => command.replaceAll("--format", `--return-url ${returnUrl} --format`)
})

/** Serves a repository to those who have a token of alice. Returns its URL, and the user names that were sent. */
const serveRepository = (home: string) =>
  Effect.gen(function*() {
    const git = (...args: ReadonlyArray<string>) =>
      execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
        cwd: home,
        stdio: "pipe"
      })
    git("init", "--quiet", "work")
    git("-C", "work", "commit", "--quiet", "--allow-empty", "--message", "first")
    git("clone", "--quiet", "--bare", "work", "served.git")
    git("-C", "served.git", "update-server-info")
    const users: Array<string> = []
    const url = yield* Server.serve((request, response) => {
      const [user = "", token = ""] = Buffer.from(request.headers.authorization?.split(" ")[1] ?? "", "base64")
        .toString("utf8").split(":")
      if (token === "" || decodeJwt(token).sub !== "alice") {
        response.writeHead(401, { "www-authenticate": "Basic realm=\"git\"" }).end()
        return
      }
      users.push(user)
      try {
        response.end(readFileSync(join(home, new URL(request.url ?? "", "http://host").pathname)))
      } catch {
        response.writeHead(404).end()
      }
    })
    return { url, users }
  })

describe("a command that supplies credentials", () => {
  it.live("is a credential helper of git, for the server of its URL only", () =>
    Effect.gen(function*() {
      const { home, run } = yield* makeShell
      const { url, users } = yield* serveRepository(home)
      const configured = yield* run(block("git").replace("https://git.example.com", url))
      assert.strictEqual(configured.code, 0, configured.stderr)

      // Without the consent, git neither waits nor asks for a password.
      const denied = yield* run(`git clone ${url}/served.git early`)
      assert.strictEqual(denied.code, 128)
      assert.include(denied.stderr, "told us to quit")

      const withReturnUrl = yield* consent
      yield* run(withReturnUrl(block("git").replace("https://git.example.com", url)))
      const cloned = yield* run(`git clone ${url}/served.git copy && git -C copy log --format=%s`)
      assert.strictEqual(cloned.code, 0, cloned.stderr)
      assert.strictEqual(cloned.stdout, "first\n")
      assert.deepStrictEqual([...new Set(users)], ["oauth2"])
      yield* run(`git clone ${url.replace("http://", "http://bot@")}/served.git other`)
      assert.deepStrictEqual([...new Set(users)], ["oauth2", "bot"])

      const elsewhere = yield* run(
        "printf 'protocol=https\\nhost=other.example.com\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill"
      )
      assert.notInclude(elsewhere.stdout, "password")
    }).pipe(Effect.provide(world)), 60_000)

  it.live("gives git an expiry, and nothing for a server without TLS", () =>
    Effect.gen(function*() {
      const { run } = yield* makeShell
      const helper = "agentcore-identity token git --flow M2M --scope reports:read --format git-credential"
      const ask = (operation: string, attributes: string) =>
        run(`printf '${attributes}\\n\\n' | ${helper} ${operation}`)
      const { stdout } = yield* ask("get", "protocol=https\\nhost=git.example.com")
      const [, token = "", expiry] = /^username=oauth2\npassword=(.*)\npassword_expiry_utc=(\d+)\n$/.exec(stdout) ?? []
      assert.strictEqual(Number(expiry), decodeJwt(token).exp)
      const insecure = yield* ask("get", "protocol=http\\nhost=git.example.com")
      assert.deepInclude(insecure, { code: 1, stdout: "quit=1\n" })
      assert.include(insecure.stderr, "git reaches 'git.example.com' without TLS")
      // A URL such as http://a%0dprotocol=https@git.example.com, and a host that looks like this machine.
      for (
        const attributes of [
          "protocol=http\\nhost=git.example.com\\nusername=a\\rprotocol=https",
          "protocol=http\\nhost=localhost/.git.example.com",
          "protocol=http\\nhost=local\\thost",
          "protocol=https://git.example.com/\\nhost=git.example.com",
          "protocol=HTTPS\\nhost=git.example.com",
          "protocol=ftps\\nhost=localhost",
          "host=git.example.com"
        ]
      ) assert.deepInclude(yield* ask("get", attributes), { code: 1, stdout: "quit=1\n" }, attributes)
      for (const operation of ["store", "erase"]) {
        assert.deepStrictEqual(yield* ask(operation, "protocol=https"), { code: 0, stdout: "", stderr: "" })
      }
    }).pipe(Effect.provide(world)))

  it.live("says so if git runs it for every host", () =>
    Effect.gen(function*() {
      const { run } = yield* makeShell
      const helper = "!agentcore-identity token git --flow M2M --scope reports:read --format git-credential"
      const fill = (key: string) =>
        run(
          "printf 'protocol=https\\nhost=git.example.com\\n\\n' | "
            + `GIT_TERMINAL_PROMPT=0 git -c 'credential.${key}=${helper}' credential fill`
        )
      for (const key of ["helper", "https://.helper", "https://*.example.com.helper"]) {
        const { stderr, stdout } = yield* fill(key)
        assert.include(stdout, "password=", key)
        assert.strictEqual(stderr.includes("This helper is not limited to a host"), !key.includes("example"), key)
      }
      const limited = yield* fill("https://git.example.com.helper")
      assert.include(limited.stdout, "password=")
      assert.notInclude(limited.stderr, "limited to a host")
    }).pipe(Effect.provide(world)), 60_000)

  it.live("is a source of Docker Sandboxes and of Claude Code", () =>
    Effect.gen(function*() {
      const { run } = yield* makeShell
      const withReturnUrl = yield* consent
      const output = (command: string) =>
        Effect.map(run(withReturnUrl(command)), ({ code, stderr, stdout }) => {
          assert.strictEqual(code, 0, stderr)
          return stdout
        })
      // sbx runs the command in the shell of the host, and trims its output.
      const [, command = ""] = /--command '(.+)'/.exec(block("sbx")) ?? []
      const token = (yield* output(command)).trim()
      assert.strictEqual(decodeJwt(token).sub, "alice")
      assert.strictEqual(
        yield* run(JSON.parse(block("apiKeyHelper")).apiKeyHelper).pipe(Effect.map(({ stdout }) => stdout)),
        `${key}\n`
      )
      const { calendar } = JSON.parse(block("headersHelper")).mcpServers
      const headers = JSON.parse(yield* output(calendar.headersHelper))
      assert.deepStrictEqual(Object.keys(headers), ["Authorization"])
      assert.strictEqual(decodeJwt(headers.Authorization.replace("Bearer ", "")).sub, "alice")
    }).pipe(Effect.provide(world)), 60_000)

  it.live("needs the policy of its page, and not that of the other command", () =>
    Effect.gen(function*() {
      const policies = yield* Effect.gen(function*() {
        const { home, run } = yield* makeShell
        const { code, stderr } = yield* run(`set -e\n${block("policies")}`)
        assert.strictEqual(code, 0, stderr)
        const read = (name: string) => [JSON.parse(readFileSync(join(home, `${name}.json`), "utf8"))]
        return { git: read("git"), model: read("model") }
      }).pipe(Effect.provide(world))
      yield* Effect.gen(function*() {
        const { run } = yield* makeShell
        const withReturnUrl = yield* consent
        const [, onHost = ""] = /--command '(.+)'/.exec(block("sbx")) ?? []
        const token = withReturnUrl(onHost)
        const apiKey = JSON.parse(block("apiKeyHelper")).apiKeyHelper
        const as = (role: string, command: string) => run(`AWS_ACCESS_KEY_ID=${role} ${command}`)
        const obtained = yield* as("git", token)
        assert.strictEqual(obtained.code, 0, obtained.stderr)
        assert.strictEqual(decodeJwt(obtained.stdout).sub, "alice")
        const found = yield* as("model", apiKey)
        assert.deepStrictEqual([found.code, found.stdout], [0, `${key}\n`], found.stderr)
        for (const denied of [yield* as("model", token), yield* as("git", apiKey)]) {
          assert.deepInclude(denied, { code: 1, stdout: "" })
          assert.include(denied.stderr, "AccessDeniedException")
        }
      }).pipe(Effect.provide(makeWorld({ settings: { policies } })))
    }), 60_000)
})
