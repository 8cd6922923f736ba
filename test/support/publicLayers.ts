/** Finds the public exports that are layers, or return layers, by their types. */
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { isPublic } from "../package/publicModules.mjs"

const src = fileURLToPath(new URL("../../src/", import.meta.url))

/** Public modules, as in `aws/AwsPlanes`. Their names have a capital. */
const modules = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => /(?:^|\/)[A-Z]\w*\.ts$/.test(file))
  .map((file) => file.slice(0, -".ts".length))
  .filter(isPublic)

const isDeclaredIn = (symbol: ts.Symbol | undefined, file: RegExp): boolean =>
  symbol?.declarations?.some((declaration) => file.test(declaration.getSourceFile().fileName)) ?? false

const isLayer = ({ symbol }: ts.Type): boolean =>
  symbol?.name === "Layer" && isDeclaredIn(symbol, /\/effect\/(?:src|dist)\/Layer\./)

/** Calls `found` with every layer that a value of this type is, has as a property, or returns. */
const visit = (checker: ts.TypeChecker, type: ts.Type, found: (layer: ts.Type) => void, depth = 0): void => {
  if (isLayer(type)) return found(type)
  if (depth > 3) return
  for (const part of type.isUnionOrIntersection() ? type.types : []) visit(checker, part, found, depth + 1)
  for (const signature of type.getCallSignatures()) visit(checker, signature.getReturnType(), found, depth + 1)
  // The success of an Effect.
  if (type.aliasSymbol === undefined && (ts.TypeFlags.Object & type.flags) !== 0) {
    for (const part of checker.getTypeArguments(type as ts.TypeReference)) visit(checker, part, found, depth + 1)
  }
  const ownProperties = type.getProperties().filter((property) => isDeclaredIn(property, /\/src\/(?!.*node_modules)/))
  for (const property of ownProperties) {
    if (!isDeclaredIn(property, /node_modules/)) {
      visit(checker, checker.getTypeOfSymbol(property), found, depth + 1)
    }
  }
}

/** By name, as in `aws/AwsPlanes.layer`: whether the layer requires a service. */
export const publicLayers = (): ReadonlyMap<string, boolean> => {
  const { config } = ts.readConfigFile(`${src}../tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, `${src}..`)
  const program = ts.createProgram(modules.map((module) => `${src}${module}.ts`), options)
  const checker = program.getTypeChecker()
  const layers = new Map<string, boolean>()
  for (const module of modules) {
    const symbol = checker.getSymbolAtLocation(program.getSourceFile(`${src}${module}.ts`)!)!
    for (const exported of checker.getExportsOfModule(symbol)) {
      const value = (exported.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(exported) : exported
      if ((value.flags & ts.SymbolFlags.Value) === 0) continue
      const name = `${module}.${exported.name}`
      visit(checker, checker.getTypeOfSymbol(value), (layer) => {
        const requires = checker.getTypeArguments(layer as ts.TypeReference)[2]
        const isOpen = requires === undefined || (requires.flags & ts.TypeFlags.Never) === 0
        layers.set(name, isOpen || (layers.get(name) ?? false))
      })
    }
  }
  return layers
}
