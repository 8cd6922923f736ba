/** Tokens on behalf of a user, and assertions of clients. */
import type {
  CustomOauth2ProviderConfigInput,
  OnBehalfOfTokenExchangeConfigType
} from "@aws-sdk/client-bedrock-agentcore-control"
import { importSPKI } from "jose"
import {
  cite,
  combine,
  guess,
  guide,
  is,
  notes,
  type Parts,
  present,
  recorded,
  reference,
  rejects,
  sample,
  statement,
  type TokenRequest,
  type World
} from "../statement.js"
import {
  askM2m,
  awsJwt,
  createRecorded,
  createWorkload,
  reservedParameter,
  reservedParameters,
  tokenOf,
  tokenOfJwt,
  verifyAwsJwt,
  verifyJwt
} from "./resources.js"

const exchange = guide("on-behalf-of-token-exchange")

const privateKeyJwt = guide("private-key-jwt")

/** A rejected exchange. */
const exchangeFailed = {
  message: "Token exchange failed with HTTP status 400",
  source: recorded(
    sample("obo-training/3-examples/02-agent-via-gateway/entra/real-world/IDP_SETUP.md"),
    "Agent returns OBO #1 failed: ... Token exchange failed with HTTP status 400",
    "Entra rejected the exchange."
  )
}

const validation = { status: 400, name: "ValidationException" } as const

const jwtType = "urn:ietf:params:oauth:token-type:jwt"

const tokenExchange: OnBehalfOfTokenExchangeConfigType = {
  grantType: "TOKEN_EXCHANGE",
  tokenExchangeGrantTypeConfig: { actorTokenContent: "NONE" }
}

const jwtGrant: OnBehalfOfTokenExchangeConfigType = { grantType: "JWT_AUTHORIZATION_GRANT" }

/** The JWTs that AgentCore gets for the caller. */
const verifyInvoked = async (subject: string, token: string, audience: string): Promise<void> => {
  const { header, payload } = await verifyAwsJwt(subject, token)
  is("aud", payload.aud, audience)
  is("header", [header.kid, header.typ, header.alg], ["RSA_0", "JWT", "RS256"])
  const claim = present("claim of AWS", payload["https://sts.amazonaws.com/"])
  is("invoked_by", Reflect.get(Object(claim), "invoked_by"), "bedrock-agentcore.amazonaws.com")
  is("principal_id", Reflect.get(Object(claim), "principal_id"), payload.sub)
}

const askOnBehalf = (
  { data }: World,
  workloadIdentityToken: string,
  provider: string,
  more: {
    readonly scopes?: Array<string>
    readonly resources?: Array<string>
    readonly audiences?: Array<string>
    readonly customParameters?: Record<string, string>
  } = {}
) =>
  data.getResourceOauth2Token({
    workloadIdentityToken,
    resourceCredentialProviderName: provider,
    scopes: [],
    oauth2Flow: "ON_BEHALF_OF_TOKEN_EXCHANGE",
    ...more
  })

/** Requests a token on behalf of a user. Returns the user's JWT and the requests to the token endpoint. */
const observe = async (
  world: World,
  { recorder, userToken }: Pick<Parts, "recorder" | "userToken">,
  config: Partial<CustomOauth2ProviderConfigInput>,
  more: Parameters<typeof askOnBehalf>[3] = {}
) => {
  const { clientId, name } = await createRecorded(world, recorder, config)
  const jwt = await userToken({ sub: "alice" })
  const response = await askOnBehalf(world, await tokenOfJwt(world, await createWorkload(world), jwt), name, more)
  present("accessToken", response.accessToken)
  const requests = recorder.tokens(clientId)
  const last = present("token request", requests.at(-1)) satisfies TokenRequest
  return { jwt, requests, parameters: last.parameters, clientId }
}

const needs = ["recorder", "userToken"] as const

