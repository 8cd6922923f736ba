// Builds the package in `dist`: declarations, modules, the command, the console, the JSON Schema of the setup file, and
// the list of what is inside. From the command it makes a second package, in the folder `agentcore-identity`.
// TypeScript 5 writes the declarations that are published. TypeScript 7 emits the same JavaScript, and takes a second.
import { execFileSync } from "node:child_process"
import { readFileSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { makeCommandPackage } from "./commandPackage.mjs"
import { prune } from "./prune.mjs"
import { writeSbom } from "./sbom.mjs"
import { vendorPackages } from "./vendor.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8"))
const tsc = (compiler, ...options) =>
  execFileSync(process.execPath, [`node_modules/${compiler}/bin/tsc`, "-p", "src/tsconfig.json", ...options], {
    cwd: root,
    stdio: "inherit"
  })

rmSync(`${root}dist`, { recursive: true, force: true })
tsc("typescript", "--emitDeclarationOnly")
tsc("typescript-7", "--noCheck", "--declaration", "false", "--declarationMap", "false", "--removeComments")
const vendored = await vendorPackages(`${root}dist`)
prune(`${root}dist`)
const { inputs } = await import("./bundle.mjs")
writeSbom(`${root}dist/sbom.cdx.json`, manifest, [...vendored, ...inputs])
makeCommandPackage(manifest, inputs)
