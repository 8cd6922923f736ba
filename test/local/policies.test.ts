import { assert, describe, it } from "@effect/vitest"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as IdentitySetup from "effect-agentcore-identity/IdentitySetup"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import type * as Models from "effect-agentcore-identity/Models"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { generateKeyPairSync } from "node:crypto"
import { jwt, scriptedServer } from "../support/localBackend.js"
import { ed25519Key, p256Key } from "../support/paymentKeys.js"
import * as Python from "../support/python.js"
import { pythonTest } from "../support/python.js"

type CustomConfig = Extract<
  Models.CreateOauth2CredentialProviderRequest,
  { readonly credentialProviderVendor: "CustomOauth2" }
>["oauth2ProviderConfigInput"]["customOauth2ProviderConfig"]

const account = "arn:aws:bedrock-agentcore:us-west-2:123456789012"
const directory = `${account}:workload-identity-directory/default`
const workload = `${directory}/workload-identity/agent`
const vault = `${account}:token-vault/default`
const weather = `${vault}/apikeycredentialprovider/weather`
const user = (key: string) => `arn:aws:sts::123456789012:assumed-role/agentcore-identity-local/${key}`

const allow = (Sid: string, Action: string, ...Resource: ReadonlyArray<string>) =>
  ({ Sid, Effect: "Allow", Action: `bedrock-agentcore:${Action}`, Resource }) as const

const policy = {
  Version: "2012-10-17",
  Statement: [
    allow("Tokens", "GetWorkloadAccessToken", directory, workload),
    allow("Keys", "GetResourceApiKey", directory, workload, vault)
  ]
} as const satisfies NonNullable<LocalIdentity.Options["policy"]>

const setup: IdentitySetup.IdentitySetup = {
  workloadIdentities: [{ name: "agent" }],
  apiKeyCredentialProviders: [{ name: "weather", apiKey: Redacted.make("key-of-the-weather") }]
}

const kmsKeyArn = "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

const kmsKey = Redacted.make(
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString()
)

type Flow = Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>["oauth2Flow"]

const getApiKey = Effect.gen(function*() {
  const dataPlane = yield* DataPlane.DataPlane
  const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
  return yield* dataPlane.getResourceApiKey({
    workloadIdentityToken: workloadAccessToken,
    resourceCredentialProviderName: "weather"
  })
})

/** Runs an effect over the planes of the AWS SDK. */
const signedBy = (accessKeyId: string, secret = accessKeyId) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(LocalIdentity.LocalServer, ({ url }) =>
    Effect.provide(
      effect,
      AwsPlanes.layer({
        endpoint: url,
        region: "us-west-2",
        credentials: { accessKeyId, secretAccessKey: Redacted.make(secret) }
      })
    ))

const denial = (key: string, action: string, resource: string) =>
  `User: ${
    user(key)
  } is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy `
  + `allows the ${action} action`

const getKeyDenied = (key: string) => denial(key, "bedrock-agentcore:GetResourceApiKey", weather)

const assertDenied = Effect.fnUntraced(function*<R>(effect: Effect.Effect<unknown, unknown, R>, message: string) {
  const error = yield* Effect.flip(effect)
  assert.deepInclude(error, { _tag: "AccessDeniedException" })
  assert.include(String(error), message)
})

const run = Python.run(new URL("boto3.child.py", import.meta.url))

