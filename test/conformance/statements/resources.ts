/** Shared by statements: resources, callers and grants. */
import type { GetResourceOauth2TokenCommandInput } from "@aws-sdk/client-bedrock-agentcore"
import type {
  CreateOauth2CredentialProviderCommandInput,
  CustomOauth2ProviderConfigInput
} from "@aws-sdk/client-bedrock-agentcore-control"
import {
  createRemoteJWKSet,
  decodeJwt,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type ProtectedHeaderParameters
} from "jose"
import type { KeyObject } from "node:crypto"
import {
  cite,
  combine,
  differs,
  guide,
  is,
  type OAuthClient,
  type Parts,
  present,
  type Recorder,
  reference,
  sample,
  type World
} from "../statement.js"

export const returnUrl = "app:/consent"

export const createWorkload = async ({ control, name }: World, urls: ReadonlyArray<string> = [returnUrl]) => {
  const workloadName = name()
  await control.createWorkloadIdentity({ name: workloadName, allowedResourceOauth2ReturnUrls: [...urls] })
  return workloadName
}

/** The workload access token of a workload, alone or for a user. */
export const tokenOf = async ({ data }: World, workloadName: string, userId?: string): Promise<string> => {
  const { workloadAccessToken } = userId === undefined
    ? await data.getWorkloadAccessToken({ workloadName })
    : await data.getWorkloadAccessTokenForUserId({ workloadName, userId })
  return present("workloadAccessToken", workloadAccessToken)
}

export const tokenOfJwt = async ({ data }: World, workloadName: string, userToken: string): Promise<string> =>
  present(
    "workloadAccessToken",
    (await data.getWorkloadAccessTokenForJWT({ workloadName, userToken })).workloadAccessToken
  )

type Custom = Partial<CustomOauth2ProviderConfigInput>

type Client = Omit<OAuthClient, "discoveryUrl"> & (Pick<OAuthClient, "discoveryUrl"> | Pick<Custom, "oauthDiscovery">)

/** A custom authorization server. */
export const createCustom = async (world: World, client: Client, more: Custom = {}) => {
  const name = world.name()
  const created = await world.control.createOauth2CredentialProvider({
    name,
    credentialProviderVendor: "CustomOauth2",
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        oauthDiscovery: "discoveryUrl" in client ? { discoveryUrl: client.discoveryUrl } : client.oauthDiscovery,
        clientId: client.clientId,
        clientSecret: client.clientSecret,
        ...more
      }
    }
  })
  return { name, callbackUrl: created.callbackUrl ?? "" }
}

export const endpoints = {
  issuer: "https://id.example.com",
  authorizationEndpoint: "https://id.example.com/authorize",
  tokenEndpoint: "https://id.example.com/token"
}

/** An authorization server that nobody reaches: for statements about what happens before it is reached. */
export const unreachable = {
  oauthDiscovery: { authorizationServerMetadata: endpoints },
  clientId: "client",
  clientSecret: "a-secret-of-no-client"
}

/** A valid discovery URL of an unreachable server. */
export const unreadable = "https://127.0.0.1/.well-known/openid-configuration"

export const invalidDiscovery = { status: 400, name: "ValidationException", message: "Invalid Discovery URL" } as const

export const regionOf = async ({ control, name }: World): Promise<string> =>
  present("workloadIdentityArn", (await control.createWorkloadIdentity({ name: name() })).workloadIdentityArn)
    .split(":")[3] ?? ""

/** The ARN of a key that need not exist. AWS accepts only keys of the provider's Region. */
export const keyArn = async (world: World, region?: string): Promise<string> =>
  `arn:aws:kms:${region ?? await regionOf(world)}:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9`

export const githubConfig: Pick<
  CreateOauth2CredentialProviderCommandInput,
  "credentialProviderVendor" | "oauth2ProviderConfigInput"
> = {
  credentialProviderVendor: "GithubOauth2",
  oauth2ProviderConfigInput: {
    githubOauth2ProviderConfig: { clientId: "client", clientSecret: "a-secret-of-no-client" }
  }
}

/** A provider of a vendor that needs no authorization server until a user consents. */
export const createGithub = async ({ control, name }: World): Promise<string> => {
  const providerName = name()
  await control.createOauth2CredentialProvider({ name: providerName, ...githubConfig })
  return providerName
}

/** A provider at the recorder, with its own client. */
export const createRecorded = async (world: World, recorder: Recorder, more: Custom = {}) => {
  const clientId = world.name()
  const { name } = await createCustom(
    world,
    { discoveryUrl: recorder.discoveryUrl, clientId, clientSecret: "secret" },
    more
  )
  return { name, clientId }
}

type Request = Partial<GetResourceOauth2TokenCommandInput>

/** A token of the client itself. */
export const askM2m = ({ data }: World, workloadIdentityToken: string, provider: string, more: Request = {}) =>
  data.getResourceOauth2Token({
    workloadIdentityToken,
    resourceCredentialProviderName: provider,
    scopes: [],
    oauth2Flow: "M2M",
    ...more
  })

