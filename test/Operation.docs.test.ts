import { assert, describe, it } from "@effect/vitest"
import * as Path from "node:path"
import ts from "typescript"

const root = Path.resolve(import.meta.dirname, "..")

/** The documentation of the methods of a service, as an editor shows it. */
const documentation = (module: string): ReadonlyMap<string, string> => {
  const file = Path.join(root, "src", `${module}.ts`)
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    types: []
  })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(file)
  const symbol = source && checker.getSymbolAtLocation(source)
  const found = symbol && checker.getExportsOfModule(symbol).find(({ name }) => name === module)
  const service = found && checker.getTypeOfSymbol(found).getProperty("Service")
  assert(service !== undefined)
  return new Map(
    checker.getTypeOfSymbol(service).getProperties().map((property) => [
      property.name,
      ts.displayPartsToString(property.getDocumentationComment(checker))
    ])
  )
}

describe("the documentation of a row", () => {
  it("is the documentation of the method", () => {
    const documented = documentation("SecurityTokenService")
    assert.deepStrictEqual([...documented], [
      ["getWebIdentityToken", "Returns a JWT, signed by AWS, that names the IAM identity of the caller."],
      ["getCallerIdentity", "Returns account and ARN of the caller's credentials. No policy can forbid it."]
    ])
  })
})
