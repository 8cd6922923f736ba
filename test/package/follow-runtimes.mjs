// Runs the first programs of the README, the demo, and the pages of `Connect` on Bun and Deno, from an empty folder
// with the packed tarball. The programs are those that run on Node. npm installs both runtimes beside the folder: they
// are too large to be dependencies of this repository.
import { execFileSync, spawn } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))
const temporary = mkdtempSync(join(tmpdir(), "agentcore-identity-runtimes-"))
const [folder, runtimes] = ["my-agent", "runtimes"].map((name) => join(temporary, name))
const start = performance.now()

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(String(port)))
    })
  })
const port = await freePort()

const npm = (cwd, ...args) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
const install = (cwd, ...packages) => {
  mkdirSync(cwd)
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ type: "module", private: true }))
  npm(cwd, "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", ...packages)
}

/** Runs a command. The output must match. `approve` opens the first authorization URL in it. */
const run = async (name, [command, ...args], expected, approve) => {
  const from = performance.now()
  const inherited = Object.entries(process.env).filter(([name]) => !/^(AWS|BEDROCK|AGENTCORE)_/.test(name))
  const env = { ...Object.fromEntries(inherited), AWS_CONFIG_FILE: "/nonexistent", PORT: port }
  const child = spawn(command, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] })
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000)
  let output = ""
  let page
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (data) => {
      output += data
      const url = approve && /http\S+\/oauth2\/authorize\S+(?=\s)/.exec(output)?.[0]
      if (url) page ??= approve(url)
    })
  }
  const code = await new Promise((resolve) => child.on("close", resolve))
  clearTimeout(timer)
  if (approve && !(await page)?.text.includes("Consent given")) throw new Error(`${name}: no consent\n${output}`)
  if (code !== 0 || !expected.test(output)) throw new Error(`${name}: exit code ${code}\n${output}`)
  console.log(`  ${name}: ${((performance.now() - from) / 1000).toFixed(1)} s`)
}

/** The function that opens a link as Alice, and allows. */
const makeAlice = async () => {
  const load = (path) => import(pathToFileURL(join(folder, "node_modules", path)).href)
  const Effect = await load("effect/dist/Effect.js")
  const Redacted = await load("effect/dist/Redacted.js")
  const TestUser = await load("effect-agentcore-identity/dist/local/TestUser.js")
  return (link) =>
    Effect.runPromise(Effect.flatMap(TestUser.make("alice"), ({ approves }) => approves(Redacted.make(link))))
}

const example = (name, edit = (text) => text) =>
  writeFileSync(
    join(folder, name),
    edit(readFileSync(join(folder, "node_modules/effect-agentcore-identity/test/examples", name), "utf8"))
  )

try {
  const [{ filename }] = Object.values(
    JSON.parse(npm(root, "pack", "--json", "--ignore-scripts", "--pack-destination", temporary))
  )
  install(folder, join(temporary, filename), "effect@4", "@effect/platform-node@4", "oidc-provider@9")
  install(runtimes, "bun@1.4", "deno@2.9")
  for (
    const name of ["first.ts", "agent.ts", "laptop.ts", "main.ts", "consent.ts", "promise-agent.mjs", "setup.jsonc"]
  ) {
    example(name, (text) => text.replaceAll("8765", port))
  }
  copyFileSync(join(root, "test/package/connectFetch.child.mjs"), join(folder, "connect.mjs"))
  const approve = await makeAlice()
  const command = "node_modules/effect-agentcore-identity/dist/bin/agentcore-identity.js"
  const local = [command, "local", "--port", "0", "--authorization-server", "--config", "setup.jsonc", "--exec", "--"]

  const bin = (name) => join(runtimes, "node_modules", ".bin", name)
  const commands = { bun: [bin("bun")], deno: [bin("deno"), "run", "--allow-all"] }
  for (const [runtime, words] of Object.entries(commands)) {
    console.log(`— ${execFileSync(words[0], ["--version"], { encoding: "utf8" }).split("\n")[0]}`)
    const named = (name) => `${runtime} ${name}`
    await run(named("first.ts"), [...words, "first.ts"], /a key of 15 characters/)
    await run(named("main.ts"), [...words, "main.ts"], /a token of \d{3,} characters/)
    await run(named("demo"), [...words, command, "demo", "--auto-consent"], /authorization code \+ PKCE/)
    await run(named("consent.ts"), [...words, "consent.ts"], /Alice's token has \d{3,} characters/, approve)
    await run(
      named("promise-agent.mjs"),
      [...words, ...local, ...words, "promise-agent.mjs"],
      /Sales, with a token of/,
      approve
    )
    await run(named("connect.fetch"), [...words, "connect.mjs"], /for alice, and the page says: Granted/)
  }
  console.log(`Bun and Deno run the programs: ${Math.round((performance.now() - start) / 1000)} s.`)
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
