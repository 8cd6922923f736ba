// Builds the site: the guides and the reference of the API, with search, from the pages and the docs of the public modules.
// Checks its links, and what the search finds.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { inflateSync } from "node:zlib"
import { Application, Comment, CommentTag, Converter, MinimalSourceFile, OptionDefaults } from "typedoc"

const root = fileURLToPath(new URL("..", import.meta.url))
const out = join(root, "docs")
const { description, exports, homepage } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

/** The modules that a user can import. The root only exports some of them again. */
const modules = Object.keys(exports).flatMap((name) => /^\.\/([\w/]+)$/.exec(name)?.[1] ?? [])

/** The guides and recipes, in the order of the README, each with what it is about. */
const guides = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^\| (\[.*) \| (.*) \|$/gm)].flatMap(
  ([, links, about]) =>
    [...links.matchAll(/\[([^\]]+)\]\(((?:src|test)\/.+?\/[\w.-]+\.md)\)/g)].map(([, title, path]) => ({
      about,
      path,
      title
    }))
)

/** A comment of a source file as typedoc reads it. */
const toComment = (text, file, { converter, project }) => {
  const lines = text.replaceAll(/^\/\*\*|\*\/$/g, "").replaceAll(/^ *\* ?/gm, "").trim()
  const [summary, ...tags] = lines.split(/^(?=@(?:category|example|since)\b)/m)
  const { content } = converter.parseRawComment(new MinimalSourceFile(summary, file), project.files)
  return new Comment(
    content,
    tags.map((tag) => {
      const [, name, value] = /^(@\w+)\s+([^]*)$/.exec(tag.trim())
      const isExample = name === "@example"
      return new CommentTag(name, [{
        kind: isExample ? "code" : "text",
        text: isExample ? `\`\`\`ts\n${value}\n\`\`\`` : value
      }])
    })
  )
}

/** typedoc reads neither the comment at the start of a module without the tag `@module`, nor those of `export type {}`. */
const addComments = (context) => {
  for (const module of context.project.children) {
    const file = join(root, "src", `${module.name}.ts`)
    if (!existsSync(file)) continue
    const text = readFileSync(file, "utf8")
    const [start] = /^\/\*\*[^]*?\*\//.exec(text) ?? []
    if (start !== undefined) module.comment = toComment(start, file, context)
    for (const [, names] of text.matchAll(/^export (?:type )?\{\n([^]*?)\n\}/gm)) {
      for (const [, comment, name, as] of names.matchAll(/(\/\*\*[^]*?\*\/)\s*(?:type )?(\w+)(?: as (\w+))?/g)) {
        const child = module.getChildByName([as ?? name])
        // Without a sentence, the docs stand where the type is declared.
        if (child !== undefined && /\* +[^\s@*]/.test(comment)) child.comment = toComment(comment, file, context)
      }
    }
  }
}

const build = async () => {
  const app = await Application.bootstrap({
    name: "effect-agentcore-identity",
    entryPoints: modules.map((name) => join(root, "src", `${name}.ts`)),
    tsconfig: join(root, "src", "tsconfig.json"),
    readme: join(root, "README.md"),
    projectDocuments: guides.map(({ path }) => join(root, path)),
    sort: ["kind", "alphabetical-ignoring-documents"],
    searchInDocuments: true,
    searchInComments: true,
    out,
    // `npm run check` checks types with two compilers.
    skipErrorChecking: true,
    customCss: join(root, ".ci", "docs.css"),
    includeVersion: true,
    excludeExternals: true,
    disableSources: true,
    // Those of private files, which have no tags.
    defaultCategory: "models",
    // A script makes this page, so its anchors could not be checked.
    includeHierarchySummary: false,
    highlightLanguages: [...OptionDefaults.highlightLanguages, "dockerfile", "jsonc", "python", "sql"],
    // For the compiler of a user who has not installed an optional package.
    blockTags: [...OptionDefaults.blockTags, "@ts-ignore"],
    excludeTags: [...OptionDefaults.excludeTags, "@ts-ignore"],
    // Private parts of public types. TypeScript shows what they result in.
    intentionallyNotExported: [
      "Act",
      "AfterConsent",
      "Caller",
      "Client",
      "ClientOption",
      "Combinator",
      "ConsentPortalStatus",
      "Constructor",
      "Continuation",
      "Credential",
      "CredentialError",
      "CredentialProviderStatus",
      "CredentialWrapper",
      "CustomOauth2Config",
      "CustomOauth2ConfigUpdate",
      "Encoded",
      "Expand",
      "ExternalApiKey",
      "HeadersLike",
      "HeadlessConsent",
      "Inputs",
      "InvokeCommand",
      "KmsConfiguration",
      "LoadError",
      "ManagedApiKey",
      "Named",
      "OneOf",
      "Operations",
      "Options",
      "Outcome",
      "Page",
      "PageItem",
      "PageOptions",
      "Payload",
      "PaymentVendorConfiguration",
      "Pending",
      "Planes",
      "PollState",
      "PropagationError",
      "Properties",
      "Provided",
      "ProviderAccess",
      "ProviderRequest",
      "Providers",
      "Requests",
      "Responses",
      "RevocableVendor",
      "Show",
      "TokenError",
      "ToolConfig",
      "Topic",
      "TrustedIssuer",
      "Unhandled",
      "UserClaims",
      "Users",
      "VaultUser",
      "Vendor",
      "WithoutSession",
      "Wrap",
      "Wrapper",
      "ensure",
      "vendors"
    ]
  })
  // The name of its file would be the same for all.
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const text = document.content.map((part) => part.text).join("")
    document.name = /^# (.+)$/m.exec(text)?.[1] ?? document.name
    // A guide explains what modules only mention. As it is long, the search would list it last.
    document.relevanceBoost = 200
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, addComments)
  const project = await app.convert()
  if (project === undefined) return false
  app.validate(project)
  await app.generateOutputs(project)
  return !app.logger.hasErrors() && !app.logger.hasWarnings()
}

