// What an editor shows: TypeScript's language service is asked for every public function, each of its overloads, and
// every option.
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { isPublic } from "./package/publicModules.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const src = join(root, "src")
const name = "effect-agentcore-identity"

const modules = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/").replace(/\.ts$/, ""))
  .filter((module) => isPublic(module) && module !== "index" && ts.sys.fileExists(join(src, `${module}.ts`)))
  .sort()

const flows = ["USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"]

const requestsOf = (flow: string): string =>
  `{
  const request = { provider: "calendar", flow: "${flow}" } as const
  class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", request) {}
  const declared = AccessToken.get(Calendar)
  const inline = AccessToken.get(request)
  const dataLast = Effect.asVoid(Calendar).pipe(AccessToken.withAccessToken(Calendar))
  const dataFirst = AccessToken.withAccessToken(Effect.asVoid(Calendar), Calendar)
  const used = AccessToken.use(Calendar, Effect.succeed, { rejected: () => false })
  const client = HttpClientCredentials.withAccessToken(http, Calendar, { origins: ["https://api.example.com"] })
}
`

/** A program that requests tokens. Hovers have the names of its imports. */
const requests = {
  file: join(root, "test", "requests.generated.ts"),
  prelude: `
    import * as AccessToken from "${name}/AccessToken"
    import * as HttpClientCredentials from "${name}/http/HttpClientCredentials"
    import * as Effect from "effect/Effect"
    import type * as HttpClient from "effect/http/HttpClient"
    declare const http: HttpClient.HttpClient
`
}

/** A program of the sources, of the requests, and of one file that is written here. */
const makeService = () => {
  const { options } = ts.getParsedCommandLineOfConfigFile(join(root, "tsconfig.json"), {}, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => assert.fail(String(messageText))
  }) ?? assert.fail("there is no tsconfig.json")
  const file = join(root, "test", "editor.generated.ts")
  const sources = modules.map((module) => join(src, `${module}.ts`))
  let [version, text] = [0, ""]
  const requestsText = requests.prelude + flows.map(requestsOf).join("")
  const service = ts.createLanguageService({
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    getCompilationSettings: () => options,
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    getScriptFileNames: () => [file, requests.file, ...sources],
    getScriptSnapshot: (path) => {
      const content = path === file ? text : path === requests.file ? requestsText : ts.sys.readFile(path)
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
    },
    // Without it, every request reads every file.
    getProjectVersion: () => String(version),
    getScriptVersion: (path) => path === file ? String(version) : "0"
  })
  const program = () => service.getProgram() ?? assert.fail("there is no program")
  return {
    service,
    file,
    program,
    write: (next: string) => {
      text = next
      version++
    }
  }
}

const textOf = (parts: ReadonlyArray<ts.SymbolDisplayPart> | undefined): string =>
  parts?.map(({ text }) => text).join("").trim() ?? ""

/** Lines of a program, each with a position for the editor. */
class Lines {
  text = ""
  /** Where the lines begin in the file. */
  start = 0
  readonly places: Array<readonly [label: string, position: number, end: number]> = []
  add(label: string, before: string, at: string, after: string) {
    const position = this.text.length + before.length
    this.places.push([label, position, position + at.length])
    this.text += `${before}${at}${after};\n`
  }
}

const isOptional = ({ valueDeclaration }: ts.Symbol): boolean =>
  valueDeclaration !== undefined && ts.isParameter(valueDeclaration)
  && (valueDeclaration.questionToken ?? valueDeclaration.initializer) !== undefined

interface Function {
  readonly module: string
  readonly name: string
  readonly signatures: ReadonlyArray<ts.Signature>
}

const services = ["ControlPlane", "DataPlane", "SecurityTokenService", "Identity", "WorkloadAccessToken"]

