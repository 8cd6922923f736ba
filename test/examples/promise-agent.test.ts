import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath, pathToFileURL } from "node:url"
import { buildModules } from "../support/build.mjs"
import * as Program from "../support/cli.js"
import * as Server from "../support/server.js"
import * as SimulatedUser from "../support/simulatedUser.js"

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const dataUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`

let resolver: string

beforeAll(async () => {
  await Program.build()
  // The package's own name leads to the modules as they are published.
  const modules = pathToFileURL(`${await buildModules()}/`).href
  const hooks = `export const resolve = (specifier, context, next) =>
    next(specifier.replace(/^effect-agentcore-identity\\/(.*)$/, ${JSON.stringify(modules)} + "$1.js"), context)`
  resolver = dataUrl(`import { register } from "node:module"; register(${JSON.stringify(dataUrl(hooks))})`)
})

/** Runs the agent. Each `line` is the next line of its output. */
const start = (environment: Program.Environment) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, ["--import", resolver, path("promise-agent.mjs")], {
        env: {
          PATH: process.env["PATH"] ?? "",
          HOME: "/nonexistent",
          AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
          ...environment
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let errors = ""
      child.stderr.setEncoding("utf8").on("data", (text: string) => errors += text)
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      return {
        child,
        line: Effect.promise(async () => {
          const { done, value } = await lines.next()
          return done === true ? assert.fail(`it printed no more lines: ${errors}`) : value
        }),
        code: new Promise<number | null>((resolve) => child.once("close", resolve)),
        errors: () => errors
      }
    }),
    ({ child, code }) =>
      Effect.promise(() => {
        child.kill("SIGKILL")
        return code
      })
  )

const world: Effect.Effect<
  { readonly PORT: string; readonly variables: Program.Environment },
  never,
  Scope.Scope
> = Effect.gen(function*() {
  const { variables } = yield* Program.local(["--authorization-server"])
  const port = yield* Server.freePort
  const file = join(yield* Program.temporary, "setup.jsonc")
  writeFileSync(file, readFileSync(path("setup.jsonc"), "utf8").replace("8765", String(port)))
  const output = yield* Program.run(["setup", "apply", file], {
    AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL: `${
      variables["AGENTCORE_LOCAL_OAUTH_ISSUER"]
    }/.well-known/openid-configuration`,
    ...variables
  })
  assert.strictEqual(output.code, 0, output.stderr)
  return { PORT: String(port), variables }
})

describe("an agent in plain JavaScript", { timeout: 40_000 }, () => {
  it("uses neither Effect nor an AWS SDK", () => {
    const imports = [...readFileSync(path("promise-agent.mjs"), "utf8").matchAll(/from "(.*)"/g)].map(([, name]) =>
      name
    )
    assert.deepStrictEqual(imports, ["effect-agentcore-identity/promise/Identity", "node:events", "node:http"])
  })

  it.live("asks for Alice's consent once, and gets her token as soon as she returns", () =>
    Effect.gen(function*() {
      const { PORT, variables } = yield* world
      const agent = yield* start({ PORT, ...variables })
      const link = (yield* agent.line).replace("Open this page: ", "")
      const page = yield* SimulatedUser.consent({
        authorizationUrl: Redacted.make(link),
        userName: "alice",
        decision: "allow"
      })
      assert.strictEqual(page.status, 200)
      assert.include(page.text, "Consent given")
      assert.match(yield* agent.line, /^Sales, with a token of \d{2,} characters$/)
      assert.strictEqual(agent.errors(), "")
      agent.child.kill("SIGKILL")
      yield* Effect.promise(() => agent.code)

      // Another process, with the one variable of the AWS SDKs: the token is in the vault.
      const names = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
      const again = yield* start({
        PORT,
        AWS_ENDPOINT_URL: variables["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"] ?? "",
        ...Object.fromEntries(names.map((name) => [name, variables[name] ?? ""]))
      })
      assert.match(yield* again.line, /^Sales, with a token/)
      assert.strictEqual(yield* Effect.promise(() => again.code), 0)
    }))

  it.live("reports the name of the missing part", () =>
    Effect.gen(function*() {
      const { variables } = yield* Program.local()
      const agent = yield* start({ PORT: String(yield* Server.freePort), ...variables })
      assert.strictEqual(yield* Effect.promise(() => agent.code), 1)
      assert.match(agent.errors(), /^AccessDeniedException: /)
    }))
})
