import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as Credentials from "effect-agentcore-identity/Credentials"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Policy from "../../src/cli/policy.js"
import { buildModules } from "../support/build.mjs"
import * as Program from "../support/cli.js"
import { programModule } from "../support/programModule.js"

beforeAll(async () => {
  await Program.build()
  await buildModules()
}, 120_000)

/** Nothing is reachable, and there are no AWS credentials. */
const offline = { AWS_REGION: "eu-west-1", AGENTCORE_WORKLOAD: "my-agent", AWS_MAX_ATTEMPTS: "1" }

const at = ["--account", "111122223333"]

const parse = ({ code, stderr, stdout }: Program.Output): Credentials.Policy => {
  assert.strictEqual(code, 0, stderr)
  return JSON.parse(stdout)
}

const sids = ({ Statement }: Credentials.Policy) => Statement.map(({ Sid }) => Sid)

const federated = `
export class Calendar extends AccessToken.Tag()("app/Calendar", { provider: "calendar", flow: "USER_FEDERATION" }) {}
`

const exchanged = `
export class Reports extends AccessToken.Tag()("app/Reports", {
  provider: "reports", flow: "ON_BEHALF_OF_TOKEN_EXCHANGE"
}) {}
`

const setup = {
  workloadIdentities: [{ name: "my-agent", allowedResourceOauth2ReturnUrls: [{ $env: "RETURN_URL" }] }],
  oauth2CredentialProviders: [
    {
      name: "calendar",
      credentialProviderVendor: "GoogleOauth2",
      oauth2ProviderConfigInput: {
        googleOauth2ProviderConfig: { clientId: { $env: "ID" }, clientSecret: { $env: "SECRET" } }
      }
    },
    {
      name: "reports",
      credentialProviderVendor: "CustomOauth2",
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: {
          oauthDiscovery: { discoveryUrl: { $env: "DISCOVERY_URL" } },
          clientId: "agent",
          clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT",
          onBehalfOfTokenExchangeConfig: { grantType: "JWT_AUTHORIZATION_GRANT" }
        }
      }
    }
  ],
  apiKeyCredentialProviders: [{
    name: "weather",
    apiKeySecretSource: "EXTERNAL",
    apiKeySecretConfig: { secretId: "weather-key", jsonKey: "key" }
  }]
}

const setupFile = (content: object) =>
  Effect.map(Program.temporary, (folder) => {
    const file = join(folder, "setup.jsonc")
    writeFileSync(file, JSON.stringify(content))
    return file
  })

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["read"],
  returnUrl: "https://app.example.com/consent"
}) {}

class Reports extends AccessToken.Tag<Reports>()("app/Reports", { provider: "reports", flow: "M2M" }) {}

class Warehouse extends IamAccessToken.Tag<Warehouse>()("app/Warehouse", { audience: "https://w.example.com" }) {}

class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}

