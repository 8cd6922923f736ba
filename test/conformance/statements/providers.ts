/** Credential providers: what is stored, what is returned, and what is refused. */
import type { CreateOauth2CredentialProviderCommandInput } from "@aws-sdk/client-bedrock-agentcore-control"
import { github, guide, is, model, present, refuses, smithy, statement, type World } from "../statement.js"
import {
  askM2m,
  createCustom,
  createGithub,
  createWorkload,
  endpoints,
  githubConfig,
  invalidDiscovery,
  keyArn,
  regionOf,
  tokenOf,
  unreachable,
  unreadable
} from "./resources.js"

const validation = { status: 400, name: "ValidationException" } as const

const samples = github("awslabs/amazon-bedrock-agentcore-samples")

const live = "reports of the live service"

type Config = NonNullable<CreateOauth2CredentialProviderCommandInput["oauth2ProviderConfigInput"]>

const client = { clientId: "client", clientSecret: "secret" }

const discovery = { oauthDiscovery: unreachable.oauthDiscovery }

/** Vendors with a configuration of their own, those with endpoints, and those that the service knows. */
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

const create = ({ control, name }: World, vendor: string, oauth2ProviderConfigInput: Config, given = name()) =>
  control.createOauth2CredentialProvider({
    name: given,
    // The vendors are strings of the table above.
    credentialProviderVendor: vendor as "CustomOauth2",
    oauth2ProviderConfigInput
  })

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
      statement: `${vendor} takes ${Object.keys(config)[0]}, and returns it without the secret`,
      source: model,
      run: async (world) => {
        const name = world.name()
        await create(world, vendor, config, name)
        is("status", world.lastExchange().status, 201)
        const read = await world.control.getOauth2CredentialProvider({ name })
        is("vendor", read.credentialProviderVendor, vendor)
        is("member", Object.keys(read.oauth2ProviderConfigOutput ?? {}), Object.keys(config))
        is("secret in the answer", world.lastExchange().body.includes("\"secret\""), false)
      }
    })
  ),
  statement({
    id: "vendor.wrong-member",
    statement: "The configuration of another vendor is refused",
    source: model,
    run: async (world) => {
      await refuses(create(world, "GithubOauth2", { googleOauth2ProviderConfig: client }), validation)
    }
  }),
  statement({
    id: "vendor.needs-endpoints",
    statement: "A vendor whose endpoints differ from customer to customer is refused without them",
    source: guide("identity-idps"),
    run: async (world) => {
      await refuses(create(world, "OktaOauth2", { includedOauth2ProviderConfig: client }), validation)
    }
  }),
  statement({
    id: "provider.duplicate",
    statement: "A second provider of a name is a ValidationException: Credential provider with name: X already exists",
    source: `${github("awslabs/agentcore-samples")}, ${live}`,
    run: async (world) => {
      const name = await createGithub(world)
      const message = `Credential provider with name: ${name} already exists`
      await refuses(world.control.createOauth2CredentialProvider({ name, ...githubConfig }), { ...validation, message })
      const key = world.name()
      await world.control.createApiKeyCredentialProvider({ name: key, apiKey: "key" })
      await refuses(world.control.createApiKeyCredentialProvider({ name: key, apiKey: "key" }), {
        ...validation,
        message: "already exists"
      })
    }
  }),
  statement({
    id: "provider.arns",
    statement: "ARNs of providers and of their secrets have the documented forms",
    source: `${samples}, outputs of the operations`,
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
      "The callback URL ends with a UUID, which differs from provider to provider, and when one is created again",
    source: `${samples}, 03_create_github_provider.py`,
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
    statement: "The tenant of Microsoft is not returned",
    source: live,
    run: async (world) => {
      const name = world.name()
      const tenantId = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
      await create(world, "MicrosoftOauth2", { microsoftOauth2ProviderConfig: { ...client, tenantId } }, name)
      const { oauth2ProviderConfigOutput } = await world.control.getOauth2CredentialProvider({ name })
      is("tenantId", "tenantId" in (oauth2ProviderConfigOutput?.microsoftOauth2ProviderConfig ?? {}), false)
    }
  }),
  statement({
    id: "provider.update-replaces",
    statement: "An update replaces the configuration: a MANAGED secret has to be sent again",
    source: `${guide("client-auth-methods")}; ${live}`,
    run: async (world) => {
      const name = await createGithub(world)
      const update = (githubOauth2ProviderConfig: object) =>
        world.control.updateOauth2CredentialProvider({
          name,
          credentialProviderVendor: "GithubOauth2",
          oauth2ProviderConfigInput: { githubOauth2ProviderConfig: githubOauth2ProviderConfig as typeof client }
        })
      await refuses(update({ clientId: "other" }), validation)
      await update({ clientId: "other", clientSecret: "secret" })
      const { oauth2ProviderConfigOutput } = await world.control.getOauth2CredentialProvider({ name })
      is("clientId", oauth2ProviderConfigOutput?.githubOauth2ProviderConfig?.clientId, "other")
    }
  }),
  statement({
    id: "provider.source-switch",
    statement: "MANAGED and EXTERNAL cannot be switched by an update",
    source: `${guide("client-auth-methods")}; ${live}`,
    run: async (world) => {
      const name = await createGithub(world)
      await refuses(
        world.control.updateOauth2CredentialProvider({
          name,
          credentialProviderVendor: "GithubOauth2",
          oauth2ProviderConfigInput: {
            githubOauth2ProviderConfig: {
              clientId: "client",
              clientSecretSource: "EXTERNAL",
              clientSecretConfig: { secretId: "secret", jsonKey: "key" }
            }
          }
        }),
        validation
      )
    }
  }),
  statement({
    id: "provider.external-at-use",
    statement: "A secret by reference is looked at when it is used, and not when the provider is created",
    source: `${live}: Access denied when retrieving secret`,
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
      await refuses(
        world.data.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName: apiKey }),
        denied
      )
      await refuses(askM2m(world, workloadIdentityToken, provider.name), denied)
    }
  }),
  statement({
    id: "provider.external",
    statement: "The secret behind a reference is used, and its source is returned",
    source: model,
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
    statement:
      "clientAuthenticationMethod and tokenEndpointAuthMethods together are refused; the default is CLIENT_SECRET_BASIC",
    source: guide("client-auth-methods"),
    run: async (world) => {
      const metadata = {
        authorizationServerMetadata: { ...endpoints, tokenEndpointAuthMethods: ["client_secret_post"] }
      }
      const configured = { oauthDiscovery: metadata }
      await refuses(
        custom(world, { ...configured, clientAuthenticationMethod: "CLIENT_SECRET_POST" }),
        validation
      )
      await custom(world, configured)
      const { name } = await createCustom(world, unreachable)
      const { oauth2ProviderConfigOutput } = await world.control.getOauth2CredentialProvider({ name })
      is(
        "clientAuthenticationMethod",
        oauth2ProviderConfigOutput?.customOauth2ProviderConfig?.clientAuthenticationMethod,
        "CLIENT_SECRET_BASIC"
      )
    }
  }),
  ...["alg", "typ", "iss", "sub", "jti", "exp", "iat", "nbf"].map((claim) =>
    statement({
      id: `private-key-jwt.reserved.${claim}`,
      statement: `The claim ${claim} of a private-key JWT is reserved`,
      source: guide("private-key-jwt"),
      run: async (world) => {
        const member = claim === "alg" || claim === "typ" ? "additionalHeaderClaims" : "additionalPayloadClaims"
        const { message } = await refuses(
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
    source: model,
    run: async (world) => {
      const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`claim-${index}`, "value"]))
      for (const additionalPayloadClaims of [many, { "a b": "value" }, {}]) {
        await refuses(custom(world, await keyed(world, { additionalPayloadClaims }), keyedClient), validation)
      }
      await custom(world, await keyed(world, { additionalHeaderClaims: { kid: "key-1" } }), keyedClient)
    }
  }),
  statement({
    id: "private-key-jwt.secret",
    statement: "A client with a private-key JWT has no secret",
    source: guide("private-key-jwt"),
    run: async (world) => {
      await refuses(custom(world, await keyed(world)), validation)
    }
  }),
  statement({
    id: "private-key-jwt.region",
    statement: "The KMS key of a private-key JWT is in the Region of the provider",
    source: `${guide("private-key-jwt")}: KMS key in the same Region`,
    run: async (world) => {
      const other = await regionOf(world) === "eu-west-1" ? "eu-central-1" : "eu-west-1"
      await refuses(custom(world, await keyed(world, {}, other), keyedClient), validation)
    }
  }),
  statement({
    id: "private-key-jwt.update",
    statement: "An update of privateKeyJwtConfig changes only the members that it has",
    source: `${model}: PrivateKeyJwtConfig, On Update: all fields are optional`,
    run: async (world) => {
      const name = world.name()
      const config = { ...keyedClient, ...discovery, ...await keyed(world) } as typeof discovery & typeof keyedClient
      await create(world, "CustomOauth2", { customOauth2ProviderConfig: config }, name)
      await world.control.updateOauth2CredentialProvider({
        name,
        credentialProviderVendor: "CustomOauth2",
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: { ...config, privateKeyJwtConfig: { signingAlgorithm: "RS256" } }
        }
      })
      const { oauth2ProviderConfigOutput } = await world.control.getOauth2CredentialProvider({ name })
      const { privateKeyJwtConfig } = oauth2ProviderConfigOutput?.customOauth2ProviderConfig ?? {}
      is("signingAlgorithm", privateKeyJwtConfig?.signingAlgorithm, "RS256")
      is("kmsKeyArn", privateKeyJwtConfig?.privateKeySource?.kmsKeySource?.kmsKeyArn, await keyArn(world))
    }
  }),
  statement({
    id: "provider.discovery-url",
    statement:
      "A discovery URL that cannot be read is a ValidationException when the provider is created: Invalid Discovery URL",
    source: `${github("awslabs/agentcore-samples")}, obo-training, okta/local/IDP_SETUP.md: it's a config-time check`,
    run: async (world) => {
      await refuses(custom(world, { oauthDiscovery: { discoveryUrl: unreadable } }), invalidDiscovery)
    }
  }),
  statement({
    id: "provider.required-outputs",
    statement: "clientSecretArn is in every answer about an OAuth2 provider, also where it has no secret",
    source: model,
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
    statement:
      "walletSecretArn and authorizationPrivateKeyArn are in every answer, also where these secrets are not given",
    source: model,
    run: async ({ control, name }) => {
      const coinbase = await control.createPaymentCredentialProvider({
        name: name(),
        credentialProviderVendor: "CoinbaseCDP",
        providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId: "key", apiKeySecret: "secret" } }
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
    statement: "A union with two members is refused: oauth2ProviderConfigInput, oauthDiscovery",
    source: smithy,
    run: async (world) => {
      await refuses(
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
      await refuses(create(world, "GithubOauth2", { githubOauth2ProviderConfig: client }), { status: 400 })
    }
  }),
  statement({
    id: "provider.quota",
    statement: "The 51st provider of a kind is one too many: 402 ServiceQuotaExceededException",
    source: guide("bedrock-agentcore-limits"),
    needs: ["wholeAccount"],
    run: async ({ control, name }) => {
      for (let count = 0; count < 50; count++) {
        await control.createApiKeyCredentialProvider({ name: name(), apiKey: "key" })
      }
      await refuses(control.createApiKeyCredentialProvider({ name: name(), apiKey: "key" }), {
        status: 402,
        name: "ServiceQuotaExceededException"
      })
    }
  }),
  statement({
    id: "provider.lists",
    statement: "The lists of each kind have vendor, ARN and times, and API keys have pages of up to 100",
    source: model,
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
      await refuses(world.control.listApiKeyCredentialProviders({ maxResults: 101 }), validation)
      await refuses(world.control.listOauth2CredentialProviders({ maxResults: 21 }), validation)
    }
  })
]
