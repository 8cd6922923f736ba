// Follows the README and the guides as a newcomer does, in empty folders, with the packed tarball instead of the
// published package: in TypeScript on Node 22 and 24, with npm and with pnpm, in plain JavaScript, in Python, and
// from a clone. Commands and files come out of the pages: a block of code below `<!-- test/examples/NAME -->` is the
// file NAME, and below `<!-- follow: STEP -->` it is a step. The commands of some recipes come out of their own README.
// Arguments are the names of walks. Without them, all are walked.
//
// Only three things differ from what a reader types: the tarball, free ports, and the user, who decides without a
// browser. With pnpm, `npm install` is `pnpm add`. Python runs over boto3 with generated service models, because
// Debian's is older than AgentCore.
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { execFileSync, spawn } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { createServer } from "node:net"
import { homedir, tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { buildProgram } from "../support/build.mjs"
import { blocksOf, pages, read } from "./pages.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const temporary = mkdtempSync(join(tmpdir(), "agentcore-identity-readme-"))
const start = performance.now()

/** The blocks of some pages whose comment begins with a marker, by the rest of the comment. */
const blocks = (marker, of) =>
  new Map(
    of.flatMap(blocksOf).filter((block) => block.marker.startsWith(marker)).map((block) => [
      block.marker.slice(marker.length),
      block.code
    ])
  )
const files = blocks("test/examples/", pages)
const steps = blocks("follow: ", pages)
const recipes = {
  "Next.js": "next",
  MCP: "mcp",
  "A proxy": "forward-auth",
  "AgentCore Runtime": "agentcore-runtime"
}
for (const [recipe, page] of Object.entries(recipes)) {
  for (const [step, text] of blocks("follow: ", [`test/examples/${page}/README.md`])) {
    steps.set(`${recipe}, ${step}`, text)
  }
}
const followed = new Set()

const take = (map, name) => {
  const text = map.get(name)
  if (text === undefined) throw new Error(`No page has '${name}'`)
  followed.add(name)
  return text
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

// The package, and the one of the command.
const [tarball, commandTarball] = Object.values(JSON.parse(
  execFileSync(
    "npm",
    ["pack", ".", "./agentcore-identity", "--json", "--ignore-scripts", "--pack-destination", temporary],
    { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }
  )
)).map(({ filename }) => join(temporary, filename))

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
      /^(p?npm (?:install|add) .*?)(?:\S+\/)?effect-agentcore-identity(?:-\S+\.tgz)?(?= |$)/gm,
      `$1${tarball}`
    ).replace(/^(npm install )agentcore-identity$/gm, `$1${commandTarball}`)
  const run = (script, onOutput = () => {}, cwd = folder) =>
    new Promise((resolve, reject) => {
      const child = spawn("bash", ["--norc", "-e", "-c", `${stopServer}\n${script}`], {
        cwd,
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
      const collect = (data) => {
        output += data
        onOutput(output)
      }
      child.stdout.setEncoding("utf8").on("data", collect)
      child.stderr.setEncoding("utf8").on("data", collect)
      const timer = setTimeout(() => child.kill("SIGKILL"), 300_000)
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
    /** Types a step in another folder, with nothing replaced. */
    typeAsWritten: async (step, cwd) => {
      await run(take(steps, step), undefined, cwd)
      console.log(`  ${name}: ${step}, as written`)
    },
    /** The port of the page in an example that a step copies out of the package. */
    withCopiedPorts: (text) => text.replace(/^cp .*\/(laptop\.ts) \.$/m, `$&\nsed -i s/8765/${page}/ $1`),
    /** Types other commands. */
    pass: async (script) => {
      await run(withTarball(script))
      console.log(`  ${name}: npm installs`)
    }
  }
}

/** Opens the first link in an output, and allows. */
const allowConsent = (link = /http\S+\/oauth2\/authorize\S+(?=\s)/) => {
  let response
  return (output) => {
    const url = link.exec(output)?.[0]
    if (url === undefined || response !== undefined) return
    response = Effect.runPromise(
      SimulatedUser.consent({ authorizationUrl: Redacted.make(url), userName: "alice", decision: "allow" })
    ).then(({ text }) => {
      if (!text.includes("Consent given")) throw new Error(`The consent ended with: ${text}`)
    })
  }
}

const guide = read("src/aws/README.md")

const aKey = "a key of 15 characters"
const aReport = /Sales, with a token of \d{3,} characters/
const aToken = /a token of \d{3,} characters/
const maskedCredentials = /Token +\*+ \(\d{3,} characters\)[^]*API key +\*+ \(15 characters\)/

/** Removes what the guide says to remove. */
const withoutTypes = (text) => {
  const [, ...types] = /In plain JavaScript, remove the type arguments, such as `(.+?)` and `(.+?)`/.exec(guide) ?? []
  const typed = types.filter((type) => text.includes(type))
  if (typed.length === 0) throw new Error("The guide does not say how to write JavaScript")
  return typed.reduce((result, type) => result.replaceAll(type, ""), text)
}

/** The size of the bundle in the guide. */
const checkBundle = (folder) => {
  const written = Number(/The file is (\d+) KB/.exec(guide)?.[1])
  const measured = statSync(join(folder, "aws.mjs")).size / 1000
  if (!(Math.abs(measured / written - 1) < 0.1)) {
    throw new Error(`The bundle has ${Math.round(measured)} KB, and the guide says ${written} KB`)
  }
}

/** Makes the folder of the README. All but one newcomer have the tarball already. */
const begin = async (me) => {
  await me.type(["install"], [], undefined, (text) => text.replace(/^npm pack\nmkdir .*\n/, ""))
  me.save("setup.jsonc")
}

const typescript = (node, withPnpm) => async (name) => {
  const me = await newcomer(name, node, withPnpm)
  await begin(me)
  me.save("agent.mjs")
  await me.type(["agent.mjs"], [aReport])
  me.save("first.ts")
  await me.type(["first"], [aKey])
  me.save("reports.test.ts")
  await me.type(["reports.test.ts"], ["1 passed"])
  me.save("sandbox.mjs")
  await me.type(["sandbox.mjs"], ["x-api-key: for development", "status 403"])
  for (const file of ["agent.ts", "aws.ts"]) me.save(file)
  await me.type(["install, Effect", "main", "aws", "bundle"], [new RegExp(`(${aToken.source}[^]*){3}`)])
  checkBundle(me.folder)
  await me.type(["test"], ["1 passed"])
  me.save("consent.ts")
  await me.type(["consent"], [/Alice's token has \d{3,} characters/], allowConsent(), me.withCopiedPorts)
  me.save("promise-agent.mjs")
  await me.type(["promises"], [aReport], allowConsent())
  // TypeScript does not depend on the version of Node.
  if (node === node22) return
  me.saveStep("tsconfig.json")
  await me.type(["types"])
}

const javascript = (node) => async (name) => {
  const me = await newcomer(name, node)
  await begin(me)
  me.save("first.ts", "first.js", withoutTypes)
  await me.type(["first"], [aKey], undefined, (text) => text.replace("first.ts", "first.js"))
}

const python = async (name) => {
  const me = await newcomer(name, node22)
  await begin(me)
  me.save("agent.py")
  await me.type(["python"], [aToken])
}

/** The guide of the local server, in any folder. */
const local = (node) => async (name) => {
  const me = await newcomer(name, node)
  await me.type(["install, any language"], ["a machine with reports:read: 2 reports", "authorization code + PKCE"])
  if (existsSync(join(me.folder, "node_modules/effect"))) throw new Error(`${name}: npm installed effect`)
  // The demo had a server, consent and tokens.
  if (node !== node22) return
  me.save("setup.jsonc")
  me.save("agent.py")
  await me.type(["local", "commands", "stop"], [new RegExp(`${aToken.source}[^]*${maskedCredentials.source}`)])
}

/** As written, from a clone beside the folder. It borrows the dependencies of this repository. */
const clone = async (name) => {
  const me = await newcomer(name, node24)
  const here = join(dirname(me.folder), "effect-agentcore-identity")
  execFileSync("git", ["clone", "--quiet", root, here])
  symlinkSync(join(root, "node_modules"), join(here, "node_modules"))
  rmSync(me.folder, { recursive: true })
  await me.typeAsWritten("install", here)
  me.save("setup.jsonc")
  me.save("agent.mjs")
  await me.type(["agent.mjs"], [aReport])
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

/** The server gets another port, time to start, and a signal. */
const mcp = async (name) => {
  const me = await newcomer(name, node24)
  await me.type(["MCP, install"])
  await me.type(["MCP, test"], ["2 passed"])
  const port = await freePort()
  const url = `http://localhost:${port}`
  await me.type(
    ["MCP, run", "MCP, client"],
    ["{\"sub\":\"alice\"}"],
    allowConsent(/http\S+\/connect\/\S+(?=\s)/),
    (text) =>
      `export PORT=${port} ORIGIN=${url} MCP_URL=${url}/mcp\n${
        text.replaceAll("http://localhost:3000", url).replace(
          /^node mcp\/main.ts &.*$/m,
          `$&\ncurl --silent --output /dev/null --retry 30 --retry-connrefused --retry-delay 1 ${url}`
        )
      }\nkill $server`
  )
}

/** The programs of a recipe run in the background, on other ports. They end with the shell. */
const inBackground = (variables) => (text) =>
  `${Object.entries(variables).map(([name, value]) => `export ${name}=${value}\n`).join("")}${
    text.replaceAll("http://localhost:3000", "$ORIGIN").replaceAll(
      "http://127.0.0.1:4030",
      "http://127.0.0.1:$FORWARD_AUTH_PORT"
    )
  }\nkill $(jobs -p)`

/** Two recipes for containers, without any. The second one is in the folder of the first, because npm takes long. */
const containers = async (name) => {
  const me = await newcomer(name, node24)
  const [PORT, API_PORT, FORWARD_AUTH_PORT, page] = await Promise.all([1, 2, 3, 4].map(freePort))
  const urls = { REPORTS_API: `http://127.0.0.1:${API_PORT}`, APPLICATION: `http://127.0.0.1:${page}` }
  await me.type(["AgentCore Runtime, install"])
  await me.type(
    ["AgentCore Runtime, run"],
    [/"type":"consent","link":"[^"]+\/connect\/reports[^]*has consented[^]*"type":"text","text":"for alice"/],
    undefined,
    (text) =>
      inBackground({ PORT, API_PORT, ...urls })(
        `sed -i s/8765/${page}/g setup.jsonc\n${
          text.replace("8080", PORT).replace(
            /^node invoke.*$/m,
            "$& &\nagent=$!\nfor try in {1..20}; do npx agentcore-identity local consents approve && break || sleep 1; done\nwait $agent"
          )
        }`
      )
  )
  await me.type(["A proxy, install"])
  await me.type(
    ["A proxy, run"],
    [/401 Unauthorized[^]*\/connect\/calendar[^]*has consented[^]*200 OK[^]*authorization: Bearer ey/i],
    undefined,
    inBackground({ PORT, FORWARD_AUTH_PORT, ORIGIN: `http://localhost:${PORT}` })
  )
}

/** A project that has the latest Effect already. npm resolves packages, and downloads none. */
const besideLatestEffect = async (name) => {
  const me = await newcomer(name, node24)
  const install = "npm install --package-lock-only"
  await me.pass(`npm init -y\n${install} effect@latest\n${install} effect-agentcore-identity\n`)
}

const walks = {
  "Next.js": next,
  MCP: mcp,
  "Recipes for containers": containers,
  "TypeScript, Node 24": typescript(node24),
  "TypeScript, Node 24, pnpm": typescript(node24, true),
  "TypeScript, Node 22": typescript(node22),
  "JavaScript, Node 24": javascript(node24),
  "JavaScript, Node 22": javascript(node22),
  Python: python,
  "The local server, Node 24": local(node24),
  "The local server, Node 22": local(node22),
  "The local server, Node 26": local(node26),
  "A clone": clone,
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
  const [, , ...only] = process.argv
  const waiting = Object.entries(walks).filter(([name]) => only.length === 0 || only.includes(name))
  const walk = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next[1](next[0])
  }
  // The second walker ends even if the first one fails.
  const ends = await Promise.allSettled([walk(), walk()])
  const problems = ends.flatMap(({ reason, status }) => status === "rejected" ? [reason.message ?? String(reason)] : [])
  const forgotten = [...steps.keys()].filter((name) => only.length === 0 && !followed.has(name))
  if (problems.length === 0 && forgotten.length > 0) problems.push(`No walk follows: ${forgotten.join(", ")}`)
  if (problems.length > 0) throw new Error(problems.join("\n\n"))
  console.log(`The README and the guides work from empty folders: ${Math.round((performance.now() - start) / 1000)} s.`)
} finally {
  // Thousands of files: their removal takes a while, and the next job does not wait for it.
  spawn("rm", ["-rf", temporary, ...installedByNpx()], { detached: true, stdio: "ignore" }).unref()
}
