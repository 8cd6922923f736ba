// Which modules of the package a user can import: the rules of `exports` in package.json, as Node reads them.
import { readFileSync } from "node:fs"

const { exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))

// The matching pattern with the longest prefix decides.
const patterns = Object.entries(exports)
  .flatMap(([pattern, target]) =>
    pattern.endsWith("/*") ? [{ prefix: pattern.slice(2, -1), isOpen: target !== null }] : []
  )
  .sort((a, b) => b.prefix.length - a.prefix.length)

/** Takes a module path without extension, relative to `src` or `dist`: `aws/AwsPlanes`. */
export const isPublic = (module) => patterns.find(({ prefix }) => module.startsWith(prefix))?.isOpen ?? false
