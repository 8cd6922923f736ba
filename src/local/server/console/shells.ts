/** Writes environment variables for shells and languages. */

import * as Quote from "../../internal/quote.js"

type Variables = ReadonlyArray<readonly [name: string, value: string]>

const lines = (variables: Variables, format: (name: string, value: string) => string): string =>
  variables.map(([name, value]) => format(name, value)).join("\n")

/** A string of JSON is one of Python and TypeScript, too. */
export const formats: ReadonlyMap<string, (variables: Variables) => string> = new Map([
  ["bash", (variables: Variables) => lines(variables, (name, value) => `export ${name}=${Quote.forBash(value)}`)],
  ["fish", (variables: Variables) => lines(variables, (name, value) => `set -gx ${name} ${Quote.forFish(value)}`)],
  [
    "dotenv",
    (variables: Variables) =>
      lines(variables, (name, value) => `${name}=${Quote.forDotenv(value) ?? JSON.stringify(value)}`)
  ],
  [
    "Python",
    (variables: Variables) =>
      `import os\n\nos.environ.update({\n${
        lines(variables, (name, value) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},`)
      }\n})`
  ],
  [
    "TypeScript",
    (variables: Variables) =>
      `Object.assign(process.env, {\n${
        lines(variables, (name, value) => `  ${name}: ${JSON.stringify(value)},`).replace(/,$/, "")
      }\n})`
  ]
])
