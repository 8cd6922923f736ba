import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as Credentials from "effect-agentcore-identity/Credentials"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as Effect from "effect/Effect"
import * as FastCheck from "fast-check"
import * as IamPolicy from "../src/internal/iamPolicy.js"
import { rounds } from "./support/rounds.js"

const options: Credentials.PolicyOptions = {
  workload: "my-agent",
  account: "123456789012",
  region: "us-west-2",
  users: "jwt"
}

const accessToken = (provider: string, flow: "USER_FEDERATION" | "M2M" | "ON_BEHALF_OF_TOKEN_EXCHANGE") => {
  class Token extends AccessToken.Tag<Token>()(`token/${provider}/${flow}`, { provider, flow }) {}
  return Token
}

const apiKey = (provider: string) => {
  class Key extends ApiKey.Tag<Key>()(`key/${provider}`, { provider }) {}
  return Key
}

const iamToken = (request: IamAccessToken.IamAccessTokenRequest) => {
  class Token extends IamAccessToken.Tag<Token>()("iam", request) {}
  return Token
}

interface Call {
  readonly action: string
  readonly resources: ReadonlyArray<string>
  /** The condition keys of the request. */
  readonly context?: IamPolicy.Call["context"]
}

const toList = (value: string | ReadonlyArray<string>): ReadonlyArray<string> =>
  typeof value === "string" ? [value] : value

/** IAM allows a call if a statement allows it for each resource that the operation requires. */
const allows = (policy: Credentials.Policy, { action, context = {}, resources }: Call): boolean =>
  resources.every((resource) => IamPolicy.evaluate([policy], { action, resource, context })._tag === "Allowed")

const account = "arn:aws:bedrock-agentcore:us-west-2:123456789012"
const directory = `${account}:workload-identity-directory/default`
const vault = `${account}:token-vault/default`
const secret = (name: string) => `arn:aws:secretsmanager:us-west-2:123456789012:secret:${name}`

const workloadTokens = {
  jwt: "bedrock-agentcore:GetWorkloadAccessTokenForJWT",
  userId: "bedrock-agentcore:GetWorkloadAccessTokenForUserId",
  none: "bedrock-agentcore:GetWorkloadAccessToken",
  runtime: undefined
}

/** What AWS requires for the calls of a program, by the Service Authorization Reference: all resources of a row. */
const callsOf = (
  credential: Credentials.Credential,
  { users, workload }: Credentials.PolicyOptions
): ReadonlyArray<Call> => {
  if (credential.kind === "IamAccessToken") {
    const { audience, signingAlgorithm = "ES384", tags = {} } = credential.request
    const context = {
      "sts:IdentityTokenAudience": audience,
      "sts:SigningAlgorithm": signingAlgorithm,
      "sts:DurationSeconds": "600",
      "aws:TagKeys": Object.keys(tags),
      ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value]))
    }
    return [
      { action: "sts:GetWebIdentityToken", resources: ["arn:aws:sts::123456789012:self"], context },
      ...(Object.keys(tags).length === 0
        ? []
        : [{ action: "sts:TagGetWebIdentityToken", resources: ["arn:aws:sts::123456789012:self"], context }])
    ]
  }
  const { provider } = credential.request
  const workloads = [directory, `${directory}/workload-identity/${workload}`]
  const isKey = credential.kind === "ApiKey"
  const action = workloadTokens[users]
  const resources = [
    ...workloads,
    vault,
    `${vault}/${isKey ? "apikeycredentialprovider" : "oauth2credentialprovider"}/${provider}`
  ]
  return [
    ...action === undefined ? [] : [{ action, resources: workloads }],
    { action: `bedrock-agentcore:${isKey ? "GetResourceApiKey" : "GetResourceOauth2Token"}`, resources },
    ...(credential.kind === "AccessToken" && credential.request.flow === "USER_FEDERATION"
      ? [{ action: "bedrock-agentcore:CompleteResourceTokenAuth", resources }]
      : []),
    // One secret that was made since AWS adds 8 hexadecimal digits, and one that was made before.
    ...["1a2b3c4d-AbCdEf", "AbCdEf"].map((suffix) => ({
      action: "secretsmanager:GetSecretValue",
      resources: [secret(`bedrock-agentcore-identity!default/${isKey ? "apikey" : "oauth2"}/${provider}-${suffix}`)]
    }))
  ]
}

const name = FastCheck.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/)