/** The shape of a service, by its class. */
const shapeOf = (symbol: ts.Symbol, checker: ts.TypeChecker): ts.Type | undefined => {
  const shape = (symbol.flags & ts.SymbolFlags.Class) === 0
    ? undefined
    : checker.getTypeOfSymbol(symbol).getProperty("Service")
  return shape && checker.getTypeOfSymbol(shape)
}

const plain = "Type 'string' is not assignable to type 'Redacted<string> | SecretReference'."
const missing = (member: string, type: string) => new RegExp(`'${member}' is missing .* required in type '${type}'.$`)

/** Begins with the wrong property, and lists no overloads. */
const unknown = (property: string) =>
  new RegExp(`^Object literal may only specify known properties, and '${property}' does not exist in type `)

const provider = "CredentialProvider"

/** Invalid options, and the errors of TypeScript. */
const mistakes: ReadonlyArray<readonly [call: string, message: string | RegExp, module?: string]> = [
  ["withAccessToken({ provider: \"github\", authFlow: \"USER\" })", unknown("authFlow"), "AccessToken"],
  [
    "withAccessToken({ provider: \"github\", flow: \"USER\" })",
    /^Type '"USER"' is not assignable to type '"[^']*"'\.$/,
    "AccessToken"
  ],
  ["withApiKey({ provider: \"weather\", header: \"x\" })", unknown("header"), "ApiKey"],
  ["withIamAccessToken({ audience: \"a\", lifetime: \"1 hour\" })", unknown("lifetime"), "IamAccessToken"],
  ["custom({ ...server, clientId: \"me\" })", missing("clientSecret", "SecretClient")],
  ["custom({ name: \"id\", metadata, clientId: \"me\" })", missing("clientSecret", "SecretClient")],
  // TypeScript lists them in the order in which it has first seen them.
  [
    "custom({ ...server })",
    /missing the following properties from type 'SecretClient': client(Id|Secret), client(Id|Secret)$/
  ],
  ["custom({ ...server, clientId: \"me\", clientSecret: \"secret\" })", plain],
  ["custom({ name: \"id\", metadata, clientId: \"me\", clientSecret: text })", plain],
  ["github({ name: \"id\", clientId: \"me\", clientSecret: text })", plain],
  ["custom({ ...server, clientSecret: secret })", missing("clientId", "SecretClient")],
  ["custom({ name: \"id\", clientId: \"me\", clientSecret: secret })", missing("discovery", "DiscoveredServer")]
]

