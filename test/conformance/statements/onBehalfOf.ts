/** Tokens on behalf of a user, and assertions of clients. */
import type {
  CustomOauth2ProviderConfigInput,
  OnBehalfOfTokenExchangeConfigType
} from "@aws-sdk/client-bedrock-agentcore-control"
import { decodeJwt, decodeProtectedHeader } from "jose"
import {
  github,
  guide,
  is,
  type Parts,
  present,
  refuses,
  statement,
  type TokenRequest,
  type World
} from "../statement.js"
import { askM2m, createRecorded, createWorkload, tokenOf, tokenOfJwt } from "./resources.js"

const exchange = guide("on-behalf-of-token-exchange")

const privateKeyJwt = guide("private-key-jwt")

const samples = `${github("awslabs/agentcore-samples")} 08-okta-xaa-delegation-chain`

const jwtType = "urn:ietf:params:oauth:token-type:jwt"

const tokenExchange: OnBehalfOfTokenExchangeConfigType = {
  grantType: "TOKEN_EXCHANGE",
  tokenExchangeGrantTypeConfig: { actorTokenContent: "NONE" }
}

const jwtGrant: OnBehalfOfTokenExchangeConfigType = { grantType: "JWT_AUTHORIZATION_GRANT" }

const askOnBehalf = (
  { data }: World,
  workloadIdentityToken: string,
  provider: string,
  more: { readonly scopes?: Array<string>; readonly customParameters?: Record<string, string> } = {}
) =>
  data.getResourceOauth2Token({
    workloadIdentityToken,
    resourceCredentialProviderName: provider,
    scopes: [],
    oauth2Flow: "ON_BEHALF_OF_TOKEN_EXCHANGE",
    ...more
  })

/** Asks on behalf of a user, and returns the user's JWT and the requests to the token endpoint. */
const observe = async (
  world: World,
  { recorder, userToken }: Pick<Parts, "recorder" | "userToken">,
  config: Partial<CustomOauth2ProviderConfigInput>,
  more: Parameters<typeof askOnBehalf>[3] = {}
) => {
  const { clientId, name } = await createRecorded(world, recorder, config)
  const jwt = await userToken({ sub: "alice" })
  const answer = await askOnBehalf(world, await tokenOfJwt(world, await createWorkload(world), jwt), name, more)
  present("accessToken", answer.accessToken)
  const requests = recorder.tokens(clientId)
  const last = present("token request", requests.at(-1)) satisfies TokenRequest
  return { jwt, requests, parameters: last.parameters, clientId }
}

const needs = ["recorder", "userToken"] as const

