/** Limits of the service models: the longest accepted value, and the shortest rejected one. */
import type { PrivateEndpoint } from "@aws-sdk/client-bedrock-agentcore-control"
import { ed25519Key } from "../../support/paymentKeys.js"
import { cite, guess, model, rejects, statement, type World } from "../statement.js"
import {
  askM2m,
  askUser,
  createCustom,
  createGithub,
  createWorkload,
  endpoints,
  keyArn,
  tokenOf,
  unreachable,
  unreadable
} from "./resources.js"

interface Limit {
  readonly id: string
  readonly statement: string
  /** Facts of the service model. */
  readonly model: ReadonlyArray<string>
  /** The part that the service model does not contain. */
  readonly guess?: string
  readonly accepts?: (world: World) => Promise<unknown>
  readonly rejects?: ReadonlyArray<(world: World) => Promise<unknown>>
}

const custom = "CreateOauth2CredentialProvider.oauth2ProviderConfigInput.customOauth2ProviderConfig"

const vpc = `${custom}.privateEndpoint.managedVpcResource`

const coinbaseConfig = "CreatePaymentCredentialProvider.providerConfigurationInput.coinbaseCdpConfiguration"

const stringOf = (length: number): string => "a".repeat(length)

const names = (world: World, length: number): string => world.name().padEnd(length, "a")

const external = (jsonKey: string) => (world: World) =>
  world.control.createApiKeyCredentialProvider({
    name: world.name(),
    apiKeySecretSource: "EXTERNAL",
    apiKeySecretConfig: { secretId: "secret", jsonKey }
  })

const keyed = (kmsKeyArn: string) => (world: World) =>
  createCustom(world, unreachable, {
    clientSecret: undefined,
    clientAuthenticationMethod: "PRIVATE_KEY_JWT",
    privateKeyJwtConfig: { privateKeySource: { kmsKeySource: { kmsKeyArn } }, signingAlgorithm: "ES256" }
  })

const metadata = (more: object) => (world: World) =>
  createCustom(world, unreachable, { oauthDiscovery: { authorizationServerMetadata: { ...endpoints, ...more } } })

const managed = (more: object): PrivateEndpoint => ({
  managedVpcResource: {
    vpcIdentifier: "vpc-0a1b2c3d4e5f60718",
    subnetIds: ["subnet-0a1b2c3d4e5f60718"],
    endpointIpAddressType: "IPV4",
    ...more
  }
})

const withEndpoint = (privateEndpoint: PrivateEndpoint) => (world: World) =>
  createCustom(world, unreachable, { privateEndpoint })

const coinbase = (apiKeyId: string) => (world: World) =>
  world.control.createPaymentCredentialProvider({
    name: world.name(),
    credentialProviderVendor: "CoinbaseCDP",
    providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId, apiKeySecret: ed25519Key() } }
  })

const tagged = (tags: Record<string, string>) => (world: World) =>
  world.control.createWorkloadIdentity({ name: world.name(), tags })

const machine = (more: Parameters<typeof askM2m>[3]) => async (world: World) =>
  askM2m(world, await tokenOf(world, await createWorkload(world)), world.name(), more)

const user = (more: Parameters<typeof askUser>[3]) => async (world: World) =>
  askUser(world, await tokenOf(world, await createWorkload(world), "alice"), await createGithub(world), more)

const jwt = (userToken: string) => async (world: World) =>
  world.data.getWorkloadAccessTokenForJWT({ workloadName: await createWorkload(world), userToken })

