// Packs the built packages and checks the tarballs as users get them: publint, attw, the types and the import of every
// subpath, and the command. Each check runs in an empty folder with only the packages that package.json requires.
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, posix } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { countNames, unnamedTypes } from "./declarations.mjs"
import { checkLicenses, checkSbom } from "./licenses.mjs"
import { pages } from "./pages.mjs"
import { isPublic } from "./publicModules.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const temporary = realpathSync(mkdtempSync(join(tmpdir(), "agentcore-identity-package-")))
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }))

let failures = 0
const fail = (message) => {
  failures += 1
  console.log(`  ✗ ${message}`)
}
const heading = (text) => console.log(`\n— ${text}`)

const run = (command, args, options = {}) => {
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024, ...options })
  if (result.error !== undefined) throw result.error
  return result
}
const node = (args, options) => run(process.execPath, args, options)
const must = (name, result) => {
  if (result.status === 0) return console.log(`  ✓ ${name}`)
  fail(`${name}: exit code ${result.status}`)
  console.log(`${result.stdout}${result.stderr}`)
}

heading("contents")
const makePack = (name, folder = ".") => {
  const destination = join(temporary, name)
  mkdirSync(destination)
  const { status, stderr, stdout } = run("npm", [
    "pack",
    folder,
    "--ignore-scripts",
    "--json",
    "--pack-destination",
    destination
  ], {
    shell: process.platform === "win32"
  })
  if (status !== 0) throw new Error(stderr)
  // npm 10 and 11 print a list, later versions print a record by name.
  const output = JSON.parse(stdout)
  const [pack] = Array.isArray(output) ? output : Object.values(output)
  const tarball = join(destination, pack.filename)
  return { pack, tarball, sha256: createHash("sha256").update(readFileSync(tarball)).digest("hex") }
}
const { pack, sha256, tarball } = makePack("pack")
const files = pack.files.map(({ path }) => path)
for (
  const file of [
    "package.json",
    ...pages,
    "src/README.md",
    "LICENSE",
    "CHANGELOG.md",
    "dist/index.js",
    "dist/index.d.ts",
    "dist/setup.schema.json",
    "dist/local/server/console/main.js",
    "dist/local/server/console/main.css",
    "src/index.ts",
    ...Object.values(manifest.bin)
  ]
) {
  if (!files.includes(file)) fail(`${file} is not in the tarball`)
}
for (const file of files) {
  if (
    !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.*|src\/.*(\.ts|\/README\.md)|src\/README\.md|test\/(examples|languages)\/.*|test\/pictures\/.*\.(svg|png))$/
      .test(file)
  ) {
    fail(`${file} does not belong in the tarball`)
  }
}
/** In bytes. */
const maximumSize = 1_600_000
if (pack.size > maximumSize) fail(`the tarball has ${pack.size} bytes, and may have ${maximumSize}`)
console.log(`  ${files.length} files, ${pack.size} bytes packed`)

// Everyone can build the published tarball again, and compare.
if (makePack("again").sha256 !== sha256) fail("a second tarball of the same files differs")
console.log(`  SHA-256 ${sha256}, twice`)

const built = files.flatMap((file) => /^dist\/(.*)\.js$/.exec(file)?.[1] ?? []).sort()
const subpaths = built.filter(isPublic).map((name) => name === "index" ? "." : `./${name}`)

// "Go to definition" opens the source of a public module, and a debugger shows it.
for (const module of built.filter(isPublic)) {
  for (const file of [`dist/${module}.js`, `dist/${module}.d.ts`]) {
    const map = files.includes(`${file}.map`) ? JSON.parse(readFileSync(join(root, `${file}.map`), "utf8")) : undefined
    for (const source of map?.sources ?? ["no map"]) {
      if (!files.includes(posix.join(posix.dirname(file), source))) fail(`${file} leads to no source: ${source}`)
    }
  }
}
const maps = files.filter((file) => file.endsWith(".map"))
if (maps.length !== 2 * subpaths.length) fail(`${maps.length} maps for ${subpaths.length} public modules`)
console.log(`  ${maps.length} maps lead to the sources of public modules`)

