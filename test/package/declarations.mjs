// Checks that a user can import every type that the declarations of a public module mention.
import { readdirSync } from "node:fs"
import { join, relative, sep } from "node:path"
import ts from "typescript"
import { isPublic } from "./publicModules.mjs"

const isNamed = (node) =>
  ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node) || ts.isTypeQueryNode(node)
  || ts.isImportTypeNode(node)

/** A member is as reachable as the value that has it. */
const rootOf = (name) => ts.isQualifiedName(name) ? rootOf(name.left) : name

const nameOf = (node) =>
  ts.isTypeReferenceNode(node)
    ? node.typeName
    : ts.isTypeQueryNode(node)
    ? rootOf(node.exprName)
    : ts.isImportTypeNode(node)
    ? node.qualifier ?? node.argument
    : node.expression

/**
 * Returns one line for each type that is mentioned and cannot be imported: `local/VaultFile: Store
 * (local/backend/store)`.
 */
export const privateTypes = (directory) => {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".d.ts")).map((file) => file.split(sep).join("/"))
  const program = ts.createProgram(files.map((file) => join(directory, file)), {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: [],
    skipLibCheck: true
  })
  const checker = program.getTypeChecker()
  const resolve = (symbol) => symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const moduleOf = (node) => {
    const file = relative(directory, node.getSourceFile().fileName).split(sep).join("/")
    return file.startsWith("..") || file.includes("node_modules/") ? undefined : file.replace(/\.d\.ts$/, "")
  }
  const exported = new Map()
  for (const file of files.filter((file) => isPublic(file.replace(/\.d\.ts$/, "")))) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(join(directory, file)))
    for (const symbol of module === undefined ? [] : checker.getExportsOfModule(module)) {
      const target = resolve(symbol)
      const [declaration] = target.declarations ?? []
      // An alias exports its target type.
      if (
        declaration !== undefined && ts.isTypeAliasDeclaration(declaration) && ts.isTypeReferenceNode(declaration.type)
      ) {
        const named = checker.getSymbolAtLocation(declaration.type.typeName)
        if (named !== undefined) exported.set(resolve(named), file.replace(/\.d\.ts$/, ""))
      }
      // `export * as Module` of the root is the module itself, which is checked separately.
      if (!exported.has(target) && !(target.flags & ts.SymbolFlags.ValueModule)) {
        exported.set(target, file.replace(/\.d\.ts$/, ""))
      }
    }
  }
  const problems = new Set()
  const seen = new Set()
  const visit = (node, from) => {
    // A type that is computed from a value of the same module has no name of its own.
    if (isNamed(node) && !ts.isTypeQueryNode(node)) check(nameOf(node), from)
    ts.forEachChild(node, (child) => visit(child, from))
  }
  const check = (name, from) => {
    const found = checker.getSymbolAtLocation(name)
    const symbol = found && resolve(found)
    const declarations = symbol?.declarations ?? []
    const [declaration] = declarations
    const module = declaration && moduleOf(declaration)
    if (
      module === undefined || exported.has(symbol)
      || symbol.flags & (ts.SymbolFlags.TypeParameter | ts.SymbolFlags.ValueModule)
    ) return
    // A member is as reachable as its parent; the constant that a class extends is not a type.
    if (symbol.parent !== undefined && exported.has(symbol.parent)) return
    if (ts.isVariableDeclaration(declaration) && /_base(_\d+)?$/.test(symbol.name)) {
      if (!seen.has(symbol)) {
        seen.add(symbol)
        visit(declaration, from)
      }
      return
    }
    problems.add(`${from}: ${symbol.name} (${module})`)
  }
  for (const [symbol, from] of exported) {
    for (const declaration of symbol.declarations ?? []) visit(declaration, from)
  }
  return [...problems].sort()
}
