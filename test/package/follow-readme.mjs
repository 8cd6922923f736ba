// Follows the README as a newcomer does, in empty folders, with the packed tarball instead of the published package: in
// TypeScript on Node 22, 24 and 26, with npm and with pnpm, in plain JavaScript, and in Python. Commands and files come
// out of the README: a block of code below `<!-- test/examples/NAME -->` is the file NAME, and below
// `<!-- follow: STEP -->` it is a step. The commands of the recipe for Next.js come out of its own README.
//
// Only three things differ from what a reader types: the tarball, free ports, and the user, who decides without a
// browser. With pnpm, `npm install` is `pnpm add`. Python runs over boto3 with generated service models, because
// Debian's is older than AgentCore.
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { execFileSync, spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { homedir, tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { buildProgram } from "../support/build.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const readme = readFileSync(join(root, "README.md"), "utf8")
const temporary = mkdtempSync(join(tmpdir(), "agentcore-identity-readme-"))
const start = performance.now()

// -----------------------------------------------------------------------------
// The README
// -----------------------------------------------------------------------------

const blocks = (marker, page = readme) =>
  new Map(
    [...page.matchAll(new RegExp(`<!-- ${marker}(.+) -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``, "g"))]
      .map(([, name, text]) => [name, text])
  )
const files = blocks("test/examples/")
const steps = blocks("follow: ")
for (const [step, text] of blocks("follow: ", readFileSync(join(root, "test/examples/next/README.md"), "utf8"))) {
  steps.set(`Next.js, ${step}`, text)
}
const followed = new Set()

const take = (map, name) => {
  const text = map.get(name)
  if (text === undefined) throw new Error(`The README has no '${name}'`)
  followed.add(name)
  return text
}

// -----------------------------------------------------------------------------
// A newcomer
// -----------------------------------------------------------------------------

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const [pack] = Object.values(JSON.parse(
  execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", temporary], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"]
  })
))
const tarball = join(temporary, pack.filename)

/** The folder of the executables of a Node version. */
const findNode = (major) =>
  dirname(
    execFileSync("npx", ["--yes", "--prefer-offline", "-p", `node@${major}`, "--", "node", "-p", "process.execPath"], {
      encoding: "utf8"
    })
      .trim()
  )
const [node22, node24, node26] = [findNode(22), findNode(24), findNode(26)]
const pnpm = dirname(
  execFileSync("npx", ["--yes", "--prefer-offline", "-p", "pnpm@10", "-c", "command -v pnpm"], { encoding: "utf8" })
    .trim()
)

const SimulatedUser = await import(pathToFileURL(await buildProgram("support/simulatedUser.ts")).href)
const models = join(temporary, "models")
const ServiceModel = await import(pathToFileURL(await buildProgram("support/serviceModel.ts")).href)
ServiceModel.write(models)

/** A failed step leaves no server behind. */
const stopServer = "trap 'kill $AGENTCORE_LOCAL_PID 2> /dev/null || true' EXIT"

/** A newcomer with an empty folder, one version of Node, and their own ports. */
const newcomer = async (name, node, withPnpm = false) => {
  const folder = join(temporary, name, "my-agent")
  mkdirSync(folder, { recursive: true })
  const [identity, authorizationServer, page] = [await freePort(), await freePort(), await freePort()]
  const withPorts = (text) =>
    text.replaceAll("8765", String(page)).replace(
      "--authorization-server ",
      `$&--port ${identity} --authorization-server-port ${authorizationServer} `
    )
  const withPackageManager = (text) => withPnpm ? text.replace(/^npm install /gm, "pnpm add ") : text
  const withTarball = (text) =>
    withPackageManager(text).replace(
      /^npx effect-agentcore-identity/gm,
      `npx --yes --package=${tarball} agentcore-identity`
    )
      .replace(/^(p?npm (?:install|add) .*?)effect-agentcore-identity(?= |$)/gm, `$1${tarball}`)
  const run = (script, onOutput = () => {}) =>
    new Promise((resolve, reject) => {
      const child = spawn("bash", ["--norc", "-e", "-c", `${stopServer}\n${script}`], {
        cwd: folder,
        env: {
          // Keeps the settings of npm and of proxies, and removes those of AWS.
          ...Object.fromEntries(
            Object.entries(process.env).filter(([name]) => !/^(AWS|BEDROCK|AGENTCORE)_/.test(name))
          ),
          PATH: `${node}:${pnpm}:${process.env.PATH}`,
          AWS_CONFIG_FILE: "/nonexistent",
          AWS_SHARED_CREDENTIALS_FILE: "/nonexistent",
          AWS_DATA_PATH: models,
          NEXT_TELEMETRY_DISABLED: "1",
          npm_config_audit: "false",
          npm_config_fund: "false",
          npm_config_loglevel: "error",
          npm_config_prefer_offline: "true",
          npm_config_update_notifier: "false"
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let output = ""
      const read = (data) => {
        output += data
        onOutput(output)
      }
      child.stdout.setEncoding("utf8").on("data", read)
      child.stderr.setEncoding("utf8").on("data", read)
      const timer = setTimeout(() => child.kill("SIGKILL"), 120_000)
      child.on("exit", (code) => {
        clearTimeout(timer)
        if (code === 0) resolve(output)
        else reject(new Error(`${name}: exit code ${code}\n${script}\n${output}`))
      })
    })

  return {
    folder,
    save: (example, as = example, edit = (text) => text) =>
      writeFileSync(join(folder, as), edit(withPorts(take(files, example)))),
    saveStep: (step) => writeFileSync(join(folder, step), take(steps, step)),
    /** Types the commands of some steps into one shell. The output must contain the strings. */
    type: async (names, expected = [], onOutput = undefined, edit = (text) => text) => {
      const from = performance.now()
      const script = edit(withTarball(withPorts(names.map((step) => take(steps, step)).join(""))))
      const output = await run(script, onOutput)
      for (const text of expected) {
        if (!(text instanceof RegExp ? text.test(output) : output.includes(text))) {
          throw new Error(`${name}: '${names.join("', '")}' did not print ${text}:\n${output}`)
        }
      }
      console.log(`  ${name}: ${names.join(", ")}: ${((performance.now() - from) / 1000).toFixed(1)} s`)
    },
    /** Types other commands. */
    pass: async (script) => {
      await run(withTarball(script))
      console.log(`  ${name}: npm installs`)
    }
  }
}

/** Opens the first link in an output, and allows. */
const allowConsent = () => {
  let response
  return (output) => {
    const url = /http\S+\/oauth2\/authorize\S+(?=\s)/.exec(output)?.[0]
    if (url === undefined || response !== undefined) return
    response = Effect.runPromise(
      SimulatedUser.consent({ authorizationUrl: Redacted.make(url), userName: "alice", decision: "allow" })
    ).then(({ text }) => {
      if (!text.includes("Consent given")) throw new Error(`The consent ended with: ${text}`)
    })
  }
}

// -----------------------------------------------------------------------------
// The walks
// -----------------------------------------------------------------------------

const aKey = "a key of 15 characters"
const aToken = /a token of \d{3,} characters/
const maskedCredentials = /Token +\*+ \(\d{3,} characters\)[^]*API key +\*+ \(15 characters\)/

/** Removes the lines that the README says to remove. */
const withoutType = (text) => {
  const type = /In plain JavaScript, remove the type `(.+?)`/.exec(readme)?.[1]
  if (type === undefined || !text.includes(type)) throw new Error("The README does not say how to write JavaScript")
  return text.replaceAll(type, "")
}

/** The size of the bundle in the README. */
const checkBundle = (folder) => {
  const written = Number(/(\d+) KB/.exec(readme)?.[1])
  const measured = statSync(join(folder, "aws.mjs")).size / 1000
  if (!(Math.abs(measured / written - 1) < 0.1)) {
    throw new Error(`The bundle has ${Math.round(measured)} KB, and the README says ${written} KB`)
  }
}

const typescript = (node, withPnpm) => async (name) => {
  const me = await newcomer(name, node, withPnpm)
  await me.type(["install"])
  me.save("first.ts")
  await me.type(["first"], [aKey])
  for (const file of ["agent.ts", "laptop.ts", "main.ts"]) me.save(file)
  await me.type(["main"], [aToken])
  me.save("setup.jsonc")
  me.save("consent.ts")
  await me.type(["consent"], [/Alice's token has \d{3,} characters/], allowConsent())
  me.save("aws.ts")
  me.save("promise-agent.mjs")
  await me.type(
    ["local", "setup", "commands", "aws", "bundle", "promises", "stop"],
    [new RegExp(`${maskedCredentials.source}[^]*${aToken.source}[^]*${aToken.source}[^]*Sales, with a token of`)],
    allowConsent()
  )
  checkBundle(me.folder)
  me.save("testing.test.ts", "agent.test.ts")
  await me.type(["test"], ["1 passed"])
  // TypeScript does not depend on the version of Node.
  if (node === node22 || node === node26) return
  me.saveStep("tsconfig.json")
  await me.type(["types"])
}

const javascript = (node) => async (name) => {
  const me = await newcomer(name, node)
  await me.type(["install", "install, promises"])
  me.save("first.ts", "first.js", withoutType)
  await me.type(["first, JavaScript"], [aKey])
}

const python = async (name) => {
  const me = await newcomer(name, node22)
  await me.type(["install, any language"])
  me.save("setup.jsonc")
  me.save("agent.py")
  await me.type(["local", "python", "stop"], [aToken])
  await me.type(["exec"], [aToken])
}

/** A server of Next.js does not end. It gets another port, a request, and a signal. */
const requestOnce = (port) => (text) =>
  `export PORT=${port}\n${
    text.replace(
      /^npx next start$/m,
      `setsid $& &\nserver=$!
       curl --silent --retry 30 --retry-connrefused --retry-delay 1 http://localhost:$PORT/agenda
       kill -- -$server`
    )
  }`

/** Its tests have two users. It is too large to be a dependency of this repository. */
const next = async (name) => {
  const me = await newcomer(name, node24)
  await me.type(["Next.js, install"], ["/connect/[[...path]]"])
  await me.type(["Next.js, test"], [/^. pass 5$/m])
  await me.type(["Next.js, run"], ["{\"signIn\":"], undefined, requestOnce(await freePort()))
}

const demo = async (name) => {
  const me = await newcomer(name, node22)
  await me.type(["demo"], ["a machine with reports:read: 2 reports", "authorization code + PKCE"])
}

/** A project that has the latest Effect already. npm resolves packages, and downloads none. */
const besideLatestEffect = async (name) => {
  const me = await newcomer(name, node24)
  const install = "npm install --package-lock-only"
  await me.pass(`npm init -y\n${install} effect@latest\n${install} effect-agentcore-identity\n`)
}

const walks = {
  "Next.js": next,
  "TypeScript, Node 24": typescript(node24),
  "TypeScript, Node 24, pnpm": typescript(node24, true),
  "TypeScript, Node 22": typescript(node22),
  "TypeScript, Node 26": typescript(node26),
  "JavaScript, Node 24": javascript(node24),
  "JavaScript, Node 22": javascript(node22),
  Python: python,
  demo,
  "Beside the latest effect": besideLatestEffect
}

/** What `npx` has installed for the tarball. */
const installedByNpx = () => {
  const folder = join(homedir(), ".npm", "_npx")
  return (existsSync(folder) ? readdirSync(folder) : []).map((name) => join(folder, name)).filter((path) => {
    const manifest = join(path, "package.json")
    return existsSync(manifest) && readFileSync(manifest, "utf8").includes(basename(temporary))
  })
}

try {
  const waiting = Object.entries(walks)
  const walk = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next[1](next[0])
  }
  // The second walker ends even if the first one fails.
  const ends = await Promise.allSettled([walk(), walk()])
  const problems = ends.flatMap(({ reason, status }) => status === "rejected" ? [reason.message ?? String(reason)] : [])
  const forgotten = [...steps.keys()].filter((step) => !followed.has(step))
  if (problems.length === 0 && forgotten.length > 0) problems.push(`No walk follows: ${forgotten.join(", ")}`)
  if (problems.length > 0) throw new Error(problems.join("\n\n"))
  console.log(`The README works from an empty folder: ${Math.round((performance.now() - start) / 1000)} s.`)
} finally {
  // Thousands of files: their removal takes a while, and the next job does not wait for it.
  spawn("rm", ["-rf", temporary, ...installedByNpx()], { detached: true, stdio: "ignore" }).unref()
}