describe("the comparison of a policy", () => {
  it.effect("is with the name that the secret of a provider has", () =>
    Effect.gen(function*() {
      const options = {
        workload: "my-agent",
        account: "111122223333",
        region: "eu-west-1",
        users: "none",
        providers: { oauth2: {}, apiKey: {} }
      } as const
      const { Statement } = Credentials.policy([Weather], options)
      const file = join(yield* Program.temporary, "policy.json")
      const secret =
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:bedrock-agentcore-identity!default/apikey/weather"
      const compare = Effect.fnUntraced(function*(allowed: string, found?: string) {
        const secrets = (one: Credentials.Policy["Statement"][number]) =>
          one.Sid === "ProviderSecrets" ? { ...one, Resource: [`${secret}-${allowed}`] } : one
        writeFileSync(file, JSON.stringify({ Statement: Statement.map(secrets) }))
        const exact = { ...options, providers: { oauth2: {}, apiKey: { weather: { secret: found } } } }
        const findings = yield* Policy.compare(file, [Weather], { options, exact, unread: [] }, undefined)
        return findings.map(({ message }) => message.replaceAll(file, "FILE"))
      })
      const suffices = ["FILE suffices"]
      const newer = "????????-??????"
      const lacks = (form: string) => `FILE lacks secretsmanager:GetSecretValue on ${secret}-${form}. For app/Weather`
      assert.deepStrictEqual(yield* compare(newer), suffices)
      assert.deepStrictEqual(yield* compare(newer, `${secret}-1a2b3c4d-AbCdEf`), suffices)
      assert.deepStrictEqual(yield* compare("1a2b3c4d-*", `${secret}-1a2b3c4d-AbCdEf`), suffices)
      assert.include(yield* compare("1a2b3c4d-*"), lacks(newer))
      // A provider of 2025.
      assert.include(yield* compare(newer, `${secret}-AbCdEf`), lacks("AbCdEf"))
      assert.deepStrictEqual(yield* compare("??????", `${secret}-AbCdEf`), suffices)
    }))

  it.effect("is one finding if the policy is for another account or region", () =>
    Effect.gen(function*() {
      const options = { workload: "my-agent", account: "111122223333", region: "eu-west-1", users: "none" } as const
      const file = join(yield* Program.temporary, "policy.json")
      const compare = (
        of: { readonly account?: string; readonly region?: string },
        more: ReadonlyArray<object> = [],
        account: string = options.account
      ) => {
        const { Statement } = Credentials.policy([Weather], { ...options, ...of })
        writeFileSync(file, JSON.stringify({ Statement: [...Statement, ...more] }))
        const target = { ...options, account, providers: { oauth2: {}, apiKey: {} } }
        return Effect.map(
          Policy.compare(file, [Weather], { options: target, exact: target, unread: [] }, undefined),
          (findings) => findings.map(({ message, result }) => [result, message.replaceAll(file, "FILE")])
        )
      }
      const target = "the target is account 111122223333 and region eu-west-1"
      assert.deepStrictEqual(yield* compare({ account: "000000000000" }), [
        ["problem", `FILE is for account 000000000000 and region eu-west-1, ${target}`]
      ])
      assert.deepStrictEqual(yield* compare({ region: "us-west-2" }), [
        ["problem", `FILE is for account 111122223333 and region us-west-2, ${target}`]
      ])
      // Some statements are for the target, or its account is unknown.
      const rest = [{ Effect: "Allow", Action: "sts:*", Resource: "*" }]
      assert.isAbove((yield* compare({ account: "000000000000" }, rest)).length, 3)
      assert.isAbove((yield* compare({}, [], Policy.unknownAccount)).length, 3)
      assert.deepStrictEqual(yield* compare({}), [["ok", "FILE suffices"]])
    }))

  it.effect("does not say that a policy suffices where a condition may not hold", () =>
    Effect.gen(function*() {
      const list = [Calendar, Reports, Warehouse, Weather]
      const providers = { oauth2: {}, apiKey: {} }
      const place = { workload: "my-agent", account: "111122223333", region: "eu-west-1" }
      const options = { ...place, users: "userId", providers } as const
      const { Statement } = Credentials.policy(list, options)
      const file = join(yield* Program.temporary, "policy.json")
      const userid = (value: string) => ({ StringEquals: { "bedrock-agentcore:userid": value } })
      const deny = (Condition: object, Action = "*") => ({ Effect: "Deny", Action, Resource: "*", Condition })
      /** The findings for a policy with a condition in one statement, and with more statements. */
      const compare = (userId: string | undefined, sid = "", user = "", more: ReadonlyArray<object> = []) => {
        const changed = Statement.map((one) => one.Sid === sid ? { ...one, Condition: userid(user) } : one)
        writeFileSync(file, JSON.stringify({ Statement: [...changed, ...more] }))
        return Effect.map(
          Policy.compare(
            file,
            list,
            { options, exact: options, unread: [] },
            userId === undefined ? undefined : { userId }
          ),
          (findings) => findings.map((one) => [one.subject, one.result, one.message.replaceAll(file, "FILE")])
        )
      }
      const all = (result: string, message: string, credentials: ReadonlyArray<{ readonly key: string }> = list) =>
        credentials.map(({ key }) => [key, result, message])
      const suffices = all("ok", "FILE suffices for user alice")
      assert.deepStrictEqual(yield* compare("alice"), suffices)
      // The policy is for one user.
      const tokens = "WorkloadAccessTokenForAnyUserId"
      assert.deepStrictEqual(yield* compare("alice", tokens, "alice"), suffices)
      // A request for a token names no user, so it never has the key.
      for (
        const [user, sid, value] of [["alice", tokens, "bob"], [undefined, tokens, "alice"], [
          "alice",
          "AccessTokens",
          "alice"
        ]]
      ) {
        const findings = yield* compare(user, sid, value)
        assert.isTrue(findings.some(([, result]) => result === "problem"))
        assert.include(JSON.stringify(findings), "the condition 'StringEquals bedrock-agentcore:userid' of statement")
      }
      const unknown = (key: string) => `whether FILE suffices depends on ${key}`
      assert.deepInclude(
        yield* compare(undefined, "", "", [deny(userid("bob"))]),
        ["app/Calendar", "unknown", unknown("bedrock-agentcore:userid")]
      )
      // Only AWS knows the tags of the resources.
      const tagged = deny({ StringEquals: { "aws:ResourceTag/stage": "prod" } }, "bedrock-agentcore:*")
      assert.includeDeepMembers(
        yield* compare("alice", "", "", [tagged]),
        all("unknown", unknown("aws:ResourceTag/stage"), [Calendar, Reports, Weather])
      )
    }))
})

