// Checks with TypeScript 5, in one program: types, the diagnostics of Effect's language service, and every `@example`.
// Every public module must have one. It and its exports must have the tag `@since`, and its declarations `@category`.
//
// The command `effect-language-service diagnostics` takes twice as long as all of this.
import { readdirSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { isPublic } from "../test/package/publicModules.mjs"

// `effect-language-service patch` would insert this function into the compiler.
const { checkSourceFileWorker } = createRequire(import.meta.url)("@effect/language-service/effect-lsp-patch-utils.js")

const root = fileURLToPath(new URL("..", import.meta.url))

/** The examples of a source file, each with the line where it starts. */
const examplesOf = (source) =>
  [...source.matchAll(/^ *\/\*\*\n[^]*?\*\//gm)].flatMap(({ 0: comment, index }) =>
    [...comment.matchAll(/@example\n([^]*?)(?=\n *\* @|\n *\*\/)/g)].map((match) => ({
      text: match[1].replaceAll(/^ *\* ?/gm, ""),
      line: source.slice(0, index + match.index).split("\n").length
    }))
  )

/** The exports of a public module whose docs lack a tag. */
const withoutTags = (source) => {
  const exports = source.statements
    .filter((node) => ts.isExportDeclaration(node) || ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export)
    .flatMap((node) => node.exportClause?.elements ?? [node])
    .map((node) => ({ node, name: (node.name ?? node.declarationList?.declarations[0].name)?.text ?? "*" }))
  // An overload has the docs of the first one.
  const first = new Map(exports.toReversed().map((entry) => [`${entry.node.kind} ${entry.name}`, entry]))
  const untagged = [...first.values()].flatMap(({ name, node }) => {
    const tags = ts.getJSDocTags(node).map(({ tagName }) => tagName.text)
    const wanted = node.modifiers === undefined ? ["since"] : ["since", "category"]
    return wanted.filter((tag) => !tags.includes(tag)).map((tag) => `${name}: no @${tag}`)
  })
  return /^\/\*\*(?:(?!\*\/)[^])*@since/.test(source.text) ? untagged : ["no @since at its start", ...untagged]
}

let problems = 0
const examples = new Map()
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts")).sort()
for (const file of sources) {
  const found = examplesOf(ts.sys.readFile(join(root, "src", file)))
  for (const { line, text } of found) {
    const name = `${file.slice(0, -3).replaceAll(/[\\/]/g, "-")}-${line}.ts`
    examples.set(join(root, "test", ".doc-examples", name), { text, from: `src/${file}:${line}` })
  }
  if (file !== "index.ts" && isPublic(file.slice(0, -3)) && found.length === 0) {
    problems += 1
    console.log(`src/${file}: no @example`)
  }
}

const { config: json } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile)
const { errors, fileNames, options } = ts.parseJsonConfigFileContent(json, ts.sys, root)
if (!options.plugins?.some(({ name }) => name === "@effect/language-service")) {
  throw new Error("tsconfig.json does not name @effect/language-service, which then reports nothing")
}

const host = ts.createCompilerHost(options)
const { fileExists, getSourceFile, readFile } = host
Object.assign(host, {
  fileExists: (file) => examples.has(file) || fileExists(file),
  readFile: (file) => examples.get(file)?.text ?? readFile(file),
  getSourceFile: (file, ...rest) =>
    examples.has(file) ? ts.createSourceFile(file, examples.get(file).text, ...rest) : getSourceFile(file, ...rest)
})

const program = ts.createProgram({
  rootNames: [...fileNames, ...examples.keys()],
  options,
  configFileParsingDiagnostics: errors,
  host
})

// An example may end in a value that it does not use.
const diagnostics = ts.getPreEmitDiagnostics(program)
  .filter(({ file, reportsUnnecessary }) => !(reportsUnnecessary && examples.has(file?.fileName)))
const report = (diagnostic) => diagnostics.push(diagnostic)
for (const file of fileNames) {
  checkSourceFileWorker(ts, program, program.getSourceFile(file), options, report, "typescript")
}

for (const file of sources.filter((file) => isPublic(file.slice(0, -3)) && file !== "index.ts")) {
  for (const problem of withoutTags(program.getSourceFile(join(root, "src", file)))) {
    problems += 1
    console.log(`src/${file}: ${problem}`)
  }
}

for (const { category, code, file, messageText, start } of diagnostics) {
  problems += 1
  const { line } = file?.getLineAndCharacterOfPosition(start ?? 0) ?? { line: 0 }
  const place = examples.has(file?.fileName)
    ? `${examples.get(file.fileName).from} @example line ${line + 1}`
    : `${file?.fileName.slice(root.length) ?? "tsconfig.json"}:${line + 1}`
  const text = ts.flattenDiagnosticMessageText(messageText, "\n")
  console.log(`${place}: ${ts.DiagnosticCategory[category].toLowerCase()} TS${code}: ${text}`)
}
console.log(`${fileNames.length} files and ${examples.size} examples checked, ${problems} problems`)
process.exitCode = problems === 0 ? 0 : 1