const limits: ReadonlyArray<Limit> = [
  {
    id: "workload-name",
    statement: "A workload identity's name has 3 to 255 letters, digits, dots, hyphens and underscores",
    model: ["CreateWorkloadIdentity.name: min 3, max 255, pattern [A-Za-z0-9_.-]+"],
    accepts: (world) => world.control.createWorkloadIdentity({ name: names(world, 255) }),
    rejects: [
      (world) => world.control.createWorkloadIdentity({ name: "ab" }),
      (world) => world.control.createWorkloadIdentity({ name: names(world, 256) }),
      (world) => world.control.createWorkloadIdentity({ name: `${world.name()} b` })
    ]
  },
  {
    id: "provider-name",
    statement: "A credential provider's name has 1 to 128 letters, digits, hyphens and underscores",
    model: ["CreateApiKeyCredentialProvider.name: min 1, max 128, pattern [a-zA-Z0-9-_]+"],
    accepts: (world) => world.control.createApiKeyCredentialProvider({ name: names(world, 128), apiKey: "key" }),
    rejects: [
      (world) => world.control.createApiKeyCredentialProvider({ name: names(world, 129), apiKey: "key" }),
      (world) => world.control.createApiKeyCredentialProvider({ name: `${world.name()}.b`, apiKey: "key" })
    ]
  },
  {
    id: "return-url",
    statement: "A return URL has a scheme, which may be the one of an application",
    model: ["CreateWorkloadIdentity.allowedResourceOauth2ReturnUrls[]: pattern \\w+:(\\/?\\/?)[^\\s]+"],
    accepts: (world) => createWorkload(world, ["https://a.example.com/", "app:/consent"]),
    rejects: [(world) => createWorkload(world, ["not a url"])]
  },
  {
    id: "user-id",
    statement: "A user's id has 1 to 128 characters",
    model: ["GetWorkloadAccessTokenForUserId.userId: min 1, max 128"],
    accepts: async (world) => tokenOf(world, await createWorkload(world), stringOf(128)),
    rejects: [async (world) => tokenOf(world, await createWorkload(world), stringOf(129))]
  },
  {
    id: "user-token",
    statement:
      "A user's JWT has the pattern of the model: its dots match any character, and the strings between them are not empty",
    model: ["GetWorkloadAccessTokenForJWT.userToken: pattern [A-Za-z0-9-_=]+.[A-Za-z0-9-_=]+.[A-Za-z0-9-_=]+"],
    rejects: ["aaaa.bbbb.", "a.b", "a.b.c.d", "a b.c.d", ".b.c", "jwt"].map(jwt)
  },
  {
    id: "session-uri",
    statement: "A session URI is a request URI of RFC 9126",
    model: [
      "CompleteResourceTokenAuth.sessionUri: min 1, max 1024, pattern urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+"
    ],
    rejects: [
      ({ data }) => data.completeResourceTokenAuth({ sessionUri: "session", userIdentifier: { userId: "alice" } })
    ]
  },
  {
    id: "scope",
    statement: "A scope has 1 to 128 characters",
    model: ["GetResourceOauth2Token.scopes[]: min 1, max 128"],
    accepts: user({ scopes: [stringOf(128)] }),
    rejects: [machine({ scopes: [stringOf(129)] }), machine({ scopes: [""] })]
  },
  {
    id: "scopes",
    statement: "A request may have any number of scopes",
    model: ["GetResourceOauth2Token.scopes: list"],
    accepts: user({ scopes: Array.from({ length: 101 }, (_, index) => `scope-${index}`) })
  },
  {
    id: "custom-parameters",
    statement:
      "Custom parameters have keys of 1 to 256 letters, digits, dots, hyphens and underscores, and values of 1 to 2,048",
    model: [
      "GetResourceOauth2Token.customParameters{key}: min 1, max 256, pattern [a-zA-Z0-9-_.]+",
      "GetResourceOauth2Token.customParameters{value}: min 1, max 2048"
    ],
    accepts: user({ customParameters: { [stringOf(256)]: stringOf(2_048) } }),
    rejects: [
      machine({ customParameters: { [stringOf(257)]: "value" } }),
      machine({ customParameters: { "a b": "value" } }),
      machine({ customParameters: { a: stringOf(2_049) } })
    ]
  },
  {
    id: "custom-state",
    statement: "Custom state has 1 to 4,096 characters",
    model: ["GetResourceOauth2Token.customState: min 1, max 4096"],
    accepts: user({ customState: stringOf(4_096) }),
    rejects: [user({ customState: stringOf(4_097) })]
  },
  {
    id: "resources",
    statement: "Resources and audiences have 1 to 2,048 characters",
    model: [
      "GetResourceOauth2Token.resources[]: min 1, max 2048",
      "GetResourceOauth2Token.audiences[]: min 1, max 2048"
    ],
    rejects: [machine({ resources: [stringOf(2_049)] }), machine({ audiences: [stringOf(2_049)] })]
  },
  {
    id: "api-key",
    statement: "An API key has 0 to 65,536 characters",
    model: ["CreateApiKeyCredentialProvider.apiKey: max 65536"],
    accepts: async (world) => {
      await world.control.createApiKeyCredentialProvider({ name: world.name(), apiKey: stringOf(65_536) })
      await world.control.createApiKeyCredentialProvider({ name: world.name(), apiKey: "" })
    },
    rejects: [(world) => world.control.createApiKeyCredentialProvider({ name: world.name(), apiKey: stringOf(65_537) })]
  },
  {
    id: "json-key",
    statement: "The JSON key of a secret reference has 1 to 128 characters",
    model: ["CreateApiKeyCredentialProvider.apiKeySecretConfig.jsonKey: min 1, max 128"],
    accepts: external(stringOf(128)),
    rejects: [external(stringOf(129)), external("")]
  },
  {
    id: "client-id",
    statement: "A custom client's id has 0 to 256 characters",
    model: [`${custom}.clientId: max 256`],
    accepts: (world) => createCustom(world, { ...unreachable, clientId: "" }),
    rejects: [(world) => createCustom(world, { ...unreachable, clientId: stringOf(257) })]
  },
  {
    id: "endpoints",
    statement: "Discovery URL, issuer and endpoints have no maximum length",
    model: [
      `${custom}.oauthDiscovery.authorizationServerMetadata.issuer: string`,
      `${custom}.oauthDiscovery.authorizationServerMetadata.authorizationEndpoint: string`,
      `${custom}.oauthDiscovery.authorizationServerMetadata.tokenEndpoint: string`
    ],
    accepts: async (world) => {
      const long = `https://id.example.com/${stringOf(2_100)}`
      const discoveryUrl = unreadable.replace("/.well-known", `/${stringOf(2_100)}$&`)
      await createCustom(world, { ...unreachable, discoveryUrl })
      await metadata({ issuer: long, authorizationEndpoint: long, tokenEndpoint: long })(world)
    }
  },
  {
    id: "discovery-url",
    statement:
      "A discovery URL ends with /.well-known/openid-configuration, or /.well-known/oauth-authorization-server and a path",
    model: [
      `${custom}.oauthDiscovery.discoveryUrl: pattern .+/\\.well-known/(openid-configuration|oauth-authorization-server)`
    ],
    guess:
      "a path behind oauth-authorization-server, as RFC 8414 has it: the model of 2026-11-05 was not readable to its end",
    accepts: async (world) => {
      for (const path of ["", "/tenant"]) {
        const discoveryUrl = unreadable.replace("openid-configuration", `oauth-authorization-server${path}`)
        await createCustom(world, { ...unreachable, discoveryUrl })
      }
    },
    rejects: [(world) => createCustom(world, { ...unreachable, discoveryUrl: "https://id.example.com/discovery" })]
  },
  {
    id: "token-endpoint-auth-methods",
    statement: "tokenEndpointAuthMethods has 1 or 2 of client_secret_post and client_secret_basic",
    model: [
      `${custom}.oauthDiscovery.authorizationServerMetadata.tokenEndpointAuthMethods: min 1, max 2`,
      `${custom}.oauthDiscovery.authorizationServerMetadata.tokenEndpointAuthMethods[]: pattern (client_secret_post|client_secret_basic)`
    ],
    accepts: metadata({ tokenEndpointAuthMethods: ["client_secret_post", "client_secret_basic"] }),
    rejects: [
      metadata({ tokenEndpointAuthMethods: [] }),
      metadata({ tokenEndpointAuthMethods: ["private_key_jwt"] })
    ]
  },
  {
    id: "kms-key-arn",
    statement: "A key of KMS is identified by an ARN",
    model: [
      `${custom}.privateKeyJwtConfig.privateKeySource.kmsKeySource.kmsKeyArn: min 1, max 2048, pattern arn:aws(|-cn|-us-gov):kms:[a-zA-Z0-9-]*:[0-9]{12}:key/[a-zA-Z0-9-]{36}`
    ],
    accepts: async (world) => keyed(await keyArn(world))(world),
    rejects: [keyed("key"), keyed("arn:aws:s3:::bucket")]
  },
  {
    id: "private-endpoint",
    statement: "A private endpoint has ids in the forms of VPC, subnet, security group and resource configuration",
    model: [
      `${vpc}.vpcIdentifier: pattern vpc-(([0-9a-z]{8})|([0-9a-z]{17}))`,
      `${vpc}.subnetIds[]: pattern subnet-[0-9a-zA-Z]{8,17}`,
      `${vpc}.securityGroupIds: max 5`,
      `${vpc}.securityGroupIds[]: pattern sg-(([0-9a-z]{8})|([0-9a-z]{17}))`,
      `${vpc}.routingDomain: min 3, max 255`,
      `${custom}.privateEndpoint.selfManagedLatticeResource.resourceConfigurationIdentifier: min 20, max 2048`
    ],
    accepts: withEndpoint(managed({ securityGroupIds: ["sg-0a1b2c3d4e5f60718"], routingDomain: "id.example.com" })),
    rejects: [
      withEndpoint(managed({ vpcIdentifier: "network" })),
      withEndpoint(managed({ subnetIds: ["net"] })),
      withEndpoint(managed({ securityGroupIds: ["group"] })),
      withEndpoint(managed({ securityGroupIds: Array.from({ length: 6 }, () => "sg-0a1b2c3d4e5f60718") })),
      withEndpoint(managed({ routingDomain: "ab" })),
      withEndpoint({ selfManagedLatticeResource: { resourceConfigurationIdentifier: "resource" } })
    ]
  },
  {
    id: "payment-ids",
    statement: "Ids of payment vendors have 1 to 512 characters of their pattern",
    model: [
      `${coinbaseConfig}.apiKeyId: min 1, max 512, pattern [a-zA-Z0-9-_]+`
    ],
    accepts: coinbase(stringOf(512)),
    rejects: [coinbase(stringOf(513)), coinbase(""), coinbase("a key")]
  },
  {
    id: "tags",
    statement:
      "Tags have keys of 1 to 128 characters and values of at most 256, both of the pattern of tags, and are at most 50",
    model: [
      "CreateWorkloadIdentity.tags: max 50",
      "CreateWorkloadIdentity.tags{key}: min 1, max 128, pattern [a-zA-Z0-9\\s._:/=+@-]*",
      "CreateWorkloadIdentity.tags{value}: max 256, pattern [a-zA-Z0-9\\s._:/=+@-]*"
    ],
    accepts: tagged({ "cost centre": "a/b=c@d", [stringOf(128)]: stringOf(256), empty: "" }),
    rejects: [
      tagged({ [stringOf(129)]: "value" }),
      tagged({ key: stringOf(257) }),
      tagged({ "key!": "value" }),
      tagged({ key: "value!" }),
      tagged(Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`key-${index}`, "value"])))
    ]
  },
  {
    id: "token-vault-id",
    statement: "A token vault's id has 1 to 64 letters, digits, hyphens and underscores",
    model: ["GetTokenVault.tokenVaultId: min 1, max 64, pattern [a-zA-Z0-9-_]+"],
    rejects: [
      ({ control }) => control.getTokenVault({ tokenVaultId: "a b" }),
      ({ control }) => control.getTokenVault({ tokenVaultId: stringOf(65) })
    ]
  }
]

export const statements = limits.map((
  { accepts, guess: reason, id, model: facts, rejects: rejected = [], statement: sentence }
) =>
  statement({
    id: `limit.${id}`,
    statement: sentence,
    source: reason === undefined ? cite(model, ...facts) : guess(reason, cite(model, ...facts)),
    run: async (world) => {
      await accepts?.(world)
      for (const call of rejected) await rejects(call(world), { status: 400, name: "ValidationException" })
    }
  })
)
