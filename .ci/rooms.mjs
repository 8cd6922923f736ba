// Checks the imports of `src` against the table of rooms: every file belongs to one room, a room imports only what its row
// names, and no imports form a circle. Imports of types count.
import { readdirSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const platform = "@effect/platform"
const below = "ground models values internal http-internal planes flow-internal flow"

// From the ground up: a room, its files, the rooms of earlier rows that it imports, and the packages. All import `effect`.
const rooms = [
  ["ground", /^(models\/internal\/|internal\/memoize)/],
  ["models", /^models\//, "ground"],
  [
    "values",
    /^(IdentityError|CredentialProviderError|UserIdentifier|ConsentSession|IdentityMetrics|Operation)\./,
    "ground"
  ],
  [
    "http-internal",
    /^internal\/(credentialHeader|html|loopback|origins|serverSpans|validity|withRequest)\./,
    "ground",
    platform
  ],
  ["internal", /^internal\/(?!transient|credential|identitySetup)/, "ground values http-internal", "node jose"],
  ["planes", /^(DataPlane|ControlPlane|SecurityTokenService)\./, "ground models values internal"],
  ["flow-internal", /^internal\//, "ground models values http-internal internal planes", "node jose jsonc-parser"],
  ["aws", /^aws\/(?!PropagateIdentity|AwsIdentity)/, "values http-internal internal planes", "@aws-sdk/*"],
  ["local/oauth", /^local\/(oauth|OAuthClient)/, "values http-internal internal", "node jose openid-client"],
  ["local/vaultFile", /^local\/(vaultFile|VaultFile|VaultStore)/, "internal", "node lmdb"],
  [
    "local/authorization",
    /^local\/(authorization|AuthorizationServer)/,
    "http-internal internal",
    "node jose koa oidc-provider"
  ],
  [
    "local/backend",
    /^local\/(backend|LocalBackend)/,
    "ground models values http-internal internal planes flow-internal local/oauth local/vaultFile",
    "node jose"
  ],
  [
    "local/server",
    /^local\/(server|LocalServer)/,
    "ground values http-internal internal planes local/oauth local/vaultFile local/backend",
    `node ${platform} @effect/platform-node @smithy/signature-v4`
  ],
  ["testing", /^testing\//, "values internal planes"],
  ["persistence", /^persistence\//, "internal flow-internal", "node ioredis @effect/experimental"],
  [
    "flow",
    /^(?!index|AccessToken|ApiKey|IamAccessToken)[A-Z]/,
    "ground models values internal planes flow-internal",
    "node jose open"
  ],
  ["edges", /^(AccessToken|ApiKey|IamAccessToken)\./, "values internal planes flow"],
  ["http", /^http\//, "values internal http-internal planes flow edges", `node jose ${platform}`],
  ["local/development", /^local\/(development|LocalDevelopment)/, "values internal planes flow", "node jsonc-parser"],
  ["aws/PropagateIdentity", /^aws\/Propagate/, "internal http-internal flow", `@aws-sdk/* ${platform}`],
  ["aws/AwsIdentity", /^aws\//, "aws flow"],
  ["local/LocalIdentity", /^local\//, "flow local/oauth local/backend local/server"],
  ["promise", /^promise\//, `${below} aws/AwsIdentity`, "node"],
  [
    "cli",
    /^cli\//,
    `${below} edges http aws aws/AwsIdentity local/oauth local/vaultFile local/authorization local/server`,
    `node jose ${platform} @effect/platform-node @effect/cli`
  ],
  ["index", /^index\./, `${below} edges`]
].map(([name, files, rooms = "", packages = ""]) => ({
  name,
  files,
  rooms: rooms.split(" "),
  packages: packages.split(" ")
}))

const src = fileURLToPath(new URL("../src/", import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/")).filter((file) => file.endsWith(".ts")).sort()
const roomOf = (file) => rooms.find((room) => room.files.test(file))
const importsOf = (file) =>
  // `preProcessFile` does not see `export * as`.
  ts.preProcessFile(
    readFileSync(src + file, "utf8").replaceAll(/^export \* as \w+ from/gm, "export * from"),
    true,
    true
  )
    .importedFiles.map(({ fileName }) => fileName)
const sourceOf = (file, specifier) => posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts")
const packageOf = (specifier) => specifier.startsWith("node:") ? "node" : /^(@[^/]+\/)?[^/]+/.exec(specifier)[0]

const graph = new Map()
const problems = rooms.flatMap(({ name, rooms: imported }, index) =>
  imported.filter((room) => room !== "" && !rooms.slice(0, index).some((earlier) => earlier.name === room))
    .map((room) => `the row of ${name} names ${room}, which is no earlier row`)
)
for (const file of files) {
  const room = roomOf(file)
  if (room === undefined) problems.push(`${file} belongs to no room`)
  const specifiers = importsOf(file)
  graph.set(
    file,
    specifiers.filter((specifier) => specifier.startsWith(".")).map((specifier) => sourceOf(file, specifier))
  )
  for (const specifier of room === undefined ? [] : specifiers) {
    const name = packageOf(specifier)
    const target = specifier.startsWith(".") ? roomOf(sourceOf(file, specifier))?.name : undefined
    const isAllowed = target === undefined
      ? ["effect", ...room.packages].some((allowed) =>
        allowed === name || allowed.endsWith("*") && name.startsWith(allowed.slice(0, -1))
      )
      : target === room.name || room.rooms.includes(target)
    if (!isAllowed) problems.push(`${file} imports ${specifier}: ${room.name} does not import ${target ?? name}`)
    if (/^(effect|@effect\/platform(-node)?)$/.test(specifier)) problems.push(`${file} imports the barrel ${specifier}`)
  }
}

const done = new Set()
const walk = (file, path) => {
  if (path.includes(file)) problems.push(`circle: ${[...path.slice(path.indexOf(file)), file].join(" -> ")}`)
  else if (!done.has(file)) {
    for (const imported of graph.get(file) ?? []) walk(imported, [...path, file])
    done.add(file)
  }
}
for (const file of files) walk(file, [])

for (const problem of problems) console.log(problem)
console.log(`${files.length} files, ${rooms.length} rooms, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
