// Writes the table of support into the README. A test fails while the table differs.
import { readFileSync, writeFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { buildProgram } from "../support/build.mjs"

const { withTable } = await import(pathToFileURL(await buildProgram("conformance/support.ts")).href)
const file = new URL("../../README.md", import.meta.url)
writeFileSync(file, withTable(readFileSync(file, "utf8")))
