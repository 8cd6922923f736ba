// Everything that TypeScript 5 proves, in one program: types, the diagnostics of Effect's language service, and that
// every `@example` compiles and every public module has one.
//
// The command `effect-language-service diagnostics` builds programs of its own, and takes twice as long as all of this.
// docgen's check of examples passes over those of classes, and runs every example, also those that call AWS.
import { readdirSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { isPublic } from "../test/package/publicModules.mjs"

// What `effect-language-service patch` inserts into the compiler, which is left as it is here.
const { checkSourceFileWorker } = createRequire(import.meta.url)(
  "@effect/language-service/effect-lsp-patch-utils.js"
)

const root = fileURLToPath(new URL("..", import.meta.url))

/** Every `@example` of a source file: the text of a module, and the line where it starts. */
const examplesOf = (file) => {
  const source = ts.createSourceFile(file, ts.sys.readFile(file), ts.ScriptTarget.Latest, true)
  const seen = new Set()
  const examples = []
  const visit = (node) => {
    for (const comment of node.jsDoc ?? []) {
      if (seen.has(comment.pos)) continue
      seen.add(comment.pos)
      for (const tag of comment.tags ?? []) {
        if (tag.tagName.text !== "example") continue
        const text = (ts.getTextOfJSDocComment(tag.comment) ?? "").replace(/^```\w*$/gm, "")
        examples.push({ text, line: source.getLineAndCharacterOfPosition(tag.pos).line + 1 })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return examples
}

const sources = readdirSync(join(root, "src"), { recursive: true }).map(String)
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts")).sort()
let problems = 0
const examples = new Map()
for (const file of sources) {
  const found = examplesOf(join(root, "src", file))
  for (const { line, text } of found) {
    const name = `${file.slice(0, -3).replaceAll(/[\\/]/g, "-")}-${line}.ts`
    examples.set(join(root, "test", ".doc-examples", name), { text, from: `src/${file}:${line}` })
  }
  if (file !== "index.ts" && isPublic(file) && found.length === 0) {
    problems += 1
    console.log(`src/${file}: no @example`)
  }
}

const config = ts.getParsedCommandLineOfConfigFile(join(root, "tsconfig.json"), {}, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
    throw new Error(String(diagnostic.messageText))
  }
})

if (!config.options.plugins?.some(({ name }) => name === "@effect/language-service")) {
  throw new Error("tsconfig.json does not name @effect/language-service, which then reports nothing")
}

const host = ts.createCompilerHost(config.options)
const { fileExists, getSourceFile, readFile } = host
host.fileExists = (file) => examples.has(file) || fileExists(file)
host.readFile = (file) => examples.get(file)?.text ?? readFile(file)
host.getSourceFile = (file, options, ...rest) =>
  examples.has(file)
    ? ts.createSourceFile(file, examples.get(file).text, options)
    : getSourceFile(file, options, ...rest)

const program = ts.createProgram({
  rootNames: [...config.fileNames, ...examples.keys()],
  options: config.options,
  configFileParsingDiagnostics: config.errors,
  host
})

// An example may end in a value that it does not use.
const diagnostics = ts.getPreEmitDiagnostics(program)
  .filter(({ file, reportsUnnecessary }) => !(reportsUnnecessary && examples.has(file?.fileName)))
for (const file of config.fileNames) {
  checkSourceFileWorker(
    ts,
    program,
    program.getSourceFile(file),
    config.options,
    (diagnostic) => diagnostics.push(diagnostic),
    "typescript"
  )
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
console.log(`${config.fileNames.length} files and ${examples.size} examples checked, ${problems} problems`)
process.exitCode = problems === 0 ? 0 : 1