export const onBehalfOf = [
  statement({
    id: "obo.token-exchange",
    statement: "A token exchange has the user's JWT as subject token, of the type JWT, and no actor (NONE)",
    source: exchange,
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
    statement: "With the actor M2M the client first obtains a token of its own, with actorTokenScopes",
    source: exchange,
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
    }
  }),
  statement({
    id: "obo.actor-aws",
    statement: "With the actor AWS_IAM_ID_TOKEN_JWT the actor token is a JWT of AWS, whose aud is the token endpoint",
    source: exchange,
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
      is("aud", decodeJwt(actor).aud, parts.recorder.tokenEndpoint)
    }
  }),
  statement({
    id: "obo.jwt-grant",
    statement: "A JWT authorization grant has the user's JWT as assertion",
    source: exchange,
    needs,
    run: async (world, parts) => {
      const { jwt, parameters } = await observe(world, parts, { onBehalfOfTokenExchangeConfig: jwtGrant })
      is("grant_type", parameters.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer")
      is("assertion", parameters.get("assertion"), jwt)
    }
  }),
  statement({
    id: "obo.override",
    statement: "Custom parameters may override subject_token_type and requested_token_use, and no other parameter",
    source: `${exchange}: default and can be overridden; ${samples}/agent/agent.py`,
    needs,
    run: async (world, parts) => {
      const idToken = "urn:ietf:params:oauth:token-type:id_token"
      const { jwt, parameters } = await observe(world, parts, { onBehalfOfTokenExchangeConfig: tokenExchange }, {
        customParameters: {
          subject_token_type: idToken,
          subject_token: "other",
          grant_type: "password",
          audience: "https://api.example.com"
        }
      })
      is("subject_token_type", parameters.getAll("subject_token_type"), [idToken])
      is("subject_token", parameters.getAll("subject_token"), [jwt])
      is("grant_type", parameters.getAll("grant_type"), ["urn:ietf:params:oauth:grant-type:token-exchange"])
      is("audience", parameters.getAll("audience"), ["https://api.example.com"])
      const grant = await observe(world, parts, { onBehalfOfTokenExchangeConfig: jwtGrant }, {
        customParameters: { requested_token_use: "on_behalf_of" }
      })
      is("requested_token_use", grant.parameters.getAll("requested_token_use"), ["on_behalf_of"])
    }
  }),
  statement({
    id: "obo.microsoft",
    statement: "Microsoft gets a JWT authorization grant with requested_token_use=on_behalf_of",
    source: exchange,
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
    statement: "A vendor for which AWS does not document the flow is refused",
    source:
      `${exchange}: MicrosoftOauth2 and CustomOauth2; ${samples}/README.md: the built-in vendor cannot express it`,
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
      await refuses(askOnBehalf(world, token, name), { status: 400, name: "ValidationException" })
      is("requests", recorder.tokens(clientId).length, 0)
    }
  }),
  statement({
    id: "obo.without-jwt",
    statement: "A workload access token of a user's id, or without a user, obtains nothing on behalf of a user",
    source: exchange,
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder, { onBehalfOfTokenExchangeConfig: tokenExchange })
      const workload = await createWorkload(world)
      await refuses(askOnBehalf(world, await tokenOf(world, workload, "alice"), name))
      await refuses(askOnBehalf(world, await tokenOf(world, workload), name))
      is("requests", recorder.tokens(clientId).length, 0)
    }
  }),
  statement({
    id: "obo.refused",
    statement:
      "A refusal of the authorization server is a ValidationException with its status: Token exchange failed with HTTP status 400",
    source: `${
      github("awslabs/agentcore-samples")
    }, obo-training, IDP_SETUP.md: Token exchange failed with HTTP status 400`,
    needs,
    run: async (world, { recorder, userToken }) => {
      const { clientId, name } = await createRecorded(world, recorder, { onBehalfOfTokenExchangeConfig: tokenExchange })
      recorder.answer(clientId, () => ({ status: 400, body: { error: "invalid_request" } }))
      const token = await tokenOfJwt(world, await createWorkload(world), await userToken({ sub: "alice" }))
      await refuses(askOnBehalf(world, token, name), {
        status: 400,
        name: "ValidationException",
        message: "Token exchange failed with HTTP status 400"
      })
    }
  }),
  statement({
    id: "private-key-jwt.assertion",
    statement: "A private-key JWT has the client as issuer and subject, and the token endpoint as aud",
    source: `${privateKeyJwt}: defaulted to the token endpoint`,
    needs: ["recorder", "account"],
    run: async (world, { account: { kmsKeyArn }, recorder }) => {
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
      await askM2m(world, await tokenOf(world, await createWorkload(world)), name)
      const { parameters } = present("token request", recorder.tokens(clientId)[0])
      is("type", parameters.get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
      const assertion = present("client_assertion", parameters.get("client_assertion"))
      const claims = decodeJwt(assertion)
      is("aud", claims.aud, recorder.tokenEndpoint)
      is("iss and sub", [claims.iss, claims.sub], [clientId, clientId])
      is("further claim", claims["tenant"], "t-1")
      is("header", decodeProtectedHeader(assertion).kid, "key-1")
    }
  }),
  statement({
    id: "private-key-jwt.key-at-use",
    statement: "A key in KMS is looked at when it is used, and not when the provider is created",
    source: `${privateKeyJwt}; reports of the live service about secrets`,
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
      await refuses(askM2m(world, await tokenOf(world, await createWorkload(world)), name))
      is("requests", recorder.tokens(clientId).length, 0)
    }
  }),
  statement({
    id: "aws-jwt.client",
    statement: "A client of AWS_IAM_ID_TOKEN_JWT authenticates by a JWT of AWS, whose aud is the token endpoint",
    source: guide("client-auth-methods"),
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder, {
        clientSecret: undefined,
        clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT"
      })
      await askM2m(world, await tokenOf(world, await createWorkload(world)), name)
      const { parameters } = present("token request", recorder.tokens(clientId)[0])
      const assertion = present("client_assertion", parameters.get("client_assertion"))
      is("aud", decodeJwt(assertion).aud, recorder.tokenEndpoint)
    }
  })
]
