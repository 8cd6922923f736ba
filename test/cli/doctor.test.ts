import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import type * as Credentials from "effect-agentcore-identity/Credentials"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { realpathSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { dirname, join, relative } from "node:path"
import { buildModules } from "../support/build.mjs"
import * as Program from "../support/cli.js"
import { createProvider, createWorkload, returnUrl, scriptedServer } from "../support/localBackend.js"
import { programModule } from "../support/programModule.js"
import * as Server from "../support/server.js"

beforeAll(async () => {
  await Program.build()
  await buildModules()
}, 120_000)

const key = "sentinel-key-5c1d9be2"

const world = Layer.effectDiscard(Effect.gen(function*() {
  const controlPlane = yield* ControlPlane.ControlPlane
  yield* createWorkload("my-agent")
  for (const name of ["calendar", "reports", "mixed-up"]) yield* createProvider(name)
  yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make(key) })
})).pipe(Layer.provideMerge(scriptedServer()))

const environment = Effect.map(
  LocalIdentity.LocalServer,
  ({ environment }): Program.Environment => ({
    ...environment,
    AGENTCORE_WORKLOAD: "my-agent",
    AGENTCORE_USER: "alice"
  })
)

/** A server in front of the local server. It denies some paths itself. */
const proxy = (target: string, change: {
  readonly deny?: { readonly [path: string]: string }
  readonly date?: string
}) =>
  Server.serve((incoming, outgoing) => {
    const denied = change.deny?.[incoming.url ?? ""]
    if (denied !== undefined) {
      incoming.resume()
      outgoing.writeHead(403, {
        "content-type": "application/json",
        "x-amzn-errortype": "AccessDeniedException"
      }).end(JSON.stringify({ message: denied }))
      return
    }
    const { host: _, ...headers } = incoming.headers
    const forwarded = request(
      `${target}${incoming.url ?? ""}`,
      { method: incoming.method, headers },
      (response) => {
        outgoing.writeHead(response.statusCode ?? 500, {
          ...response.headers,
          ...(change.date === undefined ? {} : { date: change.date })
        })
        response.pipe(outgoing)
      }
    )
    incoming.pipe(forwarded)
  })

const through = (url: string): Program.Environment => ({
  BEDROCK_AGENTCORE_CP_ENDPOINT: url,
  BEDROCK_AGENTCORE_DP_ENDPOINT: url,
  AWS_ENDPOINT_URL_STS: url
})

interface Report {
  readonly problems: number
  readonly findings: ReadonlyArray<{
    readonly subject: string
    readonly result: string
    readonly message: string
    readonly statements?: ReadonlyArray<{ readonly Sid: string }>
  }>
  readonly policy?: { readonly Statement: ReadonlyArray<unknown> }
}

const json = (env: Program.Environment, ...args: ReadonlyArray<string>) =>
  Effect.map(Program.run(["doctor", "--json", ...args], env), ({ code, stderr, stdout }) => {
    assert.strictEqual(stderr, "")
    assert.notInclude(stdout, key)
    const report: Report = JSON.parse(stdout)
    assert.strictEqual(code, report.problems === 0 ? 0 : 2)
    return {
      ...report,
      of: (subject: string) => {
        const found = report.findings.filter((finding) => finding.subject === subject)
        assert.isNotEmpty(found, subject)
        return found
      }
    }
  })

const good = `
export class Calendar extends AccessToken.Tag()("app/Calendar", {
  provider: "calendar", flow: "USER_FEDERATION", scopes: ["read"], returnUrl: ${JSON.stringify(returnUrl)}
}) {}
export class Reports extends AccessToken.Tag()("app/Reports", { provider: "reports", flow: "M2M" }) {}
export class Weather extends ApiKey.Tag()("app/Weather", { provider: "weather" }) {}
export class Warehouse extends IamAccessToken.Tag()("app/Warehouse", { audience: "https://w.example.com" }) {}
export const all = [Calendar, Weather]
export const other = { provider: "calendar", flow: "M2M" }
// A module may keep the process alive.
setInterval(() => {}, 1000)
`