describe("a policy of the layer", () => {
  pythonTest("denies boto3 with the exceptions of the service", () =>
    Effect.gen(function*() {
      const { environment } = yield* LocalIdentity.LocalServer
      const { key } = yield* run("restricted", environment)
      assert.deepInclude(key, {
        class: "AccessDeniedException",
        caught: true,
        status: 403,
        message: getKeyDenied("agent")
      })
    }).pipe(Effect.provide(LocalIdentity.layer({ policy, setup }))))

  it.live("denies its planes what it does not allow, and not the control", () =>
    Effect.gen(function*() {
      yield* assertDenied(getApiKey, getKeyDenied("agent"))
      const control = yield* LocalControl.LocalControl
      const [record] = yield* control.requests
      assert.deepStrictEqual(record?.operation, "GetResourceApiKey")
      assert.deepStrictEqual(
        Option.map(record?.error ?? Option.none(), ({ name }) => name),
        Option.some("AccessDeniedException")
      )
      assert.deepStrictEqual(record?.reasons, [
        `User: ${
          user("agent")
        } is not authorized to perform: bedrock-agentcore:GetResourceApiKey on resource: ${weather}: `
        + `add the resource ${weather} to statement 'Keys'. `
        + "All statements: npx agentcore-identity policy <module or setup file>"
      ])
      yield* control.seed({ workloadIdentities: [{ name: "another" }] })
      assert.strictEqual((yield* control.resources).workloadIdentities.items.length, 2)
    }).pipe(Effect.provide(LocalIdentity.layer({ policy, setup }))))

  it.live("names every resource that is missing, and the command that prints all statements", () =>
    Effect.gen(function*() {
      const reasonsOf = (effect: Effect.Effect<unknown, unknown, ControlPlane.ControlPlane | DataPlane.DataPlane>) =>
        Effect.andThen(
          Effect.flip(effect),
          LocalControl.LocalControl.use(({ requests }) => Effect.map(requests, ([record]) => record?.reasons.join()))
        )
      assert.strictEqual(
        yield* reasonsOf(getApiKey),
        `User: ${
          user("agent")
        } is not authorized to perform: bedrock-agentcore:GetResourceApiKey on resource: ${workload}: `
          + `add the resource ${workload} to statement 'Keys'. Also missing: bedrock-agentcore:GetResourceApiKey on ${vault}, `
          + `bedrock-agentcore:GetResourceApiKey on ${weather}. `
          + "All statements: npx agentcore-identity policy <module or setup file>"
      )
      const reasons = yield* reasonsOf(
        ControlPlane.ControlPlane.use((plane) => plane.getWorkloadIdentity({ name: "agent" }))
      )
      assert.include(reasons, `Also missing: bedrock-agentcore:GetWorkloadIdentity on ${workload}. `)
      assert.match(reasons ?? "", /All statements: npx agentcore-identity policy --administrator <setup file>$/)
    }).pipe(Effect.provide(LocalIdentity.layer({
      setup,
      policy: {
        Statement: [
          allow("Tokens", "GetWorkloadAccessToken", directory, workload),
          allow("Keys", "GetResourceApiKey", directory)
        ]
      }
    }))))

  it.live("denies the same over the AWS SDK to the key of the environment, and allows another key everything", () =>
    Effect.gen(function*() {
      const { environment } = yield* LocalIdentity.LocalServer
      const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = environment
      assert.strictEqual(id, "agent")
      yield* assertDenied(signedBy("agent", secret)(getApiKey), getKeyDenied("agent"))
      for (const key of ["local", "AKIAIOSFODNN7EXAMPLE"]) {
        assert.strictEqual(Redacted.value((yield* signedBy(key)(getApiKey)).apiKey), "key-of-the-weather")
      }
      // The caller is known only with its signature.
      const wrong = yield* Effect.flip(signedBy("agent", "wrong")(getApiKey))
      assert.include(String(wrong), "signature we calculated does not match")
      const sts = yield* SecurityTokenService.SecurityTokenService
      assert.strictEqual((yield* sts.getCallerIdentity({})).arn, user("agent"))
      yield* assertDenied(
        signedBy("agent")(
          SecurityTokenService.SecurityTokenService.use((sts) =>
            sts.getWebIdentityToken({ audience: ["https://api.example.com"], signingAlgorithm: "ES384" })
          )
        ),
        denial("agent", "sts:GetWebIdentityToken", "arn:aws:sts::123456789012:self")
      )
    }).pipe(Effect.provide(LocalIdentity.layer({ policy, setup }))))
})

const policies = (
  Statement: NonNullable<LocalIdentity.Options["policy"]>["Statement"]
): IdentitySetup.IdentitySetup => ({
  ...setup,
  local: { policies: { tester: [policy, { Statement }] } }
})