export const onBehalfOf = [
  statement({
    id: "obo.token-exchange",
    statement: "A token exchange has the user's JWT as subject token, of the type JWT, and no actor (NONE)",
    source: cite(
      exchange,
      "We use the inbound JWT token and map the subject token type to urn:ietf:params:oauth:token-type:jwt when constructing the token exchange request.",
      "No actor_token or actor_token_type is included in the token exchange request."
    ),
    needs,
    run: async (world, parts) => {
      const { jwt, parameters } = await observe(world, parts, { onBehalfOfTokenExchangeConfig: tokenExchange }, {
        scopes: ["read"]
      })
      is("grant_type", parameters.get("grant_type"), "urn:ietf:params:oauth:grant-type:token-exchange")
      is("subject_token", parameters.get("subject_token"), jwt)
      is("subject_token_type", parameters.get("subject_token_type"), jwtType)
      is("scope", parameters.get("scope"), "read")
      is("actor_token", parameters.get("actor_token"), null)
    }
  }),
  statement({
    id: "obo.actor-m2m",
    statement: "With the actor M2M the client first obtains a token for itself, with actorTokenScopes",
    source: cite(
      exchange,
      "AgentCore Identity first performs machine-to-machine authentication (OAuth 2.0 client credentials grant) against the credential provider to obtain an access token, then sends it as the actor_token.",
      "The optional actorTokenScopes configuration is used as the scope parameters for the client credentials request.",
      "we map it to urn:ietf:params:oauth:token-type:access_token when constructing token exchange request"
    ),
    needs,
    run: async (world, parts) => {
      const { parameters, requests } = await observe(world, parts, {
        onBehalfOfTokenExchangeConfig: {
          grantType: "TOKEN_EXCHANGE",
          tokenExchangeGrantTypeConfig: { actorTokenContent: "M2M", actorTokenScopes: ["act"] }
        }
      })
      const [first] = requests
      is("first grant_type", first?.parameters.get("grant_type"), "client_credentials")
      is("first scope", first?.parameters.get("scope"), "act")
      is("actor_token", parameters.get("actor_token"), "token-0")
      is("actor_token_type", parameters.get("actor_token_type"), "urn:ietf:params:oauth:token-type:access_token")
    }
  }),
  statement({
    id: "obo.actor-aws",
    statement:
      "With the actor AWS_IAM_ID_TOKEN_JWT the actor token is a JWT that AWS signed, whose aud is the token endpoint",
    source: combine(
      cite(
        exchange,
        "AgentCore Identity calls sts:GetWebIdentityToken using the credential provider’s token endpoint as the aud claim, then sends the resulting JWT as the actor_token."
      ),
      recorded(
        notes.researcher,
        "header: `{\"kid\":\"RSA_0\",\"typ\":\"JWT\",\"alg\":\"RS256\"}`",
        "`invoked_by=bedrock-agentcore.amazonaws.com`"
      ),
      awsJwt
    ),
    needs,
    run: async (world, parts) => {
      const { parameters } = await observe(world, parts, {
        onBehalfOfTokenExchangeConfig: {
          grantType: "TOKEN_EXCHANGE",
          tokenExchangeGrantTypeConfig: { actorTokenContent: "AWS_IAM_ID_TOKEN_JWT" }
        }
      })
      const actor = present("actor_token", parameters.get("actor_token"))
      is("actor_token_type", parameters.get("actor_token_type"), jwtType)
      await verifyInvoked("actor_token", actor, parts.recorder.tokenEndpoint)
    }
  }),
  statement({
    id: "obo.jwt-grant",
    statement: "A JWT authorization grant has the user's JWT as assertion",
    source: cite(
      exchange,
      "With this grant type, AgentCore Identity sends the inbound JWT as an authorization to obtain an access token.",
      "we map it to urn:ietf:params:oauth:grant-type:jwt-bearer when constructing the token exchange request"
    ),
    needs,
    run: async (world, parts) => {
      const { jwt, parameters } = await observe(world, parts, { onBehalfOfTokenExchangeConfig: jwtGrant })
      is("grant_type", parameters.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer")
      is("assertion", parameters.get("assertion"), jwt)
    }
  }),
  statement({
    id: "obo.override",
    statement: "Custom parameters are sent, and may override subject_token_type and requested_token_use",
    source: combine(
      cite(
        exchange,
        "Default and can be overridden, see customParameters",
        "requested_token_use=on_behalf_of is automatically added to the request unless overridden."
      ),
      recorded(
        notes.researcher,
        "`audience`, `subject_token_type` (this one OVERRODE the default `urn:...:token-type:jwt`",
        "`requested_token_use`, and arbitrary custom keys"
      )
    ),
    needs,
    run: async (world, parts) => {
      const idToken = "urn:ietf:params:oauth:token-type:id_token"
      const { parameters } = await observe(world, parts, { onBehalfOfTokenExchangeConfig: tokenExchange }, {
        customParameters: { subject_token_type: idToken, audience: "https://api.example.com", marker: "a" }
      })
      is("subject_token_type", parameters.getAll("subject_token_type"), [idToken])
      is("audience", parameters.getAll("audience"), ["https://api.example.com"])
      is("marker", parameters.getAll("marker"), ["a"])
      const grant = await observe(world, parts, { onBehalfOfTokenExchangeConfig: jwtGrant }, {
        customParameters: { requested_token_use: "on_behalf_of" }
      })
      is("requested_token_use", grant.parameters.getAll("requested_token_use"), ["on_behalf_of"])
    }
  }),
  statement({
    id: "obo.reserved",
    statement: "Reserved names in customParameters are rejected: X cannot be present in customParameters",
    source: recorded(
      notes.researcher,
      "\"<x> cannot be present in customParameters for the specified OAuth2 Flow\"",
      "`subject_token`, `actor_token`, `actor_token_type`, `client_id`, `client_secret`, `grant_type`, `scope`",
      "`resource` blocked when top-level `resources` set; `audience` blocked when top-level `audiences` set"
    ),
    needs,
    run: async (world, { recorder, userToken }) => {
      const { clientId, name } = await createRecorded(world, recorder, { onBehalfOfTokenExchangeConfig: tokenExchange })
      const token = await tokenOfJwt(world, await createWorkload(world), await userToken({ sub: "alice" }))
      for (const parameter of reservedParameters) {
        await rejects(
          askOnBehalf(world, token, name, { customParameters: { [parameter]: "value" } }),
          reservedParameter(parameter)
        )
      }
      const both = { resources: ["https://api.example.com"], audiences: ["api"] }
      for (const parameter of ["resource", "audience"]) {
        await rejects(
          askOnBehalf(world, token, name, { ...both, customParameters: { [parameter]: "value" } }),
          reservedParameter(parameter)
        )
      }
      is("requests", recorder.tokens(clientId).length, 0)
    }
  }),
  statement({
    id: "obo.required",
    statement: "CustomOauth2 without its configuration is rejected: OnBehalfOfTokenExchangeConfig is required",
    source: recorded(
      notes.runtime,
      "ValidationException: OnBehalfOfTokenExchangeConfig is required in the OBO flow for OAuth2 credential provider type: CustomOauth2"
    ),
    needs,
    run: async (world, { recorder, userToken }) => {
      const { name } = await createRecorded(world, recorder)
      const token = await tokenOfJwt(world, await createWorkload(world), await userToken({ sub: "alice" }))
      await rejects(askOnBehalf(world, token, name), {
        ...validation,
        message:
          "OnBehalfOfTokenExchangeConfig is required in the OBO flow for OAuth2 credential provider type: CustomOauth2"
      })
    }
  }),
  statement({
    id: "obo.without-token",
    statement: "An exchange with a success status and no token is: Error parsing token exchange response",
    source: recorded(notes.researcher, "\"Error parsing token exchange response\" (interactsh returns non-OAuth)"),
    needs,
    run: async (world, { recorder, userToken }) => {
      const { clientId, name } = await createRecorded(world, recorder, { onBehalfOfTokenExchangeConfig: tokenExchange })
      recorder.respond(clientId, () => ({ body: {} }))
      const token = await tokenOfJwt(world, await createWorkload(world), await userToken({ sub: "alice" }))
      await rejects(askOnBehalf(world, token, name), {
        ...validation,
        message: "Error parsing token exchange response"
      })
    }
  }),
  statement({
    id: "obo.microsoft",
    statement: "Microsoft gets a JWT authorization grant with requested_token_use=on_behalf_of",
    source: cite(
      exchange,
      "Microsoft’s On-Behalf-Of flow is a proprietary delegation pattern built upon the RFC 7523 standard, using the JWT-bearer grant type",
      "requested_token_use=on_behalf_of is automatically added to the request unless overridden."
    ),
    needs,
    run: async (world, { recorder, userToken }) => {
      const [name, clientId] = [world.name(), world.name()]
      await world.control.createOauth2CredentialProvider({
        name,
        credentialProviderVendor: "MicrosoftOauth2",
        oauth2ProviderConfigInput: { microsoftOauth2ProviderConfig: { clientId, clientSecret: "secret" } }
      })
      const jwt = await userToken({ sub: "alice" })
      const token = await tokenOfJwt(world, await createWorkload(world), jwt)
      present("accessToken", (await askOnBehalf(world, token, name, { scopes: ["read"] })).accessToken)
      const { parameters } = present("token request", recorder.tokens(clientId)[0])
      is("grant_type", parameters.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer")
      is("assertion", parameters.get("assertion"), jwt)
      is("requested_token_use", parameters.get("requested_token_use"), "on_behalf_of")
    }
  }),
  statement({
    id: "obo.vendors",
    statement: "A vendor for which AWS does not document the flow is rejected",
    source: guess(
      "that the service rejects it, and the exception",
      cite(
        guide("identity-idp-okta"),
        "To use Okta OAuth 2.0 on-behalf-of token exchange, use custom provider for advanced configuration."
      ),
      cite(
        sample("08-okta-xaa-delegation-chain/deploy/04_create_obo_provider.py"),
        "The built-in vendor has no way to express them."
      )
    ),
    needs,
    run: async (world, { recorder, userToken }) => {
      const [name, clientId] = [world.name(), world.name()]
      const { authorizationEndpoint, issuer, tokenEndpoint } = recorder
      await world.control.createOauth2CredentialProvider({
        name,
        credentialProviderVendor: "OktaOauth2",
        oauth2ProviderConfigInput: {
          includedOauth2ProviderConfig: {
            clientId,
            clientSecret: "secret",
            authorizationEndpoint,
            issuer,
            tokenEndpoint
          }
        }
      })
      const token = await tokenOfJwt(world, await createWorkload(world), await userToken({ sub: "alice" }))
      await rejects(askOnBehalf(world, token, name), validation)
      is("requests", recorder.tokens(clientId).length, 0)
    }
  }),
  statement({
    id: "obo.without-jwt",
    statement: "A workload access token of a user id, or without a user, obtains no token on behalf of a user",
    source: guess(
      "the exception",
      cite(
        exchange,
        "Pass the workload access token you obtained from GetWorkloadAccessTokenForJWT — this token carries the inbound token as the subject"
      )
    ),
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder, { onBehalfOfTokenExchangeConfig: tokenExchange })
      const workload = await createWorkload(world)
      await rejects(askOnBehalf(world, await tokenOf(world, workload, "alice"), name), validation)
      await rejects(askOnBehalf(world, await tokenOf(world, workload), name), validation)
      is("requests", recorder.tokens(clientId).length, 0)
    }
  }),
  statement({
    id: "obo.rejected",
    statement: `Of an error of the authorization server only the status is passed on: ${exchangeFailed.message}`,
    source: exchangeFailed.source,
    needs,
    run: async (world, { recorder, userToken }) => {
      const { clientId, name } = await createRecorded(world, recorder, { onBehalfOfTokenExchangeConfig: tokenExchange })
      recorder.respond(clientId, () => ({ status: 400, body: { error: "invalid_request" } }))
      const token = await tokenOfJwt(world, await createWorkload(world), await userToken({ sub: "alice" }))
      await rejects(askOnBehalf(world, token, name), {
        ...validation,
        message: exchangeFailed.message
      })
    }
  }),
  statement({
    id: "private-key-jwt.assertion",
    statement:
      "A private-key JWT has the client as issuer and subject, the token endpoint as aud, and a unique jti; it is short-lived",
    source: combine(
      cite(
        privateKeyJwt,
        "it builds a short-lived JWT client assertion",
        "The signed assertion is sent to the token endpoint as client_assertion with client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
        "We will allow overrides to the aud claim (defaulted to the token endpoint of your identity provider)."
      ),
      cite(reference, "Payload claims generated by the service, such as iss, sub, jti, and exp, cannot be added.")
    ),
    needs: ["recorder", "account"],
    run: async (world, { account: { kmsKeyArn, kmsPublicKey }, recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder, {
        clientSecret: undefined,
        clientAuthenticationMethod: "PRIVATE_KEY_JWT",
        privateKeyJwtConfig: {
          privateKeySource: { kmsKeySource: { kmsKeyArn } },
          signingAlgorithm: "ES256",
          additionalHeaderClaims: { kid: "key-1" },
          additionalPayloadClaims: { tenant: "t-1" }
        }
      })
      const token = await tokenOf(world, await createWorkload(world))
      const key = await importSPKI(kmsPublicKey, "ES256")
      const ids = new Set<unknown>()
      for (let time = 0; time < 2; time++) {
        await askM2m(world, token, name)
        const { parameters } = present("token request", recorder.tokens(clientId).at(-1))
        is("type", parameters.get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        const assertion = present("client_assertion", parameters.get("client_assertion"))
        const { header, payload } = await verifyJwt("client_assertion", assertion, key, {
          algorithms: ["ES256"],
          maxLifetime: 600,
          requiredClaims: ["jti"]
        })
        is("aud", payload.aud, recorder.tokenEndpoint)
        is("iss and sub", [payload.iss, payload.sub], [clientId, clientId])
        is("further claim", payload["tenant"], "t-1")
        is("further header", header.kid, "key-1")
        ids.add(payload.jti)
      }
      is("different jti", ids.size, 2)
    }
  }),
  statement({
    id: "private-key-jwt.key-at-use",
    statement: "A key in KMS is read when it is used, and not when the provider is created",
    source: guess(
      "when the key is looked at, and the exception; the service also needs kms:DescribeKey, which it may call when the provider is created",
      cite(privateKeyJwt, "AgentCore Identity signs each assertion via kms:Sign.")
    ),
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder, {
        clientSecret: undefined,
        clientAuthenticationMethod: "PRIVATE_KEY_JWT",
        privateKeyJwtConfig: {
          privateKeySource: {
            kmsKeySource: { kmsKeyArn: "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-4000-8000-000000000000" }
          },
          signingAlgorithm: "ES256"
        }
      })
      await rejects(askM2m(world, await tokenOf(world, await createWorkload(world)), name), {
        status: 403,
        name: "AccessDeniedException"
      })
      is("requests", recorder.tokens(clientId).length, 0)
    }
  }),
  statement({
    id: "aws-jwt.client",
    statement: "A client of AWS_IAM_ID_TOKEN_JWT authenticates by a JWT of AWS, whose aud is the token endpoint",
    source: guess(
      "the audience, which no document names here (RFC 7523 allows the token endpoint), and that the JWT is like an actor token",
      cite(
        guide("client-auth-methods"),
        "Authenticates to the authorization server’s token endpoint by sending an AWS IAM-signed JWT assertion for the agent’s execution role (obtained via sts:GetWebIdentityToken) as client assertion, per RFC 7523, Section 2.2."
      ),
      awsJwt
    ),
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder, {
        clientSecret: undefined,
        clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT"
      })
      await askM2m(world, await tokenOf(world, await createWorkload(world)), name)
      const { parameters } = present("token request", recorder.tokens(clientId)[0])
      const assertion = present("client_assertion", parameters.get("client_assertion"))
      await verifyInvoked("client_assertion", assertion, recorder.tokenEndpoint)
    }
  })
]