describe("agentcore-identity policy", () => {
  it.live("prints no policy for users before it knows how the program identifies them", () =>
    Effect.gen(function*() {
      for (const body of [federated, exchanged]) {
        const { code, stderr, stdout } = yield* Program.run(["policy", yield* programModule(body), ...at], offline)
        assert.deepStrictEqual([code, stdout], [1, ""])
        for (const answer of ["--users userId", "--users jwt", "--users runtime", "--user "]) {
          assert.include(stderr, answer)
        }
      }
      const file = yield* programModule(federated)
      const policy = (...args: ReadonlyArray<string>) => Program.run(["policy", file, ...at, ...args], offline)
      assert.include(sids(parse(yield* policy("--user", "alice"))), "WorkloadAccessTokenForAnyUserId")
      assert.include(sids(parse(yield* policy("--users", "jwt"))), "WorkloadAccessTokenForJwt")
      assert.deepStrictEqual(sids(parse(yield* policy("--users", "runtime", "--workload", "my_agent-*"))), [
        "AccessTokens",
        "Consents",
        "ProviderSecrets"
      ])
      const none = yield* policy("--users", "none")
      assert.strictEqual(none.code, 1)
      assert.include(
        none.stderr,
        "Value at 'users' failed to satisfy constraint: Member must be userId, jwt or runtime"
      )
      const ids = yield* Program.run(["policy", yield* programModule(exchanged), ...at, "--user", "alice"], offline)
      assert.strictEqual(ids.code, 1)
      assert.include(ids.stderr, "Member must be jwt or runtime, because app/Reports exchanges the JWT of its user")
    }))

  it.live("says that the workload identity can be given if AWS does not list them", () =>
    Effect.gen(function*() {
      const { AGENTCORE_WORKLOAD: _, ...unnamed } = offline
      const args = ["policy", yield* programModule(federated), ...at, "--users", "userId"]
      const { code, stderr } = yield* Program.run(args, unnamed)
      assert.strictEqual(code, 1)
      assert.match(stderr, /no usable AWS credentials were found.*, or give --workload\n$/)
      assert.include(sids(parse(yield* Program.run([...args, "--workload", "my-agent"], unnamed))), "AccessTokens")
    }))

  it.live("says which account and region it took, and where each comes from", () =>
    Effect.gen(function*() {
      const file = yield* setupFile(setup)
      const args = ["policy", file, "--flow", "M2M"]
      const lines = ({ stderr }: Program.Output) => stderr.trim().split("\n")
      const given = yield* Program.run([...args, ...at], offline)
      assert.deepStrictEqual(lines(given), [
        "Account 111122223333: from --account",
        "Region eu-west-1: from AWS_REGION"
      ])
      assert.include(given.stdout, "arn:aws:bedrock-agentcore:eu-west-1:111122223333:token-vault/default")

      const { AWS_REGION: _, ...nowhere } = offline
      const unknown = yield* Program.run(args, nowhere)
      const [account = "", ...others] = lines(unknown)
      assert.match(
        account,
        /^Account 000000000000: a placeholder, for a local server: STS did not identify the caller \(.+\)\. For AWS, give --account$/
      )
      assert.deepStrictEqual(others, ["Region us-west-2: the default, because no region is set. Give --region"])

      const { variables } = yield* Program.local(["--account", "444455556666"])
      const local = yield* Program.run([...args, "--region", "us-east-1"], { ...offline, ...variables })
      assert.match(lines(local)[0] ?? "", /^Account 444455556666: that of the local server at http/)
      assert.strictEqual(lines(local)[1], "Region us-east-1: from --region")
      const typing = yield* Program.run(["policy", yield* programModule(federated), "--users", "jwt"], {
        ...offline,
        ...variables
      })
      assert.include(typing.stderr, "there is no OAuth2 credential provider 'calendar'. Create it")
      assert.notInclude(typing.stderr, "Not read")
      // The local server runs, and this command calls neither it nor AWS.
      assert.lengthOf(lines(yield* Program.run([...args, ...at], offline)), 2)
      const module = yield* programModule(federated)
      const unread = yield* Program.run(["policy", module, ...at, "--users", "jwt"], offline)
      assert.notInclude(unread.stderr, "This command calls AWS")
      assert.include(unread.stderr, "Not read: calendar. The policy assumes that AgentCore stores their secrets")
    }))

  it.live("reads a setup file, for all flows of its providers or for some", () =>
    Effect.gen(function*() {
      const file = yield* setupFile(setup)
      const policy = (...args: ReadonlyArray<string>) => Program.run(["policy", file, ...at, ...args], offline)
      const all = parse(yield* policy("--users", "jwt"))
      assert.deepStrictEqual(sids(all), [
        "WorkloadAccessTokenForJwt",
        "AccessTokens",
        "Consents",
        "ApiKeys",
        "ProviderSecrets",
        "ProviderJwts"
      ])
      assert.deepStrictEqual(all.Statement.find(({ Sid }) => Sid === "ProviderSecrets")?.Resource, [
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:bedrock-agentcore-identity!default/oauth2/calendar-??????",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:bedrock-agentcore-identity!default/oauth2/calendar-????????-??????",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:weather-key-??????"
      ])
      assert.notInclude(sids(parse(yield* policy("--flow", "M2M"))), "Consents")
      const two = yield* policy("--flow", "M2M", "--flow", "USER_FEDERATION", "--users", "userId")
      assert.include(sids(parse(two)), "Consents")
      const failed = Effect.fnUntraced(function*(text: string, ...args: ReadonlyArray<string>) {
        const { code, stderr, stdout } = yield* policy(...args)
        assert.deepStrictEqual([code, stdout], [1, ""])
        assert.include(stderr, text)
      })
      yield* failed("because reports (ON_BEHALF_OF_TOKEN_EXCHANGE) exchanges the JWT of its user", "--users", "userId")
      yield* failed("Give --users userId")
      yield* failed(
        `${file} has no workload identity 'my-agnet'; did you mean 'my-agent'?`,
        "--flow",
        "M2M",
        "--workload",
        "my-agnet"
      )
    }))

  it.live("needs the variables of a setup file only for names and references", () =>
    Effect.gen(function*() {
      const policy = (content: object) =>
        Effect.flatMap(setupFile(content), (file) => Program.run(["policy", file, ...at], offline))
      const workloadIdentities = [{ name: "my-agent" }]
      const named = yield* policy({
        workloadIdentities,
        apiKeyCredentialProviders: [{ name: { $env: "NAME" }, apiKey: "k" }]
      })
      assert.include(named.stderr, "apiKeyCredentialProviders[0].name: the environment variable NAME is not set")
      const reference = yield* policy({
        workloadIdentities,
        apiKeyCredentialProviders: [{
          name: "weather",
          apiKeySecretSource: "EXTERNAL",
          apiKeySecretConfig: { secretId: { $env: "SECRET_ID" }, jsonKey: "key" }
        }]
      })
      assert.include(reference.stderr, "the environment variable SECRET_ID is not set")
      assert.deepStrictEqual([named.code, reference.code], [1, 1])
    }))

  it.live("reads the configurations that programs without Effect pass", () =>
    Effect.gen(function*() {
      const file = yield* programModule(`
        export const credentials = {
          calendar: { providerName: "calendar", scopes: ["read"], authFlow: "USER_FEDERATION" },
          mail: { providerName: "mail", scopes: [], authFlow: "USER_FEDERATION" }
        }
        export const reports = { providerName: "reports", scopes: [], authFlow: "M2M" }
        export const keys = [{ providerName: "weather" }]
        export { reports as again }
        export const unrelated = { calendar: { color: "blue" } }
      `)
      const { Statement } = parse(yield* Program.run(["policy", file, ...at, "--users", "jwt"], offline))
      const names = (sid: string) =>
        Statement.find(({ Sid }) => Sid === sid)?.Resource.flatMap((arn) => arn.split("credentialprovider/")[1] ?? [])
      assert.deepStrictEqual(names("AccessTokens"), ["calendar", "mail", "reports"])
      assert.deepStrictEqual(names("Consents"), ["calendar", "mail"])
      assert.deepStrictEqual(names("ApiKeys"), ["weather"])
      const wrong = yield* programModule(
        `export const calendar = { providerName: "calendar", scopes: [], authFlow: "USER_FEDERATON" }`
      )
      const { code, stderr } = yield* Program.run(["policy", wrong, ...at], offline)
      assert.strictEqual(code, 1)
      assert.include(
        stderr,
        "The configuration 'calendar' is invalid: 1 validation error detected: Value at 'authFlow' failed"
      )
      assert.include(stderr, "did you mean 'USER_FEDERATION'?")
      const flow = yield* Program.run(["policy", file, ...at, "--flow", "M2M"], offline)
      assert.include(flow.stderr, "--flow is for a setup file")
    }))
})