const credential = FastCheck.oneof(
  FastCheck.tuple(
    name,
    FastCheck.constantFrom("USER_FEDERATION" as const, "M2M" as const, "ON_BEHALF_OF_TOKEN_EXCHANGE" as const)
  ).map(([provider, flow]) => accessToken(provider, flow)),
  name.map(apiKey),
  FastCheck.record({
    audience: FastCheck.oneof(
      FastCheck.webUrl(),
      FastCheck.array(FastCheck.webUrl(), { minLength: 1, maxLength: 3 })
    ),
    tags: FastCheck.dictionary(FastCheck.stringMatching(/^[a-z]{1,8}$/), FastCheck.stringMatching(/^[a-z]{0,8}$/), {
      maxKeys: 3
    })
    // At least one audience.
  }).map((request) => iamToken(request as IamAccessToken.IamAccessTokenRequest))
)

const needsJwt = (credential: Credentials.Credential): boolean =>
  credential.kind === "AccessToken" && credential.request.flow === "ON_BEHALF_OF_TOKEN_EXCHANGE"

const needsUser = (credential: Credentials.Credential): boolean =>
  credential.kind === "AccessToken" && credential.request.flow !== "M2M"

/** A list with a policy: none of its credentials contradicts how the program identifies its users. */
const program = FastCheck.record({
  list: FastCheck.array(credential, { maxLength: 8 }),
  users: FastCheck.constantFrom("jwt" as const, "userId" as const, "runtime" as const, "none" as const),
  workload: FastCheck.stringMatching(/^[A-Za-z0-9_.-]{3,20}$/)
}).map(({ list, users, workload }) => ({
  list: list.filter((one: Credentials.Credential) =>
    users === "none" ? !needsUser(one) : users !== "userId" || !needsJwt(one)
  ),
  options: { ...options, users, workload } satisfies Credentials.PolicyOptions
}))

/** Whether the name of another provider is that of a provider and 8 characters, as AgentCore adds them to a secret. */
const endsAlike = (one: Credentials.Credential, other: Credentials.Credential): boolean =>
  one.kind !== "IamAccessToken" && other.kind !== "IamAccessToken" && one.kind === other.kind
  && other.request.provider.slice(0, -8) === `${one.request.provider}-`

