// Builds the package in `dist`: declarations, modules, the command, the console and the JSON Schema of the setup file.
// TypeScript 5 writes the declarations that are published. TypeScript 7 emits the same JavaScript, and takes a second.
import { execFileSync } from "node:child_process"
import { rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { prune } from "./prune.mjs"
import { vendorPackages } from "./vendor.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const tsc = (compiler, ...options) =>
  execFileSync(process.execPath, [`node_modules/${compiler}/bin/tsc`, "-p", "src/tsconfig.json", ...options], {
    cwd: root,
    stdio: "inherit"
  })

rmSync(`${root}dist`, { recursive: true, force: true })
tsc("typescript", "--emitDeclarationOnly")
tsc("typescript-7", "--noCheck", "--declaration", "false", "--declarationMap", "false", "--removeComments")
await vendorPackages(`${root}dist`)
prune(`${root}dist`)
await import("./bundle.mjs")
