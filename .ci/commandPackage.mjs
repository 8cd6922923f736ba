// Makes the package `agentcore-identity`, for people of other languages: the built command with its console.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { writeSbom } from "./sbom.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const name = "agentcore-identity"

/** The first sections of the guide. Its links lead to the repository, because the package has no other page. */
const makeReadme = (homepage) => {
  const page = "src/local/README.md"
  const [introduction, shell] = readFileSync(join(root, page), "utf8").split(/^## /m)
  const [first] = shell.split(/(?<=\n```\n)/)
  const example =
    "the folder `example` of this package: copy it into an empty folder, or it replaces your files. They need `pip install \"boto3>=1.43\" pytest`"
  const tests = `# Tests, with servers of their own.
npx agentcore-identity policy setup.jsonc --flow USER_FEDERATION --users userId > policy.json
python3 -m pytest tests
`
  const links = `The guide also has
[a container for tests of any language](#a-container),
[the setup file](#the-setup-file),
[the console and the control](#the-console-and-the-control), and
[what the server does as AWS does](#fidelity).
`
  return `${introduction.replace(/^# .*/, `# ${name}`)}## ${first}\n${links}`
    .replaceAll(/^<!-- .* -->\n/gm, "")
    .replace(/are those of\nthe \[README\]\([^)]*\)/, `are in\n${example}`)
    .replace(
      "stop` ends it.",
      "stop` ends it, and `eval \"$(npx agentcore-identity env --unset)\"` removes its variables."
    )
    .replace("```sh\neval", "```sh\ncp -r node_modules/agentcore-identity/example/. .\neval")
    .replace("python3 agent.py\n", `$&${tests}`)
    .replaceAll(/(?<=\]\()(?!https:)[^)]+/g, (link) => `${new URL(link, `${homepage}/blob/main/${page}`)}`)
}

export const makeCommandPackage = (manifest, inputs) => {
  const { bin, bugs, dependencies, engines, homepage, license, publishConfig, repository, type, version } = manifest
  const folder = join(root, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const own = {
    name,
    version,
    description:
      "Amazon Bedrock AgentCore Identity on your machine, for every AWS SDK: OAuth2 flows, consent, API keys",
    keywords: ["aws", "bedrock", "agentcore", "identity", "oauth2", "local-server", "emulator"],
    homepage,
    bugs,
    repository,
    license,
    type,
    engines,
    bin,
    publishConfig,
    // The others are in the bundle.
    dependencies: Object.fromEntries(Object.entries(dependencies).filter(([name]) => name.startsWith("@aws-sdk/")))
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(own, null, 2)}\n`)
  writeFileSync(join(folder, "README.md"), makeReadme(homepage))
  for (const path of ["LICENSE", "dist/bin", "dist/local/server/console", "dist/setup.schema.json"]) {
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  const examples = join(root, "test/examples")
  for (const file of ["setup.jsonc", "agent.py"]) cpSync(join(examples, file), join(folder, "example", file))
  for (const file of ["agent.py", "conftest.py", "test_agent.py"]) {
    cpSync(join(examples, "pytest", file), join(folder, "example/tests", file))
  }
  writeSbom(join(folder, "dist/sbom.cdx.json"), own, inputs)
}
