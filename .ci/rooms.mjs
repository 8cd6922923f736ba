// Checks the imports of `src` against the table below: every file has a room, a room imports only the rooms and packages of
// its row, and no imports form a circle. Imports of types count.
import { readdirSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const planes = "values models shared planes"
const flow = `${planes} flow edges`

// From the ground up. A file belongs to the first room whose pattern matches. Every room may import itself and `effect`.
const rooms = [
  { name: "models/internal", files: /^models\/internal\//, imports: "" },
  {
    name: "values",
    files: /^(IdentityError|CredentialProviderError|UserIdentifier|ConsentSession|IdentityMetrics|Operation)\.ts/,
    imports: "models/internal"
  },
  { name: "models", files: /^models\//, imports: "models/internal" }
]

/** A row of the table is wrong where it allows an import that runs back up. Each exception has its reason. */
const exceptions = new Map([])

const src = fileURLToPath(new URL("../src/", import.meta.url))
const importsOf = (file) =>
  ts.preProcessFile(readFileSync(src + file, "utf8"), true, true).importedFiles.map(({ fileName }) => fileName)
const sourceOf = (file, specifier) => posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts")
const packageOf = (specifier) => specifier.startsWith("node:") ? "node" : /^(@[^/]+\/)?[^/]+/.exec(specifier)[0]
const roomOf = (file) => rooms.find(({ files }) => files.test(file))

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/")).filter((file) => file.endsWith(".ts")).sort()
const graph = new Map()
const problems = []

for (const file of files) {
  const room = roomOf(file)
  const allowed = new Set(["effect", room?.name, ...(room?.imports.split(" ") ?? [])])
  const specifiers = importsOf(file)
  graph.set(
    file,
    specifiers.filter((specifier) => specifier.startsWith(".")).map((specifier) => sourceOf(file, specifier))
  )
  if (room === undefined) problems.push(`${file} belongs to no room`)
  for (const specifier of specifiers) {
    const target = specifier.startsWith(".") ? roomOf(sourceOf(file, specifier))?.name : packageOf(specifier)
    if (/^(effect|@effect\/platform(-node)?)$/.test(specifier)) {
      problems.push(`${file} imports the barrel of ${specifier}`)
    } else if (!allowed.has(target) && !exceptions.has(`${file} ${specifier}`)) {
      problems.push(`${file} imports ${specifier}: the room ${room?.name} does not import ${target}`)
    }
  }
}

/** Walks the imports of a file, and reports the path that leads back to where it began. */
const done = new Set()
const walk = (file, path) => {
  if (path.includes(file)) problems.push(`circle: ${[...path.slice(path.indexOf(file)), file].join(" -> ")}`)
  else if (!done.has(file)) {
    for (const next of graph.get(file) ?? []) walk(next, [...path, file])
    done.add(file)
  }
}
for (const file of files) walk(file, [])

for (const problem of problems) console.log(problem)
console.log(`${files.length} files, ${rooms.length} rooms, ${exceptions.size} exceptions, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
