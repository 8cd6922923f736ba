// Bundles programs as users do, and runs them.
import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as esbuild from "esbuild"
import { execFile } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import * as Http from "node:http"
import * as Net from "node:net"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { buildModules } from "../support/build.mjs"
import * as Folder from "../support/folder.js"
import { secret } from "../support/utils.js"
import { read } from "./pages.mjs"
import { bundle } from "./rollup.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))

const name = "effect-agentcore-identity"

const withEsbuild = (entry: string, directory: string, options: esbuild.BuildOptions) =>
  Effect.promise(async () => {
    const { metafile } = await esbuild.build({
      absWorkingDir: root,
      entryPoints: { main: resolve(root, "test", "package", entry) },
      outdir: directory,
      outExtension: { ".js": options.format === "cjs" ? ".cjs" : ".mjs" },
      alias: { [name]: await buildModules() },
      tsconfigRaw: {},
      bundle: true,
      platform: "node",
      logLevel: "warning",
      metafile: true,
      ...options
    })
    const outputs = Object.values(metafile?.outputs ?? {})
    return {
      file: join(directory, options.format === "cjs" ? "main.cjs" : "main.mjs"),
      // Not the files of which nothing is in the bundle.
      inputs: Object.values(metafile?.outputs ?? {}).flatMap(({ inputs }) =>
        Object.entries(inputs).flatMap(([input, { bytesInOutput }]) => bytesInOutput === 0 ? [] : [input])
      ),
      bytes: outputs.reduce((sum, { bytes }) => sum + bytes, 0),
      imports: outputs.flatMap(({ imports }) => imports.map(({ path }) => path))
    }
  })

/** Applies `browser` of the package, as bundlers do for the installed package. */
const browserField = async (): Promise<esbuild.Plugin> => {
  const modules = await buildModules()
  const { browser }: { readonly browser: Readonly<Record<string, string | false>> } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8")
  )
  const built = (path: string) => join(modules, path.replace(/^\.\/dist\//, ""))
  for (const path of Object.keys(browser)) {
    if (path.startsWith("./") && !existsSync(built(path))) throw new Error(`${path} is not a module`)
  }
  const replaced = new Map(
    Object.entries(browser).map(([from, to]) => [from.startsWith("./") ? built(from) : from, to] as const)
  )
  return {
    name: "browser-field",
    setup: ({ onLoad, onResolve }) => {
      onResolve({ filter: /.*/ }, ({ path, resolveDir }) => {
        const to = replaced.get(path.startsWith(".") ? resolve(resolveDir, path) : path)
        return to === undefined ? undefined : to === false ? { path, namespace: "empty" } : { path: built(to) }
      })
      onLoad({ filter: /.*/, namespace: "empty" }, () => ({ contents: "module.exports = {}" }))
    }
  }
}

const withRollup = (entry: string, directory: string) =>
  Effect.promise(async () =>
    bundle({ directory, entry: join(root, "test", "package", entry), modules: await buildModules(), name })
  )

const execute = (file: string, environment: Readonly<Record<string, string>>) =>
  Effect.promise(() =>
    promisify(execFile)(process.execPath, [file], {
      env: { PATH: process.env["PATH"], AWS_CONFIG_FILE: "/dev/null", ...environment },
      timeout: 30_000
    })
  )

const printedBy = ({ stdout }: { readonly stdout: string }): unknown =>
  JSON.parse(stdout.trim().split("\n").at(-1) ?? "")

const run = (file: string, environment: Readonly<Record<string, string>>) =>
  Effect.map(execute(file, environment), printedBy)

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: secret("signing-key") }
const instance = { ...keys, accessKeyId: "AKIDINSTANCE", sessionToken: secret("session-token") }

/** Verifies signatures, so that a bundled program must sign its calls. */
const server = LocalIdentity.layerPlanes({ signatures: "verify", credentials: [keys, instance] })

const environment = Effect.gen(function*() {
  const controlPlane = yield* ControlPlane.ControlPlane
  yield* controlPlane.createWorkloadIdentity({ name: "agent" })
  yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: secret("api-key") })
  return {
    ...(yield* LocalIdentity.LocalServer).environment,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: "signing-key"
  }
})