describe("an editor", { timeout: 60_000 }, () => {
  const imports = modules.map((module, index) => `import * as m${index} from "${name}/${module}"\n`).join("")
  const alias = (module: string): string => `m${modules.indexOf(module)}`

  const { file, program, service, write } = makeService()
  const calls = new Lines()
  const properties = new Lines()
  const wrong = new Lines()

  const symbolsOf = (module: string): ReadonlyArray<ts.Symbol> => {
    const source = program().getSourceFile(join(src, `${module}.ts`))
    const symbol = source && program().getTypeChecker().getSymbolAtLocation(source)
    return symbol === undefined ? assert.fail(module) : program().getTypeChecker().getExportsOfModule(symbol)
  }

  const functionsOf = (module: string): ReadonlyArray<Function> => {
    const checker = program().getTypeChecker()
    return symbolsOf(module).flatMap((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      if (!(target.flags & ts.SymbolFlags.Value) || target.flags & ts.SymbolFlags.Class) return []
      const signatures = checker.getTypeOfSymbol(target).getCallSignatures()
      return signatures.length === 0 ? [] : [{ module, name: symbol.name, signatures }]
    })
  }

  const documentationAt = (path: string, position: number): string =>
    textOf(service.getQuickInfoAtPosition(path, position)?.documentation)

  // One program for all requests, so that TypeScript checks it once.
  beforeAll(() => {
    write(imports)
    for (const { module, name, signatures } of modules.flatMap(functionsOf)) {
      for (const [index, { parameters }] of signatures.entries()) {
        // The number of arguments selects the overload.
        const values = parameters.filter((parameter) => !isOptional(parameter)).map(() => "null as any")
        const label = `${module}.${name}, overload ${index + 1} of ${signatures.length}`
        calls.add(label, `${alias(module)}.`, name, `(${values.join(", ")})`)
      }
    }
    const checker = program().getTypeChecker()
    for (const module of services) {
      const symbol = symbolsOf(module).find(({ name }) => name === module) ?? assert.fail(module)
      for (const { name } of checker.getPropertiesOfType(shapeOf(symbol, checker) ?? assert.fail(module))) {
        // Skips the type id.
        if (!name.startsWith("__@")) {
          properties.add(`${module}.${name}`, `(null as any as ${alias(module)}.${module}["Service"]).`, name, "")
        }
      }
    }
    properties.add(
      "flow",
      `const request: ${alias("Identity")}.AccessTokenRequest = { provider: "github", `,
      "flow",
      `: "M2M" }`
    )
    const prelude = `
      import * as Redacted from "effect/Redacted"
      const server = { name: "id", discovery: "https://id.example.com/.well-known/openid-configuration" }
      const metadata = { issuer: "https://id.example.com", authorizationEndpoint: "a", tokenEndpoint: "b" }
      const secret = Redacted.make("secret")
      const text: string = "secret"
`
    for (const [call, , module = provider] of mistakes) wrong.add(call, "", `${alias(module)}.${call}`, "")
    calls.start = imports.length
    properties.start = calls.start + calls.text.length
    wrong.start = properties.start + properties.text.length + prelude.length
    write(imports + calls.text + properties.text + prelude + wrong.text)
  }, 120_000)

  it("explains every function, and each of its overloads", () => {
    assert.isAbove(calls.places.length, 140)
    const silent = calls.places.flatMap(([label, position, end]) => {
      const overloaded = !label.endsWith(" of 1")
      // The list that opens at the parenthesis has all overloads, also those with the same number of arguments.
      const listed = overloaded
        ? service.getSignatureHelpItems(file, calls.start + end + 1, undefined)?.items ?? []
        : []
      const explained = documentationAt(file, calls.start + position) !== ""
        && (overloaded ? listed.length > 1 : true)
        && listed.every(({ documentation }) => textOf(documentation) !== "")
      return explained ? [] : [label]
    })
    assert.deepStrictEqual(silent, [])
  })

  it("explains every service and layer", () => {
    const checker = program().getTypeChecker()
    const explained = modules.flatMap((module) =>
      symbolsOf(module).flatMap((symbol) => {
        const isService = (symbol.flags & ts.SymbolFlags.Class) !== 0 && `/${module}`.endsWith(`/${symbol.name}`)
        const isLayer = (symbol.flags & ts.SymbolFlags.Variable) !== 0
          && checker.getTypeOfSymbol(symbol).symbol?.name === "Layer"
        return isService || isLayer
          ? [[`${module}.${symbol.name}`, textOf(symbol.getDocumentationComment(checker))] as const]
          : []
      })
    )
    assert.includeMembers(explained.map(([label]) => label), ["Identity.Identity", "Identity.layer"])
    assert.deepStrictEqual(explained.filter(([, text]) => text === ""), [])
  })

  it("shows an example for what a program needs first", () => {
    const functions = [
      "AccessToken.withAccessToken",
      "ApiKey.withApiKey",
      "CredentialProvider.ensure",
      "Identity.layer",
      "WorkloadAccessToken.layerWorkload",
      "WorkloadIdentity.ensure",
      "aws/AwsIdentity.layer",
      "http/Connect.layer",
      "local/LocalIdentity.layer",
      "promise/Identity.withApiKey"
    ]
    const withExample = modules.flatMap((module) =>
      symbolsOf(module).flatMap((symbol) =>
        symbol.getJsDocTags().some(({ name }) => name === "example") ? [`${module}.${symbol.name}`] : []
      )
    )
    assert.includeMembers(withExample, functions)
  })

  it("explains every option", () => {
    const checker = program().getTypeChecker()
    // The documentation of a service explains its members.
    const seen = new Set<ts.Type | undefined>(
      modules.flatMap((module) => symbolsOf(module).map((symbol) => shapeOf(symbol, checker)))
    )
    const options = new Map<ts.Declaration, readonly [label: string, property: ts.Symbol]>()
    const visit = (type: ts.Type, label: string): void => {
      if (seen.has(type)) return
      seen.add(type)
      if (type.isUnionOrIntersection()) return type.types.forEach((member) => visit(member, label))
      if (!(type.flags & ts.TypeFlags.Object)) return
      if (checker.isArrayType(type)) {
        // Arrays are type references.
        return checker.getTypeArguments(type as ts.TypeReference).forEach((item) => visit(item, label))
      }
      for (const property of checker.getPropertiesOfType(type)) {
        const declaration = property.declarations?.[0]
        // Skips the properties of Effect's and the SDK's types.
        if (declaration === undefined || !declaration.getSourceFile().fileName.startsWith(src)) continue
        options.set(declaration, [`${label}.${property.name}`, property])
        const member = checker.getTypeOfSymbol(property)
        if (member.getCallSignatures().length === 0) visit(member, `${label}.${property.name}`)
      }
    }
    for (const { module, name, signatures } of modules.flatMap(functionsOf)) {
      for (const parameter of signatures.flatMap(({ parameters }) => parameters)) {
        visit(checker.getTypeOfSymbol(parameter), `${module}.${name}(${parameter.name})`)
      }
    }
    assert.isAbove(options.size, 250)
    // A hover shows these docs below the type, which takes most of its time.
    const silent = [...options.values()].flatMap(([label, property]) =>
      textOf(property.getDocumentationComment(checker)) === "" ? [label] : []
    )
    assert.deepStrictEqual(silent, [])
  })

  it("explains every operation of the planes, and the three flows", () => {
    assert.isAbove(properties.places.length, 40)
    const hovers = properties.places.map(([label, position]) =>
      [label, documentationAt(file, properties.start + position)] as const
    )
    assert.deepStrictEqual(hovers.filter(([, text]) => text === ""), [])
    for (const flow of flows) {
      assert.include(hovers.at(-1)?.[1], flow)
    }
  })

  it("shows requests in at most 500 characters, and RequiresUserConsent in those of a user only", () => {
    let start = requests.prelude.length
    for (const flow of flows) {
      const text = requestsOf(flow)
      const hovers = [...text.matchAll(/(?<=const (?!request)|Token\.|Credentials\.)[a-z]\w+/g)].map((
        { 0: name, index }
      ) => ({
        name,
        text: textOf(service.getQuickInfoAtPosition(requests.file, start + index)?.displayParts)
      }))
      start += text.length
      assert.lengthOf(hovers, 12)
      assert.deepStrictEqual(hovers.filter(({ text }) => !text.includes(flow) || text.length > 500), [])
      const isOfUser = hovers.map(({ text }) => text.includes("RequiresUserConsent"))
      assert.deepStrictEqual(isOfUser, hovers.map(() => flow === "USER_FEDERATION"))
    }
  })

  // The messages name the wrong option, and no property of another kind of client.
  it("shows precise errors for the options of a credential provider, and for requests", () => {
    const diagnostics = service.getSemanticDiagnostics(file)
    for (const [index, [call, message, module = provider]] of mistakes.entries()) {
      const from = wrong.start + (wrong.places[index]?.[1] ?? 0)
      const text = diagnostics
        .filter(({ start = 0 }) => start >= from && start < from + `${alias(module)}.${call}`.length)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " ")).join()
      assert.isTrue(typeof message === "string" ? text.endsWith(message) : message.test(text), `${call}: ${text}`)
      assert.notInclude(text, "awsIamIdTokenJwt")
    }
  })
})