const specifier = (subpath) => `${manifest.name}${subpath.slice(1)}`

heading("licenses, and what is inside")
/** `folder` is that of a package, and `files` are those in its tarball. */
const checkContents = (folder, manifest, files) => {
  const notices = files.filter((file) => file.endsWith("LICENSES.txt")).map((file) =>
    readFileSync(join(folder, file), "utf8")
  )
  const licenses = checkLicenses(root, manifest, notices)
  for (const line of licenses.problems) fail(`not a permissive license: ${line}`)
  console.log(`  ${licenses.count} packages that are installed or bundled, ${licenses.problems.length} problems`)
  const bom = JSON.parse(readFileSync(join(folder, "dist/sbom.cdx.json"), "utf8"))
  const problems = checkSbom(bom, manifest, notices)
  for (const line of problems) fail(`dist/sbom.cdx.json: ${line}`)
  console.log(`  ${bom.components.length} packages in the software bill of materials, ${problems.length} problems`)
}
checkContents(root, manifest, files)

heading("publint")
must("publint", node([join(root, "node_modules/publint/src/cli.js"), "run", tarball, "--strict"]))

heading("attw")
must(
  `attw, ${subpaths.length} entry points`,
  node([
    join(root, "node_modules/@arethetypeswrong/cli/dist/index.js"),
    tarball,
    "--profile",
    "esm-only",
    "--format",
    "ascii",
    "--no-color",
    "--entrypoints",
    ...subpaths
  ])
)

/** An empty project, where only the unpacked package and links to the named packages can be found. */
const project = (name, packages, unpack = { name: manifest.name, tarball }) => {
  const directory = join(temporary, name)
  const modulesDirectory = join(directory, "node_modules")
  mkdirSync(join(modulesDirectory, unpack.name), { recursive: true })
  const target = join(modulesDirectory, unpack.name)
  const unpacked = run("tar", ["-xzf", unpack.tarball, "--strip-components=1", "-C", target])
  if (unpacked.status !== 0) throw new Error(unpacked.stderr)
  for (const dependency of new Set(packages)) {
    const link = join(modulesDirectory, dependency)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, "node_modules", dependency), link, "junction")
  }
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module", private: true }))
  return directory
}

/** The parsed files of the programs with the same options. Parsing takes as long as checking our declarations. */
const parsed = new Map()

const makeHost = (name, options) => {
  const host = ts.createCompilerHost(options)
  const { getSourceFile } = host
  return Object.assign(host, {
    getSourceFile: (file, ...rest) => {
      const key = `${name} ${file}`
      if (!parsed.has(key)) parsed.set(key, getSourceFile(file, ...rest))
      return parsed.get(key)
    }
  })
}

/** By default the compiler has four checkers, and each checks the types that its files import. */
const typescript7 = [join(root, "node_modules/typescript-7/bin/tsc"), "--checkers", "1"]

/**
 * Compiles imports of all subpaths. Without `skipLibCheck`, an import that does not resolve in our declarations is
 * reported.
 */
