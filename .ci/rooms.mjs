// Checks the imports of `src` against the table of rooms: a room imports only the rooms and packages of its row. Imports
// of types count. `--write` draws the picture in `src/README.md`, which is checked too. Comments are at most 120 wide, few
// files of `test` import private files, and each development dependency is used.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

// `room: files <- imports`, from the ground up. A file belongs to the room with the longest prefix of its path. A room
// imports only packages and rooms of earlier rows. All rooms import modules of `effect`. Folders of `effect`, such as
// `effect/http`, count as packages.
const table = `
ground: internal/models/ <-
models: Models. <- ground
values: IdentityError. UserIdentifier. ConsentSession. Operation. <- ground
internal: internal/ <- ground values node jose effect/encoding effect/http
plane: internal/plane/ <- ground values internal
planes: DataPlane. ControlPlane. SecurityTokenService. <- ground models values internal plane
consent: internal/consent/ <- values internal node open
identity: internal/identity/ <- ground values internal plane planes jose
flow/private: internal/credentialCache/ internal/credentialProvider/ internal/identitySetup/ internal/pendingConsents/
  <- ground models values internal plane planes identity consent node jose jsonc-parser
flow: Consent. CredentialCache. CredentialProvider. Identity. IdentitySetup. PendingConsents. internal/pendingConsents/signals.
  TokenPoller. WorkloadAccessToken. WorkloadIdentity.
  <- ground models values internal plane planes consent identity flow/private node jose
aws: aws/ <- ground values internal plane planes consent node effect/encoding effect/http @aws-sdk/client-bedrock-agentcore
  @aws-sdk/client-bedrock-agentcore-control @aws-sdk/client-sts @aws-sdk/credential-provider-node @smithy/core proxy-from-env
local/internal: local/internal/ <- ground internal node jose effect/http
local/oauth: local/oauth/ <- ground values internal plane local/internal node jose openid-client
local/vault: local/vault/ <- internal local/internal node
local/authorization: local/authorization/ local/AuthorizationServer. <- ground internal plane local/internal node jose koa oidc-provider
local/testUser: local/TestUser. <- internal local/internal local/authorization
local/model: local/LocalControl. <- flow local/authorization
local/backend: local/backend/ <- ground models values internal plane planes flow/private local/internal local/oauth local/vault
  local/model node jose
local/control: local/control/ <- ground values internal plane planes flow/private flow local/internal local/oauth local/vault local/authorization
  local/model local/backend node
local/server: local/server/ <- ground values internal plane planes flow local/internal local/oauth local/vault local/model
  local/backend local/control node effect/http @effect/platform-node
local/standalone: local/standalone/ <- internal plane flow/private flow local/internal local/oauth local/vault local/authorization
  local/model local/server node
local/console: local/server/console/ <- ground internal local/internal local/backend local/server jsonc-parser preact @preact/signals
testing: testing/ <- values internal plane planes
persistence: persistence/ <- ground internal plane flow/private flow node ioredis @effect/sql-pg effect/persistence
  effect/reactivity effect/sql
consentCallback: internal/consentCallback/ <- values internal plane planes consent identity flow/private flow jose
edges: AccessToken. ApiKey. Credentials. IamAccessToken. internal/credentials/
  <- ground models values internal plane planes identity flow/private flow
http: http/ <- ground values internal plane planes consent identity flow/private flow consentCallback edges node jose effect/http
durable: durable/ <- ground values internal plane planes consent identity flow/private flow edges http effect/workflow
ai: ai/ <- ground values internal plane flow/private flow edges node effect/ai
mcp/protocol: mcp/consentElicitation/render. mcp/gatewayConsent/ <- ground
mcp: mcp/ <- values internal consent flow http mcp/protocol node effect/ai
local/development: local/development/ local/LocalDevelopment. <- values internal plane planes flow local/internal node
runtime: runtime/ <- ground values internal plane flow node @aws-sdk/client-bedrock-agentcore effect/http effect/http-api
aws/root: aws/AwsIdentity. <- planes aws flow
local/root: local/LocalIdentity. <- planes flow local/oauth local/vault local/authorization local/model local/control local/server
  local/standalone
promise: promise/ <- ground values internal plane planes consent identity flow/private flow persistence consentCallback edges
  http mcp/protocol aws node effect/http
promise/local: promise/LocalIdentity. <- ground plane flow local/authorization local/model local/standalone local/testUser local/vault
  promise
cli: cli/ <- ground values internal plane planes consent identity flow/private flow edges promise http aws aws/root local/internal local/vault
  local/authorization local/testUser local/model local/control local/server local/standalone local/root local/development node jose effect/cli effect/http @effect/platform-node
  @commander-js/extra-typings
index: index. <- models values planes flow edges`

const rooms = table.trim().split(/\n(?=\S)/).map((row) => {
  const [, name, files, imports] = /^(\S+): (.*?) ?<- ?(.*)$/.exec(row.replaceAll(/\s+/g, " "))
  return { name, files: files.split(" "), imports: ["effect", name, ...imports.split(" ")] }
})
const roomOf = (file) => {
  const prefixes = rooms.flatMap(({ files, name }) => files.map((prefix) => [prefix, name]))
  const matches = prefixes.filter(([prefix]) => file.startsWith(prefix))
  return matches.sort(([a], [b]) => b.length - a.length)[0]?.[1] ?? "no room"
}

