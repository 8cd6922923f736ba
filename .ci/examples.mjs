// Compiles every `@example` of `src` as a module of its own, and checks that every public module has one. docgen passes over the examples of
// classes, and runs every example, also those that call AWS.
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { isPublic } from "../test/package/publicModules.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const folder = join(root, "node_modules", ".cache", "examples")

/** The examples of a source file, by the number of their line. */
const examplesOf = (file) => {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true)
  const examples = new Map()
  const visit = (node) => {
    for (const { tags = [] } of node.jsDoc ?? []) {
      for (const { comment, pos, tagName } of tags) {
        if (tagName.text !== "example") continue
        const line = source.getLineAndCharacterOfPosition(pos).line + 1
        examples.set(line, (ts.getTextOfJSDocComment(comment) ?? "").replace(/^```\w*$/gm, ""))
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return examples
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const config = {
  extends: "../../../tsconfig.json",
  // An example may end in a value that it does not use.
  compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
  include: ["."]
}
writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config))

const missing = []
let count = 0
for (const file of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })) {
  const [, module] = /^(.*)\.ts$/.exec(file.replaceAll("\\", "/")) ?? []
  if (module === undefined || !isPublic(module)) continue
  const examples = examplesOf(join(root, "src", file))
  if (examples.size === 0 && module !== "index") missing.push(module)
  for (const [line, text] of examples) {
    writeFileSync(join(folder, `${module.replaceAll("/", "-")}-line-${line}.ts`), text)
    count++
  }
}
execFileSync(process.execPath, [join(root, "node_modules", "@typescript/native", "bin", "tsc"), "-p", folder], {
  stdio: "inherit"
})
console.log(`${count} examples compiled. Modules without one: ${missing.join(", ") || "none"}`)
process.exitCode = missing.length === 0 ? 0 : 1
