// Which modules of the package a user can import: those that `exports` in package.json lists.
import { readFileSync } from "node:fs"

const { exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
const files = new Set(Object.values(exports))

/** Takes a module path without extension, relative to `src` or `dist`: `aws/AwsPlanes`. */
export const isPublic = (module) => files.has(`./dist/${module}.js`)
