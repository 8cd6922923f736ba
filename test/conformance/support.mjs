// Writes the table of support and the number of statements into the guide of the local server. A test compares them.
import { readFileSync, writeFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { buildProgram } from "../support/build.mjs"

const { withCounts, withTable } = await import(pathToFileURL(await buildProgram("conformance/support.ts")).href)
const file = new URL("../../src/local/README.md", import.meta.url)
writeFileSync(file, withCounts(withTable(readFileSync(file, "utf8"))))
