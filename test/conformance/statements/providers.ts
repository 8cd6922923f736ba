/** Credential providers: stored, returned and rejected values. */
import type { CreateOauth2CredentialProviderCommandInput } from "@aws-sdk/client-bedrock-agentcore-control"
import { setTimeout } from "node:timers/promises"
import { ed25519Key, p256Key } from "../../support/paymentKeys.js"
import {
  cite,
  codingAgents,
  combine,
  exceptions,
  github,
  guess,
  guide,
  is,
  model,
  notes,
  present,
  recorded,
  recordedByCli,
  reference,
  rejects,
  sample,
  type Source,
  statement,
  type World
} from "../statement.js"
import {
  askM2m,
  askUser,
  createCustom,
  createGithub,
  createWorkload,
  endpoints,
  githubConfig,
  invalidDiscovery,
  keyArn,
  regionOf,
  tokenOf,
  uniqueCallbackUrl,
  unreachable,
  unreadable
} from "./resources.js"

/** The design of the CLI of AWS, with what its authors saw the live service do. */
const cliDesign = github("aws/agentcore-cli/blob/main/docs/superpowers/specs/2026-07-14-identity-cli-design.md")

const validation = { status: 400, name: "ValidationException" } as const

const missing = { status: 404, name: "ResourceNotFoundException" } as const

const missingKey = (name: string) => ({ ...missing, message: `ApiKeyCredentialProvider not found for ${name}` })

const missingOauth2 = { ...missing, message: /^CredentialProvider not found$/ }

const missingPayment = { ...missing, message: /^PaymentCredentialProvider not found$/ }

const oneMember = cite(
  "https://smithy.io/2.0/spec/aggregate-types.html",
  "Exactly one member of a union MUST be set."
)

const secretReference = cite(
  reference,
  "A reference to the Amazon Web Services Secrets Manager secret that stores the API key. This includes the secret ID and the JSON key used to extract the API key value from the secret."
)

const privateKeyJwt = guide("private-key-jwt")

const claimsMember =
  "CreateOauth2CredentialProvider.oauth2ProviderConfigInput.customOauth2ProviderConfig.privateKeyJwtConfig"

type Config = NonNullable<CreateOauth2CredentialProviderCommandInput["oauth2ProviderConfigInput"]>

const client = { clientId: "client", clientSecret: "secret" }

const discovery = { oauthDiscovery: unreachable.oauthDiscovery }

/** Vendors with their own configuration, vendors with endpoints, and vendors that the service knows. */
const vendors: { readonly [vendor: string]: Config } = {
  GoogleOauth2: { googleOauth2ProviderConfig: client },
  GithubOauth2: { githubOauth2ProviderConfig: client },
  SlackOauth2: { slackOauth2ProviderConfig: client },
  SalesforceOauth2: { salesforceOauth2ProviderConfig: client },
  MicrosoftOauth2: { microsoftOauth2ProviderConfig: client },
  AtlassianOauth2: { atlassianOauth2ProviderConfig: client },
  LinkedinOauth2: { linkedinOauth2ProviderConfig: client },
  CustomOauth2: { customOauth2ProviderConfig: { ...client, ...discovery } },
  ...Object.fromEntries(
    ["Okta", "OneLogin", "PingOne", "CyberArk", "FusionAuth", "Auth0", "Cognito"].map((name) => [
      `${name}Oauth2`,
      { includedOauth2ProviderConfig: { ...client, ...endpoints } }
    ])
  ),
  ...Object.fromEntries(
    ["X", "Facebook", "Yandex", "Reddit", "Zoom", "Twitch", "Spotify", "Dropbox", "Notion", "Hubspot"].map((name) => [
      `${name}Oauth2`,
      { includedOauth2ProviderConfig: client }
    ])
  )
}

const configurations: { readonly [member: string]: string } = {
  googleOauth2ProviderConfig: "The output configuration for a Google OAuth2 provider.",
  githubOauth2ProviderConfig: "The output configuration for a GitHub OAuth2 provider.",
  slackOauth2ProviderConfig: "The output configuration for a Slack OAuth2 provider.",
  salesforceOauth2ProviderConfig: "The output configuration for a Salesforce OAuth2 provider.",
  microsoftOauth2ProviderConfig: "The output configuration for a Microsoft OAuth2 provider.",
  atlassianOauth2ProviderConfig: "The configuration details for the Atlassian OAuth2 provider.",
  linkedinOauth2ProviderConfig: "The configuration details for the LinkedIn OAuth2 provider.",
  customOauth2ProviderConfig: "The output configuration for a custom OAuth2 provider."
}

const sourceOf = (config: Config): Source => {
  const quote = configurations[Object.keys(config)[0] ?? ""]
  return quote === undefined
    ? guess(
      "that a vendor without a member of its own has this one",
      cite(
        reference,
        "The configuration for a non-custom OAuth2 provider. This includes the configuration details for supported OAuth2 providers that have built-in integration support."
      )
    )
    : cite(reference, quote)
}

const create = ({ control, name }: World, vendor: string, oauth2ProviderConfigInput: Config, given = name()) =>
  control.createOauth2CredentialProvider({
    name: given,
    // The vendors are strings of the table above.
    credentialProviderVendor: vendor as "CustomOauth2",
    oauth2ProviderConfigInput
  })

