// Bundles the command, so that it needs only the dependencies of the package. A launcher beside it
// checks the version of Node first. Also writes the console and the JSON Schema of the setup file.
import * as esbuild from "esbuild"
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { buildConsole } from "./console.mjs"
import { notices } from "./vendor.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const outfile = process.argv[2] ?? join(root, "dist", "bin", "agentcore-identity.js")

const dist = dirname(dirname(outfile))

// The names of its parts change with their contents.
rmSync(dirname(outfile), { recursive: true, force: true })

// Both the command and the modules of the package serve the console.
const consoleInputs = await buildConsole(join(dist, "local", "server", "console"))

const { engines, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const [, wantedMajor, wantedMinor] = /^>=(\d+)\.(\d+)$/.exec(engines.node)

await esbuild.build({
  absWorkingDir: root,
  entryPoints: ["src/cli/launcher.ts"],
  outfile,
  // Every Node that supports modules supports `import()`, which is newer than this target.
  target: "es2017",
  supported: { "dynamic-import": true },
  define: { wantedMajor, wantedMinor },
  banner: { js: "#!/usr/bin/env node" },
  logLevel: "warning"
})
chmodSync(outfile, 0o755)

/**
 * These packages use the names of their classes at run time, for stored models and in errors. Keeping all names
 * (`keepNames`) would slow the program down by 6 %.
 */
const keepClassNames = {
  name: "keep-class-names",
  setup: ({ onLoad }) =>
    onLoad(
      { filter: /node_modules[\\/](jose|oauth4webapi|oidc-provider|openid-client)[\\/].*\.js$/ },
      async ({ path }) => {
        const text = readFileSync(path, "utf8")
        if (!/\bclass\b/.test(text)) return undefined
        const { code } = await esbuild.transform(text, { keepNames: true, sourcefile: path, target: "node22" })
        return { contents: code, loader: "js" }
      }
    )
}

const options = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  logLevel: "warning"
}

const { metafile } = await esbuild.build({
  ...options,
  entryPoints: ["src/cli/main.ts"],
  outdir: dirname(outfile),
  // What a command imports when it runs is in files of its own: `--help` takes 0.09 s of CPU instead of 0.22.
  splitting: true,
  // The SDK clients are dependencies of the package, large, and loaded only for AWS endpoints.
  external: ["@aws-sdk/*"],
  define: { consoleFolder: JSON.stringify("../local/server/console/"), packageVersion: JSON.stringify(version) },
  // A bundler cannot follow how the `main` of `jsonc-parser` loads its parts. Two packages have versions of `mime-db`.
  alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js", "mime-db": "mime-db" },
  // CommonJS packages inside an ESM bundle still call `require` for Node's own modules.
  banner: { js: `const require = process.getBuiltinModule("node:module").createRequire(import.meta.url)` },
  plugins: [keepClassNames],
  minify: true,
  legalComments: "none",
  metafile: true
})

/** The files that are in the command and its console. */
export const inputs = [...Object.keys(metafile.inputs), ...consoleInputs]

writeFileSync(`${outfile}.LICENSES.txt`, notices("agentcore-identity.js and its console", inputs))

const { outputFiles: [schema] } = await esbuild.build({
  ...options,
  entryPoints: [".ci/setupSchema.ts"],
  write: false
})
const { make } = await import(`data:text/javascript;base64,${Buffer.from(schema.contents).toString("base64")}`)
writeFileSync(join(dist, "setup.schema.json"), `${JSON.stringify(make())}\n`)