/** A token of a user. */
export const askUser = ({ data }: World, workloadIdentityToken: string, provider: string, more: Request = {}) =>
  data.getResourceOauth2Token({
    workloadIdentityToken,
    resourceCredentialProviderName: provider,
    scopes: ["read"],
    oauth2Flow: "USER_FEDERATION",
    resourceOauth2ReturnUrl: returnUrl,
    ...more
  })

/** A user's first response: a page and a session. */
export const askConsent = async (world: World, token: string, provider: string, more: Request = {}) => {
  const { accessToken, authorizationUrl, sessionStatus, sessionUri } = await askUser(world, token, provider, more)
  if (accessToken !== undefined) differs("an authorization URL", "an access token")
  return {
    authorizationUrl: present("authorizationUrl", authorizationUrl),
    sessionUri: present("sessionUri", sessionUri),
    sessionStatus
  }
}

/** A user who has consented at the recorder, and whose session is complete. */
export const grant = async (
  world: World,
  { browse }: Pick<Parts, "browse">,
  options: {
    readonly token: string
    readonly provider: string
    readonly user: { readonly userId: string } | { readonly userToken: string }
    readonly request?: Request
  }
): Promise<string> => {
  const { provider, request = {}, token, user } = options
  const { authorizationUrl, sessionUri } = await askConsent(world, token, provider, request)
  await browse(authorizationUrl)
  await world.data.completeResourceTokenAuth({ sessionUri, userIdentifier: user })
  const { accessToken } = await askUser(world, token, provider, {
    ...request,
    forceAuthentication: undefined,
    sessionUri
  })
  return present("accessToken", accessToken)
}

/** Alice at the recorder: a workload, a provider, her caller, and her grant. */
export const grantedAlice = async (world: World, parts: Pick<Parts, "browse" | "recorder">, request: Request = {}) => {
  const workload = await createWorkload(world)
  const provider = await createRecorded(world, parts.recorder)
  const token = await tokenOf(world, workload, "alice")
  const accessToken = await grant(world, parts, { token, provider: provider.name, user: { userId: "alice" }, request })
  return { workload, provider: provider.name, clientId: provider.clientId, token, accessToken }
}

/** The parts of a JWT that is valid now, with a signature of the key and a lifetime of a few seconds. */
export const verifyJwt = async (
  subject: string,
  token: string,
  key: CryptoKey | KeyObject | JWTVerifyGetKey,
  { maxLifetime, requiredClaims = [], ...options }: {
    readonly algorithms: Array<string>
    readonly maxLifetime: number
    readonly requiredClaims?: ReadonlyArray<string>
  }
): Promise<{ readonly header: ProtectedHeaderParameters; readonly payload: JWTPayload }> => {
  const all = { ...options, requiredClaims: ["exp", "iat", ...requiredClaims] }
  const verified = await (typeof key === "function" ? jwtVerify(token, key, all) : jwtVerify(token, key, all)).catch(
    (error: unknown) => differs(`${subject} to be a valid JWT`, String(error))
  )
  const { payload, protectedHeader: header } = verified
  const lifetime = (payload.exp ?? 0) - (payload.iat ?? 0)
  is(
    `lifetime of ${subject}, ${lifetime} s, between 1 and ${maxLifetime}`,
    lifetime > 0 && lifetime <= maxLifetime,
    true
  )
  return { header, payload }
}

/** The JWTs that STS signs. */
export const awsJwt = combine(
  cite(
    reference,
    "The token is signed using the specified signing algorithm and can be verified using the verification keys available at the issuer's JWKS endpoint."
  ),
  cite(
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html",
    "\"exp\": 1700000900",
    "\"jti\": \"xyz123-def456-ghi789-jkl012\""
  )
)

/** Verifies a JWT of AWS with the keys of its issuer. */
export const verifyAwsJwt = async (subject: string, token: string): ReturnType<typeof verifyJwt> => {
  const response = await fetch(`${decodeJwt(token).iss}/.well-known/openid-configuration`)
  // The metadata of an issuer.
  const { jwks_uri } = await response.json() as { readonly jwks_uri: string }
  return verifyJwt(subject, token, createRemoteJWKSet(new URL(jwks_uri)), {
    algorithms: ["ES384", "RS256"],
    maxLifetime: 3_600,
    requiredClaims: ["aud", "jti", "sub"]
  })
}

/** Names that customParameters cannot have. */
export const reservedParameters: ReadonlyArray<string> = [
  "grant_type",
  "scope",
  "client_id",
  "client_secret",
  "subject_token",
  "actor_token",
  "actor_token_type"
]

export const reservedParameter = (name: string) => ({
  status: 400,
  name: "ValidationException",
  message: `${name} cannot be present in customParameters for the specified OAuth2 Flow`
})

export const uniqueCallbackUrl = combine(
  cite(
    guide("identity-idp-okta"),
    "AgentCore Identity issues a unique OAuth2 callback URL for each credential provider you create."
  ),
  cite(
    sample("07-consent-portal-auth-code-flow-targets/deploy/03_create_github_provider.py"),
    "https://bedrock-agentcore.<region>.amazonaws.com/identities/oauth2/callback/<uuid>"
  )
)