const getUserToken = (userId: string) =>
  DataPlane.DataPlane.use((plane) => plane.getWorkloadAccessTokenForUserId({ workloadName: "agent", userId }))

describe("policies of the settings", () => {
  it.live("apply to requests of their access key, and to no other", () =>
    Effect.gen(function*() {
      yield* assertDenied(signedBy("tester")(getApiKey), getKeyDenied("tester"))
      yield* getApiKey
      yield* signedBy("local")(getApiKey)
      const control = yield* LocalControl.LocalControl
      yield* control.seed(policies([
        allow("Weather", "*", weather),
        { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" }
      ]))
      yield* signedBy("tester")(getApiKey)
    }).pipe(Effect.provide(LocalIdentity.layer({ setup: policies(policy.Statement) }))))

  it.live("have the condition keys of users, tags and time, and an explicit deny", () =>
    Effect.gen(function*() {
      const as = signedBy("tester")
      yield* as(getUserToken("alice"))
      yield* assertDenied(as(getUserToken("eve")), "because no identity-based policy allows the")
      const [record] = yield* LocalControl.LocalControl.use(({ requests }) => requests)
      assert.include(
        record?.reasons.join(),
        "the condition 'StringEquals bedrock-agentcore:userid' of statement 'Users' does not hold"
      )
      const control = as(ControlPlane.ControlPlane.use(({ getApiKeyCredentialProvider }) =>
        getApiKeyCredentialProvider({ name: "weather" })
      ))
      yield* assertDenied(control, `on resource: ${weather} with an explicit deny in an identity-based policy`)
      yield* ControlPlane.ControlPlane.use(({ tagResource }) =>
        tagResource({ resourceArn: weather, tags: { stage: "test" } })
      )
      yield* control
      yield* LocalControl.LocalControl.use(({ clock }) =>
        clock.advance("10000 days")
      )
      yield* assertDenied(as(getUserToken("alice")), "because no identity-based policy allows the")
    }).pipe(Effect.provide(LocalIdentity.layer({
      setup: policies([
        {
          ...allow("Users", "GetWorkloadAccessTokenForUserId", "*"),
          Condition: {
            StringEquals: { "bedrock-agentcore:userid": "alice" },
            DateLessThan: { "aws:CurrentTime": "2040-01-01T00:00:00Z" },
            ArnLike: { "aws:PrincipalArn": "arn:aws:iam::123456789012:role/*" }
          }
        },
        allow("Reads", "Get*CredentialProvider", vault, weather),
        {
          Effect: "Deny",
          Action: "bedrock-agentcore:GetApiKeyCredentialProvider",
          Resource: weather,
          Condition: { StringNotEquals: { "aws:ResourceTag/stage": "test" } }
        }
      ])
    }))))

  const client = {
    oauthDiscovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
    clientId: "agent"
  }

  /** A client that authenticates with a key in KMS, or another one. */
  const signing = (
    local: IdentitySetup.IdentitySetup["local"],
    customOauth2ProviderConfig: CustomConfig = {
      ...client,
      clientAuthenticationMethod: "PRIVATE_KEY_JWT",
      privateKeyJwtConfig: { privateKeySource: { kmsKeySource: { kmsKeyArn } }, signingAlgorithm: "ES256" }
    }
  ): IdentitySetup.IdentitySetup => ({
    workloadIdentities: [{ name: "agent" }],
    oauth2CredentialProviders: [{
      name: "reports",
      credentialProviderVendor: "CustomOauth2",
      oauth2ProviderConfigInput: { customOauth2ProviderConfig }
    }],
    local: { kmsKeys: { [kmsKeyArn]: kmsKey }, ...local }
  })

  const getToken = Effect.fnUntraced(function*(oauth2Flow: Flow) {
    const dataPlane = yield* DataPlane.DataPlane
    const { workloadAccessToken } = yield* oauth2Flow === "M2M"
      ? dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
      : dataPlane.getWorkloadAccessTokenForJwt({
        workloadName: "agent",
        userToken: jwt({ iss: "https://issuer.example.com", sub: "alice" })
      })
    return yield* dataPlane.getResourceOauth2Token({
      workloadIdentityToken: workloadAccessToken,
      resourceCredentialProviderName: "reports",
      oauth2Flow,
      scopes: []
    })
  })

  const withoutKey = allow("All", "*", "*")

  const sign = { Sid: "Sign", Effect: "Allow", Action: ["kms:Sign", "kms:DescribeKey"], Resource: kmsKeyArn } as const

  const attempt = (
    local: IdentitySetup.IdentitySetup["local"],
    config?: Parameters<typeof signing>[1],
    flow: Flow = "M2M"
  ) =>
    signedBy("tester")(getToken(flow)).pipe(
      Effect.provide(scriptedServer({ setup: signing(local, config) }))
    )

  const tester = (
    ...Statement: Extract<NonNullable<LocalIdentity.Options["policy"]>["Statement"], ReadonlyArray<unknown>>
  ) => ({
    policies: { tester: [{ Statement }] }
  })

  const walletSecret = Redacted.make(p256Key())

  const payments = (apiKeyId: string, name: string) => ({
    name,
    credentialProviderVendor: "CoinbaseCDP" as const,
    providerConfigurationInput: {
      coinbaseCdpConfiguration: { apiKeyId, apiKeySecret: Redacted.make(ed25519Key()), walletSecret }
    }
  })

  it.live("need kms:DescribeKey and kms:Sign on the key of a client, unless the settings say otherwise", () =>
    Effect.gen(function*() {
      const viaService = (service: string) =>
        attempt(tester(withoutKey, { ...sign, Condition: { StringLike: { "kms:ViaService": service } } }))
      assert.strictEqual((yield* viaService("bedrock-agentcore-identity.*.amazonaws.com"))._tag, "Issued")
      yield* assertDenied(viaService("s3.*.amazonaws.com"), denial("tester", "kms:DescribeKey", kmsKeyArn))
      assert.strictEqual((yield* attempt({ ...tester(withoutKey), kmsSign: "ignore" }))._tag, "Issued")
    }))

  it.live("need sts:GetWebIdentityToken for a client that authenticates by a JWT of AWS, and for an actor", () =>
    Effect.gen(function*() {
      const config = { ...client, clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" } as const
      const self = "arn:aws:sts::123456789012:self"
      const message = denial("tester", "sts:GetWebIdentityToken", self)
      const allowed = (audience: string) =>
        tester(withoutKey, {
          Effect: "Allow",
          Action: "sts:GetWebIdentityToken",
          Resource: self,
          Condition: {
            "ForAllValues:StringEquals": { "sts:IdentityTokenAudience": audience },
            StringEquals: { "sts:SigningAlgorithm": "RS256" },
            Null: { "sts:IdentityTokenAudience": "false" }
          }
        })
      const tokenEndpoint = "https://authorization.invalid/token"
      assert.strictEqual((yield* attempt(allowed(tokenEndpoint), config))._tag, "Issued")
      yield* assertDenied(attempt(allowed("https://example.com/token"), config), message)
      const secretConfig = {
        ...client,
        clientSecret: Redacted.make("secret"),
        onBehalfOfTokenExchangeConfig: {
          grantType: "TOKEN_EXCHANGE",
          tokenExchangeGrantTypeConfig: { actorTokenContent: "AWS_IAM_ID_TOKEN_JWT" }
        }
      } as const
      const secrets = { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" } as const
      // Only the exchange needs the actor.
      assert.strictEqual((yield* attempt(tester(withoutKey, secrets), secretConfig))._tag, "Issued")
      const exchange = "ON_BEHALF_OF_TOKEN_EXCHANGE"
      yield* assertDenied(attempt(tester(withoutKey, secrets), secretConfig, exchange), message)
    }))

  it.live("need the changes of managed secrets, and CreateTokenVault, of those who set up providers", () =>
    Effect.gen(function*() {
      const run = (actions: ReadonlyArray<string>) => {
        const layer = scriptedServer({
          setup: {
            local: tester(
              allow("Creates", "Create*", vault, `${vault}/*credentialprovider/*`),
              allow("Changes", "*CredentialProvider", vault, `${vault}/*credentialprovider/changing*`),
              allow("Reads", "GetTokenVault", "*"),
              {
                Effect: "Allow",
                Action: actions,
                Resource: "arn:aws:secretsmanager:us-west-2:123456789012:secret:bedrock-agentcore-identity!default/*"
              }
            )
          }
        })
        return signedBy("tester")(ControlPlane.ControlPlane.use((plane) =>
          Effect.gen(function*() {
            yield* plane.createPaymentCredentialProvider(payments("first", "changing"))
            yield* plane.updatePaymentCredentialProvider(payments("second", "changing"))
            yield* plane.createOauth2CredentialProvider({
              name: "changing",
              credentialProviderVendor: "GithubOauth2",
              oauth2ProviderConfigInput: {
                githubOauth2ProviderConfig: { clientId: "agent", clientSecret: Redacted.make("secret") }
              }
            })
            yield* plane.deleteOauth2CredentialProvider({ name: "changing" })
            // An external secret is not changed.
            const external = { name: "changing", apiKeySecretSource: "EXTERNAL" } as const
            const apiKeySecretConfig = { secretId: "a", jsonKey: "b" }
            yield* plane.createApiKeyCredentialProvider({ ...external, apiKeySecretConfig })
            yield* plane.deleteApiKeyCredentialProvider({ name: "changing" })
            return "done"
          })
        )).pipe(Effect.provide(layer))
      }
      const all = ["CreateSecret", "PutSecretValue", "DeleteSecret"].map((action) => `secretsmanager:${action}`)
      assert.strictEqual(yield* run(all), "done")
      for (const action of all) {
        yield* assertDenied(run(all.filter((other) => other !== action)), `not authorized to perform: ${action}`)
      }
    }))

  it.live("need the path of GetTokenVault, unless the settings say otherwise", () =>
    Effect.gen(function*() {
      const read = (local: IdentitySetup.IdentitySetup["local"]) =>
        signedBy("tester")(ControlPlane.ControlPlane.use(({ getTokenVault }) => getTokenVault({}))).pipe(
          Effect.provide(scriptedServer({ setup: { local } }))
        )
      const vaults = tester(allow("Vault", "GetTokenVault", `${vault}*`))
      yield* assertDenied(
        read(vaults),
        denial("tester", "bedrock-agentcore:GetTokenVault", `${account}:/identities/get-token-vault`)
      )
      yield* assertDenied(
        read(tester(allow("Path", "GetTokenVault", `${account}:/identities/get-token-vault`))),
        denial("tester", "bedrock-agentcore:GetTokenVault", vault)
      )
      assert.strictEqual((yield* read({ ...vaults, tokenVaultPath: "ignore" })).tokenVaultId, "default")
      assert.strictEqual((yield* read(tester(allow("All", "GetTokenVault", "*")))).tokenVaultId, "default")
    }))

  it.live("are an error of the layer, with their path, if AWS rejects them", () =>
    Effect.gen(function*() {
      const layer = LocalIdentity.layer({ setup: { local: { policies: { tester: [{ Statement: [] }] } } } })
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(layer)))
      assert.include(
        String(exit),
        "'local.policies.tester.0.Statement' failed to satisfy constraint: Member must not be"
      )
    }))

  it("are an error of the setup file if they have what is not evaluated", async () => {
    const parse = (local: object) =>
      Effect.runPromise(Effect.flip(IdentitySetup.parse(JSON.stringify({ local }), { file: "setup.jsonc" })))
    const statement = { Effect: "Allow", Action: "sts:*", Resource: "*" }
    assert.include(
      String(await parse({ policies: { tester: [{ Statement: [{ ...statement, Principal: "*" }] }] } })),
      "setup.jsonc:1:109: local.policies.tester[0].Statement[0].Principal: is not one of the known properties"
    )
    assert.include(
      String(await parse({ policies: { local: [{ Statement: statement }] } })),
      "local.policies: must not have the key 'local', which may do everything"
    )
  })
})