const checkTypes = (directory, paths) => {
  const main = join(directory, "main.ts")
  writeFileSync(
    main,
    paths.map((subpath, index) => `export * as module${index} from "${specifier(subpath)}"\n`).join("")
  )
  const shared = { strict: true, exactOptionalPropertyTypes: true, target: "ES2022", lib: ["ES2022"], types: ["node"] }
  for (
    const [name, compilerOptions] of Object.entries({
      NodeNext: { ...shared, module: "NodeNext" },
      Bundler: { ...shared, module: "ESNext", moduleResolution: "Bundler" }
    })
  ) {
    const config = join(directory, `tsconfig.${name}.json`)
    writeFileSync(
      config,
      JSON.stringify({ compilerOptions: { ...compilerOptions, noEmit: true, skipLibCheck: true }, files: [main] })
    )
    // Declarations of other packages are checked too, but only problems of ours are reported.
    const { options } = ts.convertCompilerOptionsFromJson({ ...compilerOptions, noEmit: true }, directory)
    const program = ts.createProgram([main], options, makeHost(name, options))
    const ours = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(directory))
    const diagnostics = ours.flatMap((source) => [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source)
    ])
    for (const diagnostic of [...program.getOptionsDiagnostics(), ...diagnostics]) {
      const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")
      fail(`${diagnostic.file?.fileName.slice(directory.length + 1) ?? "options"}: TS${diagnostic.code}: ${text}`)
    }
    console.log(`  types, TypeScript ${ts.version}, ${name}: ${paths.length} subpaths, ${diagnostics.length} errors`)
    must(
      `types, TypeScript 7, ${name}`,
      node([...typescript7, "-p", config], { cwd: directory })
    )
  }
}

/** Returns the names of the values of each module, by its specifier. */
const checkImports = (directory, paths) => {
  const script = `
    const modules = []
    for (const specifier of ${JSON.stringify(paths.map(specifier))}) {
      try {
        const names = Object.keys(await import(specifier))
        // This one has types only.
        if (names.length === 0 && !specifier.endsWith("/Operation")) console.error(specifier + ": exports nothing")
        modules.push([specifier, names])
      } catch (error) {
        console.error(specifier + ": " + error)
      }
    }
    console.log(JSON.stringify(modules))`
  const { status, stderr, stdout } = node(["--input-type=module", "--eval", script], { cwd: directory })
  if (status !== 0) fail(`imports: exit code ${status}`)
  for (const line of stderr.split("\n")) if (line.trim() !== "") fail(line)
  console.log(`  imported on Node ${process.version}: ${paths.length} subpaths`)
  return status === 0 ? JSON.parse(stdout) : []
}

const optional = Object.keys(manifest.peerDependenciesMeta ?? {})
const required = [
  ...Object.keys(manifest.dependencies),
  ...Object.keys(manifest.peerDependencies).filter((name) => !optional.includes(name))
]

heading("with the required packages alone: every subpath")
const lean = project("lean", [...required, "@types/node"])
checkTypes(lean, subpaths)
checkImports(lean, subpaths)

heading("with the optional packages: every subpath")
const full = project("full", [...required, ...optional, "@types/node"])
checkTypes(full, subpaths)
const modules = checkImports(full, subpaths)

heading("declarations of a program that exports every value, and the result of every function")
const unnamed = unnamedTypes(full, modules, makeHost)
for (const line of unnamed) fail(line)
if (unnamed.length === 0) {
  console.log(`  ✓ ${modules.flatMap(([, names]) => names).length} values have a type with a name`)
}

heading("a new name costs an old one")
const names = countNames(full, subpaths.map(specifier), makeHost)
if (subpaths.length > 50 || names > 430) fail(`${subpaths.length} modules of at most 50, ${names} names of at most 430`)
else console.log(`  ✓ ${subpaths.length} modules, ${names} names`)

