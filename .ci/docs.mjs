// Checks the documentation comments: `@effect/docgen` wants a module comment and `@since` on every export, and every
// `@example` has to compile. docgen's own check of examples is left off: it passes over those of classes, and it runs
// every example, also those that would open a browser or call AWS.
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("..", import.meta.url))

const docgen = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/@effect/docgen/bin.cjs"),
    // docgen drops the first two arguments a second time.
    "node",
    "docgen",
    "--out",
    "node_modules/.cache/docgen",
    "--no-run-examples"
  ],
  { cwd: root, stdio: "inherit" }
)
if (docgen.status !== 0) process.exit(docgen.status ?? 1)

/** Every `@example` of a source file, as the text of a module and the line where it starts. */
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
const examples = new Map()
for (const file of sources) {
  for (const { line, text } of examplesOf(join(root, "src", file))) {
    const name = `${file.slice(0, -3).replaceAll(/[\\/]/g, "-")}-${line}.ts`
    examples.set(join(root, "test", ".doc-examples", name), { text, from: `src/${file}:${line}` })
  }
}

const config = ts.getParsedCommandLineOfConfigFile(join(root, "tsconfig.json"), {
  // An example may end in a value that nothing reads.
  noUnusedLocals: false,
  noUnusedParameters: false,
  declaration: false,
  declarationMap: false
}, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
    throw new Error(String(diagnostic.messageText))
  }
})

const host = ts.createCompilerHost(config.options)
const { fileExists, readFile } = host
host.fileExists = (file) => examples.has(file) || fileExists(file)
host.readFile = (file) => examples.get(file)?.text ?? readFile(file)
const { getSourceFile } = host
host.getSourceFile = (file, options, ...rest) =>
  examples.has(file)
    ? ts.createSourceFile(file, examples.get(file).text, options)
    : getSourceFile(file, options, ...rest)

const program = ts.createProgram([...examples.keys()], config.options, host)
let failures = 0
for (const [file, { from }] of examples) {
  const source = program.getSourceFile(file)
  for (const diagnostic of [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]) {
    failures += 1
    const { line } = source.getLineAndCharacterOfPosition(diagnostic.start ?? 0)
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")
    console.log(`${from} @example line ${line + 1}: TS${diagnostic.code}: ${text}`)
  }
}

const documented = new Set([...examples.values()].map(({ from }) => from.replace(/:\d+$/, "")))
for (const file of sources) {
  const path = relative(root, join(root, "src", file))
  const isPrivate = file === "index.ts" || /^(internal|cli)[\\/]/.test(file)
  if (!isPrivate && !documented.has(path)) {
    failures += 1
    console.log(`${path}: no @example`)
  }
}

console.log(`${examples.size} examples compiled, ${failures} problems`)
process.exitCode = failures === 0 ? 0 : 1