const update = ({ control }: World, name: string, vendor: string, oauth2ProviderConfigInput: object) =>
  control.updateOauth2CredentialProvider({
    name,
    credentialProviderVendor: vendor as "CustomOauth2",
    oauth2ProviderConfigInput: oauth2ProviderConfigInput as Config
  })

const updateGithub = (world: World, name: string, githubOauth2ProviderConfig: object) =>
  update(world, name, "GithubOauth2", { githubOauth2ProviderConfig })

const updateCustom = (world: World, name: string, customOauth2ProviderConfig: object) =>
  update(world, name, "CustomOauth2", { customOauth2ProviderConfig })

const custom = (world: World, more: object, base: object = client) =>
  create(world, "CustomOauth2", {
    customOauth2ProviderConfig: { ...base, ...discovery, ...more } as typeof discovery & typeof client
  })

const keyed = async (world: World, privateKeyJwt: object = {}, region?: string) => ({
  clientAuthenticationMethod: "PRIVATE_KEY_JWT",
  privateKeyJwtConfig: {
    privateKeySource: { kmsKeySource: { kmsKeyArn: await keyArn(world, region) } },
    signingAlgorithm: "ES256",
    ...privateKeyJwt
  }
})

const keyedClient = { clientId: "client" }

export const providers = [
  ...Object.entries(vendors).map(([vendor, config]) =>
    statement({
      id: `vendor.${vendor}`,
      statement: `${vendor} accepts ${Object.keys(config)[0]}, and returns it without the secret`,
      source: sourceOf(config),
      run: async (world) => {
        const name = world.name()
        await create(world, vendor, config, name)
        is("status", world.lastExchange().status, 201)
        const read = await world.control.getOauth2CredentialProvider({ name })
        is("vendor", read.credentialProviderVendor, vendor)
        is("member", Object.keys(read.oauth2ProviderConfigOutput ?? {}), Object.keys(config))
        is("secret in the response", world.lastExchange().body.includes("\"secret\""), false)
      }
    })
  ),
  statement({
    id: "vendor.wrong-member",
    statement: "The configuration of another vendor is rejected",
    source: guess("that vendor and member have to fit; the model says only that one member is set", oneMember),
    run: async (world) => {
      await rejects(create(world, "GithubOauth2", { googleOauth2ProviderConfig: client }), validation)
    }
  }),
  statement({
    id: "vendor.needs-endpoints",
    statement: "A vendor whose endpoints differ from customer to customer is rejected without them",
    source: guess(
      "that an endpoint is missed when the provider is created; the guide gives all three for Okta",
      cite(
        reference,
        "Token issuer of your isolated OAuth2 application tenant.",
        "OAuth2 authorization endpoint for your isolated OAuth2 application tenant.",
        "OAuth2 token endpoint for your isolated OAuth2 application tenant."
      )
    ),
    run: async (world) => {
      await rejects(create(world, "OktaOauth2", { includedOauth2ProviderConfig: client }), validation)
    }
  }),
  statement({
    id: "provider.duplicate",
    statement: "A second provider of a name is a ValidationException: Credential provider with name: X already exists",
    source: recorded(
      codingAgents("cli/src/linear-vault.ts"),
      "AgentCore reports a duplicate provider name as a ValidationException (\"Credential provider with name: <name> already exists\"), NOT the ConflictException the name suggests — live-caught when a second vault-setup run aborted instead of updating."
    ),
    run: async (world) => {
      const name = await createGithub(world)
      const message = `Credential provider with name: ${name} already exists`
      await rejects(world.control.createOauth2CredentialProvider({ name, ...githubConfig }), { ...validation, message })
      const key = world.name()
      await world.control.createApiKeyCredentialProvider({ name: key, apiKey: "key" })
      await rejects(world.control.createApiKeyCredentialProvider({ name: key, apiKey: "key" }), {
        ...validation,
        message: "already exists"
      })
    }
  }),
  statement({
    id: "provider.not-found.api-key",
    statement: "An unknown API key provider is named: ApiKeyCredentialProvider not found for X",
    source: recordedByCli(
      "__fixtures__/GetApiKeyCredentialProviderCommand.e134007136f7ab2.json",
      "ApiKeyCredentialProvider not found for missing-provider-000"
    ),
    run: async ({ control, name }) => {
      const unknown = name()
      await rejects(control.getApiKeyCredentialProvider({ name: unknown }), missingKey(unknown))
    }
  }),
  statement({
    id: "provider.not-found.oauth2",
    statement: "An unknown OAuth2 provider is not named: CredentialProvider not found",
    source: recordedByCli(
      "oauth2-credential-provider/__fixtures__/GetOauth2CredentialProviderCommand.32c5ac3d87a14dd1.json",
      "CredentialProvider not found"
    ),
    run: async ({ control, name }) => {
      await rejects(control.getOauth2CredentialProvider({ name: name() }), missingOauth2)
    }
  }),
  statement({
    id: "provider.not-found.payment",
    statement: "An unknown payment provider is not named: PaymentCredentialProvider not found",
    source: recordedByCli(
      "payment-credential-provider/__fixtures__/GetPaymentCredentialProviderCommand.f7b7a089d09d9e1d.json",
      "PaymentCredentialProvider not found"
    ),
    run: async ({ control, name }) => {
      await rejects(control.getPaymentCredentialProvider({ name: name() }), missingPayment)
    }
  }),
  statement({
    id: "provider.not-found.others",
    statement: "Updates, deletions and requests for credentials have the same messages for an unknown provider",
    source: guess("that they do: only Get was recorded", exceptions.notFound),
    run: async (world) => {
      const { control, data } = world
      const name = world.name()
      const resourceCredentialProviderName = name
      const workloadIdentityToken = await tokenOf(world, await createWorkload(world))
      await rejects(control.deleteApiKeyCredentialProvider({ name }), missingKey(name))
      await rejects(control.updateApiKeyCredentialProvider({ name, apiKey: "key" }), missingKey(name))
      await rejects(
        data.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName }),
        missingKey(name)
      )
      await rejects(control.deleteOauth2CredentialProvider({ name }), missingOauth2)
      await rejects(control.updateOauth2CredentialProvider({ name, ...githubConfig }), missingOauth2)
      await rejects(askM2m(world, workloadIdentityToken, name), missingOauth2)
      await rejects(control.deletePaymentCredentialProvider({ name }), missingPayment)
    }
  }),
  statement({
    id: "provider.secret-arns",
    statement:
      "The name of a secret ends with eight hexadecimal digits and six letters or digits, which an update keeps",
    source: combine(
      recordedByCli(
        "__fixtures__/UpdateApiKeyCredentialProviderCommand.a779aef2084d562f.json",
        "secret:bedrock-agentcore-identity!default/apikey/agentcore-cli-identity-fixture-ceac1e1d-2BRhkE"
      ),
      recordedByCli(
        "oauth2-credential-provider/__fixtures__/UpdateOauth2CredentialProviderCommand.16483b6b51f663af.json",
        "secret:bedrock-agentcore-identity!default/oauth2/agentcore-cli-oauth2-fixture-7aeedc5d-iuTkLZ"
      )
    ),
    run: async (world) => {
      const { control } = world
      const form = (kind: string, name: string) =>
        new RegExp(`:secret:bedrock-agentcore-identity!default/${kind}/${name}-[0-9a-f]{8}-[A-Za-z0-9]{6}$`)
      const key = world.name()
      const created = await control.createApiKeyCredentialProvider({ name: key, apiKey: "key" })
      is("secret of the API key", created.apiKeySecretArn?.secretArn, form("apikey", key))
      const updated = await control.updateApiKeyCredentialProvider({ name: key, apiKey: "other" })
      is("secret after the update", updated.apiKeySecretArn, created.apiKeySecretArn)
      const name = await createGithub(world)
      const { clientSecretArn } = await control.getOauth2CredentialProvider({ name })
      is("secret of the client", clientSecretArn?.secretArn, form("oauth2", name))
      const changed = await control.updateOauth2CredentialProvider({ name, ...githubConfig })
      is("secret after the update", changed.clientSecretArn, clientSecretArn)
    }
  }),
  statement({
    id: "payment.secret-arns",
    statement: "The names of a payment provider's secrets have its vendor, and eight hexadecimal digits in common",
    source: combine(
      recordedByCli(
        "payment-credential-provider/__fixtures__/GetPaymentCredentialProviderCommand.9ebdd66cb38819e.json",
        "default/payment/coinbasecdp/agentcore-cli-payment-fixture-541ff54c/apikey-eNjrnd",
        "default/payment/coinbasecdp/agentcore-cli-payment-fixture-541ff54c/wallet-DFZFS6"
      ),
      recordedByCli(
        "payment-credential-provider/__fixtures__/create-stripe.golden.json",
        "default/payment/stripeprivy/agentcore-cli-payment-fixture-stripe-28e8771e/appsecret-Ns6m08",
        "default/payment/stripeprivy/agentcore-cli-payment-fixture-stripe-28e8771e/authprivkey-7sMU9C"
      )
    ),
    run: async ({ control, name }) => {
      const [coinbase, stripe] = [name(), name()]
      const check = (vendor: string, provider: string, secrets: ReadonlyArray<readonly [string, unknown]>) => {
        const ids = secrets.map(([secret, arn]) => {
          is(secret, arn, new RegExp(`/payment/${vendor}/${provider}-[0-9a-f]{8}/${secret}-[A-Za-z0-9]{6}$`))
          return String(arn).split("/").at(-2)
        })
        is("digits", new Set(ids).size, 1)
      }
      const { coinbaseCdpConfiguration: first } = (await control.createPaymentCredentialProvider({
        name: coinbase,
        credentialProviderVendor: "CoinbaseCDP",
        providerConfigurationInput: {
          coinbaseCdpConfiguration: { apiKeyId: "key", apiKeySecret: ed25519Key(), walletSecret: p256Key() }
        }
      })).providerConfigurationOutput ?? {}
      check("coinbasecdp", coinbase, [
        ["apikey", first?.apiKeySecretArn?.secretArn],
        ["wallet", first?.walletSecretArn?.secretArn]
      ])
      const { stripePrivyConfiguration: second } = (await control.createPaymentCredentialProvider({
        name: stripe,
        credentialProviderVendor: "StripePrivy",
        providerConfigurationInput: {
          stripePrivyConfiguration: {
            appId: "app",
            appSecret: "secret",
            authorizationId: "authorization",
            authorizationPrivateKey: p256Key()
          }
        }
      })).providerConfigurationOutput ?? {}
      check("stripeprivy", stripe, [
        ["appsecret", second?.appSecretArn?.secretArn],
        ["authprivkey", second?.authorizationPrivateKeyArn?.secretArn]
      ])
    }
  }),
  statement({
    id: "payment.update-secrets",
    statement: "An update of a payment provider needs every managed secret again, even if only an id changes",
    source: guess(
      "the exception",
      recorded(
        cliDesign,
        "The service currently requires every managed secret in a payment update, including when only a non-secret identifier changes."
      )
    ),
    run: async ({ control, name }) => {
      const secrets = { apiKeySecret: ed25519Key(), walletSecret: p256Key() }
      const request = (coinbaseCdpConfiguration: { apiKeyId: string } & Partial<typeof secrets>) => ({
        name: provider,
        credentialProviderVendor: "CoinbaseCDP" as const,
        providerConfigurationInput: { coinbaseCdpConfiguration }
      })
      const provider = name()
      await control.createPaymentCredentialProvider(request({ apiKeyId: "first", ...secrets }))
      const { walletSecret, ...others } = secrets
      for (const some of [{}, { walletSecret }, others]) {
        await rejects(control.updatePaymentCredentialProvider(request({ apiKeyId: "second", ...some })), validation)
      }
      const { providerConfigurationOutput } = await control.updatePaymentCredentialProvider(
        request({ apiKeyId: "second", ...secrets })
      )
      is("id", providerConfigurationOutput?.coinbaseCdpConfiguration?.apiKeyId, "second")
    }
  }),
  statement({
    id: "vendor.microsoft-discovery",
    statement: "A provider of Microsoft is read with the discovery URL of its tenant, which is common by default",
    source: guess(
      "the URL of no tenant",
      recorded(
        cliDesign,
        "Microsoft Get output does not return tenant ID. For an existing tenant-specific provider, the CLI recovers it only from the exact canonical Microsoft discovery URL pattern."
      )
    ),
    run: async ({ control, name }) => {
      for (const tenantId of ["0f0f0f0f-0000-4000-8000-000000000000", undefined]) {
        const { clientId, clientSecret } = unreachable
        const provider = name()
        const config = { clientId, clientSecret, ...tenantId === undefined ? {} : { tenantId } }
        await control.createOauth2CredentialProvider({
          name: provider,
          credentialProviderVendor: "MicrosoftOauth2",
          oauth2ProviderConfigInput: { microsoftOauth2ProviderConfig: config }
        })
        const { oauth2ProviderConfigOutput } = await control.getOauth2CredentialProvider({ name: provider })
        is("discovery", oauth2ProviderConfigOutput?.microsoftOauth2ProviderConfig?.oauthDiscovery, {
          discoveryUrl: `https://login.microsoftonline.com/${
            tenantId ?? "common"
          }/v2.0/.well-known/openid-configuration`
        })
      }
    }
  }),
  statement({
    id: "payment.keys",
    statement: "A key of Coinbase that is no Ed25519 key of 64 bytes is rejected when the provider is created",
    source: recordedByCli(
      "payment-credential-provider/validation.ts",
      "the service rejects a",
      "bare 32-byte seed (\"Expected base64-encoded Ed25519 private key\")"
    ),
    run: async ({ control, name }) => {
      const seed = Buffer.from(ed25519Key(), "base64").subarray(0, 32).toString("base64")
      await rejects(
        control.createPaymentCredentialProvider({
          name: name(),
          credentialProviderVendor: "CoinbaseCDP",
          providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId: "key", apiKeySecret: seed } }
        }),
        { ...validation, message: "Expected base64-encoded Ed25519 private key" }
      )
    }
  }),
  statement({
    id: "payment.p256-keys",
    statement: "A wallet secret that is no P-256 key is rejected when the provider is created",
    source: guess(
      "that it is, and the message: only the key of Coinbase's API was seen to be rejected",
      recordedByCli(
        "payment-credential-provider/paymentCredentialProvider.test.tsx",
        "the P-256 wallet keys use SEC1 DER"
      )
    ),
    run: async ({ control, name }) => {
      const create = (walletSecret: string) =>
        control.createPaymentCredentialProvider({
          name: name(),
          credentialProviderVendor: "CoinbaseCDP",
          providerConfigurationInput: {
            coinbaseCdpConfiguration: { apiKeyId: "key", apiKeySecret: ed25519Key(), walletSecret }
          }
        })
      await rejects(create(ed25519Key()), validation)
      await create(p256Key())
    }
  }),
  ...(["CognitoOauth2", "GithubOauth2"] as const).map((vendor) =>
    statement({
      id: `vendor.response-types.${vendor}`,
      statement: `The metadata of ${vendor} in a response has responseTypes code`,
      source: vendor === "CognitoOauth2"
        ? recorded(notes.cognito, "\"responseTypes\": [\"code\"]")
        : guess(
          "that the metadata of other vendors has it too",
          recorded(notes.cognito, "\"responseTypes\": [\"code\"]")
        ),
      run: async (world) => {
        const name = world.name()
        const config = vendors[vendor]
        await create(world, vendor, config ?? {} as Config, name)
        const { oauth2ProviderConfigOutput: output } = await world.control.getOauth2CredentialProvider({ name })
        const { oauthDiscovery } = output?.includedOauth2ProviderConfig ?? output?.githubOauth2ProviderConfig ?? {}
        is("responseTypes", oauthDiscovery?.authorizationServerMetadata?.responseTypes, ["code"])
      }
    })
  ),
  statement({
    id: "provider.https",
    statement: "An endpoint that is not https is rejected: TokenEndpoint is not a valid URL, DiscoveryUrl is …",
    source: recorded(
      notes.researcher,
      "(all \"TokenEndpoint/DiscoveryUrl is not a valid URL\")",
      "`http://` scheme REJECTED (https-only)"
    ),
    run: async (world) => {
      const discoveryUrl = "http://id.example.com/.well-known/openid-configuration"
      await rejects(custom(world, { oauthDiscovery: { discoveryUrl } }), {
        ...validation,
        message: "DiscoveryUrl is not a valid URL"
      })
      const metadata = { ...endpoints, tokenEndpoint: "http://id.example.com/token" }
      await rejects(custom(world, { oauthDiscovery: { authorizationServerMetadata: metadata } }), {
        ...validation,
        message: "TokenEndpoint is not a valid URL"
      })
    }
  }),
  statement({
    id: "provider.https-at-use",
    statement:
      "A token endpoint in metadata that is not https fails when it is used: Token endpoint is not a valid URL",
    source: recorded(
      notes.researcher,
      "Token endpoint is not a valid URL"
    ),
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const { name = "" } = await custom(world, { oauthDiscovery: { discoveryUrl: recorder.insecureDiscoveryUrl } })
      await rejects(askM2m(world, await tokenOf(world, await createWorkload(world)), name), {
        ...validation,
        message: "Token endpoint is not a valid URL"
      })
    }
  }),
  statement({
    id: "payment.tags",
    statement: "GetPaymentCredentialProvider returns no tags, even if the provider has tags",
    source: recordedByCli(
      "payment-credential-provider/paymentCredentialProvider.test.tsx",
      "creates a CoinbaseCDP provider with managed stdin/file secrets and tags",
      "owner=agentcore-cli-tests"
    ),
    run: async ({ control, lastExchange, name }) => {
      const provider = name()
      await control.createPaymentCredentialProvider({
        name: provider,
        credentialProviderVendor: "CoinbaseCDP",
        providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId: "key", apiKeySecret: ed25519Key() } },
        tags: { owner: "agents" }
      })
      await control.getPaymentCredentialProvider({ name: provider })
      is("tags", "tags" in JSON.parse(lastExchange().body), false)
    }
  }),
  statement({
    id: "provider.update-time",
    statement: "An update with a new API key keeps lastUpdatedTime, and one of an OAuth2 provider changes it",
    source: combine(
      recordedByCli(
        "__fixtures__/UpdateApiKeyCredentialProviderCommand.a779aef2084d562f.json",
        "\"$date\": \"2026-07-23T19:31:48.713Z\""
      ),
      recordedByCli(
        "oauth2-credential-provider/__fixtures__/UpdateOauth2CredentialProviderCommand.16483b6b51f663af.json",
        "\"$date\": \"2026-07-29T14:48:43.091Z\""
      )
    ),
    run: async (world) => {
      const { control } = world
      const key = world.name()
      await control.createApiKeyCredentialProvider({ name: key, apiKey: "key" })
      const { createdTime, lastUpdatedTime } = await control.updateApiKeyCredentialProvider({
        name: key,
        apiKey: "other"
      })
      is("lastUpdatedTime", lastUpdatedTime, createdTime)
      const name = await createGithub(world)
      await setTimeout(20)
      const oauth2 = await control.updateOauth2CredentialProvider({ name, ...githubConfig })
      is("later", (oauth2.lastUpdatedTime?.getTime() ?? 0) > (oauth2.createdTime?.getTime() ?? 0), true)
    }
  }),
  statement({
    id: "provider.update-time-read",
    statement: "What is read after an update has the time of its response",
    source: guess("that it does: no Get after an update was recorded"),
    run: async ({ control, name }) => {
      const key = name()
      await control.createApiKeyCredentialProvider({ name: key, apiKey: "key" })
      await setTimeout(20)
      const updated = await control.updateApiKeyCredentialProvider({ name: key, apiKey: "other" })
      const read = await control.getApiKeyCredentialProvider({ name: key })
      is("lastUpdatedTime", read.lastUpdatedTime, updated.lastUpdatedTime)
    }
  }),
  statement({
    id: "provider.arns",
    statement: "ARNs of providers and of their secrets have the documented forms",
    source: combine(
      cite(
        guide("identity-tagging"),
        "arn:aws:bedrock-agentcore:${Region}:${Account}:token-vault/default/oauth2credentialprovider/${oauth2CredentialProviderName}",
        "arn:${Partition}:bedrock-agentcore:${Region}:${Account}:token-vault/default/apikeycredentialprovider/${APIkeyCredentialproviderName}"
      ),
      cite(
        sample("07-consent-portal-auth-code-flow-targets/deploy/02_create_portal.py"),
        "arn:aws:secretsmanager:{region}:{account_id}:secret:bedrock-agentcore-identity!default/oauth2/*"
      )
    ),
    run: async ({ control, name }) => {
      const [oauth2, apiKey] = [name(), name()]
      const created = await control.createOauth2CredentialProvider({ name: oauth2, ...githubConfig })
      is(
        "ARN",
        created.credentialProviderArn?.endsWith(`:token-vault/default/oauth2credentialprovider/${oauth2}`),
        true
      )
      is(
        "secret",
        created.clientSecretArn?.secretArn?.includes(`:secret:bedrock-agentcore-identity!default/oauth2/${oauth2}-`),
        true
      )
      const key = await control.createApiKeyCredentialProvider({ name: apiKey, apiKey: "key" })
      is("ARN", key.credentialProviderArn?.endsWith(`:token-vault/default/apikeycredentialprovider/${apiKey}`), true)
    }
  }),
  statement({
    id: "provider.callback-url",
    statement:
      "The callback URL ends with a UUID, which differs for each provider, and for a provider that is created again",
    source: uniqueCallbackUrl,
    run: async (world) => {
      const form = /\/identities\/oauth2\/callback\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
      const urls: Array<string | undefined> = []
      const name = world.name()
      for (let time = 0; time < 2; time++) {
        const { callbackUrl } = await world.control.createOauth2CredentialProvider({ name, ...githubConfig })
        is("callbackUrl", callbackUrl, form)
        is(
          "callbackUrl when read",
          (await world.control.getOauth2CredentialProvider({ name })).callbackUrl,
          callbackUrl
        )
        urls.push(callbackUrl)
        await world.control.deleteOauth2CredentialProvider({ name })
        is("status", world.lastExchange().status, 204)
      }
      is("different URLs", new Set(urls).size, 2)
    }
  }),
  statement({
    id: "provider.tenant",
    statement: "The tenant of Microsoft is not returned, but in the discovery URL",
    source: recorded(
      cliDesign,
      "Microsoft Get output does not return tenant ID."
    ),
    run: async (world) => {
      const name = world.name()
      const tenantId = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
      await create(world, "MicrosoftOauth2", { microsoftOauth2ProviderConfig: { ...client, tenantId } }, name)
      await world.control.getOauth2CredentialProvider({ name })
      // The clients drop members that they do not know.
      const body = world.lastExchange().body.replace(/"discoveryUrl":"[^"]+"/, "")
      is("tenant in the response", body.includes(tenantId), false)
    }
  }),
  statement({
    id: "provider.update-replaces",
    statement: "An update replaces the configuration: a MANAGED secret has to be sent again",
    source: guess(
      "that an update without the secret is rejected: reports of the live service, not readable",
      cite(
        guide("oauth2-authorization-url-session-binding"),
        "Call UpdateOauth2CredentialProvider and provide the client ID and client secret provided by the resource provider, replacing the placeholder values that were provided when creating the credential provider."
      )
    ),
    run: async (world) => {
      const name = await createGithub(world)
      await rejects(updateGithub(world, name, { clientId: "other" }), validation)
      await updateGithub(world, name, { clientId: "other", clientSecret: "secret" })
      const { oauth2ProviderConfigOutput } = await world.control.getOauth2CredentialProvider({ name })
      is("clientId", oauth2ProviderConfigOutput?.githubOauth2ProviderConfig?.clientId, "other")
    }
  }),
  statement({
    id: "provider.source-switch",
    statement: "MANAGED and EXTERNAL cannot be switched by an update",
    source: guess(
      "the exception",
      recorded(
        cliDesign,
        "Confirmed rejection of both MANAGED/EXTERNAL source-switch directions for API-key, OAuth, and every payment secret slot without deleting the original resource."
      )
    ),
    run: async (world) => {
      const name = await createGithub(world)
      await rejects(
        updateGithub(world, name, {
          clientId: "client",
          clientSecretSource: "EXTERNAL",
          clientSecretConfig: { secretId: "secret", jsonKey: "key" }
        }),
        validation
      )
    }
  }),
  statement({
    id: "provider.external-at-use",
    statement: "A secret by reference is read when it is used, and not when the provider is created",
    source: guess(
      "when the secret is read, the exception and its message: reports of the live service, not readable",
      secretReference
    ),
    run: async (world) => {
      const secretId = `${world.name()}-missing`
      const reference = { secretId, jsonKey: "password" }
      const provider = await createCustom(world, unreachable, {
        clientSecret: undefined,
        clientSecretSource: "EXTERNAL",
        clientSecretConfig: reference
      })
      is("status", world.lastExchange().status, 201)
      const apiKey = world.name()
      await world.control.createApiKeyCredentialProvider({
        name: apiKey,
        apiKeySecretSource: "EXTERNAL",
        apiKeySecretConfig: reference
      })
      const workloadIdentityToken = await tokenOf(world, await createWorkload(world))
      const denied = {
        status: 403,
        name: "AccessDeniedException",
        message: `Access denied when retrieving secret '${secretId}'`
      }
      await rejects(
        world.data.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName: apiKey }),
        denied
      )
      await rejects(askM2m(world, workloadIdentityToken, provider.name), denied)
    }
  }),
  statement({
    id: "provider.external",
    statement: "The secret behind a reference is used, and its source is returned",
    source: secretReference,
    needs: ["account"],
    run: async (world, { account: { secret } }) => {
      const name = world.name()
      const created = await world.control.createApiKeyCredentialProvider({
        name,
        apiKeySecretSource: "EXTERNAL",
        apiKeySecretConfig: { secretId: secret.secretId, jsonKey: secret.jsonKey }
      })
      is("source", created.apiKeySecretSource, "EXTERNAL")
      is("key of the JSON", created.apiKeySecretJsonKey, secret.jsonKey)
      const { apiKey } = await world.data.getResourceApiKey({
        workloadIdentityToken: await tokenOf(world, await createWorkload(world)),
        resourceCredentialProviderName: name
      })
      is("key", apiKey, secret.value)
    }
  }),
  statement({
    id: "provider.auth-methods",
    statement: "clientAuthenticationMethod and tokenEndpointAuthMethods together are rejected",
    source: cite(
      guide("client-auth-methods"),
      "Providing both in the same request will result in a validation error."
    ),
    run: async (world) => {
      const metadata = {
        authorizationServerMetadata: { ...endpoints, tokenEndpointAuthMethods: ["client_secret_post"] }
      }
      const configured = { oauthDiscovery: metadata }
      await rejects(
        custom(world, { ...configured, clientAuthenticationMethod: "CLIENT_SECRET_POST" }),
        validation
      )
      await custom(world, configured)
    }
  }),
  statement({
    id: "provider.auth-method-output",
    statement: "A response has no clientAuthenticationMethod that the request did not have",
    source: recordedByCli(
      "oauth2-credential-provider/__fixtures__/GetOauth2CredentialProviderCommand.1def95784910b125.json",
      "\"clientId\": \"fixture-client-id\""
    ),
    run: async (world) => {
      const { name } = await createCustom(world, unreachable)
      is("in the creation", world.lastExchange().body.includes("clientAuthenticationMethod"), false)
      await world.control.getOauth2CredentialProvider({ name })
      is("when read", world.lastExchange().body.includes("clientAuthenticationMethod"), false)
    }
  }),
  ...["alg", "typ", "iss", "sub", "jti", "exp", "iat", "nbf"].map((claim) =>
    statement({
      id: `private-key-jwt.reserved.${claim}`,
      statement: `The claim ${claim} of a private-key JWT is reserved`,
      source: cite(
        privateKeyJwt,
        claim === "alg" || claim === "typ"
          ? "For additionalHeaderClaims, we do not allow the claims alg or typ."
          : "For additionalPayloadClaims, we do not allow the claims iss, sub, jti, exp, iat, or nbf."
      ),
      run: async (world) => {
        const member = claim === "alg" || claim === "typ" ? "additionalHeaderClaims" : "additionalPayloadClaims"
        const { message } = await rejects(
          custom(world, await keyed(world, { [member]: { [claim]: "value" } }), keyedClient),
          validation
        )
        is(`${member} in the message`, message.includes(member), true)
      }
    })
  ),
  statement({
    id: "private-key-jwt.claims",
    statement: "Further claims are 1 to 10, and their keys have no spaces",
    source: cite(
      model,
      `${claimsMember}.additionalPayloadClaims: min 1, max 10`,
      `${claimsMember}.additionalPayloadClaims{key}: pattern [A-Za-z0-9_.:#-]+`
    ),
    run: async (world) => {
      const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`claim-${index}`, "value"]))
      for (const additionalPayloadClaims of [many, { "a b": "value" }, {}]) {
        await rejects(custom(world, await keyed(world, { additionalPayloadClaims }), keyedClient), validation)
      }
      await custom(world, await keyed(world, { additionalHeaderClaims: { kid: "key-1" } }), keyedClient)
    }
  }),
  statement({
    id: "private-key-jwt.secret",
    statement: "A client with a private-key JWT has no secret",
    source: guess(
      "that a secret is rejected; the guide says only to omit it",
      cite(privateKeyJwt, "Omit when using Private Key JWT.")
    ),
    run: async (world) => {
      await rejects(custom(world, await keyed(world)), validation)
    }
  }),
  statement({
    id: "private-key-jwt.region",
    statement: "The KMS key of a private-key JWT is in the Region of the provider",
    source: guess("the exception", cite(notes.guide, "KMS key in the same Region")),
    run: async (world) => {
      const other = await regionOf(world) === "eu-west-1" ? "eu-central-1" : "eu-west-1"
      await rejects(custom(world, await keyed(world, {}, other), keyedClient), validation)
    }
  }),
  statement({
    id: "private-key-jwt.update",
    statement: "An update of privateKeyJwtConfig changes only the members that it has",
    source: cite(notes.botocore, "On Update: all fields are optional"),
    run: async (world) => {
      const name = world.name()
      const config = { ...keyedClient, ...discovery, ...await keyed(world) } as typeof discovery & typeof keyedClient
      await create(world, "CustomOauth2", { customOauth2ProviderConfig: config }, name)
      await updateCustom(world, name, { ...config, privateKeyJwtConfig: { signingAlgorithm: "RS256" } })
      const { oauth2ProviderConfigOutput } = await world.control.getOauth2CredentialProvider({ name })
      const { privateKeyJwtConfig } = oauth2ProviderConfigOutput?.customOauth2ProviderConfig ?? {}
      is("signingAlgorithm", privateKeyJwtConfig?.signingAlgorithm, "RS256")
      is("kmsKeyArn", privateKeyJwtConfig?.privateKeySource?.kmsKeySource?.kmsKeyArn, await keyArn(world))
    }
  }),
  statement({
    id: "provider.discovery-url",
    statement: "A provider whose discovery URL serves no document is created, READY, and may be updated",
    source: recordedByCli(
      "oauth2-credential-provider/__fixtures__/CreateOauth2CredentialProviderCommand.15e3501198437ba9.json",
      "\"discoveryUrl\": \"https://example.com/.well-known/openid-configuration\"",
      "\"status\": \"READY\""
    ),
    run: async (world) => {
      const oauthDiscovery = { discoveryUrl: unreadable }
      const { name = "", status } = await custom(world, { oauthDiscovery })
      is("status", status, "READY")
      const updated = await updateCustom(world, name, { ...client, oauthDiscovery })
      is("status", updated.status, "READY")
    }
  }),
  statement({
    id: "provider.discovery-url-at-use",
    statement:
      "The first request for a token fails if the discovery URL cannot be read, by every flow: Invalid Discovery URL",
    source: guess(
      "when the service says it: the sample calls it a config-time check, and creations with such a URL were recorded",
      cite(
        sample("obo-training/3-examples/01-agent-to-downstream/okta/local/IDP_SETUP.md"),
        "Invalid Discovery URL",
        "it's a config-time check"
      )
    ),
    run: async (world) => {
      const { name = "" } = await custom(world, { oauthDiscovery: { discoveryUrl: unreadable } })
      const workload = await createWorkload(world)
      await rejects(askM2m(world, await tokenOf(world, workload), name), invalidDiscovery)
      await rejects(askUser(world, await tokenOf(world, workload, "alice"), name), invalidDiscovery)
    }
  }),
  statement({
    id: "provider.required-outputs",
    statement: "clientSecretArn is in every response about an OAuth2 provider, even if it has no secret",
    source: guess(
      "that the service sends the ARN, which its model requires, also where there is no secret",
      cite(
        reference,
        "clientSecretArn: Secret | undefined;",
        "The Amazon Resource Name (ARN) of the client secret in Amazon Web Services Secrets Manager."
      )
    ),
    run: async (world) => {
      for (const more of [await keyed(world), { clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" }]) {
        const name = world.name()
        const created = await create(
          world,
          "CustomOauth2",
          { customOauth2ProviderConfig: { ...keyedClient, ...discovery, ...more } as typeof discovery },
          name
        )
        present("clientSecretArn", created.clientSecretArn?.secretArn)
        present(
          "clientSecretArn when read",
          (await world.control.getOauth2CredentialProvider({ name })).clientSecretArn
        )
      }
    }
  }),
  statement({
    id: "payment.required-outputs",
    statement: "walletSecretArn and authorizationPrivateKeyArn are in every response, even without these secrets",
    source: guess(
      "that the service sends the ARNs, which its model requires, also where there are no such secrets",
      cite(reference, "walletSecretArn: Secret | undefined;", "authorizationPrivateKeyArn: Secret | undefined;")
    ),
    run: async ({ control, name }) => {
      const coinbase = await control.createPaymentCredentialProvider({
        name: name(),
        credentialProviderVendor: "CoinbaseCDP",
        providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId: "key", apiKeySecret: ed25519Key() } }
      })
      present("walletSecretArn", coinbase.providerConfigurationOutput?.coinbaseCdpConfiguration?.walletSecretArn)
      const stripe = await control.createPaymentCredentialProvider({
        name: name(),
        credentialProviderVendor: "StripePrivy",
        providerConfigurationInput: {
          stripePrivyConfiguration: { appId: "app", appSecret: "secret", authorizationId: "authorization" }
        }
      })
      present(
        "authorizationPrivateKeyArn",
        stripe.providerConfigurationOutput?.stripePrivyConfiguration?.authorizationPrivateKeyArn
      )
    }
  }),
  statement({
    id: "provider.unions",
    statement: "A union with two members is rejected: oauth2ProviderConfigInput, oauthDiscovery",
    source: oneMember,
    run: async (world) => {
      await rejects(
        custom(world, {
          oauthDiscovery: { discoveryUrl: unreadable, authorizationServerMetadata: endpoints }
        }),
        { status: 400 }
      )
      // The client sends the first member of a union only.
      world.changeNextRequest((json) => ({
        ...json,
        oauth2ProviderConfigInput: { githubOauth2ProviderConfig: client, googleOauth2ProviderConfig: client }
      }))
      await rejects(create(world, "GithubOauth2", { githubOauth2ProviderConfig: client }), { status: 400 })
    }
  }),
  statement({
    id: "provider.quota",
    statement: "The 51st provider of a kind is rejected: 402 ServiceQuotaExceededException",
    source: combine(
      cite(
        guide("bedrock-agentcore-limits"),
        "Resource API key credential providers | 50 | Yes | The maximum number of API key credential providers for egress resources that you can create in this account in the current Region."
      ),
      exceptions.quota
    ),
    needs: ["wholeAccount"],
    run: async ({ control, name }) => {
      for (let count = 0; count < 50; count++) {
        await control.createApiKeyCredentialProvider({ name: name(), apiKey: "key" })
      }
      await rejects(control.createApiKeyCredentialProvider({ name: name(), apiKey: "key" }), {
        status: 402,
        name: "ServiceQuotaExceededException"
      })
    }
  }),
  statement({
    id: "provider.lists",
    statement: "The lists of each kind have vendor, ARN and times, and API keys have pages of up to 100",
    source: cite(
      model,
      "ListApiKeyCredentialProviders.maxResults: min 1, max 100",
      "ListOauth2CredentialProviders.maxResults: min 1, max 20"
    ),
    run: async (world) => {
      const name = await createGithub(world)
      const items = []
      for await (const page of world.control.paginateListOauth2CredentialProviders({ maxResults: 20 })) {
        items.push(...page.credentialProviders ?? [])
      }
      const item = present("item", items.find((item) => item.name === name))
      is("vendor", item.credentialProviderVendor, "GithubOauth2")
      is("createdTime", item.createdTime instanceof Date, true)
      await world.control.listApiKeyCredentialProviders({ maxResults: 100 })
      await rejects(world.control.listApiKeyCredentialProviders({ maxResults: 101 }), validation)
      await rejects(world.control.listOauth2CredentialProviders({ maxResults: 21 }), validation)
    }
  })
]
