import { assert, beforeAll, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { readdirSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"
import { promisify } from "node:util"

const run = promisify(execFile)
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

const root = path("../../")
// Inside node_modules, where the built modules find their dependencies.
const built = path("../../node_modules/.cache/module-load/")

const modulesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(`${root}src/${folder}`)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}${file.slice(0, -".ts".length)}`)

const core = modulesIn("")
const folders = readdirSync(`${root}src`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "internal" && entry.name !== "cli")
  .map((entry) => [entry.name, modulesIn(`${entry.name}/`)] as const)

interface Loaded {
  readonly packages: ReadonlyArray<string>
  readonly own: ReadonlyArray<string>
  readonly urls: ReadonlyArray<string>
}

/** What modules load together: nothing is loaded by one of them that is not in it. */
const load = async (...modules: ReadonlyArray<string>): Promise<Loaded> => {
  const targets = modules.map((module) => pathToFileURL(`${built}${module}.js`).href)
  const { stdout } = await run(
    process.execPath,
    [
      "--import",
      path("./record-modules.mjs"),
      "--input-type=module",
      "--eval",
      targets.map((target) => `await import(${JSON.stringify(target)})`).join("\n")
    ],
    { cwd: root, env: { PATH: process.env["PATH"] }, maxBuffer: 64 * 1024 * 1024 }
  )
  const urls = [...new Set(stdout.split("\n").filter((line) => line.startsWith("file:")))]
  const own = urls.filter((url) => url.startsWith(pathToFileURL(built).href))
  const packages = urls.filter((url) => !own.includes(url)).flatMap((url) => {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
    return name === undefined ? [] : [name]
  })
  assert.includeMembers(urls, targets)
  return { urls, own, packages: [...new Set(packages)].sort() }
}

describe("what a module of the built package loads", { timeout: 60_000 }, () => {
  beforeAll(async () => {
    rmSync(built, { recursive: true, force: true })
    // Types are checked elsewhere; here a type error in one module must not hide what another one loads.
    await run(
      process.execPath,
      [
        `${root}node_modules/typescript/bin/tsc`,
        "--project",
        `${root}src/tsconfig.json`,
        "--outDir",
        built,
        "--noCheck",
        "--declaration",
        "false",
        "--declarationMap",
        "false",
        "--sourceMap",
        "false"
      ],
      { cwd: root }
    )
  }, 60_000)

  it("finds the modules", () => {
    assert.includeMembers([...core], ["index", "DataPlane", "ControlPlane", "Identity", "AccessToken", "ApiKey"])
    assert.includeMembers(folders.map(([name]) => name), ["aws", "http", "local", "models", "promise", "testing"])
    for (const [, modules] of folders) assert.isNotEmpty(modules)
  })

  it("would see a package, and what it requires as CommonJS", async () => {
    writeFileSync(`${built}control.js`, `import "jose"\nimport "@aws-sdk/client-bedrock-agentcore"\n`)
    const { packages } = await load("control")
    assert.includeMembers([...packages], ["jose", "@aws-sdk/client-bedrock-agentcore", "@smithy/core"])
  })

  it("the root exports every core module", async () => {
    const index: Record<string, unknown> = await import(pathToFileURL(`${built}index.js`).href)
    assert.sameMembers(Object.keys(index), core.filter((name) => name !== "index"))
  })

  it("the modules of the root: nothing but Effect", async () => {
    const { own, packages, urls } = await load(...core)
    // `fast-check`, `pure-rand`: `effect/Schema` brings them.
    const allowed = ["effect", "fast-check", "pure-rand"]
    assert.deepStrictEqual(packages.filter((name) => !allowed.includes(name)), [])
    assert.deepStrictEqual(urls.filter((url) => url.endsWith("/effect/dist/esm/index.js")), [])
    const above = /\/module-load\/(?:internal\/)?(?:aws|http|local|persistence|testing|promise|cli)\//
    assert.deepStrictEqual(own.filter((url) => above.test(url)), [])
  })

  it("aws/AwsDataPlane: no other plane, and no streams, which only listings need", async () => {
    const listing =
      /\/module-load\/(?:ControlPlane|SecurityTokenService|models\/.*)\.js$|\/effect\/dist\/esm\/Stream\.js$/
    const seen = async (module: string) => (await load(module)).urls.filter((url) => listing.test(url))
    assert.deepStrictEqual(await seen("aws/AwsDataPlane"), [])
    assert.isNotEmpty(await seen("aws/AwsPlanes"))
  })

  it.each(folders)("%s: neither AWS SDK, OAuth client nor authorization server", async (_, modules) => {
    const { packages } = await load(...modules)
    const lazy =
      /^(@aws-sdk\/.*|@smithy\/.*|openid-client|oauth4webapi|oidc-provider|koa|open|ioredis|@effect\/experimental)$/
    assert.deepStrictEqual(packages.filter((name) => lazy.test(name)), [])
  })
})
