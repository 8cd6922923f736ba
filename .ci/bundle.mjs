// Bundles the command into one file: `npx effect-agentcore-identity local` needs no packages except the dependencies. A
// launcher beside it checks the version of Node first. The JSON Schema of the setup file is written too.
import * as esbuild from "esbuild"
import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { buildConsole } from "./console.mjs"
import { notices } from "./notices.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const outfile = process.argv[2] ?? join(root, "dist", "bin", "agentcore-identity.js")

const main = join(dirname(outfile), "main.js")

// Both the command and the modules of the package serve it.
const consoleFolder = join(dirname(dirname(outfile)), "local", "server", "console")
const consoleInputs = await buildConsole(consoleFolder)

const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const [, wantedMajor, wantedMinor] = /^>=(\d+)\.(\d+)$/.exec(engines.node)

await esbuild.build({
  absWorkingDir: root,
  entryPoints: ["src/cli/launcher.ts"],
  outfile,
  // Only `import()` is newer than this target, and every Node that knows modules reads it.
  target: "es2017",
  supported: { "dynamic-import": true },
  define: { wantedMajor, wantedMinor },
  banner: { js: "#!/usr/bin/env node" },
  logLevel: "warning"
})
chmodSync(outfile, 0o755)

/**
 * These packages use the names of their classes while they run: models are stored under them, and errors report them.
 * Keeping all names (`keepNames`) would cost the whole program 6 % of its time.
 */
const keepClassNames = {
  name: "keep-class-names",
  setup: ({ onLoad }) =>
    onLoad(
      { filter: /node_modules[\\/](jose|oauth4webapi|oidc-provider|openid-client)[\\/].*\.js$/ },
      async ({ path }) => {
        const text = readFileSync(path, "utf8")
        if (!/\bclass\b/.test(text)) return undefined
        const { code } = await esbuild.transform(text, { keepNames: true, sourcefile: path, target: "node20" })
        return { contents: code, loader: "js" }
      }
    )
}

const { metafile } = await esbuild.build({
  absWorkingDir: root,
  entryPoints: ["src/cli/main.ts"],
  outfile: main,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  // The SDK clients are dependencies of the package, large, and loaded only for AWS endpoints.
  external: ["@aws-sdk/*"],
  define: { consoleFolder: JSON.stringify("../local/server/console/") },
  // Bundlers cannot follow how the `main` of `jsonc-parser` loads its parts. Two packages bring a version of `mime-db`
  // each.
  alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js", "mime-db": "mime-db" },
  banner: {
    // CommonJS packages inside an ESM bundle still call `require` for Node's own modules.
    js: [
      `import { createRequire as __createRequire } from "node:module"`,
      "const require = __createRequire(import.meta.url)"
    ].join("\n")
  },
  plugins: [keepClassNames],
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  metafile: true
})

writeFileSync(
  `${outfile}.LICENSES.txt`,
  notices("agentcore-identity.js and its console", root, [...Object.keys(metafile.inputs), ...consoleInputs])
)

const { outputFiles: [schema] } = await esbuild.build({
  absWorkingDir: root,
  entryPoints: ["src/cli/setupSchema.ts"],
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  write: false,
  logLevel: "warning"
})
const { make } = await import(`data:text/javascript;base64,${Buffer.from(schema.contents).toString("base64")}`)
writeFileSync(
  join(dirname(dirname(outfile)), "setup.schema.json"),
  `${JSON.stringify(make())}\n`
)
