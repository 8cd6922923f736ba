// Effect marks each of its parts as stable, unstable or experimental. Unstable ones may change in a minor version.
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { isPublic } from "./publicModules.mjs"

const src = fileURLToPath(new URL("../../src/", import.meta.url))
const effect = fileURLToPath(new URL("../../node_modules/effect/dist/", import.meta.url))

/** The source without comments, because examples and links also name parts of Effect. */
const codeOf = (file: string): string => readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")

const importOf = /(?:import|export) (?:type )?(?:\* as (\w+)|\{([^}]*)\}|\*)?(?: from )?"([^"]+)"/g

interface Module {
  /** The imported modules of this package. */
  readonly own: ReadonlyArray<string>
  /** Those that it loads when it needs them. */
  readonly lazy: ReadonlyArray<string>
  /** The used parts of Effect, such as `Effect.map`, each with its module. */
  readonly members: ReadonlyArray<readonly [module: string, member: string]>
}

const modules = new Map<string, Module>()

const read = (file: string): Module => {
  const known = modules.get(file)
  if (known !== undefined) return known
  const code = codeOf(file)
  const own: Array<string> = []
  const members: Array<readonly [string, string]> = []
  for (const [, namespace, names = "", from = ""] of code.matchAll(importOf)) {
    if (from.startsWith(".")) own.push(resolve(dirname(file), from.replace(/\.js$/, ".ts")))
    if (!from.startsWith("effect/")) continue
    const used = namespace === undefined
      ? names.split(",").map((name) => name.trim().replace(/^type /, "").split(" as ")[0] ?? "")
      : [...code.matchAll(new RegExp(`(?<![\\w.])${namespace}\\.(\\w+)`, "g"))].map(([, member = ""]) => member)
    for (const member of new Set(used)) if (member !== "") members.push([from.slice("effect/".length), member])
  }
  const lazy = [...code.matchAll(/import\("(\.[^"]+)"\)/g)].map(([, from = ""]) =>
    resolve(dirname(file), from.replace(/\.js$/, ".ts"))
  )
  const module = { own, lazy, members }
  modules.set(file, module)
  return module
}

const declarations = new Map<string, ReadonlyMap<string, string>>()

/** The stability of each declaration of a module of Effect. */
const stabilities = (module: string): ReadonlyMap<string, string> => {
  const known = declarations.get(module)
  if (known !== undefined) return known
  const text = readFileSync(`${effect}${module}.d.ts`, "utf8")
  const found = new Map<string, string>()
  const declared =
    /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\s*(?:export|declare) [^\n]*?(?:const|function|class|interface|type|namespace|let) (\w+)|^ +(\w+) as (\w+),?$/gm
  for (const [, comment = "", name] of text.matchAll(declared)) {
    const [, stability] = /@stability (\w+)/.exec(comment) ?? []
    if (name !== undefined && stability !== undefined && found.get(name) !== "stable") found.set(name, stability)
  }
  // `export { name_ as name }`, with a comment before it.
  const renamed = /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\s*(?:\w+ as )?(\w+),?\s*(?=\/\*\*|\})/g
  for (const [, comment = "", name = ""] of text.matchAll(renamed)) {
    const [, stability] = /@stability (\w+)/.exec(comment) ?? []
    if (stability !== undefined && !found.has(name)) found.set(name, stability)
  }
  declarations.set(module, found)
  return found
}

/** The unstable parts of Effect in all modules that these modules load, at once or `lazily`. */
const unstable = (names: ReadonlyArray<string>, lazily = false): Record<string, ReadonlyArray<string>> => {
  const seen = new Set<string>()
  const found = new Map<string, Set<string>>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    const { lazy, members, own } = read(file)
    for (const [module, member] of members) {
      const stability = stabilities(module).get(member)
      if (stability === "stable") continue
      const set = found.get(module) ?? new Set()
      found.set(module, set.add(stability === undefined ? `${member}?` : member))
    }
    own.forEach(visit)
    if (lazily) lazy.forEach(visit)
  }
  for (const name of names) visit(`${src}${name}.ts`)
  return Object.fromEntries([...found].map(([module, set]) => [module, [...set].sort()] as const).sort())
}

/** All modules of the package, with and without an export. */
const everything = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length))

/** The type of another layer of the module has it. */
const layerHttp = { "http/HttpClient": ["HttpClient"] }