describe("agentcore-identity doctor", () => {
  it.live("finds no problem, and exits while the module is still busy", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* Program.run(["doctor", yield* programModule(good)], yield* environment)
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
      const lines = stdout.split("\n").map((line) => line.replace(/ {2,}/g, " ").replace(/, \d+ ms$/, ""))
      const { url } = yield* LocalIdentity.LocalServer
      assert.deepStrictEqual(lines, [
        "✓ region us-west-2",
        "- AWS credentials the local server has no accounts",
        `✓ control plane ${url}`,
        `✓ data plane ${url}`,
        "✓ clock correct",
        "✓ workload identity my-agent",
        "✓ workload access token for user alice",
        "✓ app/Calendar AgentCore asks for the user's consent: give the request a consent handler, or show the user the "
        + "link and resume the session (the link of this attempt expires in 10 minutes)",
        "✓ app/Reports AgentCore returned a token",
        "✓ app/Warehouse STS issued a token",
        "✓ app/Weather AgentCore returned the key",
        "",
        "No problem found.",
        ""
      ])
    }).pipe(Effect.provide(world)))

  it.live("reports each problem, and what to do", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const file = yield* programModule(`
        export class Missing extends AccessToken.Tag()("app/Missing", { provider: "missing", flow: "M2M" }) {}
        export class Mixed extends ApiKey.Tag()("app/Mixed", { provider: "mixed-up" }) {}
        export class Url extends AccessToken.Tag()("app/Url", {
          provider: "calendar", flow: "USER_FEDERATION", returnUrl: "https://other.example.com/consent"
        }) {}
        export class NoUrl extends AccessToken.Tag()("app/NoUrl", { provider: "calendar", flow: "USER_FEDERATION" }) {}
        export class Exchange extends AccessToken.Tag()("app/Exchange", {
          provider: "calendar", flow: "ON_BEHALF_OF_TOKEN_EXCHANGE"
        }) {}
        export class Weather extends ApiKey.Tag()("app/Weather", { provider: "weather" }) {}
      `)
      const report = yield* json(env, file, "--users", "jwt")
      assert.strictEqual(report.problems, 5)
      const reports = (subject: string, text: string) => {
        const [finding] = report.of(subject)
        assert.strictEqual(finding?.result, "problem", subject)
        assert.include(finding?.message, text)
      }
      reports("app/Missing", "there is no OAuth2 credential provider 'missing'. Create it")
      reports("app/Mixed", "'mixed-up' is an OAuth2 credential provider")
      reports("app/Url", "is not registered on the workload identity 'my-agent'. Register it")
      reports("app/NoUrl", "needs a return URL")
      reports("app/Exchange", "is not configured for ON_BEHALF_OF_TOKEN_EXCHANGE")
      assert.strictEqual(report.of("app/Weather")[0]?.result, "ok")
      assert.isAbove(report.policy?.Statement.length ?? 0, 3)

      const unrequested = yield* json(env, "--no-token", file, "--return-url", returnUrl)
      assert.strictEqual(unrequested.problems, 4)
      assert.deepInclude(unrequested.of("app/Weather")[0], { result: "ok", message: "checked, not requested" })
      assert.deepInclude(unrequested.of("app/NoUrl")[0], { result: "ok" })

      const other = yield* json({ ...env, AGENTCORE_WORKLOAD: "no-agent" }, "--api-key", "weather")
      assert.include(other.of("workload identity")[0]?.message, "There is no workload identity 'no-agent'. Create it")
      assert.strictEqual(other.of("workload access token")[0]?.result, "problem")
      assert.deepInclude(other.of("weather")[0], { result: "skipped" })
    }).pipe(Effect.provide(world)))

  it.live("reports the missing IAM statement, and what the caller may not read", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const { url } = yield* LocalIdentity.LocalServer
      const byHand = ["--provider", "reports", "--flow", "M2M", "--api-key", "weather"]
      const blind = yield* proxy(url, {
        deny: {
          "/identities/GetOauth2CredentialProvider": "not authorized",
          "/identities/oauth2/token": "Access denied when retrieving secret"
        }
      })
      const report = yield* json({ ...env, ...through(blind) }, ...byHand)
      const [hidden, denied] = report.of("reports")
      assert.strictEqual(hidden?.result, "unknown")
      assert.include(hidden?.message, "could not be read")
      assert.strictEqual(denied?.result, "problem")
      assert.deepStrictEqual(denied?.statements?.map(({ Sid }) => Sid), ["AccessTokens", "ProviderSecrets"])
      assert.strictEqual(report.of("weather")[0]?.result, "ok")

      const noTokens = yield* proxy(url, {
        deny: { "/identities/GetWorkloadAccessTokenForUserId": "not authorized" }
      })
      const { code, stdout } = yield* Program.run(["doctor", ...byHand], { ...env, ...through(noTokens) })
      assert.strictEqual(code, 2)
      assert.include(stdout, "✗ workload access token  AccessDeniedException: ")
      assert.include(stdout, "\nThe IAM policy of the program needs:\n")
      assert.include(stdout, "\"Sid\": \"WorkloadAccessTokenForAnyUserId\"")
      assert.include(stdout, "\"bedrock-agentcore:GetWorkloadAccessTokenForUserId\"")
      assert.include(
        stdout,
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default/workload-identity/my-agent"
      )
      assert.include(stdout, "1 problem to fix.")
    }).pipe(Effect.provide(world)))

  it.live("reports which credentials a policy does not suffice for, and statements that they do not need", () =>
    Effect.gen(function*() {
      const module = yield* programModule(good)
      const env = yield* environment
      const policyFile = join(dirname(module), "policy.json")
      const doctor = (policy: object) => {
        writeFileSync(policyFile, JSON.stringify(policy))
        return json(env, module, "--policy", policyFile, "--no-token")
      }
      const printed = yield* Program.run(["policy", module], env)
      assert.strictEqual(printed.code, 0, printed.stderr)
      const policy: Credentials.Policy = JSON.parse(printed.stdout)
      assert.deepStrictEqual(
        policy.Statement.map(({ Sid }) => Sid),
        [
          "WorkloadAccessTokenForAnyUserId",
          "AccessTokens",
          "Consents",
          "ApiKeys",
          "ProviderSecrets",
          "WebIdentityToken1"
        ]
      )

      const exact = yield* doctor(policy)
      const about = (findings: Report["findings"]) =>
        findings.filter(({ message }) => message.includes(policyFile)).map(({ result, subject }) => [subject, result])
      const names = ["app/Calendar", "app/Reports", "app/Warehouse", "app/Weather"]
      assert.deepStrictEqual(about(exact.findings), names.map((name) => [name, "ok"]))

      const keys = policy.Statement.filter(({ Sid }) => Sid !== "ApiKeys")
      const lists = { Sid: "Lists", Effect: "Allow", Action: "s3:List*", Resource: "*" }
      const other = yield* doctor({ ...policy, Statement: [...keys, lists] })
      assert.strictEqual(other.problems, 4)
      const vault = "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default"
      const directory = "arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default"
      const pairs = [
        directory,
        `${directory}/workload-identity/my-agent`,
        vault,
        `${vault}/apikeycredentialprovider/weather`
      ].map((resource) => `${policyFile} lacks bedrock-agentcore:GetResourceApiKey on ${resource}. For app/Weather`)
      assert.deepStrictEqual(
        other.findings.filter(({ result }) => result === "problem").map(({ message }) => message),
        pairs
      )
      assert.deepStrictEqual(about(other.findings), [
        ...pairs.map(() => ["policy", "problem"]),
        ...names.filter((name) => name !== "app/Weather").map((name) => [name, "ok"]),
        ["policy", "unknown"]
      ])
      assert.isTrue(other.findings.some(({ message }) => message.startsWith("statement 'Lists' of ")))

      // One line for each pair, and the statements once.
      const human = yield* Program.run(["doctor", module, "--policy", policyFile, "--no-token"], env)
      for (const pair of pairs) assert.strictEqual(human.stdout.split(pair).length, 2)
      assert.strictEqual(human.stdout.split("\"Sid\": \"ApiKeys\"").length, 2)
      assert.match(human.stdout, /\n\nThe IAM policy of the program needs:\n\[\n[^]*\n\]\n\n4 problems to fix\.\n$/)

      const jwt = yield* Program.run(["policy", module, "--users", "jwt", "--account", "111122223333"], env)
      assert.include(jwt.stdout, "bedrock-agentcore:GetWorkloadAccessTokenForJWT")
      assert.include(jwt.stdout, "arn:aws:bedrock-agentcore:us-west-2:111122223333:token-vault/default")
    }).pipe(Effect.provide(world)))

  it.live("reports a wrong name with the right one, and no statement for it", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const module = yield* programModule(`
        export class Calendar extends AccessToken.Tag()("app/Calendar", { provider: "calender", flow: "M2M" }) {}
        export class Weather extends ApiKey.Tag()("app/Weather", { provider: "weather" }) {}
      `)
      const policyFile = join(dirname(module), "policy.json")
      writeFileSync(policyFile, JSON.stringify({ Statement: { Effect: "Allow", Action: "s3:*", Resource: "*" } }))
      const args = [module, "--policy", policyFile, "--no-token", "--users", "none"]
      const report = yield* json(env, ...args)
      assert.match(
        report.of("app/Calendar")[1]?.message ?? "",
        /no OAuth2 credential provider 'calender'.*; did you mean 'calendar'\?$/
      )
      assert.deepInclude(report.of("app/Calendar")[0], { result: "skipped" })
      assert.notInclude(JSON.stringify(report.findings.map(({ statements }) => statements)), "calender")
      assert.include(
        JSON.stringify(report.findings.map(({ statements }) => statements)),
        "apikeycredentialprovider/weather"
      )

      const wrong = yield* json({ ...env, AGENTCORE_WORKLOAD: "my-agnet" }, ...args)
      assert.match(wrong.of("workload identity")[0]?.message ?? "", /'my-agnet'.*; did you mean 'my-agent'\?$/)
      assert.isEmpty(wrong.findings.flatMap(({ statements = [] }) => statements))
    }).pipe(Effect.provide(world)))

  it.live("compares a policy with a setup file, and requests no token without scopes", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const file = join(dirname(yield* programModule("")), "setup.jsonc")
      writeFileSync(
        file,
        JSON.stringify({
          workloadIdentities: [{ name: "my-agent", allowedResourceOauth2ReturnUrls: [returnUrl] }],
          oauth2CredentialProviders: [{
            name: "calendar",
            credentialProviderVendor: "CustomOauth2",
            oauth2ProviderConfigInput: {
              customOauth2ProviderConfig: {
                oauthDiscovery: { discoveryUrl: { $env: "DISCOVERY_URL" } },
                clientId: "agent",
                clientSecret: { $env: "SECRET" }
              }
            }
          }],
          apiKeyCredentialProviders: [{ name: "weather", apiKey: { $env: "KEY" } }]
        })
      )
      const printed = yield* Program.run(["policy", file, "--users", "userId"], env)
      const policyFile = `${file}.policy.json`
      writeFileSync(policyFile, printed.stdout)
      const report = yield* json(env, file, "--policy", policyFile)
      assert.strictEqual(report.problems, 0)
      for (const name of ["calendar (USER_FEDERATION)", "calendar (M2M)"]) {
        assert.deepStrictEqual(report.of(name).map(({ message }) => message), [
          `${policyFile} suffices for user alice`,
          "checked, not requested"
        ])
      }
      assert.strictEqual(report.of("weather")[1]?.message, "AgentCore returned the key")
    }).pipe(Effect.provide(world)))

  it.live("reports a wrong clock, an endpoint that does not respond, and an invalid region", () =>
    Effect.gen(function*() {
      const env = yield* environment
      const { url } = yield* LocalIdentity.LocalServer
      const early = yield* proxy(url, { date: "Tue, 01 Jan 2030 00:00:00 GMT" })
      const skewed = yield* json({ ...env, ...through(early) })
      assert.match(skewed.of("clock")[0]?.message ?? "", /^\d+ seconds behind\. AWS rejects signatures/)

      const gone = yield* Effect.scoped(proxy(url, {}))
      const silent = yield* json(
        { ...env, BEDROCK_AGENTCORE_DP_ENDPOINT: gone },
        "--api-key",
        "weather"
      )
      assert.include(silent.of("data plane")[0]?.message, `${gone} does not respond (ECONNREFUSED)`)
      assert.strictEqual(silent.of("credentials")[0]?.result, "skipped")

      const wrong = yield* json({ ...env, AWS_REGION: "US West" })
      assert.include(wrong.of("region and endpoints")[0]?.message, "Expected an AWS region")
    }).pipe(Effect.provide(world)))

  it.live("reports the caller at AWS, and invalid credentials", () =>
    Effect.gen(function*() {
      const respondWith = (status: number, body: string) =>
        Server.serve((incoming, outgoing) => {
          incoming.resume()
          outgoing.writeHead(status, { "content-type": "text/xml" }).end(body)
        })
      // Names under `.invalid` never resolve.
      const env = {
        AWS_ACCESS_KEY_ID: "key",
        AWS_SECRET_ACCESS_KEY: key,
        AWS_REGION: "eu-west-1",
        AWS_MAX_ATTEMPTS: "1",
        BEDROCK_AGENTCORE_CP_ENDPOINT: "https://control.invalid",
        BEDROCK_AGENTCORE_DP_ENDPOINT: "https://data.invalid"
      }
      const known = yield* respondWith(
        200,
        `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/alice</Arn><UserId>AIDA</UserId>
         <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
      )
      const report = yield* json({ ...env, AWS_ENDPOINT_URL_STS: known })
      assert.deepInclude(report.of("AWS credentials")[0], {
        result: "ok",
        message: "arn:aws:iam::111122223333:user/alice, account 111122223333"
      })
      assert.include(report.of("control plane")[0]?.message, "https://control.invalid does not respond (ENOTFOUND)")
      const rejecting = yield* respondWith(
        403,
        "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>"
      )
      const denied = yield* json({ ...env, AWS_ENDPOINT_URL_STS: rejecting })
      assert.deepInclude(denied.of("AWS credentials")[0], { result: "problem" })
      assert.include(denied.of("AWS credentials")[0]?.message, "InvalidClientTokenId. Sign in")
    }))

  it.live("reports why a module cannot be checked", () =>
    Effect.gen(function*() {
      let env = yield* environment
      const error = (file: string) =>
        Effect.map(Program.run(["doctor", file], env), ({ code, stderr, stdout }) => {
          assert.strictEqual(code, 1)
          assert.strictEqual(stdout, "")
          return stderr
        })
      assert.include(
        yield* error(yield* programModule(`class X extends ApiKey.Tag()("app/X", { provider: "weather" }) {}`)),
        "exports no credential. Export the classes that extend AccessToken.Tag, ApiKey.Tag or IamAccessToken.Tag"
      )
      assert.include(
        yield* error(yield* programModule(`export class X extends ApiKey.Tag()("app/X", { provider: "a b" }) {}`)),
        "The credential 'app/X' is invalid: "
      )
      const folder = yield* Program.temporary
      const file = join(folder, "credentials.ts")
      writeFileSync(file, "export enum Color { red }")
      const advice = `'npx tsx ${relative(process.cwd(), realpathSync(Program.file))} doctor ${file}'`
      const unsupported = yield* error(file)
      assert.include(unsupported, "it has syntax that Node cannot strip, such as an enum or JSX")
      assert.include(unsupported, `Run ${advice}`)
      assert.include(unsupported, "or compile it, and give the JavaScript file")

      writeFileSync(file, "export const color: string = 'red'")
      env = { ...env, NODE_OPTIONS: "--no-experimental-strip-types" }
      const unstripped = yield* error(file)
      assert.include(unstripped, `this Node strips no types. Run ${advice}`)
    }).pipe(Effect.provide(world)))
})
