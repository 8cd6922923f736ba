// Checks that a program with `declaration: true` can export all that a public module exports.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"

const optionsOf = (directory) => {
  const { options } = ts.convertCompilerOptionsFromJson({
    strict: true,
    exactOptionalPropertyTypes: true,
    target: "ES2022",
    lib: ["ES2022"],
    module: "NodeNext",
    types: ["node"],
    typeRoots: [join(directory, "node_modules/@types")],
    declaration: true,
    emitDeclarationOnly: true,
    skipLibCheck: true
  }, directory)
  return options
}

/** Counts the names that the modules export: values, types, or both at once. */
export const countNames = (directory, specifiers, makeHost) => {
  const file = join(directory, "names.ts")
  writeFileSync(file, specifiers.map((specifier, index) => `export * as m${index} from "${specifier}"`).join("\n"))
  const options = optionsOf(directory)
  const program = ts.createProgram([file], options, makeHost("declarations", options))
  const checker = program.getTypeChecker()
  const modules = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))
  return modules.flatMap((module) => checker.getExportsOfModule(checker.getAliasedSymbol(module))).length
}

/**
 * Returns one line for each value whose type, or the type of its result, has no name in the declarations of a program:
 * TS2742, TS4023, TS7056. Each module has a program of its own, because TypeScript names a type only by modules that
 * the program has loaded.
 *
 * `directory` has the package in its `node_modules`: by a relative path, every type would have a name. `modules` are
 * pairs of a specifier and the names of its values.
 */
export const unnamedTypes = (directory, modules, makeHost) => {
  const options = optionsOf(directory)
  const host = makeHost("declarations", options)
  return modules.flatMap(([specifier, names], index) => {
    const file = join(directory, `exported${index}.ts`)
    const exported = names.flatMap((name) => [
      `export const value_${name} = Module.${name}`,
      `export const result_${name} = (() =>`,
      `  Module.${name} as unknown as typeof Module.${name} extends (...args: never) => infer R ? R : never)()`
    ])
    writeFileSync(file, [`import * as Module from "${specifier}"`, ...exported].join("\n"))
    const program = ts.createProgram([file], options, host)
    const source = program.getSourceFile(file)
    const diagnostics = [
      ...program.getOptionsDiagnostics(),
      ...program.getSemanticDiagnostics(source),
      ...program.getDeclarationDiagnostics(source)
    ]
    return [
      ...new Set(
        diagnostics.map(({ code, messageText }) =>
          `${specifier}: TS${code}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`
        )
      )
    ]
  })
}