heading("links of its pages, and the examples")
const unpacked = join(full, "node_modules", manifest.name)
const markdown = files.filter((file) => file.endsWith(".md"))
let links = 0
for (const page of markdown) {
  // A link inside code is part of an example.
  const text = readFileSync(join(unpacked, page), "utf8").replaceAll(/^```[^]*?^```$/gm, "")
  for (const [, link] of text.matchAll(/(?:\]\(|(?:src|srcset)=")(?!https?:)([^)"]+)[)"]/g)) {
    const [path, anchor] = link.split("#")
    const target = path === "" ? page : posix.join(posix.dirname(page), path)
    links += 1
    if (!files.includes(target)) fail(`${page}: ${link} is not in the tarball`)
    else if (anchor !== undefined) {
      const headings = [...readFileSync(join(unpacked, target), "utf8").matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
        title.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-")
      )
      if (!headings.includes(anchor)) fail(`${page}: ${target} has no heading ${anchor}`)
    }
  }
}
// An editor reads `$schema` as a path: the `exports` of the package do not apply to it.
for (const file of files.filter((file) => /\.(md|d\.ts)$/.test(file))) {
  const text = readFileSync(join(unpacked, file), "utf8")
  for (const [, path] of text.matchAll(/"\$schema": "\.\/node_modules\/effect-agentcore-identity\/([^"]+)"/g)) {
    if (!files.includes(path)) fail(`${file}: $schema names ${path}, which is not in the tarball`)
  }
}
console.log(`  ${links} links of ${markdown.length} pages lead to files of the tarball`)

const workshop = project("workshop", [
  ...required,
  ...optional,
  ...Object.keys(manifest.devDependencies).filter((name) =>
    /^(@types\/|vitest|@effect\/|@opentelemetry\/|@hono\/|hono$|express$|cookie-session$|ai$|@langchain\/|@modelcontextprotocol\/|@strands-agents\/|zod$)/
      .test(name)
  )
])
// `next build` checks the recipe for Next.js, see `follow-readme.mjs`.
for (const example of files.filter((file) => /^test\/examples\/(?!next\/).*\.(ts|mjs)$/.test(file))) {
  const copy = join(workshop, posix.relative("test/examples", example))
  mkdirSync(dirname(copy), { recursive: true })
  writeFileSync(copy, readFileSync(join(unpacked, example)))
}
const [tsconfig] = /(?<=^<!-- follow: tsconfig.json -->\n```json\n)[^]*?(?=^```)/m.exec(
  readFileSync(join(unpacked, "src/aws/README.md"), "utf8")
)
writeFileSync(join(workshop, "tsconfig.json"), tsconfig)
for (const compiler of [[join(root, "node_modules/typescript/bin/tsc")], typescript7]) {
  must(`the examples compile: ${compiler[0]}`, node(compiler, { cwd: workshop }))
}

heading("private modules, require()")
const hidden = [...built.filter((name) => !isPublic(name)), "cli/main"]
const attempts = `
  for (const name of ${JSON.stringify(hidden)}) {
    const { code } = await import("${manifest.name}/" + name).catch((error) => error)
    if (code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") console.log(name)
  }`
const { status, stderr, stdout } = node(["--input-type=module", "--eval", attempts], { cwd: full })
if (status !== 0) fail(`private modules: exit code ${status}: ${stderr}`)
for (const name of stdout.split("\n").filter(Boolean)) fail(`${name} can be imported`)
console.log(`  ${hidden.length} modules are private`)
must("require() of the root", node(["--input-type=commonjs", "--eval", `require("${manifest.name}")`], { cwd: full }))