const root = fileURLToPath(new URL("..", import.meta.url))
const src = `${root}src/`
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/")).filter((file) => /\.tsx?$/.test(file)).sort()
const importsOf = (file) => {
  // `preProcessFile` does not see `export * as`.
  const text = readFileSync(src + file, "utf8").replaceAll(/^export \* as \w+ from/gm, "export * from")
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
}
const packageOf = (specifier) =>
  specifier.startsWith("node:")
    ? "node"
    : /^effect\/[^/]+(?=\/)/.exec(specifier)?.[0] ?? /^(@[^/]+\/)?[^/]+/.exec(specifier)[0]

const problems = []
for (const file of files) {
  const room = rooms.findIndex(({ name }) => name === roomOf(file))
  for (const specifier of importsOf(file)) {
    const target = specifier.startsWith(".") ? roomOf(posix.join(posix.dirname(file), specifier)) : packageOf(specifier)
    const isEarlier = rooms.findIndex(({ name }) => name === target) <= room
    if (!rooms[room]?.imports.includes(target) || !isEarlier) {
      problems.push(`${file} (${roomOf(file)}) imports ${specifier} (${target})`)
    }
  }
}

// Files import each other in no circle, also inside a room, and also by `import()` and for types alone.
const filesOf = (file) =>
  importsOf(file).filter((specifier) => specifier.startsWith("."))
    .map((specifier) => posix.join(posix.dirname(file), specifier))
const finished = new Set()
const visit = (file, path) => {
  if (path.includes(file)) return problems.push(`a circle: ${[...path.slice(path.indexOf(file)), file].join(" → ")}`)
  if (finished.has(file)) return
  for (const target of filesOf(file)) if (files.includes(target)) visit(target, [...path, file])
  finished.add(file)
}
for (const file of files) visit(file, [])

// A test imports what users can import, and a private file only where it is what the test is about.
const mostPrivateTests = 75
let privateTests = 0
for (const folder of ["src", "test"]) {
  for (const file of readdirSync(root + folder, { recursive: true, encoding: "utf8" })) {
    if (!/\.m?tsx?$|\.mjs$/.test(file)) continue
    // Tables, URLs and directives stay on one line.
    const isLong = (line) =>
      line.length > 120 && /^ *(\/\/|\/?\*)/.test(line) && !/\||https?:|arn:|oxlint-|@ts-/.test(line)
    const text = readFileSync(`${root}${folder}/${file}`, "utf8")
    if (folder === "test" && /from "(\.\.\/)+src\//.test(text)) privateTests++
    text.split("\n").forEach((line, index) =>
      isLong(line) && problems.push(`${folder}/${file}:${index + 1}: longer than 120`)
    )
  }
}
if (privateTests > mostPrivateTests) {
  problems.push(`${privateTests} files of test import private files, at most ${mostPrivateTests} may`)
}

// A development dependency is imported, run, or the types of another dependency; or it has its reason here.
const reasons = {
  "@dprint/typescript": ".dprint.json loads it",
  "@opentelemetry/sdk-logs": "@effect/opentelemetry loads it",
  "@opentelemetry/sdk-trace-node": "@effect/opentelemetry loads it"
}
const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8"))
const installed = { node: "", ...manifest.dependencies, ...manifest.devDependencies }
const texts = ["src", "test", ".ci"].flatMap((folder) =>
  readdirSync(root + folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?[jt]sx?$/.test(entry.name))
    .map(({ name, parentPath }) => readFileSync(`${parentPath}/${name}`, "utf8"))
)
const uses = [...texts, ...Object.values(manifest.scripts), readFileSync(`${root}vitest.config.ts`, "utf8")].join("\n")
for (const name of Object.keys(manifest.devDependencies)) {
  const typed = /^@types\/(.*)$/.exec(name)?.[1]
  const isUsed = typed === undefined
    ? RegExp(`(?:from |import |\\()["']${name}["'/]|node_modules/${name}/|(?:^|&& )${name} `, "m").test(uses)
    : typed in installed
  if (isUsed === name in reasons) {
    problems.push(`package.json: the development dependency ${name} ${isUsed ? "needs no reason" : "is not used"}`)
  }
}

// A room is drawn one line above the highest room that it imports.
const levels = new Map()
for (const { imports, name } of rooms) {
  levels.set(name, Math.max(0, ...imports.flatMap((room) => levels.has(room) ? [levels.get(room) + 1] : [])))
}
const lines = []
for (const [name, level] of levels) (lines[level] ??= []).push(name)
const picture = `\`\`\`text\n${lines.map((names) => names.join(" · ")).reverse().join("\n")}\n\`\`\``

const readme = `${src}README.md`
const text = readFileSync(readme, "utf8")
const drawn = text.replace(/```text\n[^]*?\n```/, () => picture)
if (process.argv.includes("--write")) writeFileSync(readme, drawn)
else if (drawn !== text) problems.push("src/README.md draws other rooms: node .ci/rooms.mjs --write")

for (const problem of problems) console.log(problem)
console.log(
  `${files.length} files, ${rooms.length} rooms, ${privateTests} tests of private files, ${problems.length} problems`
)
process.exitCode = problems.length === 0 ? 0 : 1
