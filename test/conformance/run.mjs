// Builds the suite and runs it: see `main.ts`.
import { pathToFileURL } from "node:url"
import { buildProgram } from "../support/build.mjs"

await import(pathToFileURL(await buildProgram("conformance/main.ts")).href)