heading("the package of the command")
const commandFolder = join(root, "agentcore-identity")
const own = JSON.parse(readFileSync(join(commandFolder, "package.json"), "utf8"))
const command = makePack("command", "./agentcore-identity")
if (makePack("command again", "./agentcore-identity").sha256 !== command.sha256) fail("a second tarball differs")
const commandFiles = command.pack.files.map(({ path }) => path)
console.log(`  ${commandFiles.length} files, ${command.pack.size} bytes packed, SHA-256 ${command.sha256}, twice`)
const sameFile = /^(LICENSE|dist\/bin\/.*|dist\/local\/server\/console\/main\.(css|js)|dist\/setup\.schema\.json)$/
const shared = files.filter((file) => sameFile.test(file))
const examples = commandFiles.filter((file) => file.startsWith("example/"))
const expectedFiles = [...shared, ...examples, "README.md", "dist/sbom.cdx.json", "package.json"].sort()
if (commandFiles.sort().join() !== expectedFiles.join()) fail(`it has other files: ${commandFiles.join(" ")}`)
for (const file of examples) {
  const original = readFileSync(
    join(root, "test/examples", posix.relative("example", file).replace(/^tests/, "pytest"))
  )
  if (!readFileSync(join(commandFolder, file)).equals(original)) fail(`${file} is not that of the guide`)
}
for (const file of shared) {
  if (!readFileSync(join(root, file)).equals(readFileSync(join(commandFolder, file)))) fail(`${file} is another build`)
}
for (const name of ["version", "license", "engines", "bin", "publishConfig", "repository"]) {
  if (JSON.stringify(own[name]) !== JSON.stringify(manifest[name])) fail(`its ${name} differs`)
}
const readme = readFileSync(join(commandFolder, "README.md"), "utf8")
if (readme.split("\n").length > 31) fail("its README has more than 30 lines")
for (const [link] of readme.matchAll(/(?<=\]\()[^)]+/g)) {
  const path = link.replace(`${manifest.homepage}/blob/main/`, "").split("#")[0]
  if (!files.includes(path)) fail(`its README links ${link}`)
}
checkContents(commandFolder, own, commandFiles)
must("publint", node([join(root, "node_modules/publint/src/cli.js"), "run", command.tarball, "--strict"]))

heading("the program, with the dependencies of its package alone")
const bare = project("bare", Object.keys(own.dependencies), { name: own.name, tarball: command.tarball })
const [[, bin]] = Object.entries(own.bin)
const program = join(bare, "node_modules", own.name, bin)
must("--help", node([program, "--help"], { cwd: bare }))
must("demo --auto-consent", node([program, "demo", "--auto-consent"], { cwd: bare, timeout: 60_000 }))

/** Starts the local server, sends it a request, and stops it. Returns what it printed, and its exit code or signal. */
const serve = async (directory, args, expected = 201) => {
  const start = performance.now()
  const child = spawn(process.execPath, [program, "local", "--port", "0", ...args], { cwd: directory })
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)))
  const timer = setTimeout(() => child.kill("SIGKILL"), 30_000)
  let [stdout, stderr] = ["", ""]
  child.stderr.on("data", (data) => stderr += data)
  const ready = new Promise((resolve) =>
    child.stdout.on("data", (data) => {
      stdout += data
      if (stdout.endsWith("\n\n")) resolve()
    })
  )
  try {
    await Promise.race([ready, ended])
    const url = /^export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE='?(http[^'\n]+)/m.exec(stdout)?.[1]
    if (url === undefined) return { status: await ended, stdout, stderr }
    console.log(`  ready after ${Math.round(performance.now() - start)} ms`)
    const response = await fetch(`${url}/identities/CreateWorkloadIdentity`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: "AWS4-HMAC-SHA256 Credential=local/20260101/us-west-2/bedrock-agentcore/aws4_request, "
          + "SignedHeaders=host;x-amz-date, Signature=0"
      },
      body: JSON.stringify({ name: "agent" })
    })
    const health = await fetch(`${url}/health`)
    const page = await fetch(`${url}/_local/console/main.js`)
    if (response.status !== expected || health.status !== 200 || page.status !== 200) {
      return { status: `responds with ${response.status}, ${health.status} and ${page.status}`, stdout, stderr }
    }
    child.kill("SIGTERM")
    return { status: await ended, stdout, stderr }
  } finally {
    clearTimeout(timer)
    child.kill("SIGKILL")
  }
}

must("local", await serve(bare, []))
must("local --authorization-server", await serve(bare, ["--authorization-server", "--authorization-server-port", "0"]))
must("local --signatures verify", await serve(bare, ["--signatures", "verify"], 403))
must("local --vault", await serve(bare, ["--vault", join(temporary, "vault")]))

console.log(failures === 0 ? "\nBoth tarballs are fine." : `\n${failures} problems with the tarballs.`)
process.exitCode = failures === 0 ? 0 : 1
