/**
 * The programs that not every machine has. A test declares what it needs with {@link testWith}. Without these tools it
 * is skipped, and `.ci/skipped.mjs` reports it, or it fails if `AGENTCORE_REQUIRE_TOOLS=1`. There is no other way to a
 * tool: {@link pathOf} is a defect in a test that has not declared it, also on a machine that has it.
 */
import { afterAll, beforeAll, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"

declare module "vitest" {
  interface TaskMeta {
    /** The tools that the test needs and the machine has not. */
    missingTools?: ReadonlyArray<string>
  }
}

interface Definition {
  /** The packages of Debian. */
  readonly packages: string
  /** The environment variable with its path. */
  readonly variable: string
  /** The usual paths, best first. */
  readonly paths: () => ReadonlyArray<string>
  readonly works: (path: string) => boolean
}

const foldersOfPath = (process.env["PATH"] ?? "").split(":")

/** Also the folder of servers, which is not on the path of every user. */
const foldersOf = (program: string) => [...foldersOfPath, "/usr/sbin"].map((folder) => join(folder, program))

const debianPostgres = "/usr/lib/postgresql"

const definitions = {
  Chromium: {
    packages: "chromium",
    variable: "CHROMIUM_PATH",
    paths: () => [
      "/usr/bin/chromium",
      "/usr/bin/chromium-browser",
      "/usr/bin/google-chrome",
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      "/Applications/Chromium.app/Contents/MacOS/Chromium"
    ],
    works: existsSync
  },
  Redis: {
    packages: "redis-server",
    variable: "REDIS_SERVER_PATH",
    paths: () => foldersOfPath.map((folder) => join(folder, "redis-server")),
    works: existsSync
  },
  // A folder: Debian has the programs of the server in one that is not on the path.
  PostgreSQL: {
    packages: "postgresql",
    variable: "POSTGRES_BIN_PATH",
    paths: () => [
      ...foldersOfPath,
      ...existsSync(debianPostgres)
        ? readdirSync(debianPostgres).sort().reverse().map((version) => join(debianPostgres, version, "bin"))
        : []
    ],
    works: (folder) => ["initdb", "postgres", "psql", "pg_dump"].every((program) => existsSync(join(folder, program)))
  },
  // A Python with boto3 and pytest.
  boto3: {
    packages: "python3-boto3 and python3-pytest",
    variable: "PYTHON",
    paths: () => ["/usr/bin/python3"],
    works: (path) => spawnSync(path, ["-c", "import boto3, pytest"]).status === 0
  },
  nginx: {
    packages: "nginx-light",
    variable: "NGINX_PATH",
    paths: () => foldersOf("nginx"),
    works: existsSync
  },
  Caddy: {
    packages: "caddy",
    variable: "CADDY_PATH",
    paths: () => foldersOf("caddy"),
    works: existsSync
  },
  // `unshare` needs the rights to make a namespace: those of root, and of a container that has them.
  "network namespaces": {
    packages: "iproute2 and util-linux, as root",
    variable: "UNSHARE_PATH",
    paths: () => foldersOf("unshare"),
    works: (path) =>
      spawnSync(path, ["-n", "ip", "link", "add", "veth-test", "type", "veth", "peer", "name", "veth-peer"]).status
        === 0
  },
  // The one of a version manager needs variables of its own.
  "the AWS CLI": {
    packages: "awscli",
    variable: "AWS_CLI_PATH",
    paths: () => ["/usr/bin/aws"],
    works: existsSync
  }
} satisfies Record<string, Definition>

export type Tool = keyof typeof definitions

const found = new Map<Tool, string | undefined>()

const find = (tool: Tool): string | undefined => {
  if (!found.has(tool)) {
    const { paths, variable, works } = definitions[tool]
    const configured = process.env[variable] ?? ""
    found.set(tool, (configured === "" ? paths() : [configured]).find(works))
  }
  return found.get(tool)
}

/** The tools that a test has declared. */
export class Tools extends Context.Service<Tools, ReadonlyArray<Tool>>()("test/Tools") {}

/** The path of a declared tool. */
export const pathOf = (tool: Tool): Effect.Effect<string, never, Tools> =>
  Effect.flatMap(Tools, (declared) => {
    const { packages, variable } = definitions[tool]
    const path = find(tool)
    return declared.includes(tool) && path !== undefined
      ? Effect.succeed(path)
      : Effect.die(
        new Error(
          declared.includes(tool)
            ? `${tool} was not found: install ${packages}, or set ${variable}`
            : `This test has to declare that it needs ${tool}`
        )
      )
  })

const missingOf = (tools: ReadonlyArray<Tool>): ReadonlyArray<Tool> =>
  process.env["AGENTCORE_REQUIRE_TOOLS"] === "1" ? [] : tools.filter((tool) => find(tool) === undefined)

/** Declares a test that needs tools: `it.live`. */
export const testWith =
  (...tools: ReadonlyArray<Tool>) =>
  (name: string, test: () => Effect.Effect<void, unknown, Scope.Scope | Tools>): void => {
    const missingTools = missingOf(tools)
    const options = {
      timeout: 60_000,
      skip: missingTools.length > 0,
      meta: { missingTools },
      tags: tools.length > 0 ? ["tools"] : []
    }
    it.live(name, () => Effect.provideService(test(), Tools, tools), options)
  }

/** Declares what tests with the same tools share. The scope closes after them. */
export const beforeAllWith =
  (...tools: ReadonlyArray<Tool>) => (hook: Effect.Effect<void, unknown, Scope.Scope | Tools>): void => {
    if (missingOf(tools).length > 0) return
    const scope = Effect.runSync(Scope.make())
    beforeAll(() => hook.pipe(Effect.provideService(Tools, tools), Scope.provide(scope), Effect.runPromise))
    afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  }