describe("the parts of Effect that the package uses", () => {
  it("are stable on the path of a token over `layerHttpNode`", () => {
    assert.deepStrictEqual(
      unstable(["Identity", "aws/AwsDataPlane", "aws/internal/http/httpPlane", "aws/internal/http/nodeRuntime"]),
      layerHttp
    )
  })

  it("are stable on the path of a token over the SDK", () => {
    assert.deepStrictEqual(unstable(["Identity", "aws/AwsDataPlane", "aws/internal/sdk/sdkDataPlane"]), layerHttp)
  })

  it("are stable elsewhere, except for these", () => {
    assert.deepStrictEqual(unstable(everything), {
      "ai/AiError": ["UnknownError", "make"],
      "ai/McpClient": ["Transport"],
      "ai/McpClientError": ["McpClientError", "TransportError", "isMcpClientError"],
      "ai/McpSchema": ["CallToolResult", "InputRequired", "JsonRpcRequest", "McpErrorBase", "McpRequestContext"],
      "ai/McpServer": ["McpRequest", "McpServer", "ToolkitRequirements", "middleware", "toolkit"],
      "ai/Prompt": ["Prompt"],
      "ai/Tool": ["Any", "FailureMode", "HandlerResult", "HandlersFor", "Requirements", "Tool"],
      "ai/Toolkit": ["Any", "Toolkit", "WithHandler"],
      "cli/Completions": ["CommandDescriptor", "FlagDescriptor", "FlagType", "Shell", "generate"],
      "http-api/HttpApiMiddleware": ["Service"],
      "http/Cookies": ["Cookie", "fromSetCookie"],
      "http/FetchHttpClient": ["RequestInit", "layer"],
      "http/FindMyWay": ["make"],
      "http/Headers": ["CurrentRedactedNames", "empty", "has", "redact", "remove", "set", "setAll"],
      "http/HttpBody": ["HttpBody", "empty", "uint8Array"],
      "http/HttpClient": [
        "HttpClient",
        "TracerDisabledWhen",
        "execute",
        "filterStatusOk",
        "followRedirects",
        "isHttpClient",
        "make",
        "makeWith",
        "transform"
      ],
      "http/HttpClientError": ["EncodeError", "HttpClientError", "isHttpClientError"],
      "http/HttpClientRequest": [
        "HttpClientRequest",
        "acceptJson",
        "basicAuth",
        "bearerToken",
        "bodyJsonUnsafe",
        "bodyUrlParams",
        "delete",
        "get",
        "isHttpClientRequest",
        "make",
        "makeWith",
        "post",
        "setBody",
        "setHeader",
        "setHeaders",
        "toUrl"
      ],
      "http/HttpClientResponse": ["HttpClientResponse", "TypeId", "fromWeb", "schemaBodyJson"],
      "http/HttpEffect": ["appendPreResponseHandler"],
      "http/HttpMiddleware": ["TracerDisabledWhen", "withLoggerDisabled"],
      "http/HttpRouter": [
        "HttpRouter",
        "PathInput",
        "Provided",
        "Request",
        "Route",
        "add",
        "make",
        "middleware",
        "params",
        "route",
        "serve",
        "use"
      ],
      "http/HttpServer": ["HttpServer", "formatAddress"],
      "http/HttpServerError": ["HttpServerError", "RouteNotFound", "ServeError", "isHttpServerError"],
      "http/HttpServerRequest": ["HttpServerRequest", "ParsedSearchParams", "fromWeb"],
      "http/HttpServerRespondable": ["symbol"],
      "http/HttpServerResponse": [
        "HttpServerResponse",
        "empty",
        "fromWeb",
        "jsonUnsafe",
        "redirect",
        "setCookieUnsafe",
        "setHeader",
        "setHeaders",
        "stream",
        "text",
        "toWeb",
        "uint8Array"
      ],
      "persistence/Persistence": ["PersistenceError"],
      "reactivity/Reactivity": ["layer"],
      "sql/SqlClient": ["SafeIntegers", "SqlClient", "make", "makeSqliteAcquirers"],
      "sql/SqlConnection": ["Connection"],
      "sql/SqlError": ["SqlError", "classifySqliteError", "isSqlError"],
      "sql/Statement": ["Statement", "makeCompilerSqlite"],
      "workflow/Activity": ["Activity", "CurrentAttempt", "idempotencyKey", "make"],
      "workflow/DurableClock": ["sleep"],
      "workflow/DurableDeferred": ["Token", "TokenParsed", "await", "make", "raceAll", "succeed", "token"],
      "workflow/Workflow": ["CaptureDefects", "Execution", "Workflow", "make"],
      "workflow/WorkflowEngine": ["WorkflowEngine", "WorkflowInstance"]
    })
  })

  it("are in the guide, for each public module", () => {
    const parts = new Map<string, Array<string>>()
    for (const name of everything.filter(isPublic).filter((name) => name !== "index").sort()) {
      const used = [...new Set(Object.keys(unstable([name], true)).map((module) => `\`effect/${dirname(module)}\``))]
        .join(", ")
      if (used !== "") parts.set(used, [...parts.get(used) ?? [], `\`${name}\``])
    }
    const rows = [...parts].map(([used, names]) => `| ${names.join(", ")} | ${used} |`)
    const guide = readFileSync(`${src}aws/README.md`, "utf8")
    const [, table] = /^\| modules \| .*\n\| --- \| --- \|\n((?:\|.*\n)+)/m.exec(guide) ?? []
    assert.strictEqual(table, `${rows.join("\n")}\n`)
  })
})
