import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"
import { buildModules } from "../support/build.mjs"
import * as Child from "../support/child.js"
import { isPublic } from "./publicModules.mjs"

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

const root = path("../../")

let built: string

const modulesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(`${root}src/${folder}`)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}${file.slice(0, -".ts".length)}`)

const core = modulesIn("")
const folders = readdirSync(`${root}src`, { withFileTypes: true })
  .flatMap((entry) => {
    const modules = entry.isDirectory() ? modulesIn(`${entry.name}/`).filter(isPublic) : []
    return modules.length === 0 ? [] : [[entry.name, modules] as const]
  })

interface Loaded {
  readonly packages: ReadonlyArray<string>
  readonly own: ReadonlyArray<string>
  readonly urls: ReadonlyArray<string>
  /** Node's own modules that are imported. */
  readonly builtins: ReadonlyArray<string>
}

const urlOf = (module: string): string => pathToFileURL(`${built}/${module}.js`).href

/** The modules that each module imports or requires. */
const graph = new Map<string, ReadonlyArray<string>>()

const packages = ["jose", "@aws-sdk/client-bedrock-agentcore"]

/** `aws/AwsDataPlane` imports one of them when its layer is built. */
const adapters = ["aws/internal/sdk/sdkDataPlane", "aws/internal/http/client", "aws/internal/http/nodeRuntime"]

const loadAll = Effect.gen(function*() {
  built = yield* Effect.promise(buildModules)
  const modules = [...core, ...folders.flatMap(([, modules]) => modules), ...adapters].map(urlOf)
  const child = yield* Child.start([path("./moduleGraph.child.mjs"), JSON.stringify([...modules, ...packages])])
  yield* Stream.runForEach(
    child.reports,
    ({ from, to }) => Effect.sync(() => graph.set(String(from), to as ReadonlyArray<string>))
  )
  assert.strictEqual(yield* child.ended, 0, child.output())
})

/** Returns the modules that a process loads when it imports these modules or packages. */
const load = (specifiers: ReadonlyArray<string>): Loaded => {
  const seen = new Set<string>()
  const visit = (url: string): void => {
    if (seen.has(url)) return
    seen.add(url)
    for (const next of graph.get(url) ?? []) visit(next)
  }
  for (const specifier of specifiers) visit(specifier)
  const lines = [...seen]
  const urls = lines.filter((line) => line.startsWith("file:"))
  const builtins = lines.filter((line) => line.startsWith("node:"))
  const own = urls.filter((url) => url.startsWith(pathToFileURL(built).href))
  const packages = urls.filter((url) => !own.includes(url)).flatMap((url) => {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
    return name === undefined ? [] : [name]
  })
  return { urls, own, packages: [...new Set(packages)].sort(), builtins }
}

const loadModules = (...modules: ReadonlyArray<string>): Loaded => {
  const urls = modules.map(urlOf)
  for (const url of urls) assert.isTrue(graph.has(url), url)
  return load(urls)
}

/** The modules in folders of Effect, without those that its `Config` and `Schema` load. */
const foldersOf = (urls: ReadonlyArray<string>) =>
  urls.flatMap((url) =>
    /\/effect\/dist\/((?!crypto|encoding|internal|net|schema)[a-z-]+\/.*)\.js$/.exec(url)?.[1] ?? []
  )
    .filter((module) => !/^http\/(?:Cookies|Headers|UrlParams|internal\/urlParams)$/.test(module))

describe("the modules that a module of the package loads", { timeout: 60_000 }, () => {
  beforeAll(() => Effect.runPromise(Effect.scoped(loadAll)), 60_000)

  it("are found", () => {
    assert.includeMembers([...core], ["index", "DataPlane", "ControlPlane", "Identity", "AccessToken", "ApiKey"])
    assert.includeMembers(folders.map(([name]) => name), ["aws", "http", "local", "promise", "testing"])
    for (const [, modules] of folders) assert.isNotEmpty(modules)
  })

  it("are listed in `exports`, one line each, when their name begins with a capital", () => {
    const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"))
    const modules = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" })
      .flatMap((file) => /^((?:\w+\/)?[A-Z]\w*)\.tsx?$/.exec(file.replaceAll("\\", "/"))?.[1] ?? [])
    assert.deepStrictEqual(exports, {
      ".": "./dist/index.js",
      ...Object.fromEntries(modules.map((module) => [`./${module}`, `./dist/${module}.js`])),
      "./package.json": "./package.json",
      "./setup.schema.json": "./dist/setup.schema.json"
    })
  })

  it("include packages, and what these require as CommonJS", () => {
    const loaded = load(packages).packages
    assert.includeMembers([...loaded], ["jose", "@aws-sdk/client-bedrock-agentcore", "@smithy/core"])
  })

  it("include every core module for the root", async () => {
    const index: Record<string, unknown> = await import(urlOf("index"))
    assert.sameMembers(Object.keys(index), core.filter((name) => name !== "index"))
  })

  it("are only those of Effect for the root", () => {
    const { own, packages, urls } = loadModules(...core)
    assert.deepStrictEqual(packages, ["effect"])
    assert.deepStrictEqual(foldersOf(urls), [])
    assert.deepStrictEqual(urls.filter((url) => url.endsWith("/effect/dist/index.js")), [])
    const above = /\/modules\/(?:aws|http|local|persistence|testing|promise|cli)\//
    assert.deepStrictEqual(own.filter((url) => above.test(url)), [])
  })

  it("are at most 29 files for Identity, because files take longer to find than to run", () => {
    const { own } = loadModules("Identity")
    assert.isAtMost(own.length, 29)
  })

  it("export the same names as their source when packages are bundled into them", async () => {
    for (const module of modulesIn("aws/internal/http/sdk/")) {
      const [published, source]: ReadonlyArray<object> = await Promise.all([
        import(urlOf(module)),
        import(/* @vite-ignore */ pathToFileURL(`${root}src/${module}.ts`).href)
      ])
      assert.sameMembers(Object.keys(published ?? {}), Object.keys(source ?? {}), module)
    }
  })

  it("contain no adapter for the planes at AWS, and no other plane for the adapters of the data plane", () => {
    const other = /\/modules\/(?:ControlPlane|SecurityTokenService|Models)\.js$/
    // Effect's `ConfigProvider` loads its streams.
    const lists = (url: string) => readFileSync(fileURLToPath(url), "utf8").includes("\"effect/Stream\"")
    for (const module of ["aws/AwsDataPlane", "aws/AwsPlanes", ...adapters]) {
      const { builtins, own, packages } = loadModules(module)
      const isHttp = module.startsWith("aws/internal/http/")
      assert.deepStrictEqual(own.filter((url) => other.test(url) || (!isHttp && lists(url))), [], module)
      assert.deepStrictEqual([builtins, packages], [[], ["effect"]], module)
      const halves = ["/aws/internal/sdk/", "/aws/internal/http/"].filter((half) =>
        own.some((url) => url.includes(half))
      )
      assert.lengthOf(halves, adapters.includes(module) ? 1 : 0, module)
    }
    assert.isNotEmpty(loadModules("runtime/RequestContext").builtins)
  })

  it("contain no other plane and no HTTP server for promise/Identity", () => {
    const { own, urls } = loadModules("promise/Identity")
    assert.deepStrictEqual(foldersOf(urls), [])
    assert.deepStrictEqual(
      own.filter((url) => /\/modules\/(?:ControlPlane|SecurityTokenService|http\/.*|Models)\.js$/.test(url)),
      []
    )
  })

  it("contain no store of consents and no SQL for promise/Connect", () => {
    const { own, urls } = loadModules("promise/Connect")
    assert.deepStrictEqual(foldersOf(urls).filter((module) => !/^(?:http|socket)\//.test(module)), [])
    assert.deepStrictEqual(own.filter((url) => /\/modules\/persistence\//.test(url)), [])
  })

  it("contain no MCP and no HTTP of Effect for promise/Mcp, and `effect/ai` only for ai/ and mcp/", () => {
    const { packages, urls } = loadModules("promise/Mcp")
    assert.deepStrictEqual(packages, ["effect"])
    assert.deepStrictEqual(foldersOf(urls), [])
    const ai = /\/effect\/dist\/ai\//
    for (const [name, modules] of folders) {
      const { packages, urls } = loadModules(...modules)
      assert.deepStrictEqual(packages.filter((name) => name.startsWith("@modelcontextprotocol/")), [], name)
      assert.strictEqual(urls.some((url) => ai.test(url)), name === "ai" || name === "mcp", name)
    }
  })

  it("contain no optional package, and no cluster or SQL of Effect, for durable/ObtainConsent", () => {
    const { packages, urls } = loadModules("durable/ObtainConsent")
    // `Connect` signs its forms with `jose`.
    assert.deepStrictEqual(packages, ["effect", "jose"])
    assert.isNotEmpty(urls.filter((url) => /\/effect\/dist\/workflow\//.test(url)))
    assert.deepStrictEqual(urls.filter((url) => /\/effect\/dist\/(?:cluster|sql)\//.test(url)), [])
  })

  // Programs over a cluster and its database import `durable/`.
  const others = folders.filter(([name]) => name !== "durable")
  it.each(others)("contain no AWS SDK, OAuth client or authorization server for %s", (name, modules) => {
    const { packages, urls } = loadModules(...modules)
    const lazy = /^(@aws-sdk\/.*|@smithy\/.*|openid-client|oauth4webapi|oidc-provider|koa|open|ioredis|@effect\/.*)$/
    assert.deepStrictEqual(packages.filter((name) => lazy.test(name)), [])
    // The stores are Effect's own.
    const folders = name === "persistence"
      ? /\/effect\/dist\/(?:cluster|workflow)\//
      : /\/effect\/dist\/(?:cluster|sql|workflow)\//
    assert.deepStrictEqual(urls.filter((url) => folders.test(url)), [])
  })
})