/** The metadata service of an instance. It also serves as the proxy. */
const metadataAndProxy = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly tunnels: Array<string | undefined>; readonly http: Http.Server }>((
    resume
  ) => {
    const tunnels: Array<string | undefined> = []
    const http = Http.createServer(({ method, url }, response) => {
      const body = method === "PUT"
        ? "metadata-token"
        : url?.endsWith("/agent-role") !== true
        ? "agent-role"
        : JSON.stringify({
          Code: "Success",
          AccessKeyId: instance.accessKeyId,
          SecretAccessKey: "signing-key",
          Token: "session-token",
          Expiration: "2999-01-01T00:00:00Z"
        })
      response.end(body)
    })
    http.on("connect", ({ url }, client) => {
      tunnels.push(url)
      const [host, port] = (url ?? "").split(":")
      const target = Net.connect(Number(port), host, () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n")
        client.pipe(target).pipe(client)
      })
      for (const socket of [client, target]) socket.on("error", () => {})
      client.on("close", () => target.destroy())
    })
    // A TCP server's address is never a pipe's name.
    http.listen(
      0,
      "127.0.0.1",
      () => resume(Effect.succeed({ port: (http.address() as Net.AddressInfo).port, tunnels, http }))
    )
  }),
  ({ http }) => Effect.sync(() => http.close().closeAllConnections())
)