describe("policy", () => {
  it("allows every call of the program, and is a valid document", () =>
    FastCheck.assert(
      FastCheck.property(program, ({ list, options }) => {
        const policy = Credentials.policy(list, options)
        for (const call of list.flatMap((one: Credentials.Credential) => callsOf(one, options))) {
          assert.isTrue(allows(policy, call), `${call.action} ${call.resources.join(" ")}`)
        }
        assert.deepStrictEqual(JSON.parse(JSON.stringify(policy)), policy)
        assert.strictEqual(policy.Version, "2012-10-17")
        const ids = policy.Statement.map(({ Sid }) => Sid)
        assert.lengthOf(new Set(ids), ids.length)
        for (const { Action, Effect, Resource, Sid } of policy.Statement) {
          assert.match(Sid, /^[A-Za-z0-9]+$/)
          assert.strictEqual(Effect, "Allow")
          assert.isNotEmpty(Action)
          assert.isNotEmpty(Resource)
          assert.lengthOf(new Set(Resource), Resource.length)
        }
      }),
      { numRuns: rounds({ few: 100, full: 400 }) }
    ))

  it("allows no call of another program", () =>
    FastCheck.assert(
      FastCheck.property(
        program,
        credential,
        ({ list, options }, other: Credentials.Credential) => {
          const policy = Credentials.policy(list, options)
          const own = list.flatMap((one: Credentials.Credential) => callsOf(one, options)).map((call) =>
            JSON.stringify(call)
          )
          for (const call of callsOf(other, options)) {
            if (own.includes(JSON.stringify(call))) continue
            // `a-1a2b3c4d`, made in 2025, has the secret that `a` has today.
            if (call.action === "secretsmanager:GetSecretValue" && list.some((one) => endsAlike(one, other))) continue
            // A tag has no audience.
            if (call.action === "sts:TagGetWebIdentityToken") continue
            if (call.action.startsWith("sts:")) {
              const reachable = list.some((one: Credentials.Credential) =>
                one.kind === "IamAccessToken" && other.kind === "IamAccessToken"
                && toList(other.request.audience).every((audience) => toList(one.request.audience).includes(audience))
              )
              if (!reachable) assert.isFalse(allows(policy, call), JSON.stringify(call))
            } else {
              assert.isFalse(allows(policy, call), JSON.stringify(call))
            }
          }
          for (const call of list.flatMap((one: Credentials.Credential) => callsOf(one, options))) {
            if (!call.action.startsWith("bedrock-agentcore:")) continue
            const elsewhere = call.resources.map((resource) => resource.replace("123456789012", "999999999999"))
            assert.isFalse(allows(policy, { ...call, resources: elsewhere }))
            const workload = call.resources.map((resource) =>
              resource.replace(/workload-identity\/.*/, "workload-identity/another-workload-of-the-account")
            )
            assert.isFalse(allows(policy, { ...call, resources: workload }))
          }
        }
      ),
      { numRuns: rounds({ few: 100, full: 400 }) }
    ))

  it("does not depend on order and repetition", () =>
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.oneof(name.map(apiKey)), { maxLength: 6 }), (list) =>
        assert.deepStrictEqual(
          Credentials.policy([...list, ...list].reverse(), options),
          Credentials.policy(list, options)
        )),
      { numRuns: 100 }
    ))

  it("has no statement without credentials", () =>
    assert.deepStrictEqual(Credentials.policy([], options), { Version: "2012-10-17", Statement: [] }))

  it("names the statement that lets the program act for any user", () => {
    const policy = Credentials.policy([accessToken("calendar", "USER_FEDERATION")], { ...options, users: "userId" })
    assert.deepInclude(policy.Statement[0], {
      Sid: "WorkloadAccessTokenForAnyUserId",
      Action: ["bedrock-agentcore:GetWorkloadAccessTokenForUserId"]
    })
    for (const users of ["jwt", "runtime"] as const) {
      assert.notInclude(
        JSON.stringify(Credentials.policy([accessToken("calendar", "USER_FEDERATION")], { ...options, users })),
        "UserId"
      )
    }
  })

  it("has no policy for users without the answer how the program identifies them", () => {
    const granted = accessToken("calendar", "USER_FEDERATION")
    const exchanged = accessToken("calendar", "ON_BEHALF_OF_TOKEN_EXCHANGE")
    const cases = [
      [[granted], "none", "be userId, jwt or runtime, because token/calendar/USER_FEDERATION acts for users"],
      [[exchanged], "none", "be jwt or runtime, because token/calendar/ON_BEHALF_OF_TOKEN_EXCHANGE acts for users"],
      [
        [granted, exchanged],
        "userId",
        "be jwt or runtime, because token/calendar/ON_BEHALF_OF_TOKEN_EXCHANGE exchanges the JWT of its user"
      ]
    ] as const
    for (const [list, users, message] of cases) {
      const error = Effect.runSync(
        Effect.flip(Effect.try({
          try: () => Credentials.policy(list, { ...options, users }),
          catch: (error) => error
        }))
      )
      assert.deepInclude(error, { _tag: "ValidationException" })
      assert.include(String(error), `Value at 'users' failed to satisfy constraint: Member must ${message}`)
    }
    for (const users of ["jwt", "runtime"] as const) Credentials.policy([granted, exchanged], { ...options, users })
  })

  it("has no statement for the tokens that AgentCore Runtime supplies, and takes the name that it completes", () => {
    const workload = "my_agent-*"
    const { Statement } = Credentials.policy([apiKey("weather")], { ...options, users: "runtime", workload })
    assert.deepStrictEqual(Statement.map(({ Sid }) => Sid), ["ApiKeys", "ProviderSecrets"])
    assert.include(Statement[0]?.Resource ?? [], `${directory}/workload-identity/my_agent-*`)
    assert.throws(() => Credentials.policy([], { ...options, users: "jwt", workload }), /'workload'/)
  })

  it("has the KMS key or the AWS-signed JWT of a client without a secret", () => {
    const signingKey = "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
    const { Statement } = Credentials.policy(
      [accessToken("signs", "M2M"), accessToken("trusts", "M2M"), accessToken("both", "ON_BEHALF_OF_TOKEN_EXCHANGE")],
      {
        ...options,
        providers: {
          oauth2: {
            signs: { secret: false, signingKey },
            trusts: { secret: false, awsJwt: true },
            both: { awsJwt: true }
          }
        }
      }
    )
    const allowed = Object.fromEntries(Statement.map(({ Action, Resource, Sid }) => [Sid, { Action, Resource }]))
    assert.deepStrictEqual(allowed["SigningKeys"], { Action: ["kms:DescribeKey", "kms:Sign"], Resource: [signingKey] })
    assert.deepStrictEqual(allowed["ProviderJwts"], {
      Action: ["sts:GetWebIdentityToken"],
      Resource: ["arn:aws:sts::123456789012:self"]
    })
    assert.deepStrictEqual(
      allowed["ProviderSecrets"]?.Resource,
      ["both-??????", "both-????????-??????"].map((name) => secret(`bedrock-agentcore-identity!default/oauth2/${name}`))
    )
  })

  it("limits AWS-signed JWTs to the declared requests", () => {
    const policy = Credentials.policy([
      iamToken({ audience: ["b", "a"], duration: "10 minutes", signingAlgorithm: "RS256", tags: { team: "billing" } })
    ], options)
    assert.deepStrictEqual(policy.Statement, [
      {
        Sid: "WebIdentityToken1",
        Effect: "Allow",
        Action: ["sts:GetWebIdentityToken"],
        Resource: ["arn:aws:sts::123456789012:self"],
        Condition: {
          "ForAllValues:StringEquals": { "sts:IdentityTokenAudience": ["a", "b"] },
          StringEquals: { "sts:SigningAlgorithm": "RS256" },
          NumericLessThanEquals: { "sts:DurationSeconds": "600" }
        }
      },
      {
        Sid: "WebIdentityTokenTags1",
        Effect: "Allow",
        Action: ["sts:TagGetWebIdentityToken"],
        Resource: ["arn:aws:sts::123456789012:self"],
        Condition: {
          "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] },
          StringEquals: { "aws:RequestTag/team": "billing" }
        }
      }
    ])
  })

  it("takes secrets of the account by ARN and by name, and partitions by region", () => {
    const secretsOf = (region: string, secrets: { readonly [provider: string]: string }) => {
      const access = Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, { secret }]))
      const providers = { oauth2: access, apiKey: access }
      return Credentials.policy([accessToken("calendar", "M2M"), apiKey("weather")], { ...options, region, providers })
        .Statement.at(-1)?.Resource
    }
    const arn = "arn:aws:secretsmanager:us-west-2:999999999999:secret:weather-AbCdEf"
    assert.deepStrictEqual(secretsOf("us-west-2", { weather: arn, calendar: "calendar-client" }), [
      "arn:aws:secretsmanager:us-west-2:123456789012:secret:calendar-client-??????",
      arn
    ])
    assert.deepStrictEqual(
      secretsOf("cn-north-1", {}),
      [
        "apikey/weather-??????",
        "apikey/weather-????????-??????",
        "oauth2/calendar-??????",
        "oauth2/calendar-????????-??????"
      ].map((name) =>
        `arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:bedrock-agentcore-identity!default/${name}`
      )
    )
    for (const [region, partition] of [["us-gov-west-1", "aws-us-gov"], ["eusc-de-east-1", "aws-eusc"]] as const) {
      assert.include(JSON.stringify(secretsOf(region, {})), `arn:${partition}:`)
    }
    // A provider can have the name of a property that every object has.
    assert.include(
      JSON.stringify(Credentials.policy([apiKey("constructor")], { ...options, providers: {} })),
      "apikey/constructor-????????-??????"
    )
  })

  it("does not cover the secret of a provider with a longer name", () => {
    const [pattern, ...others] =
      Credentials.policy([accessToken("calendar", "M2M")], options).Statement.at(-1)?.Resource ?? []
    const secrets = `${secret("bedrock-agentcore-identity!default")}/oauth2`
    for (const one of [pattern ?? "", ...others]) {
      assert.isFalse(IamPolicy.isLike(one, `${secrets}/calendar-prod-1a2b3c4d-AbCdEf`))
      assert.isFalse(IamPolicy.isLike(one, `${secrets}/calendar-prod-AbCdEf`))
    }
  })

  it("throws an error that names the property when an option is invalid", () => {
    for (
      const [property, value] of [
        ["workload", "x"],
        ["account", "1234"],
        ["region", "US West (Oregon)"],
        ["users", "everyone"],
        ["providers", { apiKey: { weather: { secret: "" } } }],
        ["providers", { oauth2: { weather: { secret: true } } }]
      ] as const
    ) {
      // As in plain JavaScript.
      const wrong = { ...options, [property]: value } as Credentials.PolicyOptions
      assert.throws(() => Credentials.policy([], wrong), new RegExp(`'${property}`))
    }
  })
})