/** Links to files or anchors that do not exist. */
const brokenLinks = () => {
  const pages = new Map(
    readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"))
      .map((name) => [join(out, name), readFileSync(join(out, name), "utf8")])
  )
  const anchors = new Map(
    [...pages].map(([page, html]) => [page, new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id))])
  )
  let links = 0
  const broken = [...pages].flatMap(([page, html]) =>
    [...html.matchAll(/ (?:href|src|srcset)="(?!\w+:)([^"#]*)(?:#([^"]*))?"/g)].flatMap(([, path, anchor]) => {
      links += 1
      const target = path === "" ? page : resolve(dirname(page), decodeURIComponent(path))
      const found = existsSync(target) && (!anchor || anchors.get(target)?.has(decodeURIComponent(anchor)) !== false)
      return found ? [] : [`${page.slice(out.length + 1)}: ${path}${anchor === undefined ? "" : `#${anchor}`}`]
    })
  )
  console.log(`${pages.size} pages, ${links} links, ${broken.length} broken`)
  return broken
}

/** Searches, each with the page that has to be among the first ten. */
const searches = {
  offline: "The local server",
  "Unknown link": "Troubleshooting",
  AuthorizationTimedOut: "Troubleshooting",
  vendorEndpoints: "The local server",
  Caddy: "Agents that never hold a token"
}

/** The searches that do not find their page. */
const badSearches = () => {
  const [, data] = /"([^"]+)"/.exec(readFileSync(join(out, "assets/search.js"), "utf8"))
  const { index, rows } = JSON.parse(inflateSync(Buffer.from(data, "base64")).toString())
  // The version that made the index.
  const lunr = createRequire(import.meta.resolve("typedoc"))("lunr")
  const search = lunr.Index.load(index)
  return Object.entries(searches).flatMap(([text, expected]) => {
    // As the script of the page does.
    const query = text.toLowerCase().split(" ").map((word) => `*${word}*`).join(" ")
    const found = search.search(query).map(({ ref, score }) => {
      const { name, parent } = rows[Number(ref)]
      const boost = name.toLowerCase().startsWith(text.toLowerCase())
        ? 10 / (1 + Math.abs(name.length - text.length))
        : 1
      return { name: parent ? `${parent}.${name}` : name, score: score * boost }
    }).sort((a, b) => b.score - a.score).slice(0, 10).map(({ name }) => name)
    return found.includes(expected) ? [] : [`'${text}' does not find '${expected}': ${found.join(", ")}`]
  })
}

/** What a model reads first: <https://llmstxt.org>. */
const writeList = () => {
  const lines = guides.map(({ about, path, title }) => `- [${title}](${homepage}/blob/main/${path}): ${about}`)
  writeFileSync(
    join(out, "llms.txt"),
    `# effect-agentcore-identity\n\n> ${description}\n\n## Guides and recipes\n\n${lines.join("\n")}\n`
  )
}

const isBuilt = await build()
writeList()
const problems = [...brokenLinks(), ...badSearches()]
for (const problem of problems) console.log(`  ${problem}`)
process.exitCode = isBuilt && problems.length === 0 ? 0 : 1