describe("a bundled program", { timeout: 60_000 }, () => {
  const formats: ReadonlyArray<readonly [name: string, options: esbuild.BuildOptions]> = [
    ["esbuild, one file", { format: "esm" }],
    ["esbuild, splitting", { format: "esm", splitting: true, minify: true }],
    ["esbuild, CommonJS", { format: "cjs" }],
    ["esbuild, with a `require` of the program", {
      format: "esm",
      banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url)` }
    }]
  ]
  it.live.each(formats)("%s", ([, options]) =>
    Effect.gen(function*() {
      const { file } = yield* withEsbuild("bundled.child.ts", yield* Folder.temporary, options)
      assert.deepStrictEqual(yield* run(file, yield* environment), { apiKey: "api-key", name: "agent", expires: true })
    }).pipe(Effect.provide(server), Effect.scoped))

  const programs: ReadonlyArray<readonly [platform: esbuild.Platform, entry: string, printed: unknown]> = [
    ["node", "dataPlane.child.ts", "issued"],
    ["node", "httpAgent.child.ts", { apiKey: "api-key" }],
    ["node", "promiseAgent.child.ts", { apiKey: "api-key" }],
    ["neutral", "edgeAgent.child.ts", { apiKey: "api-key" }],
    ["neutral", "httpAgent.child.ts", { apiKey: "api-key" }]
  ]
  it.live.each(programs)(
    "esbuild --bundle --platform=%s --format=esm %s",
    ([platform, entry, printed]) =>
      Effect.gen(function*() {
        const { file } = yield* withEsbuild(entry, yield* Folder.temporary, { platform, format: "esm" })
        assert.deepStrictEqual(yield* run(file, yield* environment), printed)
      }).pipe(Effect.provide(server), Effect.scoped)
  )

  it.live("is one file of at most 350 KB without the AWS SDK", () =>
    Effect.gen(function*() {
      const { bytes, file, inputs } = yield* withEsbuild("httpAgent.child.ts", yield* Folder.temporary, {
        format: "esm",
        minify: true,
        mainFields: ["module", "main"]
      })
      assert.isAtMost(bytes, 350_000)
      // No client of the SDK, no chain of the SDK, and no other plane.
      const others =
        /\/(client-[\w-]+|credential-provider-(node|ini|sso)|nested-clients)\/|\/modules\/(ControlPlane|Models)\.js$/
      assert.deepStrictEqual(inputs.filter((input) => others.test(input)), [])
      assert.deepStrictEqual(yield* run(file, yield* environment), { apiKey: "api-key" })
    }).pipe(Effect.provide(server), Effect.scoped))

  it.live("calls all planes without the AWS SDK, as CommonJS", () =>
    Effect.gen(function*() {
      const { file } = yield* withEsbuild("httpPlanes.child.ts", yield* Folder.temporary, { format: "cjs" })
      assert.deepStrictEqual(yield* run(file, yield* environment), { name: "agent", expires: true })
    }).pipe(Effect.provide(server), Effect.scoped))

  it.live("finds the credentials of the instance behind a proxy, without the AWS SDK", () =>
    Effect.gen(function*() {
      const { file, imports } = yield* withEsbuild("httpAgent.child.ts", yield* Folder.temporary, {
        format: "esm",
        mainFields: ["module", "main"],
        banner: {}
      })
      // Its import loads the `fetch` of Node too, on Node 22 and later.
      assert.notIncludeMembers(imports, ["node:http", "node:https", "http", "https"])
      const { port, tunnels } = yield* metadataAndProxy
      const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...variables } = yield* environment
      const output = yield* execute(file, {
        ...variables,
        AWS_CONFIG_FILE: "/nonexistent",
        AWS_EC2_METADATA_DISABLED: "false",
        AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${port}`,
        HTTP_PROXY: `http://agent:proxy-password@127.0.0.1:${port}`,
        // A package that is often used for proxies prints its actions.
        DEBUG: "*"
      })
      assert.deepStrictEqual(printedBy(output), { apiKey: "api-key" })
      assert.notInclude(output.stderr, "proxy-password")
      assert.lengthOf(tunnels, 1)
    }).pipe(Effect.provide(server), Effect.scoped))

  it.live("imports nothing for an edge runtime, not even of Node", () =>
    Effect.gen(function*() {
      const { file, imports } = yield* withEsbuild("edgeAgent.child.ts", yield* Folder.temporary, {
        format: "esm",
        platform: "browser",
        conditions: ["worker", "browser"],
        minify: true,
        plugins: [yield* Effect.promise(browserField)]
      })
      assert.deepStrictEqual(imports, [])
      // If the runtime has them, Effect uses one for the context of promises, and this package the other for hashes.
      const text = readFileSync(file, "utf8")
      const withoutThem = text.replaceAll(/getBuiltinModule\W+node:(?:async_hooks|crypto)["'`]/g, "")
      assert.notInclude(withoutThem, "getBuiltinModule")
      assert.notMatch(withoutThem, /["'`]node:/)
      const variables = yield* environment
      assert.deepStrictEqual(yield* run(file, variables), { apiKey: "api-key" })
      writeFileSync(file, `process.getBuiltinModule = undefined\n${text}`)
      assert.deepStrictEqual(yield* run(file, variables), { apiKey: "api-key" })
    }).pipe(Effect.provide(server), Effect.scoped))

  it.live("serves a page after consent, bundled by the command of the guide", () =>
    Effect.gen(function*() {
      const [, banner] = /--banner:js="(.+?)" /.exec(read("src/aws/README.md")) ?? []
      const { file } = yield* withEsbuild("consentPage.child.ts", yield* Folder.temporary, {
        format: "esm",
        minify: true,
        target: "node22",
        mainFields: ["module", "main"],
        banner: { js: banner ?? "" }
      })
      assert.strictEqual(yield* run(file, {}), 403)
    }).pipe(Effect.scoped))

  it.live("needs no optional package for promise/Connect, and names the one that is missing", () =>
    Effect.gen(function*() {
      const { file, inputs } = yield* withEsbuild("connect.child.ts", yield* Folder.temporary, {
        format: "esm",
        logLevel: "error",
        alias: {
          [name]: yield* Effect.promise(buildModules),
          ioredis: "not-installed",
          "@effect/sql-pg": "not-installed"
        }
      })
      // `checkSetup` reads the control plane over HTTP.
      const clients = /@aws-sdk\/client-(bedrock-agentcore-control|sts)\//
      assert.deepStrictEqual(inputs.filter((input) => clients.test(input)), [])
      const { postgres, redis, ...others } = (yield* run(file, { AWS_REGION: "us-west-2" })) as Record<string, unknown>
      assert.deepStrictEqual(others, { status: 401 })
      assert.match(String(redis), /needs the package ioredis, .*npm install ioredis@5/)
      assert.match(String(postgres), /needs the package @effect\/sql-pg, .*npm install @effect\/sql-pg@4/)
    }).pipe(Effect.scoped))

  it.live("calls the data plane when rollup bundles it", () =>
    Effect.gen(function*() {
      const file = yield* withRollup("dataPlane.child.ts", yield* Folder.temporary)
      assert.deepStrictEqual(yield* run(file, yield* environment), "issued")
    }).pipe(Effect.provide(server), Effect.scoped))
})

describe("a bundle", { timeout: 60_000 }, () => {
  it.live("without the AWS SDK fails the call with a typed error when no package is found", () =>
    Effect.gen(function*() {
      const { file } = yield* withEsbuild("dataPlane.child.ts", yield* Folder.temporary, {
        format: "esm",
        external: ["@aws-sdk/*"]
      })
      const inRegion = { AWS_REGION: "us-west-2" }
      for (const variables of [inRegion, {}]) {
        assert.deepInclude(yield* run(file, variables), {
          _tag: "TransportError",
          operation: "GetWorkloadAccessToken",
          kind: "unloadable",
          code: "ERR_MODULE_NOT_FOUND",
          message: "GetWorkloadAccessToken: the package '@aws-sdk/client-bedrock-agentcore' could not be loaded. "
            + "Check that it is installed, or part of the bundle (ERR_MODULE_NOT_FOUND)"
        })
      }
    }).pipe(Effect.scoped))

  it.live("without the chain of the AWS SDK fails the call with a typed error when a profile is named", () =>
    Effect.gen(function*() {
      const { file } = yield* withEsbuild("httpAgent.child.ts", yield* Folder.temporary, { format: "esm" })
      assert.deepInclude(yield* run(file, { AWS_REGION: "us-west-2", AWS_PROFILE: "agent" }), {
        _tag: "TransportError",
        operation: "GetWorkloadAccessToken",
        kind: "unloadable",
        packageName: "@aws-sdk/credential-provider-node",
        code: "ERR_MODULE_NOT_FOUND"
      })
    }).pipe(Effect.scoped))
})
