// What TypeScript says to wrong options. The messages name what is wrong, not a member of another kind of client.
import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("..", import.meta.url))

const prelude = `
import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as Redacted from "effect/Redacted"
const server = { name: "id", discovery: "https://id.example.com/.well-known/openid-configuration" }
const metadata = { issuer: "https://id.example.com", authorizationEndpoint: "a", tokenEndpoint: "b" }
const secret = Redacted.make("secret")
const text: string = "secret"
`

const plain = "Type 'string' is not assignable to type 'Redacted<string> | SecretReference'."

/** The options, and the end of the message. */
const cases: ReadonlyArray<readonly [call: string, message: string]> = [
  ["custom({ ...server, clientId: \"me\" })", "but required in type 'SecretClient'."],
  ["custom({ name: \"id\", metadata, clientId: \"me\" })", "but required in type 'SecretClient'."],
  ["custom({ ...server })", "is missing the following properties from type 'SecretClient': clientId, clientSecret"],
  ["custom({ ...server, clientId: \"me\", clientSecret: \"secret\" })", plain],
  ["custom({ name: \"id\", metadata, clientId: \"me\", clientSecret: text })", plain],
  ["github({ name: \"id\", clientId: \"me\", clientSecret: text })", plain],
  ["custom({ ...server, clientSecret: secret })", "but required in type 'SecretClient'."],
  ["custom({ name: \"id\", clientId: \"me\", clientSecret: secret })", "but required in type 'DiscoveredServer'."]
]

const messagesOf = (calls: ReadonlyArray<string>): ReadonlyMap<number, string> => {
  const file = join(root, "test", "CredentialProvider.errors.child.ts")
  const text = prelude + calls.map((call) => `CredentialProvider.${call}\n`).join("")
  const { options } = ts.getParsedCommandLineOfConfigFile(join(root, "tsconfig.json"), {}, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => assert.fail(String(messageText))
  }) ?? assert.fail("no configuration")
  const host = ts.createCompilerHost(options)
  const { getSourceFile } = host
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest)
  const program = ts.createProgram([file], options, host)
  const source = program.getSourceFile(file)
  const first = prelude.split("\n").length - 1
  return new Map(
    program.getSemanticDiagnostics(source).map(({ messageText, start = 0 }) => [
      (source?.getLineAndCharacterOfPosition(start).line ?? 0) - first,
      ts.flattenDiagnosticMessageText(messageText, "\n")
    ])
  )
}

describe("what TypeScript says to wrong options", { timeout: 60_000 }, () => {
  it("names the secret that is missing or plain, and the server that is missing", () => {
    const messages = messagesOf(cases.map(([call]) => call))
    for (const [index, [call, message]] of cases.entries()) {
      const text = messages.get(index) ?? "nothing"
      assert.isTrue(text.endsWith(message), `${call}: ${text}`)
      assert.notInclude(text, "awsIamIdTokenJwt")
    }
    assert.include(messages.get(0) ?? "", "Property 'clientSecret' is missing")
    assert.include(messages.get(1) ?? "", "Property 'clientSecret' is missing")
    assert.include(messages.get(6) ?? "", "Property 'clientId' is missing")
    assert.include(messages.get(7) ?? "", "Property 'discovery' is missing")
  })
})
